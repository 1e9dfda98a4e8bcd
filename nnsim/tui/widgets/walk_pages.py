"""The pages of the walk panels, made from the bench: a step, its matrices, or what to press."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnsim.i18n import _
from nnsim.lab.hiding import MARK, Hidden, masked, values_of
from nnsim.tui.widgets.curve import Point
from nnsim.tui.widgets.walk_page import Page
from nnsim.tui.widgets.window_map import WindowMap

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.walk import Step, Window

GRAIN_WORDS = {
    "layer": lambda: _("layer by layer"),
    "neuron": lambda: _("neuron by neuron"),
    "term": lambda: _("term by term"),
}


def step_page(lab: Lab, step: Step, hidden: Hidden) -> Page:
    """The page of one step."""
    place = _("step {number} of {total} · {grain}").format(
        number=step.index + 1, total=step.total, grain=GRAIN_WORDS[step.grain]()
    )
    words = step.role_words
    secrets = values_of(lab, hidden)
    covered = bool(hidden) and step.gives_away(hidden)
    sentence = question(lab, step, hidden) if covered else masked(step.sentence, secrets)
    return Page(
        place=place,
        sentence=sentence,
        role=_("this gate {role}").format(role=words) if words else "",
        address=step.address,
        table=step.table,
        results=step.lines,
        point=None if covered else _point(lab, step),
        image=None if step.window is None else _window(lab, step, step.window),
        hidden=hidden,
        secrets=secrets,
        fine=step.direction == "backward",
    )


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
