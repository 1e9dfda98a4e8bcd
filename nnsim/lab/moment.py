"""The bench at one time, for undo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments import Experiment
    from nnsim.lab.addresses import Address
    from nnsim.lab.circuit_bench import CircuitBench, CircuitMoment
    from nnsim.lab.surgery import Condition
    from nnsim.lab.timeline import Timeline
    from nnsim.lab.walk import Place

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Moment:
    """Everything on the bench at one time, for undo; unchanged parts are shared, not copied."""

    experiment: Experiment
    network: Network
    trainer: Trainer
    training: Any
    start: Array
    epoch: int
    stopped: str | None
    condition: Condition
    timeline: Timeline
    grown: int
    input: Array
    target: Array | None
    sample: int | None
    edited: bool
    focus: Address
    walk_place: Place | None
    circuit: tuple[CircuitBench, CircuitMoment] | None
    # Whether `grown` counts the timeline, and the data: no moment before this one did.
    counts: tuple[bool, bool] = (True, True)

    @property
    def size(self) -> int:
        """Bytes that this moment may hold on to."""
        return int(self.network.parameters.nbytes * 3 + self.input.nbytes) + self.grown
