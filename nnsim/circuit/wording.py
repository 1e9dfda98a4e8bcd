"""What people read about gates: roles, formulas, and what went wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nnsim.circuit.gates import (
    ABS,
    DISTRIBUTE,
    DIVIDE,
    LOG,
    MAX,
    MIN,
    NEGATE,
    POWER,
    RECIPROCAL,
    RELU,
    ROUTE,
    SCALE,
    SQRT,
    SUBTRACT,
    SUM,
    SWAP,
    Kind,
    substitute,
)
from nnsim.circuit.graph import SIGMOID, Block, Node
from nnsim.i18n import _

# Where a program says it otherwise than a textbook.
_VALUES: dict[Kind, str] = {
    POWER: "a^k",
    MAX: "max(a, b)",
    MIN: "min(a, b)",
    RELU: "max(0, a)",
    ABS: "|a|",
    SIGMOID: "σ(a)",
}
_LOCALS: dict[Kind, tuple[str, ...]] = {SIGMOID: ("f·(1 − f)",)}
# A negative number that has brackets, bars or commas around it already: exp((−1)).
_ALONE = re.compile(r"([(|]|, )\(([-−][^()]*)\)(?=[)|,])")
_SIGNS = {" * ": "·", "-": "−", ">=": "≥", "<=": "≤", "sqrt(": "√("}


def role_in_words(role: str) -> str:
    """Return what a gate of that role (or a value used more than once) does to the gradient."""
    return {
        DISTRIBUTE: _("distributes: every input gets the whole gradient, copied, not shared out"),
        SWAP: _("swaps: each input gets the gradient times the value of the other input"),
        ROUTE: _("routes: the winner gets the whole gradient, the other gets none"),
        SCALE: _("scales: the gradient is multiplied by the slope of the gate"),
        SUM: _("sums: used more than once, it adds up the gradients that come back"),
    }[role]


def kind_in_words(kind: Kind) -> str:
    """Return what this kind of gate does to the gradient; more exact than its role where it can."""
    if isinstance(kind, Block) and kind is not SIGMOID:
        return _(
            "scales: each input gets the gradient times its slope, found by the chain rule inside"
        )
    special = {
        SUBTRACT: _("distributes: the first input gets the gradient, the second its negative"),
        NEGATE: _("scales: the gradient changes its sign"),
        RELU: _("routes: lets the gradient through above 0 and stops it otherwise"),
        ABS: _("scales: by 1 above 0 and by −1 below"),
    }
    return special.get(kind) or role_in_words(kind.role)


def trouble_in_words(kind: Kind, inputs: tuple[float, ...], number: float) -> str:
    """Return why a gate with finite `inputs` has a value, or a local gradient, that is not."""
    last = inputs[-1]
    if kind in (DIVIDE, RECIPROCAL) and last == 0:
        return _("division by zero")
    if kind is LOG and last <= 0:
        return _("log of zero") if last == 0 else _("log of a negative number")
    if kind is SQRT and last <= 0:
        return _("the slope of sqrt at zero") if last == 0 else _("sqrt of a negative number")
    if kind is POWER and last == 0:
        return _("zero to a negative power") if number < 0 else _("the slope of a root at zero")
    if kind is POWER and last < 0 and number != int(number):
        return _("a negative number to a fractional power")
    return _("overflow: the number is too large to hold")


def value_formula(node: Node, operands: Sequence[str]) -> str:
    """Return what a gate computes, with `operands` (names, or numbers) for its inputs: ``w·x``."""
    kind = node.kind
    if isinstance(kind, Block) and kind not in _VALUES:
        return f"{kind.id}({', '.join(operands)})"
    return _filled(_VALUES.get(kind) or _in_notation(kind.formula), node, operands, "")


def local_formula(node: Node, position: int, operands: Sequence[str], value: str) -> str:
    """Return a gate's derivative by the input at `position`, with `value` for its own value.

    That of a folded part has no short form: it is ``∂s/∂w``.
    """
    kind = node.kind
    if isinstance(kind, Block) and kind not in _LOCALS:
        return f"∂{kind.id}/∂{operands[position]}"
    if kind is POWER:
        lower = Node(node.index, POWER, node.inputs, number=node.number - 1)
        power = value_formula(lower, operands) if lower.number != 1 else operands[0]
        return f"{_in_brackets(f'{node.number:g}')}·{_in_brackets(power)}"
    formulas = _LOCALS.get(kind) or tuple(map(_in_notation, kind.local))
    return _filled(formulas[position], node, operands, value)


def _in_notation(formula: str) -> str:
    text = re.sub(r"\b(\d+)\.0\b", r"\1", formula)
    for sign, instead in _SIGNS.items():
        text = text.replace(sign, instead)
    return text


def _filled(formula: str, node: Node, operands: Sequence[str], value: str) -> str:
    if formula in ("a", "b", "f"):
        return {"a": operands[0], "b": operands[-1], "f": value}[formula]
    text = substitute(
        formula,
        {
            "a": _in_brackets(operands[0]),
            "b": _in_brackets(operands[-1]),
            "f": _in_brackets(value),
            "k": _in_brackets(f"{node.number:g}"),
        },
    )
    return _ALONE.sub(r"\1\2", text)


def _in_brackets(operand: str) -> str:
    """Put a negative number into brackets: 2·(−3)."""
    return f"({operand})" if operand.startswith(("-", "−")) else operand
