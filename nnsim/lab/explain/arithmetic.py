"""The arithmetic behind an explanation: a small tree of numbers, sums, products and functions.

One tree gives everything that is shown: it can be evaluated again without the engine, written with
its numbers in it, and asked which addresses it rests on. Its functions are written anew, with the
`math` module and by IEEE 754 (an overflow is ∞, no error), so that it checks the engine instead of
asking it again.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from nnsim.engine.activations import activation
from nnsim.i18n import _
from nnsim.lab.addresses import Quantity


def exp(z: float) -> float:
    try:
        return math.exp(z)
    except OverflowError:
        return math.inf


def ln(x: float) -> float:
    """Return ln x; −∞ for 0."""
    if x > 0:
        return math.log(x)
    return -math.inf if x == 0 else math.nan


def root(x: float) -> float:
    return math.sqrt(x) if x >= 0 else math.nan


def divide(top: float, bottom: float) -> float:
    if bottom != 0:
        return top / bottom
    if top == 0 or math.isnan(top):
        return math.nan
    return math.copysign(math.inf, top) * math.copysign(1.0, bottom)


def sigmoid(z: float) -> float:
    return 1 / (1 + exp(-z))


def softplus(z: float) -> float:
    """Return ln(1 + eᶻ), without overflow."""
    return max(z, 0.0) + math.log1p(exp(-abs(z)))


def ln_softmax(score: float, *scores: float) -> float:
    """Return ln of the softmax of the first among the others, which has it too."""
    top = max(scores)
    return (score - top) - math.log(math.fsum(exp(s - top) for s in scores))


def softmax(score: float, *scores: float) -> float:
    """Return the softmax of the first among the others, which has it too."""
    top = max(scores)
    return divide(exp(score - top), math.fsum(exp(s - top) for s in scores))


def t_ln(t: float, a: float) -> float:
    """Return t·ln a, where 0·ln 0 is 0."""
    return 0.0 if t == 0 else t * ln(a)


def argmax(*values: float) -> float:
    """Return the position of the largest, from 1; the first on a tie."""
    return float(values.index(max(values)) + 1) if not any(map(math.isnan, values)) else math.nan


@dataclass(frozen=True)
class Function:
    """One function."""

    compute: Callable[..., float]
    # {0} is the first argument as it stands between brackets or commas, {0!} one that brackets
    # protect, {0-} its negative
    template: str
    # the same for fractions, where it has a value among them
    exact: Callable[..., Fraction | int] | None = None


def _leaky(z: Any, s: Any) -> Any:
    return max(z, s * z)


def _leaky_slope(z: Any, s: Any) -> Any:
    return 1 if z > 0 else s


FUNCTIONS: dict[str, Function] = {
    "exp": Function(exp, "e^{0!}"),
    "ln": Function(ln, "ln {0!}"),
    "root": Function(root, "√{0!}"),
    "sigmoid": Function(sigmoid, "1/(1 + e^{0-})"),
    "tanh": Function(math.tanh, "tanh {0!}"),
    "relu": Function(lambda z: max(z, 0.0), "max(0, {0})", lambda z: max(z, Fraction(0))),
    "leaky_relu": Function(_leaky, "max({0}, {1}·{0!})", _leaky),
    "elu": Function(lambda z: z if z > 0 else math.expm1(z), "elu({0})"),
    "softplus": Function(softplus, "ln(1 + e^{0!})"),
    "softplus_minus": Function(lambda z: softplus(-z), "ln(1 + e^{0-})"),
    "swish": Function(lambda z: z * sigmoid(z), "{0!}/(1 + e^{0-})"),
    "step": Function(
        lambda z: 1.0 if z >= 0 else 0.0, "u({0})", lambda z: Fraction(1 if z >= 0 else 0)
    ),
    "leaky_slope": Function(_leaky_slope, "[1 if {0} > 0 else {1}]", _leaky_slope),
    "elu_slope": Function(lambda z: exp(min(z, 0.0)), "e^min({0}, 0)"),
    "positive": Function(lambda x: float(x > 0), "[{0} > 0]", lambda x: int(x > 0)),
    "nonzero": Function(lambda x: float(x != 0), "[{0} ≠ 0]", lambda x: Fraction(x != 0)),
    "sign": Function(lambda x: float((x > 0) - (x < 0)), "sign {0!}", lambda x: (x > 0) - (x < 0)),
    "max": Function(lambda *x: max(x), "max({*})", lambda *x: max(x)),
    "min": Function(lambda *x: min(x), "min({*})", lambda *x: min(x)),
    "hinge": Function(lambda x: max(0.0, x), "max(0, {0})", lambda x: max(x, Fraction(0))),
    "argmax": Function(argmax, "argmax({*})"),
    "half": Function(lambda a: 2.0 if a >= 0.5 else 1.0, "[2 if {0} ≥ 0.5 else 1]"),
    "same": Function(lambda a, b: float(a == b), "[{0} = {1}]", lambda a, b: int(a == b)),
    "softmax": Function(softmax, "softmax({0})"),
    "t_ln": Function(t_ln, "{0!}·ln {1!}"),
    # The logarithm of an output, computed from its z, where nothing is lost to rounding.
    "ln_sigmoid": Function(lambda z: -softplus(-z), "ln {0!}"),
    "ln_one_minus_sigmoid": Function(lambda z: -softplus(z), "ln(1 − {0!})"),
    "ln_softmax": Function(ln_softmax, "ln {0!}"),
}  # fmt: skip


@cache
def function_of(name: str) -> Function:
    """Return the function of a name: of `FUNCTIONS`, or an activation of the engine or its slope.

    Raises EngineError where there is neither.
    """
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    known = activation(name.removesuffix("_slope"))
    if name == known.name:
        return Function(lambda z: float(known.f(z)), f"{name}({{0}})")
    return Function(lambda z: float(known.derivative(z)), f"{known.name}′({{0}})")


def cancels(name: str) -> bool:
    """Whether terms of size 1 (or of the arguments') may cancel out to a small result there."""
    return name == "ln_softmax" or name not in FUNCTIONS


# A sum of more terms than this is written with its middle left out.
MOST_TERMS, FIRST, LAST = 12, 4, 2

Read = Callable[["Number"], float]
Show = Callable[["Number"], str]


def held(number: Number) -> float:
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
        function = function_of(self.function)
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

        return _PLACE.sub(place, function_of(self.function).template)

    def numbers(self) -> Iterator[Number]:
        for node in (*self.shown_as, *self.arguments):
            yield from node.numbers()

    def magnitude(self) -> float:
        """Return the value's, or that of what cancels out inside the function."""
        if not cancels(self.function):
            return abs(self.evaluate())
        return max(abs(self.evaluate()), 1.0, *(a.magnitude() for a in self.arguments))


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
