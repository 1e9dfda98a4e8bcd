"""How training goes on, in a record for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass

# Updates per second; None is as fast as it goes.
PACES: tuple[int | None, ...] = (1, 2, 5, 10, 30, 100, 1000, None)


@dataclass(frozen=True, slots=True)
class Running:
    """How training goes on (`Lab.running`).

    Attributes
    ----------
    on : bool
        Whether the bench is being trained now.
    pace : int or None
        Updates per second that are asked for, one of `PACES`; None for flat out.
    target : int or None
        The epoch at which training stops, or at which it would have where it was paused; None
        without end.
    steps_per_second : float
        Updates per second as measured, of the last stretch of training where it is over.
    problem : str
        Why training stopped by itself before its end, in a sentence; else nothing.
    """

    on: bool = False
    pace: int | None = None
    target: int | None = None
    steps_per_second: float = 0.0
    problem: str = ""
