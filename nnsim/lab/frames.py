"""Frames of the timeline: where training stood at the end of an epoch, and how well it read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.lab.metrics import measure
from nnsim.lab.parts import at_a_time

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments import Experiment

Array = NDArray[np.float64]

# Beside the numbers in its arrays: of a frame with its point, of an array, of what isn't shared.
_FRAME_BYTES, _ARRAY_BYTES, _OWN_BYTES = 600, 120, 2000


@dataclass(frozen=True, slots=True)
class Point:
    """How well the network of one epoch reads its data; None where that has no meaning.

    Attributes
    ----------
    epoch : int
    cost : float
        C_T over the training data, without penalty.
    accuracy, test_accuracy : float or None
    right : int or None
    test_cost : float or None
        The same as `cost` over the test data.
    """

    epoch: int
    cost: float
    accuracy: float | None
    test_accuracy: float | None
    right: int | None
    test_cost: float | None = None


class Frame:
    """Where training stood: a `Trainer.state`, in little room.

    Attributes
    ----------
    epoch : int
        Whole epochs done.
    parameters : array (n_params,)
    l2 : float
        The penalty at that time.
    size : int
        Bytes that the frame takes.
    """

    __slots__ = (
        "_arrays", "_measured", "_rest", "_shares", "epoch", "l2", "parameters", "size", "updates",
    )  # fmt: skip

    def __init__(self, trainer: Trainer, like: Frame | None = None) -> None:
        self._hold(trainer.state(), trainer.network.l2, like)

    @classmethod
    def of_state(cls, state: dict[str, Any], l2: float, like: Frame | None = None) -> Frame:
        """The frame of a `Trainer.state`, which it keeps parts of."""
        frame = cls.__new__(cls)
        frame._hold(dict(state), l2, like)
        return frame

    def _hold(self, state: dict[str, Any], l2: float, like: Frame | None) -> None:
        self.epoch: int = state.pop("epoch")
        self.updates: int = state.pop("updates")
        self.parameters: Array = state.pop("parameters")
        self.l2: float = l2
        running, slots, best = state.pop("running"), state.pop("slots"), state.pop("best")
        self._arrays = (running if running.size else None, slots or None, best)
        # What is as it was, which is all of it as long as nothing is drawn, is not held twice.
        self._shares = like is not None and state == like._rest
        self._rest: dict[str, Any] = like._rest if like is not None and self._shares else state
        arrays = [self.parameters, running, *slots.values(), *(best[1:] if best else ())]
        held = sum(array.nbytes + _ARRAY_BYTES for array in arrays if array.size)
        self.size = _FRAME_BYTES + held + (0 if self._shares else _OWN_BYTES)
        self._measured: tuple[object, Point] | None = None

    @classmethod
    def following(cls, trainer: Trainer, like: Frame) -> Frame:
        """The frame after `like` where only arrays have changed: quicker than to ask for all."""
        frame, network = cls.__new__(cls), trainer.network
        frame.epoch, frame.updates, frame.l2 = trainer.epoch, trainer.updates, network.l2
        frame.parameters = network.parameters.copy()
        running = network.running.copy() if network.running.size else None
        slots = {name: slot.copy() for name, slot in trainer.optimizer.slots.items()}
        frame._arrays = (running, slots or None, None)
        frame._rest, frame._measured = like._rest, None
        frame.size = like.size - (0 if like._shares else _OWN_BYTES)
        frame._shares = True
        return frame

    @property
    def position(self) -> int:
        """How many samples of the next epoch have been trained on."""
        return int(self._rest["position"])

    @property
    def shared(self) -> dict[str, Any]:
        """What it may hold together with other frames: all but arrays and counts of its own."""
        return self._rest

    def state(self) -> dict[str, Any]:
        """What `Trainer.restore` takes."""
        running, slots, best = self._arrays
        return {
            **self._rest,
            "epoch": self.epoch,
            "updates": self.updates,
            "parameters": self.parameters,
            "running": np.zeros(0) if running is None else running,
            "slots": slots or {},
            "best": best,
        }

    def known(self, reader: Reader) -> Point | None:
        """What `measured` returns, if that has been computed."""
        if self._measured is None or self._measured[0] is not reader.experiment.data:
            return None
        return self._measured[1]

    def measured(self, reader: Reader) -> Point:
        """How well the network of this frame reads the data; computed when first asked for."""
        point = self.known(reader)
        if point is None:
            point = reader.read(self)
            self.note(reader, point)
        return point

    def note(self, reader: Reader, point: Point) -> None:
        """Keep what has been measured elsewhere, of these parameters and this data."""
        self._measured = (reader.experiment.data, point)

    @property
    def settings(self) -> dict[str, Any]:
        """What training went on with, such as ``learning_rate`` and ``optimizer``."""
        return self._rest


def known_points(frames: Sequence[Frame], reader: Reader) -> list[Point | None]:
    """What `Frame.known` returns, of many frames at once."""
    data = reader.experiment.data
    return [
        None if (measured := frame._measured) is None or measured[0] is not data else measured[1]
        for frame in frames
    ]


class Reader:
    """Reads data with the parameters of frames, on a network of its own."""

    def __init__(self, experiment: Experiment, network: Network) -> None:
        self.experiment = experiment
        self._description = network.describe()
        self.took = 0.0  # seconds of the last reading

    @cached_property
    def _network(self) -> Network:
        from nnsim.engine import Network  # late: the first picture needs no second network

        return Network.from_description(self._description)

    def _at(self, frame: Frame) -> Network:
        """The network of a frame."""
        state = frame.state()
        self._network.parameters[:] = state["parameters"]
        if state["running"].size:
            self._network.running[:] = state["running"]
        return self._network

    def outputs(self, frame: Frame, inputs: Array) -> Array:
        """What the network of a frame says of inputs (m, …), (m, n_out)."""
        network = self._at(frame)
        size = at_a_time(network)
        parts = [inputs[start : start + size] for start in range(0, len(inputs), size)]
        return np.concatenate([network.forward(part) for part in parts or [inputs]])

    def read(self, frame: Frame) -> Point:
        """Measure the network of a frame."""
        start = perf_counter()
        found = measure(self._at(frame), self.experiment)
        self.took = perf_counter() - start
        return Point(
            frame.epoch, found.cost, found.accuracy, found.test_accuracy, found.right,
            found.test_cost,
        )  # fmt: skip
