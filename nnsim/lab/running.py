"""How training goes on, in a record for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnsim.lab.learning import Learning

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


def unhurried(lab: Learning, seconds: float) -> int | None:
    """The pace at which the experiment's epochs take about so many seconds, or a little less."""
    experiment = lab.experiment
    batch = lab.trainer.batch_size or experiment.data.count
    updates = experiment.training.epochs * -(-experiment.data.count // max(1, batch))
    return next((pace for pace in PACES if pace is None or pace * seconds >= updates), None)
