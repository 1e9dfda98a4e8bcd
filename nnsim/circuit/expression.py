"""From an expression to a graph: Python's own parser reads it, and a whitelist goes through it.

Nothing is evaluated by Python. ``(x + y) * z`` is an expression; parts can be given names, with
``;`` between them, and the last part is the circuit's value:

    z = w*x + b;  s = 1/(1 + exp(-z));  s*y

The circuits that ship are expressions too: one TOML file each, under ``assets/circuits``.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
import tomllib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nnsim.circuit import gates
from nnsim.circuit.circuit import Circuit, checked, unknown_name
from nnsim.circuit.gates import Kind
from nnsim.circuit.graph import SIGMOID, Builder, CircuitError, Graph
from nnsim.i18n import _
from nnsim.resources import resource

LONGEST = 10_000  # characters
DEEPEST = 100  # levels of brackets, and of operators within operators
MOST_TERMS = 1_000  # of one chain a + b + c …, which is one level
LARGEST_EXPONENT = 100

FUNCTIONS: Mapping[str, Kind] = {
    SIGMOID.id: SIGMOID,
    **{
        kind.id: kind
        for kind in (
            gates.EXP, gates.LOG, gates.SQRT, gates.SIN, gates.COS, gates.TANH, gates.RELU,
            gates.MAX, gates.MIN, gates.ABS,
        )
    },
}  # fmt: skip
# `gates` is an address of the circuit bench: how many there are.
RESERVED = frozenset({*FUNCTIONS, "gates"})

_OPERATORS: dict[type[ast.operator], Kind] = {
    ast.Add: gates.ADD,
    ast.Sub: gates.SUBTRACT,
    ast.Mult: gates.MULTIPLY,
    ast.Div: gates.DIVIDE,
}
_TOKEN = re.compile(r"[^\W\d]\w*|.", re.DOTALL)
_ALLOWED = re.compile(r"[A-Za-z0-9_.+\-*/(),=; \t\r\n]")
_INSTEAD = {"×": "*", "·": "*", "⋅": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "²": "**2",
            "√": "sqrt()", "（": "(", "）": ")", "，": ",", "；": ";"}  # fmt: skip
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def parse(expression: str) -> Graph:
    """Return the graph of an expression.

    It may have ``+ - * /``, ``**`` with a number of at most 100, brackets, numbers, names, and the
    functions exp log sqrt sin cos tanh sigmoid relu max min abs; ``name = …;`` before it. ``1/…``
    is a reciprocal gate.

    Raises CircuitError when it is anything else, longer than 10,000 characters or deeper than 100
    levels. Its ``position`` is the character to blame, from 0.
    """
    return _Reader(expression).read()


def from_expression(expression: str, values: Mapping[str, float]) -> Circuit:
    """Return the circuit of an expression, evaluated with `values` for its inputs.

    Raises CircuitError as `parse` does; and when a value is missing, unknown or not finite.
    """
    graph = parse(expression)
    wanted = [graph.nodes[index].name for index in graph.inputs]
    for name, value in values.items():
        if name not in wanted:
            raise CircuitError(unknown_name(name, wanted))
        checked(name, value)
    missing = [name for name in wanted if name not in values]
    if missing:
        message = _("a value is missing for {names}; write {example}")
        example = " ".join(f"{name}=1" for name in missing[:3])
        raise CircuitError(message.format(names=", ".join(missing), example=example))
    return Circuit(graph, [float(values[name]) for name in wanted])


def read_values(texts: Iterable[str]) -> dict[str, float]:
    """Read values written as ``x=-2``.

    Raises CircuitError when one is written otherwise, is not finite, or is given twice.
    """
    values: dict[str, float] = {}
    for text in texts:
        name, equals, number = text.partition("=")
        name = name.strip()
        if not equals or not _NAME.fullmatch(name):
            message = _("{text!r} is not a value; write it as x=-2")
            raise CircuitError(message.format(text=text[:40]))
        if not _NUMBER.fullmatch(number.strip()):
            message = _("{name}={number!r} is not a number; write it as {name}=-2")
            raise CircuitError(message.format(name=name, number=number[:40]))
        if name in values:
            raise CircuitError(_("{name} is given twice").format(name=name))
        values[name] = checked(name, float(number))
    return values


class _Reader:
    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.builder = Builder()
        self._unread: dict[str, int] = {}  # parts that were named and not used yet: where

    def read(self) -> Graph:
        self._check_characters()
        *parts, last = self._statements()
        for part in parts:
            if not isinstance(part, ast.Assign):
                raise self._error(_("only the last part may stand without a name"), part)
            self._named_part(part)
        if isinstance(last, ast.Assign):
            output = self._named_part(last)
            self._unread.popitem()
        elif isinstance(last, ast.Expr):
            output = self._convert(last.value, 0)
        else:
            raise self._error(_("this is not an expression"), last)
        for name, position in self._unread.items():
            message = _("{name} is named and then never used").format(name=name)
            raise self._error(message, position)
        return self.builder.build(output)

    def _check_characters(self) -> None:
        """Refuse what needs no parser, before a parser sees it."""
        if len(self.expression) > LONGEST:
            message = _("longer than {limit} characters").format(limit=f"{LONGEST:,}")
            raise self._error(message, LONGEST)
        depth = 0
        for found in _TOKEN.finditer(self.expression):
            token, position = found[0], found.start()
            depth += (token == "(") - (token == ")")
            if depth > DEEPEST:
                raise self._too_deep(position)
            if keyword.iskeyword(token):
                raise self._error(_("{word} is not known here").format(word=token), position)
            if token.startswith("_") or "__" in token:
                message = _("a name has no underscores in front, nor two in a row")
                raise self._error(message, position)
            for offset, char in enumerate(token):
                if not _ALLOWED.match(char):
                    raise self._error(_what_to_write_for(char), position + offset)
        signs = re.search(rf"(?:[+-]\s*){{{DEEPEST}}}[+-]", self.expression)
        if signs:
            raise self._too_deep(signs.end() - 1)

    def _statements(self) -> list[ast.stmt]:
        # One line, so that a column is a position; without blanks in front, which would indent.
        line = re.sub(r"[\t\r\n]", " ", self.expression)
        text = line.lstrip()
        self._offset = len(line) - len(text)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                statements = ast.parse(text).body
        except SyntaxError as error:
            column = min(max((error.offset or 1) - 1, 0), len(text.rstrip()))
            message = _("this cannot be read as an expression")
            raise self._error(message, self._offset + column) from None
        except (RecursionError, MemoryError, ValueError, OverflowError):
            operators = [found.start() for found in re.finditer(r"[-+*/]", self.expression)] or [0]
            raise self._too_deep(operators[min(DEEPEST, len(operators) - 1)]) from None
        if not statements:
            raise self._error(_("there is no expression"), 0)
        return statements

    def _named_part(self, part: ast.Assign) -> int:
        target = part.targets[0]
        if len(part.targets) > 1 or not isinstance(target, ast.Name):
            raise self._error(_("write a part as: name = expression"), target)
        name = self._checked_name(target)
        if name in self.builder.names:
            message = _("{name} already has a value; choose another name").format(name=name)
            raise self._error(message, target)
        with self.builder.block(name):
            index = self._convert(part.value, 0)
        if name in self.builder.names:
            raise self._error(_("{name} is used for its own value").format(name=name), target)
        self.builder.name(index, name)
        self._unread[name] = self._position(target)
        return index

    def _convert(self, node: ast.expr, level: int) -> int:
        """Add the gates of `node`, `level` levels down; return the one with its value."""
        if level > DEEPEST:
            raise self._too_deep(node)
        match node:
            case ast.Constant():
                return self.builder.constant(self._literal(node))
            case ast.Name():
                return self._variable(node)
            case ast.UnaryOp(op=ast.UAdd()):
                return self._convert(node.operand, level + 1)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as literal):
                return self.builder.constant(-self._literal(literal))
            case ast.UnaryOp(op=ast.USub()):
                return self.builder.gate(gates.NEGATE, self._convert(node.operand, level + 1))
            case ast.BinOp(op=ast.Pow()):
                exponent = self._exponent(node.right)
                base = self._convert(node.left, level + 1)
                return self.builder.gate(gates.POWER, base, number=exponent)
            case ast.BinOp():
                return self._chain(node, level)
            case ast.Call():
                return self._call(node, level)
        place = self._after(node.value) if isinstance(node, ast.Attribute) else node
        raise self._error(_("this is not part of an expression"), place)

    def _chain(self, node: ast.BinOp, level: int) -> int:
        """Add a chain such as a + b − c, which Python nests to the left, as one level."""
        links: list[ast.BinOp] = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp) and not isinstance(first.op, ast.Pow):
            links.append(first)
            first = first.left
        if len(links) >= MOST_TERMS:
            message = _("more than {limit} terms in one chain").format(limit=f"{MOST_TERMS:,}")
            raise self._error(message, links[-MOST_TERMS].right)
        links.reverse()
        if _is_one(first) and isinstance(links[0].op, ast.Div):
            under = self._convert(links.pop(0).right, level + 1)
            value = self.builder.gate(gates.RECIPROCAL, under)
        else:
            value = self._convert(first, level + 1)
        for link in links:
            if type(link.op) not in _OPERATORS:
                message = _("this operator is not known; there are + - * / **")
                raise self._error(message, self._after(link.left))
            right = self._convert(link.right, level + 1)
            value = self.builder.gate(_OPERATORS[type(link.op)], value, right)
        return value

    def _call(self, node: ast.Call, level: int) -> int:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            message = _("only these can be called: {names}").format(names=" ".join(FUNCTIONS))
            raise self._error(message, node)
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self._error(_("{name} takes plain values").format(name=name), node)
        kind = FUNCTIONS[name]
        if kind in (gates.MAX, gates.MIN):
            if len(node.args) < 2:
                raise self._error(_("{name} takes two values or more").format(name=name), node)
            value = self._convert(node.args[0], level + 1)
            for argument in node.args[1:]:
                value = self.builder.gate(kind, value, self._convert(argument, level + 1))
            return value
        if len(node.args) != 1:
            raise self._error(_("{name} takes one value").format(name=name), node)
        return self.builder.gate(kind, self._convert(node.args[0], level + 1))

    def _variable(self, node: ast.Name) -> int:
        name = self._checked_name(node)
        self._unread.pop(name, None)
        if name in self.builder.names:
            return self.builder.names[name]
        return self.builder.input(name)

    def _checked_name(self, node: ast.Name) -> str:
        if node.id in RESERVED:
            raise self._error(_("{name} cannot be the name of a value").format(name=node.id), node)
        return node.id

    def _literal(self, node: ast.Constant) -> float:
        if type(node.value) not in (int, float):
            raise self._error(_("only real numbers can be written here"), node)
        try:
            number = float(node.value)  # type: ignore[arg-type]
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self._error(_("this number is too large"), node)
        return number

    def _exponent(self, node: ast.expr) -> float:
        number = self._number(node, 0)
        if not abs(number) <= LARGEST_EXPONENT:
            message = _("an exponent is at most {limit}").format(limit=LARGEST_EXPONENT)
            raise self._error(message, node)
        return number

    def _number(self, node: ast.expr, level: int) -> float:
        match node:
            case ast.Constant():
                return self._literal(node)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()) if level < DEEPEST:
                number = self._number(node.operand, level + 1)
                return -number if isinstance(node.op, ast.USub) else number
            case ast.BinOp(op=ast.Div()) if level < DEEPEST:
                over = self._number(node.left, level + 1)
                under = self._number(node.right, level + 1)
                return over / under if under else math.inf
            case ast.BinOp(op=ast.Pow()):
                raise self._error(_("a power in an exponent is refused"), node)
        message = _("an exponent is a number, such as 2, -1 or 1/2; for a**b write exp(b*log(a))")
        raise self._error(message, node)

    def _position(self, node: ast.AST) -> int:
        return self._offset + int(getattr(node, "col_offset", 0))

    def _after(self, node: ast.expr) -> int:
        end = self._offset + int(node.end_col_offset or 0)
        rest = self.expression[end:]
        return end + len(rest) - len(rest.lstrip(" )"))

    def _too_deep(self, place: ast.AST | int) -> CircuitError:
        return self._error(_("more than {limit} levels deep").format(limit=DEEPEST), place)

    def _error(self, message: str, place: ast.AST | int) -> CircuitError:
        position = place if isinstance(place, int) else self._position(place)
        text = _("character {number}: {message}").format(number=position + 1, message=message)
        return CircuitError(text, position, self.expression)


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == 1


def _what_to_write_for(char: str) -> str:
    if char in _INSTEAD:
        return _("{char!r} is not known here; write {instead}").format(
            char=char, instead=_INSTEAD[char]
        )
    if not char.isascii():
        return _("{char!r} is not known here; only plain ASCII is").format(char=char)
    return _("{char!r} is not known here").format(char=char)


FOLDER = "assets/circuits"


@dataclass(frozen=True)
class Example:
    """A circuit that ships."""

    id: str
    title: str
    note: str  # what to look for, in a sentence or two
    source: str  # where its figures come from
    expression: str  # on one line
    values: dict[str, float]  # of its inputs

    def circuit(self) -> Circuit:
        return from_expression(self.expression, self.values)

    @property
    def command(self) -> str:
        """What to type for it, without the word ``circuit`` or ``nnsim gates``."""
        values = " ".join(f"{name}={value:g}" for name, value in self.values.items())
        return f'"{self.expression}" {values}'


@cache
def examples() -> tuple[Example, ...]:
    return tuple(_read(path) for path in sorted(resource(FOLDER).glob("*.toml")))


def example(name: str) -> Example:
    """Return the circuit that ships under the id `name`; else the refusal names those there are."""
    for entry in examples():
        if entry.id == name:
            return entry
    known = [entry.id for entry in examples()]
    raise CircuitError(unknown_name(name, known))


def _read(path: Path) -> Example:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    expression = " ".join(content.pop("expression").split())
    values = {name: float(value) for name, value in content.pop("values").items()}
    return Example(expression=expression, values=values, **content)
