"""Which pixels a convolution or a pool looks at from one place, and from where one is seen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnsim.circuit.gates import DISTRIBUTE, SUM
from nnsim.i18n import _
from nnsim.lab.addresses import Quantity
from nnsim.lab.errors import NoValueError
from nnsim.lab.explain.arithmetic import ONE, Node, Number, Sum
from nnsim.lab.explain.explanation import Array, Explanation, Index, Source, deep, named, size
from nnsim.lab.hiding import Selection
from nnsim.lab.walk.step import Column, Highlight, Labels, Step, Table, Window, selected, table

Spot = tuple[int, int]


@dataclass(frozen=True)
class Windows:
    """The windows of one layer over its image; rows and columns count from 0.

    A place or pixel may be an index with a channel behind row and column, which plays no part.
    """

    # rows and columns of the window, of the image, and of what comes out
    size: Spot
    image: Sequence[int]
    places: Sequence[int]
    stride: int
    padding: int = 0

    def top_left(self, place: Sequence[int]) -> Spot:
        """The pixel under the first corner of the window; outside the image in the padding."""
        return place[0] * self.stride - self.padding, place[1] * self.stride - self.padding

    def pixels(self, place: Sequence[int]) -> Iterator[Spot | None]:
        """Go through a window row by row; None in the padding."""
        top, left = self.top_left(place)
        for i in range(self.size[0]):
            for j in range(self.size[1]):
                pixel = (top + i, left + j)
                yield pixel if self.holds(pixel) else None

    def holds(self, pixel: Spot) -> bool:
        return 0 <= pixel[0] < self.image[0] and 0 <= pixel[1] < self.image[1]

    def over(self, pixel: Sequence[int]) -> Iterator[tuple[Spot, Spot]]:
        """Go through the places whose window a pixel is in: (place, tap in that window)."""
        columns = list(self._one_way(pixel[1], self.size[1], self.places[1]))
        for row, i in self._one_way(pixel[0], self.size[0], self.places[0]):
            for column, j in columns:
                yield (row, column), (i, j)

    def _one_way(self, pixel: int, size: int, places: int) -> Iterator[tuple[int, int]]:
        at = pixel + self.padding
        first = max(0, -((size - 1 - at) // self.stride))
        for place in range(first, min(places - 1, at // self.stride) + 1):
            yield place, at - place * self.stride

    def at(self, layer: int, place: Sequence[int], channel: int | None = None) -> Window:
        top, left = self.top_left(place)
        return Window(layer, top, left, *self.size, (place[0], place[1]), channel)


KINDS: dict[str, type[Kind]] = {}
"""By the engine's name of the kind."""

Back = tuple[Node, str, tuple[str, ...]]
"""What comes back to a value: its arithmetic, its formula, and the roles of the gates passed."""


class Kind(ABC):
    """One layer of the network on the bench.

    Attributes
    ----------
    parameters : (str, str) or ()
        What addresses call its parameters: the weights of a unit, and the one that stands alone.
    rule, gradient_rule : str
        What it does, and the gradients of its parameters, over whole arrays.
    back_by_terms : bool
        Whether walks show what comes back through it term by term, one for each of its units.
    """

    parameters: ClassVar[tuple[str, ...]] = ()
    rule: ClassVar[str]
    gradient_rule: ClassVar[str] = ""
    back_by_terms: ClassVar[bool] = False

    def __init_subclass__(cls, kind: str = "") -> None:
        if kind:
            KINDS[kind] = cls

    def __init__(self, source: Source, layer: int) -> None:
        self.source, self.layer = source, layer
        self.made, self.names = source.layer(layer), source.names.layers[layer]

    @property
    def shape(self) -> Index:
        return self.source.shape(self.layer)

    @property
    def below(self) -> Index:
        return self.source.shape(self.layer - 1)

    def number(self, kind: str, index: Index) -> Number:
        return self.source.number(kind, self.layer, index)

    def going_in(self, index: Index) -> Number:
        return self.source.going_in(self.layer, index)

    # --- explanations ------------------------------------------------------------------------
    def z(self, index: Index) -> Explanation:
        """Why z of a unit is what it is, where it has one."""
        raise NoValueError(_("the layer {name} has no {field}").format(
            name=self.names.name, field="z"
        ))  # fmt: skip

    def passed(self, index: Index, name: str) -> Explanation | None:
        """Why a of a unit is what it is; None where it is f(z)."""
        return None

    @abstractmethod
    def back(self, index: Index) -> Back:
        """∂C/∂x of one of the values that go in."""

    def rivals(self, index: Index) -> tuple[Quantity, ...]:
        """The numbers that one of the values that go in is compared with."""
        return ()

    def gradient(self, part: str, index: Index) -> Explanation:
        """Why the gradient of a parameter is what it is; `index` as in the public array."""
        self.source.targets()
        if part == self.parameters[0]:
            return self.weight_gradient(index)
        symbol = f"∂C/∂{SYMBOLS.get(part, part)}"
        terms = tuple(self.number("delta", place) for place in self.places(index[-1]))
        name = self.gradient_name(part, index)
        if len(terms) == 1:
            return Explanation(
                name, symbol, f"{symbol} = δ", terms[0], (DISTRIBUTE,), terms[0], ONE
            )
        node = Sum(terms)
        return Explanation(name, symbol, f"{symbol} = Σ δ", node, (DISTRIBUTE, SUM), node, ONE)

    def weight_gradient(self, index: Index) -> Explanation:
        """The same of a weight (the first of `parameters`)."""
        raise NotImplementedError

    def gradient_name(self, part: str, index: Index) -> str:
        """What the gradient of a parameter is, in words."""
        return _("gradient of {address}: how the loss changes with it").format(
            address=self.source.text(named(part, self.layer, index))
        )

    def places(self, unit: int) -> list[Index]:
        """The indices of all values of one unit, filter or channel."""
        return [(*place, unit) for place in np.ndindex(*self.shape[:-1])]

    # --- the way forward ---------------------------------------------------------------------
    @abstractmethod
    def sentence(self) -> str:
        """What the layer does, with ``{layer}``, ``{count}`` values and ``{function}``."""

    @abstractmethod
    def steps(self, *, fine: bool) -> int:
        """How many steps a unit takes; `fine` are those of the terms."""

    @abstractmethod
    def step(self, index: Index, inner: int, *, fine: bool) -> Step:
        """One of those steps."""

    @abstractmethod
    def reads(self, index: Index) -> Iterable[Index]:
        """The indices of the values that a unit takes in."""

    def window(self, index: Index) -> Window | None:
        """The window over the image that a unit sees."""
        return None

    def weights(self, unit: int) -> frozenset[Selection]:
        """The wires into a unit that the picture of the network has."""
        return frozenset()

    def wires(self, index: Index) -> Highlight:
        """Everything that goes into one unit, and the unit."""
        read = frozenset(selected(self.layer - 1, i, self.source) for i in self.reads(index))
        return Highlight(read, frozenset({self.selected(index)}), self.weights(index[-1]))

    def selected(self, index: Index) -> Selection:
        return selected(self.layer, index, self.source)

    # --- the way back ------------------------------------------------------------------------
    def gradients_sentence(self) -> str:
        """What the gradients of the whole layer are, with ``{layer}`` and ``{formula}``."""
        raise NotImplementedError

    def unit_gradients(self, unit: int) -> tuple[str, Table]:
        """The gradients of all parameters of one unit: a sentence with ``{unit}``, and a table."""
        sentence = _("the gradients of {unit}, each summed over the places of the image")
        gradients = self.gradient_column(unit, _("gradient"))
        return sentence, table(self.source, "", self.parameter_labels(unit), gradients)

    def gradient_column(self, unit: int, heading: str) -> Column:
        gradients = self.parameter_table(".grad")[unit]
        return heading, gradients, lambda row: self.parameter(unit, row).gradient

    def parameter_wires(self, unit: int, position: int | None = None) -> Highlight:
        """Where the parameters of a unit (or one of them) are at work: all places of a channel."""
        return Highlight(units=frozenset(self.selected(place) for place in self.places(unit)))

    # --- its parameters, unit by unit: of each its weights first, then its bias ----------------
    @property
    def each(self) -> int:
        return size(self.names.kernel_shape) + 1 if self.parameters else 0

    def parameter(self, unit: int, position: int) -> Quantity:
        first, alone = self.parameters
        if position == self.each - 1:
            return named(alone, self.layer, (unit,))
        return named(first, self.layer, (*deep(position, self.names.kernel_shape), unit))

    def parameter_labels(self, unit: int) -> Labels:
        """What the parameters of a unit are called at the head of a row: ``w[5]``."""
        text = self.source.text
        return Labels(self.each, lambda i: text(self.parameter(unit, i)).partition(".")[2])

    def parameter_table(self, tail: str = "") -> Array:
        """The parameters (or, by ``.grad``, their gradients), (units, each)."""
        units = self.shape[-1]
        weights, alone = (self.source.field(self.layer, p + tail) for p in self.parameters)
        return np.vstack([weights.reshape(-1, units), alone]).T

    def is_frozen(self, position: int) -> bool:
        """Whether training leaves this parameter of its units as it is."""
        bias = self.parameters[1] == "b" and position == self.each - 1
        return bias and not self.source.lab.experiment.training.train_biases


SYMBOLS = {"gamma": "γ", "beta": "β"}


def one_or_sum(terms: tuple[Node, ...]) -> Node:
    """A single term as it is, several added up."""
    return terms[0] if len(terms) == 1 else Sum(terms)
