"""The timeline: states kept along training, to look at again and to train on from.

A `Frame` is all that training goes on from at the end of an epoch. A `Run` is a stretch of training
from one start; frames of early epochs lie close, later ones farther apart, so that a run never
holds more than 8 MB. Going back and training on starts another run, which shares the frames up to
where it branched off. Nothing here changes once made, so that undo only keeps hold of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.errors import LabError
from nnsim.lab.reading.metrics import chunk_size, measure

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments import Experiment
    from nnsim.lab.reading.metrics import Metrics

Array = NDArray[np.float64]

# Beside the numbers in its arrays: of a frame with its point, of an array, of what isn't shared.
_FRAME_BYTES, _ARRAY_BYTES, _OWN_BYTES = 600, 120, 2000


@dataclass(frozen=True, slots=True)
class Point:
    """How well the network of one epoch reads its data; None where that has no meaning."""

    epoch: int
    cost: float  # C_T over the training data, without penalty
    accuracy: float | None
    test_accuracy: float | None
    right: int | None
    test_cost: float | None = None  # the same as `cost` over the test data

    @classmethod
    def of(cls, epoch: int, found: Metrics) -> Point:
        return cls(
            epoch, found.cost, found.accuracy, found.test_accuracy, found.right, found.test_cost
        )


class Frame:
    """Where training stood after `epoch` whole epochs: a `Trainer.state`, in little room.

    `parameters` are (n_params,); it takes `size` bytes.
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
        return int(self._rest["position"])

    def state(self) -> dict[str, Any]:
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
        self._measured = (reader.experiment.data, point)

    @property
    def settings(self) -> dict[str, Any]:
        """What training goes on with, which it may hold together with other frames."""
        return self._rest


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

    def at(self, frame: Frame) -> Network:
        """The network of a frame, until it is asked for another."""
        state = frame.state()
        self._network.parameters[:] = state["parameters"]
        if state["running"].size:
            self._network.running[:] = state["running"]
        return self._network

    def outputs(self, frame: Frame, inputs: Array) -> Array:
        network = self.at(frame)
        size = chunk_size(network)
        parts = [inputs[start : start + size] for start in range(0, len(inputs), size)]
        return np.concatenate([network.forward(part) for part in parts or [inputs]])

    def read(self, frame: Frame) -> Point:
        start = perf_counter()
        found = measure(self.at(frame), self.experiment)
        self.took = perf_counter() - start
        return Point.of(frame.epoch, found)


MOST_BYTES = 8 * 2**20
MOST_FRAMES = 2048
MOST_RUNS = 8
# Every epoch is kept as long as this many binary digits write its number.
_FINEST = 64


@dataclass(frozen=True)
class Setup:
    """What the frames of a run belong to: an experiment, its network and trainer, and a start."""

    experiment: Experiment
    network: Network
    trainer: Trainer
    start: Array
    reader: Reader
    seed: int | None = None  # of the start, where it was drawn
    initializer: str = ""  # how it was drawn, where that is not as the experiment says

    @classmethod
    def of(cls, experiment: Experiment, network: Network, trainer: Trainer, start: Array) -> Setup:
        seed = None if experiment.network.parameters else network.seed
        return cls(experiment, network, trainer, start, Reader(experiment, network), seed)


@dataclass(frozen=True)
class Run:
    """One stretch of training."""

    number: int  # 1 for the first on the bench; a number is never used again
    setup: Setup
    # by ascending epoch, from the start on (shared with another run before `fork`)
    frames: tuple[Frame, ...]
    # the epochs that it spans
    first: int
    last: int
    # the run that it branched off from, and the epoch at which it did
    parent: int | None = None
    fork: int | None = None
    # epochs are kept whose number, counted from `first`, has so many significant binary digits
    digits: int = _FINEST

    @property
    def epochs(self) -> tuple[int, ...]:
        return tuple(frame.epoch for frame in self.frames)

    @property
    def size(self) -> int:
        return sum(frame.size for frame in self.frames)

    @property
    def trained(self) -> bool:
        return self.last > (self.first if self.fork is None else self.fork)

    def curve(self) -> tuple[Point, ...]:
        """Cost and accuracy for every epoch that is kept, each computed when first asked for."""
        return tuple(frame.measured(self.setup.reader) for frame in self.frames)

    def nearest(self, epoch: int) -> Frame:
        """The frame of an epoch, or the nearest that is kept (the earlier of two).

        Raises LabError outside of the run, or where the network is too large to keep any.
        """
        if not self.first <= epoch <= self.last:
            raise LabError(
                _("epoch {epoch} is out of range: run {run} has {first} to {last}").format(
                    epoch=epoch, run=self.number, first=self.first, last=self.last
                )
            )
        if not self.frames:
            raise LabError(
                _("this network is too large to keep its epochs: one takes more than {most} MB")
                .format(most=MOST_BYTES // 2**20)
            )  # fmt: skip
        at = bisect_left(self.epochs, epoch)
        around = self.frames[max(0, at - 1) : at + 1]
        return min(around, key=lambda frame: abs(frame.epoch - epoch))

    def thinned(self) -> Run:
        """The same, with later frames left out as far as memory asks for it."""
        frames, digits = list(self.frames), self.digits
        while not fits(frames) and digits > _COARSEST:
            digits = min(digits, max((f.epoch - self.first).bit_length() for f in frames)) - 1
            frames = [
                f
                for f in frames
                if f.epoch in (self.fork, self.last) or is_kept(f.epoch - self.first, digits)
            ]
        while not fits(frames):
            del frames[0]
        return replace(self, frames=tuple(frames), digits=digits)

    def stays(self, epoch: int) -> bool:
        return epoch == self.fork or is_kept(epoch - self.first, self.digits)


_COARSEST = -6


def is_kept(epoch: int, digits: int) -> bool:
    """Whether the number of an epoch has so many significant binary digits, or fewer.

    From 1 digit on powers of two are left; with 0, −1, −2, … every second, fourth, eighth of them.
    What fewer digits keep, more digits keep too.
    """
    length = epoch.bit_length()
    if digits >= 1:
        return not epoch & ((1 << max(0, length - digits)) - 1)
    if epoch == 0 or digits <= _COARSEST:
        return epoch == 0
    return epoch.bit_count() == 1 and (length - 1) % (1 << (1 - digits)) == 0


def fits(frames: list[Frame]) -> bool:
    return len(frames) <= MOST_FRAMES and sum(frame.size for frame in frames) <= MOST_BYTES


@dataclass(frozen=True)
class Timeline:
    """The runs of a bench."""

    runs: tuple[Run, ...]  # oldest first; of many, the last ones
    current: int  # the number of the run that the bench stands in
    # bytes of the frames that came with the last change
    grown: int = field(default=0, compare=False)

    @classmethod
    def begin(cls, setup: Setup) -> Timeline:
        return cls((_beginning(1, setup),), 1)

    @property
    def run(self) -> Run:
        return self.of(self.current)

    def of(self, number: int) -> Run:
        """The run of a number; raises LabError naming those there are."""
        for run in self.runs:
            if run.number == number:
                return run
        raise LabError(
            _("there is no run {number}; the runs are {known}").format(
                number=number, known=", ".join(str(run.number) for run in self.runs)
            )
        )

    def at(self, number: int) -> Timeline:
        return replace(self, current=self.of(number).number, grown=0)

    def started(self, setup: Setup) -> Timeline:
        """With a new run from a new start, in place of one that was never trained."""
        run = self.run
        number = run.number if not run.trained and run.fork is None else self._next
        return self.put(_beginning(number, setup))

    def edited(self, setup: Setup) -> Timeline:
        """With parameters that were set by hand: another branch, unless this one is new."""
        run, frame = self.run, Frame(setup.trainer)
        earlier = tuple(f for f in run.frames if f.epoch < frame.epoch)
        changed = replace(run, setup=setup, frames=(*earlier, frame), last=frame.epoch)
        if run.trained or run.last != frame.epoch:
            changed = replace(changed, number=self._next, parent=run.number, fork=frame.epoch)
        return self.put(changed.thinned(), frame.size)

    @property
    def _next(self) -> int:
        return max(run.number for run in self.runs) + 1

    def put(self, run: Run, grown: int = 0) -> Timeline:
        """With this run in the place of that of its number, or behind the others; it is current."""
        if any(other.number == run.number for other in self.runs):
            runs = tuple(run if other.number == run.number else other for other in self.runs)
        else:
            runs = (*self.runs, run)[-MOST_RUNS:]
        return Timeline(runs, run.number, grown + 8 * len(run.frames))

    def branched(self, frame: Frame) -> Run:
        """A new run that leaves the current one at a frame."""
        run = self.run
        earlier = tuple(f for f in run.frames if f.epoch < frame.epoch)
        return Run(
            self._next,
            run.setup,
            (*earlier, frame),
            first=run.first,
            last=frame.epoch,
            parent=run.number,
            fork=frame.epoch,
            digits=run.digits,
        )


def _beginning(number: int, setup: Setup) -> Run:
    frame = Frame(setup.trainer)
    run = Run(number, setup, (frame,), first=frame.epoch, last=frame.epoch)
    return run.thinned()


class Recorder:
    """Keeps frames while a trainer trains.

    Call `note` after every epoch; most calls only look at the number of the epoch.
    """

    def __init__(self, timeline: Timeline, trainer: Trainer) -> None:
        self._before, self._trainer = timeline, trainer
        kept = timeline.run.frames
        self._start, self._updates = Frame(trainer, kept[-1] if kept else None), trainer.updates
        self._run: Run | None = None
        self._frames: list[Frame] = []
        self._held = self._grown = 0
        # Whether training draws nothing and looks for no best: only arrays change then.
        dropout = any(layer.kind == "dropout" for layer in trainer.network.layers)
        self._plain = not dropout and trainer.patience is None
        self._settings: tuple[object, ...] = ()
        self._taken = self._start  # the last one

    def note(self) -> None:
        """Keep the state after an epoch, if it is one of those that are kept."""
        run = self._run or self._begin()
        epoch = self._trainer.epoch
        if is_kept(epoch - run.first, run.digits) and epoch > self._last:
            self._frames.append(self._frame())
            self._held += self._frames[-1].size
            self._grown += self._frames[-1].size
            if self._held > MOST_BYTES or len(self._frames) > MOST_FRAMES:
                self._go_on(replace(run, frames=tuple(self._frames), last=epoch).thinned())

    def timeline(self) -> Timeline:
        """The timeline as it stands now, the present state with it."""
        if self._run is None and self._trainer.updates == self._updates:
            return self._before
        run, epoch = self._run or self._begin(), self._trainer.epoch
        frames, grown = tuple(self._frames), self._grown
        if epoch > self._last:  # not one of those that stay, but the last
            frames = (*frames, self._frame())
            grown += frames[-1].size
        return self._before.put(replace(run, frames=frames, last=epoch).thinned(), grown)

    def _begin(self) -> Run:
        """The run that is trained: the current one, or a branch where the bench was rewound."""
        run, start = self._before.run, self._start
        if start.epoch < run.last:
            run = self._before.branched(start)
        elif not start.position:
            # What was changed since (the rate, the optimiser) belongs to going on from here.
            earlier = tuple(f for f in run.frames if f.epoch < start.epoch)
            run = replace(run, frames=(*earlier, start))
        return self._go_on(run)

    def _go_on(self, run: Run) -> Run:
        self._run = run
        self._frames = [f for f in run.frames if run.stays(f.epoch)]
        self._held = sum(frame.size for frame in self._frames)
        return run

    @property
    def _last(self) -> int:
        return self._frames[-1].epoch if self._frames else -1

    def _frame(self) -> Frame:
        trainer = self._trainer
        settings = (trainer.learning_rate, id(trainer.optimizer), id(trainer.schedule))
        plain = self._plain and trainer.batch_size is None and not trainer.position
        if plain and settings == self._settings:
            self._taken = Frame.following(trainer, self._taken)
        else:
            self._taken = Frame(trainer, self._taken)
            self._settings = settings if plain else ()
        return self._taken


# Of data that take longer to read, the screen reads past epochs only while nothing is trained.
SLOW = 0.02


def now_measured(run: Run, trainer: Trainer, metrics: Metrics) -> None:
    """Let the frame at which the bench stands know what the bench has measured there anyway."""
    last, network = run.frames[-1:], trainer.network
    if not last or last[0].epoch != trainer.epoch or trainer.position:
        return
    if network is not run.setup.network or network.muted or not metrics.samples:
        return
    reader, frame = run.setup.reader, last[0]
    if frame.known(reader) is None and bool((frame.parameters == network.parameters).all()):
        frame.note(reader, Point.of(trainer.epoch, metrics))


def points_of(run: Run, seconds: float, *, training: bool = False) -> tuple[list[Point], bool]:
    """Return the points of a run that are known, by epoch, and whether these are all.

    What isn't known yet is computed for as long as `seconds` say, the last epoch first and then
    those far apart, so that a curve takes shape before it gets fine. `Run.curve` computes all.
    At least one is, if not in `training` on data that are slow to read.
    """
    reader = run.setup.reader
    until = perf_counter() + seconds
    points = [frame.known(reader) for frame in run.frames]
    missing = [i for i, point in enumerate(points) if point is None]
    left = len(missing)
    if training and reader.took > SLOW:
        missing = []
    for i in _far_apart_first(missing, len(points) - 1):
        points[i] = run.frames[i].measured(reader)
        left -= 1
        if perf_counter() > until:
            break
    return [point for point in points if point is not None], not left


def _far_apart_first(places: list[int], last: int) -> list[int]:
    return sorted(places, key=lambda i: (i != last, i > 0, -(i & -i)))


def kept_epoch(run: Run, trainer: Trainer, by: int) -> int | None:
    """Return the kept epoch so many places before or after where the bench stands.

    The first or the last one where there are not so many; None where the bench stands there.
    """
    epochs, now = run.epochs, trainer.epoch
    within = bool(trainer.position)  # some of the next epoch is trained: its start is before
    before = bisect_right(epochs, now) if within else bisect_left(epochs, now)
    at = before + by if by < 0 else bisect_right(epochs, now) + by - 1
    if not epochs or (by < 0 and not before) or (by > 0 and now >= epochs[-1]):
        return None
    return epochs[min(max(at, 0), len(epochs) - 1)]


def described(run: Run) -> dict[str, str]:
    """What a run was trained with, as of its last epoch: each by the name of the setting."""
    setup = run.setup
    said: dict[str, str] = {}
    if setup.initializer:
        said["start"] = setup.initializer.replace(":", " ")
    if setup.seed is not None:
        said["seed"] = _("seed {seed}").format(seed=setup.seed)
    if run.frames:
        last = run.frames[-1]
        settings = last.settings
        batch = settings.get("batch_size")
        said["rate"] = _("rate {rate}").format(rate=f"{settings['learning_rate']:.4g}")
        said["optimizer"] = str(settings["optimizer"])
        said["batch"] = _("batch {size}").format(size=batch) if batch else _("whole set")
        said["l2"] = _("l2 {l2}").format(l2=f"{last.l2:.4g}")
    return said


def differences(run: Run, other: Run) -> tuple[str, str]:
    """Return what tells two runs apart, of the one and of the other: ``rate 0.5 · adam``."""
    mine, theirs = described(run), described(other)
    keys = [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
    return (
        " · ".join(mine[key] for key in keys if key in mine),
        " · ".join(theirs[key] for key in keys if key in theirs),
    )
