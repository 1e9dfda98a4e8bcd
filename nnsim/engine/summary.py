"""A network in a table: one row per layer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One layer of a summary."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int


class Summary(list[SummaryRow]):
    """One row per layer; `parameters` is the total."""

    @property
    def parameters(self) -> int:
        """How many parameters the network has."""
        return sum(row.parameters for row in self)

    def __str__(self) -> str:
        cells = [("layer", "kind", "output shape", "parameters")]
        cells += [(r.name, r.kind, str(r.output_shape), f"{r.parameters:,}") for r in self]
        cells += [("total", "", "", f"{self.parameters:,}")]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False))
            + "  "
            + row[-1].rjust(widths[-1])
            for row in cells
        )
