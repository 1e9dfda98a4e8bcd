"""From a bench to the bytes of a session."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim import __version__
from nnsim.engine.layers import Dropout
from nnsim.experiments import archive
from nnsim.experiments.archive import describe, describe_data
from nnsim.experiments.catalogue import SESSION as SUFFIX
from nnsim.i18n import _
from nnsim.lab.errors import LabError
from nnsim.lab.training.surgery import Condition

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments import DataSet, Experiment, NetworkSpec
    from nnsim.lab.lab import Lab
    from nnsim.lab.training.timeline import Frame, Run

Array = NDArray[Any]
_PARTS = ("id", "title", "input", "classes", "network", "training")


def pack(lab: Lab, *, panel: int | None = None) -> bytes:
    """Return the bytes of a session; `panel` is in sight, by its number key.

    Raises LabError if the numbers are no longer finite.
    """
    return _Writer(lab).pack(panel)


@dataclass(frozen=True)
class Mark:
    """What a session would be lost with: training, parameters, data; not where one looks.

    Two marks are equal while nothing of that was changed.
    """

    network: NetworkSpec
    data: DataSet
    condition: Condition
    settings: tuple[Any, ...]
    parameters: int
    run: int

    @classmethod
    def of(cls, lab: Lab) -> Mark:
        trainer = lab.trainer
        return cls(
            lab.experiment.network,
            lab.experiment.data,
            Condition.of(lab.network),
            (trainer.epoch, trainer.updates, trainer.learning_rate, trainer.batch_size,
             trainer.optimizer.name, str(trainer.schedule), *_dropout_rates(lab.network)),
            zlib.crc32(lab.network.parameters.tobytes()),
            lab.timeline.current,
        )  # fmt: skip


def _dropout_rates(network: Network) -> list[float]:
    return [layer.rate for layer in network.layers if isinstance(layer, Dropout)]


class _Writer:
    """Collects what a session holds, each thing once, however often it is referred to."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._arrays: dict[str, Array] = {}
        self._experiments: list[dict[str, Any]] = []
        self._described: list[list[object]] = []
        self._networks: list[dict[str, Any]] = []
        self._starts: list[int] = []
        self._states: list[dict[str, Any]] = []
        self._texts: dict[str, int] = {}
        self._seen: list[int] = []
        self._known: dict[str, dict[int, tuple[int, object]]] = {}
        self._groups: dict[tuple[int, str], list[Frame]] = {}

    def pack(self, panel: int | None) -> bytes:
        lab = self._lab
        bench = self._bench(panel)
        runs = [self._run(run) for run in lab.timeline.runs]
        data, samples = describe_data(
            lab.experiment.data, pixels=lab.experiment.input.kind == "pixels"
        )
        frames = [self._group(i, *key) for i, key in enumerate(self._groups)]
        self._arrays |= samples
        for array in self._arrays.values():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise LabError(
                    _("not saved: some numbers are no longer finite; undo or rewind first")
                )
        header = {
            "format": FORMAT,
            "version": VERSION,
            "nnsim": __version__,
            "experiments": self._experiments,
            "data": data,
            "networks": self._networks,
            "starts": self._starts,
            "states": self._states,
            "frames": frames,
            "runs": runs,
            "current": lab.timeline.current,
            "bench": bench,
        }
        return archive.pack(header, self._arrays)

    def _number(self, kind: str, thing: object) -> tuple[int, bool]:
        known = self._known.setdefault(kind, {})
        new = id(thing) not in known
        if new:
            known[id(thing)] = (len(known), thing)  # held, so that no id is used twice
        return known[id(thing)][0], new

    def _experiment(self, experiment: Experiment) -> int:
        # Those that differ in their samples only are one: all of them get those of the bench.
        parts = [getattr(experiment, name) for name in _PARTS]
        for number, known in enumerate(self._described):
            if all(a is b for a, b in zip(parts, known, strict=True)):
                return number
        self._described.append(parts)
        table, arrays = describe(experiment, f"experiment{len(self._experiments)}")
        self._experiments.append(table)
        self._arrays |= arrays
        return len(self._experiments) - 1

    def _network(self, network: Network, trainer: Trainer, experiment: int) -> int:
        number, new = self._number("network", network)
        if new:
            condition = Condition.of(network)
            names = [layer.name for layer in network.layers]
            bug = None if condition.bug is None else [condition.bug[0], names[condition.bug[1]]]
            self._networks.append({
                "experiment": experiment,
                "seed": network.seed,
                "trainer_seed": trainer.seed,
                "l1": network.l1,
                "l2": network.l2,
                "clip": trainer.clip,
                "train_biases": trainer.train_biases,
                "muted": {names[layer]: list(units) for layer, units in network.muted.items()},
                "bug": bug,
                "generator": network.generator.bit_generator.state,
            })  # fmt: skip
        return number

    def _start(self, start: Array, network: int) -> int:
        number, new = self._number("start", start)
        if new:
            self._starts.append(network)
            self._arrays[f"start{number}"] = start
        return number

    def _state(self, state: dict[str, Any], shared: object) -> int:
        """Return the number of a state; those that are equal are one."""
        seen, new = self._number("state", shared)
        if new:
            kept = {key: state[key] for key in STATE_KEYS}
            text = json.dumps(kept)
            if text not in self._texts:
                self._texts[text] = len(self._states)
                self._states.append(kept)
            self._seen.append(self._texts[text])
        return self._seen[seen]

    def _run(self, run: Run) -> dict[str, Any]:
        setup = run.setup
        experiment = self._experiment(setup.experiment)
        network = self._network(setup.network, setup.trainer, experiment)
        return {
            "number": run.number,
            "experiment": experiment,
            "network": network,
            "start": self._start(setup.start, network),
            "seed": setup.seed,
            "initializer": setup.initializer,
            "frames": [self._frame(frame, network) for frame in run.frames],
            "first": run.first,
            "last": run.last,
            "parent": run.parent,
            "fork": run.fork,
            "digits": run.digits,
        }

    def _frame(self, frame: Frame, network: int) -> list[int]:
        """Return in which group of alike frames a frame stands, and in which row of it."""
        key = (network, str(frame.state()["optimizer"]))
        group = self._groups.setdefault(key, [])
        row, new = self._number(f"frame {key}", frame)
        if new:
            group.append(frame)
        return [list(self._groups).index(key), row]

    def _group(self, number: int, network: int, optimizer: str) -> dict[str, Any]:
        """Put the arrays of alike frames into one of each kind, a row per frame."""
        frames = self._groups[network, optimizer]
        states = [frame.state() for frame in frames]
        name = f"frames{number}"
        self._arrays[f"{name}.parameters"] = np.stack([s["parameters"] for s in states])
        if states[0]["running"].size:
            self._arrays[f"{name}.running"] = np.stack([s["running"] for s in states])
        for slot in states[0]["slots"]:
            self._arrays[f"{name}.{slot}"] = np.stack([s["slots"][slot] for s in states])
        return {
            "network": network,
            "optimizer": optimizer,
            "epochs": [frame.epoch for frame in frames],
            "updates": [frame.updates for frame in frames],
            "l2": [frame.l2 for frame in frames],
            "states": [
                self._state(s, f.settings) for f, s in zip(frames, states, strict=True)
            ],
        }  # fmt: skip

    def _bench(self, panel: int | None) -> dict[str, Any]:
        lab = self._lab
        state = lab.trainer.state()
        experiment = self._experiment(lab.experiment)
        network = self._network(lab.network, lab.trainer, experiment)
        self._arrays["bench.parameters"] = state["parameters"]
        if state["running"].size:
            self._arrays["bench.running"] = state["running"]
        for name, slot in state["slots"].items():
            self._arrays[f"bench.{name}"] = slot
        self._arrays["bench.input"] = lab.input
        if lab.target is not None:
            self._arrays["bench.target"] = lab.target
        return {
            "experiment": experiment,
            "network": network,
            "start": self._start(lab.start, network),
            "state": self._state(state, state),
            "epoch": state["epoch"],
            "updates": state["updates"],
            "stopped": lab.trainer.stopped,
            "target": lab.target is not None,
            "panel": panel,
            **{
                kept.key: kept.write(getattr(lab, name))
                for name, kept in lab.kept.items()
                if kept.key
            },
        }


__all__ = ["FORMAT", "SUFFIX", "VERSION"]

FORMAT, VERSION = "nnsim session", 1

KEYS = (
    "format", "version", "nnsim", "experiments", "data", "networks", "starts", "states", "frames",
    "runs", "current", "bench",
)  # fmt: skip
NETWORK_KEYS = (
    "experiment", "seed", "trainer_seed", "l1", "l2", "clip", "train_biases", "muted", "bug",
    "generator",
)  # fmt: skip
# What a trainer counts and is told; the arrays of its state lie beside it.
STATE_KEYS = (
    "period", "position", "waited", "order_state", "optimizer", "constants", "learning_rate",
    "batch_size", "schedule", "shuffling", "noise", "dropout",
)  # fmt: skip
FRAME_KEYS = ("network", "optimizer", "epochs", "updates", "l2", "states")
RUN_KEYS = (
    "number", "experiment", "network", "start", "seed", "initializer", "frames", "first", "last",
    "parent", "fork", "digits",
)  # fmt: skip
BENCH_KEYS = (
    "experiment", "network", "start", "state", "epoch", "updates", "stopped", "target", "panel",
)  # fmt: skip
STOPPED = ("finished", "early", "diverged", "interrupted")
MOST = 2**62
"""Epochs and updates that are counted at most."""
