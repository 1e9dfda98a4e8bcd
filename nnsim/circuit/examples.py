"""The circuits that ship: one TOML file each, under ``assets/circuits``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nnsim.circuit.circuit import Circuit, unknown_name
from nnsim.circuit.errors import CircuitError
from nnsim.circuit.expression import from_expression
from nnsim.resources import resource

FOLDER = "assets/circuits"


@dataclass(frozen=True)
class Example:
    """A circuit that ships.

    Attributes
    ----------
    id, title : str
    note : str
        What to look for, in a sentence or two.
    source : str
        Where its figures come from.
    expression : str
        On one line.
    values : dict of str to float
        Of its inputs.
    """

    id: str
    title: str
    note: str
    source: str
    expression: str
    values: dict[str, float]

    def circuit(self) -> Circuit:
        """Return it built and evaluated."""
        return from_expression(self.expression, self.values)

    @property
    def command(self) -> str:
        """What to type for it, without the word ``circuit`` or ``nnsim gates``."""
        values = " ".join(f"{name}={value:g}" for name, value in self.values.items())
        return f'"{self.expression}" {values}'


@cache
def examples() -> tuple[Example, ...]:
    """Return the circuits that ship, by id."""
    return tuple(_read(path) for path in sorted(resource(FOLDER).glob("*.toml")))


def example(name: str) -> Example:
    """Return the circuit that ships under the id `name`.

    Raises
    ------
    CircuitError
        When there is none; names those that there are.
    """
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
