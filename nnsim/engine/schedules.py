"""How the learning rate changes with the epochs; η₀ is the rate that was set.

========  ===========================================================================
constant  η = η₀
step      η = η₀ · factor^⌊epoch / every⌋ (``"step:10:0.5"``: every 10 epochs, halved)
cosine    η = ½ η₀ (1 + cos(π · epoch / period)); 0 after it (``"cosine:100"``)
========  ===========================================================================

Epochs count from 0. Loshchilov and Hutter 2017 (cosine); both as PyTorch's StepLR and
CosineAnnealingLR have them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from nnsim.engine.errors import EngineError

NAMES = ("constant", "step", "cosine")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule for the learning rate.

    Attributes
    ----------
    name : str
    every : int
        Epochs between two steps, or the period of the cosine; 0 for the epochs of the first run.
    factor : float
        By which a step multiplies.
    """

    name: str = "constant"
    every: int = 0
    factor: float = 0.1

    def scale(self, epoch: int, period: int) -> float:
        """Return η / η₀ at this epoch; `period` stands in where `every` is 0."""
        every = self.every or max(1, period)
        if self.name == "step":
            return float(self.factor ** (epoch // every))
        if self.name == "cosine":
            return 0.5 * (1 + math.cos(math.pi * min(epoch, every) / every))
        return 1.0

    def __str__(self) -> str:
        if self.name == "constant" or not self.every:
            return self.name
        return f"{self.name}:{self.every}" + (f":{self.factor!r}" if self.name == "step" else "")


def schedule(given: Any) -> Schedule:
    """Read a schedule from ``"constant"``, ``"step:10:0.5"``, ``"cosine:100"`` or a `Schedule`.

    ``"step"`` alone is every 10 epochs a tenth; ``"cosine"`` alone spans the first run.

    Raises
    ------
    EngineError
        If the name is unknown or its numbers make no sense.
    """
    if isinstance(given, Schedule):
        return given
    parts = given.split(":") if isinstance(given, str) else [given]
    name, numbers = parts[0], parts[1:]
    most = {"constant": 0, "step": 2, "cosine": 1}.get(name) if isinstance(name, str) else None
    if most is None or len(numbers) > most:
        raise EngineError(
            f'unknown schedule {given!r}: give "constant", "step:10:0.5" or "cosine:100"'
        )
    try:
        every = int(numbers[0]) if numbers else (10 if name == "step" else 0)
        factor = float(numbers[1]) if len(numbers) > 1 else 0.1
    except ValueError:
        every, factor = -1, 0.1
    if (numbers and every < 1) or not 0 < factor <= 1:
        raise EngineError(
            f"schedule {given!r}: the epochs must be a whole number from 1, "
            "the factor above 0 and at most 1"
        )
    return Schedule(name, every, factor)
