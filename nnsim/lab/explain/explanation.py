"""What an explanation is: a number's name, formula, arithmetic and causes."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from nnsim.circuit.gates import KINDS, kind_in_words, role_in_words
from nnsim.lab.addresses import Names, Quantity
from nnsim.lab.explain.arithmetic import (
    Node,
    Number,
    Product,
    Sum,
    as_fraction,
    held,
    shown,
    written,
)

# Whether an equation is exactly true is asked of so many numbers at most.
_MOST_EXACT = 2000
HIDDEN = "?"


@dataclass(frozen=True)
class Term:
    """One term of what is added up (or the whole, where nothing is)."""

    causes: tuple[str, ...]  # the addresses in it
    factors: tuple[float, ...]  # what is multiplied; a single one where nothing is
    value: float  # their product


@dataclass(frozen=True)
class Explanation:
    """Why a number is what it is; the rules that make it leave open which number it is."""

    name: str  # what it is, in words
    symbol: str  # how formulas write it, such as z or ∂C/∂w
    formula: str  # the rule, in symbols; a sentence for a number that is not computed
    arithmetic: Node  # the rule with its numbers, which `recompute` evaluates without the engine
    # for a gradient, what each gate does on the way from the gradients that it is made of:
    # distribute, swap, route, scale or sum
    roles: tuple[str, ...] = ()
    # for a gradient: what comes back to its gate, and the gate's own derivative; their product is
    # the gradient
    upstream: Node | None = None
    local: Node | None = None
    note: str = ""  # A sentence that the formula needs, or nothing
    # numbers that do not occur in the arithmetic, but choose what does: the targets, under hinge,
    # say which class is the right one
    chosen_by: tuple[Quantity, ...] = ()
    # the kind of the last gate (a key of `nnsim.circuit.gates.KINDS`), where there is one alone
    gate: str = ""
    quantity: Quantity = field(default=Quantity(""))  # the number, as addresses know it
    names: Names = field(default=Names((), ()))  # what prints addresses
    value: float | int = math.nan  # what the engine holds
    # to how much of what is added up the engine and the arithmetic agree; less in float32
    precision: float = 1e-12

    @property
    def number(self) -> Number:
        return Number(float(self.value), self.quantity)

    def text(self, quantity: Quantity) -> str:
        return self.names.text(quantity)

    @cached_property
    def address(self) -> str:
        return self.text(self.quantity)

    @property
    def rests_on(self) -> tuple[Quantity, ...]:
        """The numbers that it came from, each once, in the order of the formula."""
        found = dict.fromkeys(n.quantity for n in self.arithmetic.numbers() if n.quantity)
        found.update(dict.fromkeys(self.chosen_by))
        found.pop(self.quantity, None)
        return tuple(found)

    @property
    def causes(self) -> tuple[str, ...]:
        """The addresses of the numbers that it came from."""
        return tuple(self.text(quantity) for quantity in self.rests_on)

    @property
    def role(self) -> str | None:
        """Return what the gate right behind a gradient does: the last of `roles`."""
        return self.roles[-1] if self.roles else None

    @property
    def worked(self) -> str:
        """The formula with its numbers and the result, with the right `sign` before it."""
        return self.worked_without(())

    def worked_without(self, hidden: Container[Quantity]) -> str:
        """Return the worked arithmetic with ``?`` for these numbers."""

        def show(number: Number) -> str:
            return HIDDEN if number.quantity in hidden else shown(number)

        result = HIDDEN if self.quantity in hidden else written(self.value)
        arithmetic = self.arithmetic.write(show)
        if arithmetic == result:
            return f"{self.symbol} {self.sign} {result}"
        return f"{self.symbol} = {arithmetic} {self.sign} {result}"

    @property
    def sign(self) -> str:
        """``=`` or ``≈``; ``≠`` where the engine holds something else, as with a planted bug."""
        if not self.agrees:
            return "≠"
        return "=" if self.is_exact else "≈"

    @property
    def is_exact(self) -> bool:
        """Whether the worked equation is exactly true as it is printed, no digit dropped."""
        if isinstance(self.value, int):  # a count or a position, however the rest was rounded
            return True
        result = as_fraction(float(self.value))
        if result is None or next(islice(self.arithmetic.numbers(), _MOST_EXACT, None), None):
            return False
        return self.arithmetic.exact() == result

    @property
    def role_words(self) -> str | None:
        return gate_in_words(self.role, self.gate)

    @property
    def terms(self) -> tuple[Term, ...]:
        """What is added up, term by term, all of them."""
        return tuple(
            Term(
                causes=tuple(
                    self.text(q) for q in dict.fromkeys(n.quantity for n in node.numbers()) if q
                ),
                factors=tuple(
                    factor.evaluate()
                    for factor in (node.factors if isinstance(node, Product) else (node,))
                ),
                value=node.evaluate(),
            )
            for node in _flat(self.arithmetic)
        )

    def recompute(self, read: Callable[[str], float] | None = None) -> float:
        """Evaluate the arithmetic again, without the engine.

        Parameters
        ----------
        read : callable, optional
            Gives the number at an address; without it every number is what it was.
        """
        if read is None:
            return self.arithmetic.evaluate(held)
        return self.arithmetic.evaluate(
            lambda n: n.value if n.quantity is None else float(read(self.text(n.quantity)))
        )

    @cached_property
    def agrees(self) -> bool:
        """Whether the arithmetic gives what the engine holds, to `precision` of what is added up.

        It does not where a mistake was planted in backpropagation.
        """
        value, again = float(self.value), self.recompute()
        if value == again or (math.isnan(value) and math.isnan(again)):
            return True
        scale = max(abs(value), self.arithmetic.magnitude(), 1e-300)
        return abs(value - again) <= self.precision * scale

    def as_json(self) -> dict[str, Any]:
        """Return what ``nnsim explain --json`` prints."""
        return {
            "address": self.address,
            "name": self.name,
            "formula": self.formula,
            "worked": self.worked,
            "value": self.value,
            "role": self.role,
            "causes": list(self.causes),
        }


def gate_in_words(role: str | None, gate: str) -> str | None:
    """Return what a gate does to the gradient: by its kind where that is known, else its role."""
    if role is None:
        return None
    return kind_in_words(KINDS[gate]) if gate in KINDS else role_in_words(role)


def _flat(node: Node) -> Iterator[Node]:
    """Go through the terms of sums within sums."""
    if isinstance(node, Sum):
        for term in node.terms:
            yield from _flat(term)
    else:
        yield node
