"""How the network on the bench reads every sample of the data: reading, sureness, loss."""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.losses import decide
from nnsim.lab.reading.beliefs import sureness
from nnsim.lab.reading.metrics import passes

if TYPE_CHECKING:
    from nnsim.experiments.datasets import DataSet
    from nnsim.lab.lab import Lab
    from nnsim.lab.reading.metrics import Metrics
    from nnsim.lab.training.timeline import Frame, Run

Array = NDArray[np.float64]
Whole = NDArray[np.intp]
Bits = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Review:
    """All samples, training samples first, and what the network makes of them."""

    data: DataSet
    classes: tuple[str, ...]  # nothing for regression
    outputs: Array  # (m, n_out)
    losses: Array  # (m,): of each sample alone, without penalty

    @property
    def count(self) -> int:
        return len(self.losses)

    @cached_property
    def targets(self) -> Array:
        return np.concatenate([self.data.targets, self.data.test_targets])

    @cached_property
    def is_test(self) -> Bits:
        return np.arange(self.count) >= self.data.count

    @cached_property
    def wanted(self) -> Whole:
        return np.asarray(decide(self.targets))

    @cached_property
    def readings(self) -> Whole:
        return np.asarray(decide(self.outputs))

    @cached_property
    def right(self) -> Bits:
        return np.asarray(self.wanted == self.readings)

    @cached_property
    def sureness(self) -> Array:
        return sureness(self.outputs)

    @cached_property
    def width(self) -> int:
        most = max(self.wanted.max(initial=0), self.readings.max(initial=0))
        return max(len(self.classes), int(most) + 1)

    def name(self, position: int) -> str:
        return self.classes[position] if position < len(self.classes) else str(position + 1)

    def confusion(self, *, test: bool) -> Whole:
        """How often each class is read as each, (is, read as), of training or test samples."""
        chosen = self.is_test == test
        pairs = self.wanted[chosen] * self.width + self.readings[chosen]
        counts = np.bincount(pairs, minlength=self.width**2)
        return np.asarray(counts).reshape(self.width, self.width)

    def inputs(self, index: int) -> Array:
        data, test = self.data, index - self.data.count
        found: Array = data.inputs[index] if test < 0 else data.test_inputs[test]
        return found

    def residual(self, index: int) -> Array:
        missing: Array = self.targets[index] - self.outputs[index]
        return missing


_CACHE: WeakKeyDictionary[Lab, tuple[Metrics, Review]] = WeakKeyDictionary()


def review(lab: Lab) -> Review:
    """Every sample as it is read now; the same object until parameters or data change."""
    kept = _CACHE.get(lab)
    if kept is not None and kept[0] is lab.metrics:
        return kept[1]
    found = _read(lab)
    _CACHE[lab] = (lab.metrics, found)
    return found


def _read(lab: Lab) -> Review:
    data, network = lab.experiment.data, lab.network
    outputs = np.zeros((lab.sample_count, lab.experiment.outputs))
    losses = np.zeros(lab.sample_count)
    sets = ((0, data.inputs, data.targets), (data.count, data.test_inputs, data.test_targets))
    with np.errstate(all="ignore"):
        for first, inputs, targets in sets:
            if not len(inputs):
                continue
            for part, plan in passes(network, *network.check(inputs, targets)):
                losses[first:][part] = plan.losses
                outputs[first:][part] = plan.outputs.reshape(len(plan.losses), -1)
    return Review(data, lab.experiment.classes, outputs, losses)


BY_NUMBER, WORST, FORGOTTEN = "number", "worst", "forgotten"
ORDERS = (BY_NUMBER, WORST, FORGOTTEN)


@dataclass(frozen=True)
class Choice:
    """Which samples are looked at, and in which order."""

    # of this class, or read as this class, from 0
    wanted: int | None = None
    reading: int | None = None
    right: bool | None = None  # read right, or wrong
    test: bool | None = None  # to test on, or to train on
    # one of `ORDERS`: by number; the largest loss first; the most often forgotten first
    order: str = BY_NUMBER

    def of(self, found: Review, forgotten: Whole | None = None) -> Whole:
        """The positions of the chosen samples, from 0, in the order that is asked for.

        `forgotten` says how often each training sample was forgotten.
        """
        chosen = np.ones(found.count, bool)
        if self.test is not None:
            chosen &= found.is_test == self.test
        if found.classes:
            if self.wanted is not None:
                chosen &= found.wanted == self.wanted
            if self.reading is not None:
                chosen &= found.readings == self.reading
            if self.right is not None:
                chosen &= found.right == self.right
        rows = np.flatnonzero(chosen)
        if self.order == WORST:
            # What is no number any more is worst of all.
            losses = np.nan_to_num(found.losses[rows], nan=np.inf, posinf=np.inf)
            rows = rows[np.argsort(-losses, kind="stable")]
        elif self.order == FORGOTTEN and forgotten is not None:
            times = np.full(found.count, -1)
            times[: len(forgotten)] = forgotten
            rows = rows[np.argsort(-times[rows], kind="stable")]
        return np.asarray(rows)


Right = NDArray[np.bool_]
Packed = NDArray[np.uint8]

MOST_SAMPLES = 20_000
BLOCK = 256
"""So many samples are read before it looks at the clock."""


@dataclass(frozen=True)
class Story:
    """What became of a training sample along the run, up to the epoch on the bench."""

    sample: int  # its position in the training data, from 0
    # the first of the epochs kept at which it was read right; 0 is before any training
    first_right: int | None
    forgotten: int  # how often it was read right at one of them and wrong at the next
    right: bool  # whether it is read right at the last one


@dataclass(frozen=True)
class Stories:
    """The stories of all training samples, and what they rest on."""

    samples: tuple[Story, ...] = ()  # in the order of the data; empty for regression
    epochs: int = 0  # how many epochs have been looked at
    # how many are kept up to the epoch on the bench; where it is more, the rest is still to be
    # looked at
    kept: int = 0
    last: int = 0  # the last epoch looked at

    @property
    def complete(self) -> bool:
        return self.epochs == self.kept


def stories(lab: Lab, seconds: float | None = None) -> Stories:
    """The story of each training sample along the run on the bench, up to its epoch.

    Reads the epochs that are kept, for so many seconds; what was read is kept: asked again, it
    goes on. The same object comes back until there is something new. Empty for regression, where
    nothing is right or wrong, and for more than 20,000 samples.
    """
    if not lab.experiment.classes or not 0 < lab.experiment.data.count <= MOST_SAMPLES:
        return Stories()
    history = _HISTORIES.get(lab)
    if history is None or history.data is not lab.experiment.data:
        history = _HISTORIES[lab] = _History(lab.experiment.data)
    return history.upto(lab, seconds)


class _Count:
    """First right, forgotten and last reading of every sample over some frames in a row."""

    def __init__(self, frames: int, first: NDArray[np.int64], lost: NDArray[np.int64], last: Right):
        self.frames, self.first, self.lost, self.last = frames, first, lost, last

    @classmethod
    def none(cls, samples: int) -> _Count:
        return cls(
            0, np.full(samples, -1), np.zeros(samples, np.int64), np.zeros(samples, np.bool_)
        )

    def then(self, epochs: NDArray[np.int64], right: Right) -> _Count:
        new = np.where(right.any(axis=0), epochs[right.argmax(axis=0)], -1)
        lost = (self.last & ~right[0]) + (right[:-1] & ~right[1:]).sum(axis=0)
        first = np.where(self.first < 0, new, self.first)
        return _Count(self.frames + len(right), first, self.lost + lost, right[-1])


class _History:
    """What is read right at each frame, and counts over those of the current run."""

    def __init__(self, data: DataSet) -> None:
        self.data = data
        self._wanted = decide(data.targets)
        self._right: dict[Frame, Packed] = {}  # packed, one bit for each sample
        self._frames: tuple[Frame, ...] = ()
        # Over all frames that were counted, and before the last (which is another at each poll
        # while one trains), to go on from.
        self._counts = [_Count.none(data.count)] * 2
        self._told: Stories | None = None
        self._reading: tuple[Frame, list[Right]] | None = None  # a frame that is read in part

    def upto(self, lab: Lab, seconds: float | None) -> Stories:
        run, epoch = lab.timeline.run, lab.trainer.epoch
        frames = run.frames[: bisect_right(run.frames, epoch, key=lambda frame: frame.epoch)]
        if frames == self._frames and self._told is not None and self._told.complete:
            return self._told
        self._start(frames)
        self._go_on(run, seconds)
        self._forget(lab)
        self._told = self._tell(self._counts[1])
        return self._told

    def _start(self, frames: tuple[Frame, ...]) -> None:
        """Go back to the last count that still holds for these frames."""
        before, after = self._counts
        if frames[: after.frames] == self._frames[: after.frames]:
            pass  # there may be more frames now
        elif frames[: before.frames] == self._frames[: before.frames]:
            self._counts = [before, before]
        else:
            self._counts = [_Count.none(self.data.count)] * 2
        self._frames = frames

    def _go_on(self, run: Run, seconds: float | None) -> None:
        """Read frame after frame for as long as there is time, and count them."""
        end = None if seconds is None else time.perf_counter() + seconds
        late = False
        for place, frame in enumerate(self._frames[self._counts[1].frames :]):
            if frame not in self._right:
                read = None if late else self._read(frame, run, end)
                if read is None:
                    self._count(self._counts[1].frames + place)
                    return
                self._right[frame] = read
                late = end is not None and time.perf_counter() >= end
        self._count(len(self._frames))

    def _read(self, frame: Frame, run: Run, end: float | None) -> Packed | None:
        """What is read right at a frame; None where time is up before all samples are read.

        What has been read then is kept for the next time.
        """
        if self._reading is None or self._reading[0] is not frame:
            self._reading = (frame, [])
        parts, done, count = self._reading[1], len(self._reading[1]) * BLOCK, self.data.count
        for start in range(done, count, BLOCK):
            some = slice(start, start + BLOCK)
            with np.errstate(all="ignore"):
                outputs = run.setup.reader.outputs(frame, self.data.inputs[some])
            parts.append(decide(outputs) == self._wanted[some])
            if end is not None and start + BLOCK < count and time.perf_counter() >= end:
                return None
        self._reading = None
        return np.packbits(np.concatenate(parts))

    def _count(self, end: int) -> None:
        before, after = self._counts
        for stop in (max(0, end - 1), end):
            frames = self._frames[after.frames : stop]
            if frames:
                packed = np.stack([self._right[frame] for frame in frames])
                right = np.unpackbits(packed, axis=1, count=self.data.count).astype(np.bool_)
                epochs = np.array([frame.epoch for frame in frames])
                before, after = after, after.then(epochs, right)
        self._counts = [before, after]

    def _forget(self, lab: Lab) -> None:
        if len(self._right) > 2 * len(self._frames) + 4096:
            held = {frame for run in lab.timeline.runs for frame in run.frames}
            self._right = {frame: bits for frame, bits in self._right.items() if frame in held}

    def _tell(self, count: _Count) -> Stories:
        samples = tuple(
            Story(i, None if first < 0 else first, lost, right)
            for i, (first, lost, right) in enumerate(
                zip(count.first.tolist(), count.lost.tolist(), count.last.tolist(), strict=True)
            )
        )
        last = self._frames[count.frames - 1].epoch if count.frames else 0
        return Stories(samples, count.frames, len(self._frames), last)


_HISTORIES: WeakKeyDictionary[Lab, _History] = WeakKeyDictionary()
