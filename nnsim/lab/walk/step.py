"""One step of a walk, as frozen data that any panel can show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnsim.engine import Op
from nnsim.i18n import _
from nnsim.lab.addresses import Names, Quantity
from nnsim.lab.errors import LabError
from nnsim.lab.explain.explanation import gate_in_words
from nnsim.lab.view import Selection

Array = NDArray[np.float64]
Direction = Literal["forward", "backward"]
Grain = Literal["layer", "neuron", "term", "line"]
GRAINS: tuple[Grain, ...] = ("layer", "neuron", "term", "line")
NONE: frozenset[Selection] = frozenset()


def as_grain(word: str) -> Grain:
    """Return the grain of this name, or refuse it with a `LabError`."""
    for grain in GRAINS:
        if grain == word:
            return grain
    raise LabError(
        _('there is no grain "{grain}"; there are {names}').format(
            grain=word, names=", ".join(GRAINS)
        )
    )


@dataclass(frozen=True)
class Highlight:
    """What the step is about, for the pixel grid, the diagram and the table alike."""

    sources: frozenset[Selection] = NONE  # the values that are read: inputs (layer −1) or units
    units: frozenset[Selection] = NONE  # the units that something is computed for
    weights: frozenset[Selection] = NONE  # the weights of dense layers that take part
    # A whole layer, with everything that goes into it; the sets are then empty
    layer: int | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers in rows, such as i, xᵢ, wᵢ, wᵢ·xᵢ and the running Σ."""

    columns: tuple[str, ...]  # the heads; the first stands over the labels
    labels: Sequence[str]  # what each row is called
    values: Array  # (rows, columns − 1)
    # the address of a value, where it has one; rows and columns of `values`, from 0
    addresses: Callable[[int, int], str | None]
    current: int | None = None  # the row that the step is about
    known: int = 0  # how many rows the walk has reached; the others are still to come

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Line:
    """A result below the table, such as ``+ b`` or ``z``; `value` is None while it is to come."""

    label: str
    value: float | None
    address: str | None = None
    current: bool = False


@dataclass(frozen=True)
class Curve:
    """The point on the curve of an activation: ``network.layers[layer].function`` has the curve."""

    layer: int
    name: str
    z: float
    a: float
    slope: float


@dataclass(frozen=True)
class Window:
    """The window of a convolution or pool over its image; rows and columns from 0.

    ``top`` and ``left`` may be negative (or the window end outside) in the padding; ``place`` is
    where the result goes, and ``channel`` that of a pool, None of a convolution, which sees all.
    """

    layer: int
    top: int
    left: int
    rows: int
    columns: int
    place: tuple[int, int]
    channel: int | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a walk; what makes it leaves its place in the walk open."""

    kind: str  # what happens: input term bias activation unit layer exp normalise loss delta …
    quantity: Quantity | None  # the number in focus; lab.explain opens it
    sentence: str  # what happens, in a sentence
    # the position of the layer, from 0; −1 for the input, the loss and the prediction
    layer: int = -1
    highlight: Highlight = field(default_factory=Highlight)
    table: Table | None = None
    lines: tuple[Line, ...] = ()  # the results below the table
    also: tuple[Quantity | None, ...] = ()  # more numbers in focus
    roles: tuple[str, ...] = ()  # on the way back: what each gate on the way does (stable ids)
    curve: Curve | None = None  # the point on the activation's curve, where the step is about one
    window: Window | None = None  # the window over the image, of convolutions and pools
    gate: str = ""  # the kind of the last gate, where it is known
    # the NumPy call, of the grain line: its text, its note, and what it filled
    call: Op | None = None
    direction: Direction = "forward"
    grain: Grain = "layer"
    # which step of how many, from 0
    index: int = 0
    total: int = 1
    names: Names = field(default=Names((), ()))  # what prints addresses

    @property
    def address(self) -> str:
        """The address of the number in focus; nothing where there is none."""
        return "" if self.quantity is None else self.names.text(self.quantity)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address in focus, that of `address` first."""
        found = dict.fromkeys(q for q in (self.quantity, *self.also) if q is not None)
        return tuple(self.names.text(quantity) for quantity in found)

    @property
    def role(self) -> str | None:
        """On the way back: what the gate at this step does (a stable id)."""
        return self.roles[-1] if self.roles else None

    @property
    def role_words(self) -> str | None:
        """The same in words."""
        return gate_in_words(self.role, self.gate)

    def gives_away(self, hidden: Iterable[str]) -> bool:
        """Tell whether its sentence may hold one of these numbers, which are hidden for now.

        Tables and lines have an address for each number, so that a panel can hide it there.
        """
        said = {*self.addresses, *(line.address for line in self.lines if line.value is not None)}
        return not said.isdisjoint(hidden)
