"""What a walk panel shows, as data: a sentence, a table, results, a picture.

A page is made of a step of the walk, or, while there is none, of what the bench looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.hiding import (
    HIDDEN,
    MARK,
    NOTHING,
    Hidden,
    LayerView,
    NetworkView,
    Selection,
    covered,
    is_hidden,
    masked,
    tells,
    values_of,
    where_hidden,
)
from nnsim.tui.panels.walk.pictures import Point, WindowMap

if TYPE_CHECKING:
    from nnsim.engine import Op
    from nnsim.lab import Lab
    from nnsim.lab.walk import Step, Table, Window

GRAIN_WORDS = {
    "layer": lambda: _("layer by layer"),
    "neuron": lambda: _("neuron by neuron"),
    "term": lambda: _("term by term"),
    "line": lambda: _("line by line"),
}
COMPUTED = frozenset({
    "z", "a", "delta", "slope", "loss", "loss.squared_error", "loss.cross_entropy",
    "w.grad", "b.grad", "gamma.grad", "beta.grad",
})  # fmt: skip
"""The kinds of numbers that a learner can work out from a step, rather than being given them."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """Rows of numbers, as those of `nnsim.lab.walk.Table` (which takes long to import)."""

    columns: tuple[str, ...]
    labels: Sequence[str]
    values: NDArray[np.float64]
    addresses: Callable[[int, int], str | None]
    current: int | None = None
    known: int | None = None
    """How many rows the walk has reached; None where all are known."""

    def reaches(self, row: int) -> bool:
        return self.known is None or row < self.known


@dataclass(frozen=True)
class Result:
    """A result below the table; its value is None while it is to come."""

    label: str
    value: float | None
    address: str | None
    current: bool = False


@dataclass(frozen=True, eq=False)
class Page:
    """One picture of a walk panel."""

    place: str = ""  # where the walk stands, such as ``step 5 of 58 · term by term``
    pace: str = ""  # how fast it plays; empty where it does not
    sentence: str = ""  # what happens
    role: str = ""  # what the gate does to the gradient
    hint: str = ""  # which key goes on
    address: str = ""  # of the number in focus
    table: Numbers | None = None
    results: Sequence[Result] = ()
    point: Point | None = None
    image: WindowMap | None = None
    hidden: Hidden = NOTHING
    secrets: tuple[float, ...] = ()
    """The numbers that are hidden: what has no address is compared with them."""
    fine: bool = False
    """Whether the table's numbers are small differences, shown with all the digits that fit."""
    calls: Sequence[Op] = ()  # the NumPy calls of the walk, in place of a table
    now: int = -1  # the one that it has come to

    @property
    def table_rows(self) -> int:
        return 0 if self.table is None else len(self.table.labels)

    @property
    def stops(self) -> int:
        """How many rows the cursor can stand on: those of the table, then the results."""
        return self.table_rows + len(self.results)

    def columns_at(self, row: int) -> list[int]:
        """The columns of a row in which a number with an address stands."""
        if self.table is None or row >= self.table_rows:
            return []
        count = len(self.table.columns) - 1
        return [c for c in range(count) if self.table.addresses(row, c) is not None]

    def address_at(self, row: int, column: int) -> str | None:
        if self.table is not None and row < self.table_rows:
            columns = self.columns_at(row)
            if not columns:
                return None
            return self.table.addresses(row, column if column in columns else columns[0])
        row -= self.table_rows
        return self.results[row].address if 0 <= row < len(self.results) else None

    def hides(self, address: str | None, value: float | None, *, whole: bool = False) -> bool:
        """Whether a number of the page is hidden; `whole` says that it is the sum of all terms."""
        if address is not None:
            return self.hidden.covers(address)
        return value is not None and bool(self.secrets) and tells(value, self.secrets, whole=whole)

    def start(self) -> tuple[int, int]:
        """Where the cursor starts: on the number in focus."""
        if self.table is not None and self.table.current is not None:
            row = self.table.current
            columns = self.columns_at(row)
            same = [c for c in columns if self.table.addresses(row, c) == self.address]
            return row, (same or columns or [0])[0]
        for i, line in enumerate(self.results):
            if line.address == self.address:
                return self.table_rows + i, 0
        for i, line in enumerate(self.results):
            if line.current:
                return self.table_rows + i, 0
        if self.table is not None and self.table_rows:
            for column in self.columns_at(0):
                if self.table.addresses(0, column) == self.address:
                    return 0, column
        return 0, 0


def step_page(lab: Lab, step: Step, hidden: Hidden) -> Page:
    place = _("step {number} of {total} · {grain}").format(
        number=step.index + 1, total=step.total, grain=GRAIN_WORDS[step.grain]()
    )
    calls = () if lab.walk is None else lab.walk.calls  # they say all that a table would
    words, table, call = step.role_words, None if calls else step.table, step.call
    secrets = values_of(lab, hidden)
    covered = bool(hidden) and step.gives_away(hidden)
    sentence = question(lab, step, hidden) if covered else masked(step.sentence, secrets)
    if call is not None:
        sentence = f"{call.layer}: {call.note}" if call.layer else call.note
    lines = () if calls else step.lines
    return Page(
        place=place,
        sentence=sentence,
        role=_("this gate {role}").format(role=words) if words else "",
        address=step.address,
        table=None if table is None else _numbers(table),
        results=tuple(Result(n.label, n.value, n.address, n.current) for n in lines),
        point=None if covered else _point(lab, step),
        image=None if step.window is None else _window(lab, step, step.window),
        hidden=hidden,
        secrets=secrets,
        fine=step.direction == "backward",
        calls=calls,
        now=step.index - 1,
    )


def _numbers(table: Table) -> Numbers:
    return Numbers(
        table.columns, table.labels, table.values, table.addresses, table.current, table.known
    )


def worth_asking(lab: Lab, page: Page) -> str:
    """The number of a step that a learner can work out: a result rather than a weight."""
    lines = [line for line in page.results if line.address]
    for line in [line for line in lines if line.current] + lines:
        if line.address and lab.quantity(line.address).kind in COMPUTED:
            return line.address
    return page.address


def question(lab: Lab, step: Step, hidden: Hidden) -> str:
    """What is asked of the hidden number that a step is about: its rule, without the answer."""
    said = [step.address, *(line.address for line in step.lines)]
    address = next((a for a in said if hidden.covers(a)), None) or min(hidden.addresses)
    found = lab.explain(address)
    return _("what is {address}? {formula}").format(address=address, formula=found.formula)


def _point(lab: Lab, step: Step) -> Point | None:
    curve = step.curve
    if curve is None:
        return None
    function = lab.network.layers[curve.layer].function
    return Point(function, curve.z, curve.a, curve.slope, step.direction == "backward")


def _window(lab: Lab, step: Step, window: Window) -> WindowMap:
    """The image below the window: the channel that the step looks at."""
    view, below = lab.view, window.layer - 1
    shape = view.input_shape if below < 0 else lab.names.layers[below].output_shape
    values = view.input if below < 0 else view.layers[below].a
    image = values.reshape((*shape, 1)[:3] if len(shape) == 2 else shape)
    channels = image.shape[2]
    here, channel = None, window.channel or 0
    if step.table is not None and step.table.current is not None:
        tap, inner = divmod(step.table.current, 1 if window.channel is not None else channels)
        row, column = divmod(tap, window.columns)
        here = (window.top + row, window.left + column)
        channel = inner if window.channel is None else channel
    name = _("input") if below < 0 else view.layers[below].name
    title = f"{name}[{channel + 1}]" if channels > 1 else name
    return WindowMap(
        np.asarray(image[:, :, channel]), window.top, window.left, window.rows, window.columns,
        here, title,
    )  # fmt: skip


def backward_start(lab: Lab, hidden: Hidden) -> Page:
    """What the Backward panel says before a walk."""
    if lab.target is None:
        return Page(
            sentence=_("There is no target yet, so there is no loss to go back from."),
            hint=_(
                "Say what the input should be: put a sample of the data on it with ] (or choose "
                "one in panel 6), or type a target: press : and then, for example, {example}"
            ).format(example=f"target {_example(lab)}"),
        )
    loss = MARK if hidden.asks("loss") else f"{lab.sample_loss:.4g}"
    return Page(
        sentence=_(
            "The loss of this input is {loss}. Who is to blame for it? The way back gives every "
            "weight and bias its share: its gradient."
        ).format(loss=loss),
        hint=_("→ takes the first step, Space plays, f changes the size of the steps."),
    )


def _example(lab: Lab) -> str:
    if lab.experiment.classes:
        return f'"{lab.experiment.classes[0]}"'
    return " ".join(["1", "0", "0"][: lab.output.size])


def values_page(lab: Lab, selection: Selection, hidden: Hidden) -> Page:
    """Return what comes into the selected unit and what it makes of it."""
    page = _page(lab, selection, hidden)
    place = lab.walk_place
    if place is not None and place.direction == "forward":
        text = _("→ goes on with the walk, behind step {number}").format(number=place.index + 1)
    else:
        text = _("→ walks through the network, step by step")
    if selection.layer < 0:
        return replace(page, place=_("input · {hint}").format(hint=text))
    layer = lab.names.layers[selection.layer]
    name = f"{layer.name}[{lab.view.layers[selection.layer].labels[selection.unit]}]"
    return replace(page, place=f"{name} · {text}")


def _page(lab: Lab, selection: Selection, hidden: Hidden) -> Page:
    view, focus = covered(lab, hidden), str(lab.focus)
    if selection.layer < 0 or selection.layer >= len(view.layers):
        return Page(address=focus, table=_inputs(view), hidden=hidden)
    layer, unit = view.layers[selection.layer], selection.unit
    names = lab.names.layers[selection.layer]
    if len(names.output_shape) > 1:
        text = _("{name} makes pictures of {count} numbers; → walks through them").format(
            name=layer.name, count=layer.a.size
        )
        return Page(sentence=text, address=focus, hidden=hidden)
    name = f"{layer.name}[{unit + 1}]"
    z = f"{name}.z" if names.has_z else None
    results = [Result("z", float(layer.z[unit]), z)] if names.has_z else []
    results.append(Result("a", float(layer.a[unit]), f"{name}.a"))
    table = None
    if layer.weight is not None:
        table = _terms(view, selection, layer)
        start = [Result("Σ wᵢ·xᵢ", float(table.values[-1, 3]), None)]
        if layer.bias is not None:
            start.append(Result("+ b", float(layer.bias[unit]), f"{name}.b"))
        results = start + results
    if layer.delta is not None:
        results.append(Result("δ", float(layer.delta[unit]), f"{name}.delta"))
    function = getattr(lab.network.layers[selection.layer], "function", None)
    point = None
    known = not any(is_hidden(value) for value in (layer.z[unit], layer.a[unit]))
    known = known and not hidden.covers(f"{name}.slope")
    alone = function is not None and function.elementwise  # one curve says all of it
    if known and alone and layer.activation != "identity":
        point = Point(function, float(layer.z[unit]), float(layer.a[unit]), 0.0)
    return Page(
        address=focus, table=table, results=tuple(results), point=point, hidden=hidden,
        secrets=values_of(lab, hidden),
    )  # fmt: skip


def _inputs(view: NetworkView) -> Numbers:
    def address(row: int, _column: int) -> str:
        return f"input[{row + 1}]"

    return Numbers(("i", "x"), view.input_labels, view.input[:, None], address)


def _terms(view: NetworkView, selection: Selection, layer: LayerView) -> Numbers:
    """I, xᵢ, wᵢ, wᵢ·xᵢ and the running Σ."""
    assert layer.weight is not None
    first = selection.layer == 0
    before = None if first else view.layers[selection.layer - 1]
    x = view.input if before is None else before.a
    labels = view.input_labels if before is None else before.labels
    w = layer.weight[:, selection.unit]
    values = np.column_stack([x, w, w * x, np.cumsum(w * x)])
    unknown = where_hidden(x) | where_hidden(w)
    if unknown.any():  # and with an input the product, and the sums from there on
        values[unknown, 2] = HIDDEN
        values[int(np.argmax(unknown)) :, 3] = HIDDEN

    def address(row: int, column: int) -> str | None:
        # To choose an x would be to look at another unit.
        return f"{layer.name}[{selection.unit + 1}].w[{row + 1}]" if column == 1 else None

    return Numbers(("i", "xᵢ", "wᵢ", "wᵢ·xᵢ", "Σ"), labels, values, address, selection.source)
