"""The arithmetic behind an explanation: a small tree of numbers, sums, products and functions.

One tree gives everything that is shown: it can be evaluated again without the engine, written with
its numbers in it, and asked which addresses it rests on.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from nnsim.i18n import _
from nnsim.lab.addresses import Quantity
from nnsim.lab.explain.functions import CANCELLING, FUNCTIONS, divide

# A sum of more terms than this is written with its middle left out.
MOST_TERMS, FIRST, LAST = 12, 4, 2

Read = Callable[["Number"], float]
Show = Callable[["Number"], str]


def held(number: Number) -> float:
    """Return the value that a number had when it was explained."""
    return number.value


def shown(number: Number) -> str:
    """Return a number as people write it."""
    return number.text or written(number.value)


class Node(ABC):
    """A part of some arithmetic."""

    __slots__ = ()
    # How tightly it holds together where it is written: 0 a sum, 1 a product, 2 one thing.
    tightness = 2

    @property
    @abstractmethod
    def parts(self) -> tuple[Node, ...]:
        """What it is made of."""

    @abstractmethod
    def of(self, values: list[Any]) -> Any:
        """Return what it makes of floats, or of fractions; None where they have no result."""

    @abstractmethod
    def write(self, show: Show = shown) -> str:
        """Return it with its numbers."""

    def evaluate(self, read: Read = held) -> float:
        """Return the value, with `read` giving that of every number in it."""
        return float(self.of([part.evaluate(read) for part in self.parts]))

    def numbers(self) -> Iterator[Number]:
        """Go through all numbers in it, left to right."""
        for part in self.parts:
            yield from part.numbers()

    def exact(self) -> Fraction | None:
        """Return the value of what `write` writes, or None where its digits are rounded."""
        values = [part.exact() for part in self.parts]
        found = None if None in values else self.of(values)
        return None if found is None else Fraction(found)

    def magnitude(self) -> float:
        """Return how large its terms are at most, without their signs: what rounding scales by."""
        return abs(float(self.of([part.magnitude() for part in self.parts])))

    def inside(self, show: Show, tightness: int, *, first: bool = False) -> str:
        """Return it as a part of something that holds together so tightly."""
        text = self.write(show)
        if self.tightness < tightness or (text.startswith("−") and not first):
            return f"({text})"
        return text


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number, perhaps one that has an address."""

    value: float
    quantity: Quantity | None = None  # what it is on the bench: its address
    text: str = ""  # how a constant is written, such as ½; else by its digits

    @property
    def parts(self) -> tuple[Node, ...]:
        return ()

    def of(self, values: list[Any]) -> float:  # noqa: ARG002
        return self.value

    def write(self, show: Show = shown) -> str:
        return show(self)

    def evaluate(self, read: Read = held) -> float:
        return read(self)

    def numbers(self) -> Iterator[Number]:
        yield self

    def exact(self) -> Fraction | None:
        return as_fraction(self.value)

    def magnitude(self) -> float:
        return abs(self.value)


ONE = Number(1.0)


@dataclass(frozen=True, slots=True)
class Sum(Node):
    """Terms that are added up."""

    terms: tuple[Node, ...]
    tightness = 0

    @property
    def parts(self) -> tuple[Node, ...]:
        return self.terms

    def of(self, values: list[Any]) -> Any:
        """Return the sum: of few terms from left to right, of many without rounding in between."""
        if len(values) > 4 and isinstance(values[0], float):
            try:
                return math.fsum(values)
            except (OverflowError, ValueError):
                pass
        return sum(values)

    def write(self, show: Show = shown) -> str:
        """Return the terms with plus and minus between them; of many, the first and last."""
        if not self.terms:
            return "0"
        terms: list[Node | None] = list(self.terms)
        if len(terms) > MOST_TERMS:
            terms[FIRST:-LAST] = [None]
        parts: list[str] = []
        for term in terms:
            if term is None:
                count = len(self.terms) - FIRST - LAST
                text = _("… {count} more …").format(count=count)
            else:
                text = term.write(show)
            if not parts:
                parts.append(text)
            elif text.startswith("−"):
                parts.append(f" − {text[1:]}")
            else:
                parts.append(f" + {text}")
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Product(Node):
    """Factors that are multiplied."""

    factors: tuple[Node, ...]
    tightness = 1

    @property
    def parts(self) -> tuple[Node, ...]:
        return self.factors

    def of(self, values: list[Any]) -> Any:
        return math.prod(values)

    def write(self, show: Show = shown) -> str:
        first, *rest = self.factors
        return "·".join(
            [first.inside(show, 1, first=True), *(factor.inside(show, 1) for factor in rest)]
        )

    def exact(self) -> Fraction | None:
        """Return the product of exact factors; 0 with a 0, however the others were rounded."""
        if any(factor.exact() == 0 for factor in self.factors) and math.isfinite(self.evaluate()):
            return Fraction(0)
        return Node.exact(self)


@dataclass(frozen=True, slots=True)
class Quotient(Node):
    """One thing divided by another."""

    top: Node
    bottom: Node
    tightness = 1

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.top, self.bottom)

    def of(self, values: list[Any]) -> Any:
        """Return the quotient, by IEEE 754."""
        top, bottom = values
        if isinstance(top, Fraction):
            return top / bottom if bottom else None
        return divide(top, bottom)

    def write(self, show: Show = shown) -> str:
        return f"{self.top.inside(show, 1, first=True)}/{self.bottom.inside(show, 2)}"

    def magnitude(self) -> float:
        return abs(divide(self.top.magnitude(), self.bottom.evaluate()))


@dataclass(frozen=True, slots=True)
class Negative(Node):
    """The opposite of something."""

    node: Node
    tightness = 1

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.node,)

    def of(self, values: list[Any]) -> Any:
        return -values[0]

    def write(self, show: Show = shown) -> str:
        return f"−{self.node.inside(show, 1)}"


@dataclass(frozen=True, slots=True)
class Square(Node):
    """Something squared."""

    node: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.node,)

    def of(self, values: list[Any]) -> Any:
        return values[0] * values[0]

    def write(self, show: Show = shown) -> str:
        return f"{self.node.inside(show, 2)}²"


_PLACE = re.compile(r"\{(\d|\*)([!-]?)\}")


@dataclass(frozen=True, slots=True)
class Apply(Node):
    """A function of `FUNCTIONS` on its arguments.

    `shown_as` stands in for the arguments where they are written: ln a, computed from z.
    """

    function: str
    arguments: tuple[Node, ...]
    shown_as: tuple[Node, ...] = ()

    @property
    def parts(self) -> tuple[Node, ...]:
        return self.arguments

    def of(self, values: list[Any]) -> Any:
        function = FUNCTIONS[self.function]
        compute = function.exact if isinstance(values[0], Fraction) else function.compute
        return None if compute is None else compute(*values)

    def write(self, show: Show = shown) -> str:
        arguments = self.shown_as or self.arguments

        def place(match: re.Match[str]) -> str:
            which, how = match.groups()
            if which == "*":
                return _listed([argument.write(show) for argument in arguments])
            argument = arguments[int(which)]
            if how == "-":
                opposite = Negative(argument).write(show)
                return opposite[3:-1] if opposite.startswith("−(−") else f"({opposite})"
            return argument.inside(show, 2) if how else argument.write(show)

        return _PLACE.sub(place, FUNCTIONS[self.function].template)

    def numbers(self) -> Iterator[Number]:
        for node in (*self.shown_as, *self.arguments):
            yield from node.numbers()

    def magnitude(self) -> float:
        """Return the value's, or that of what cancels out inside the function."""
        inside = [a.magnitude() for a in self.arguments] if self.function in CANCELLING else [0.0]
        return max(abs(self.evaluate()), 1.0 if self.function in CANCELLING else 0.0, *inside)


def _listed(texts: list[str]) -> str:
    """Return arguments with commas; of many, the first and last."""
    if len(texts) > MOST_TERMS:
        more = _("… {count} more …").format(count=len(texts) - FIRST - LAST)
        texts = [*texts[:FIRST], more, *texts[-LAST:]]
    return ", ".join(texts)


def minus(left: Node, right: Node) -> Sum:
    return Sum((left, Negative(right)))


DIGITS = 6
# What a chain of a few float64 operations may lose; nobody dropped those digits on purpose.
_FLOAT_NOISE = 1e-14


def written(value: float, digits: int = DIGITS) -> str:
    """Return `value` with at most so many significant digits and a proper minus sign."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, int):
        return str(value).replace("-", "−")
    text = f"{value + 0.0:.{digits}g}"  # a negative zero is a zero
    mantissa, e, exponent = text.partition("e")
    if e:
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


def as_fraction(value: float, digits: int = DIGITS) -> Fraction | None:
    """Return the number that `written` writes, or None where it dropped digits of `value`."""
    if not math.isfinite(value):
        return None
    shown = written(value, digits).replace("−", "-")
    if abs(float(shown) - value) > _FLOAT_NOISE * abs(value):
        return None
    return Fraction(shown)
