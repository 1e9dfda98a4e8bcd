"""The timeline: states kept along training, to look at again and to train on from.

A `Frame` is all that training goes on from at the end of an epoch. A `Run` is a stretch of training
from one start; frames of early epochs lie close, later ones farther apart, so that a run never
holds more than 8 MB. Going back and training on starts another run, which shares the frames up to
where it branched off. Nothing here changes once made, so that undo only keeps hold of it.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.errors import LabError
from nnsim.lab.frames import Frame, Point, Reader

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments import Experiment

Array = NDArray[np.float64]

MOST_BYTES = 8 * 2**20
MOST_FRAMES = 2048
MOST_RUNS = 8
# Every epoch is kept as long as this many binary digits write its number.
_FINEST = 64


@dataclass(frozen=True)
class Setup:
    """What the frames of a run belong to: an experiment, its network and trainer, and a start.

    Attributes
    ----------
    seed : int or None
        Of the start, where it was drawn.
    initializer : str
        How it was drawn, where that is not as the experiment says.
    """

    experiment: Experiment
    network: Network
    trainer: Trainer
    start: Array
    reader: Reader
    seed: int | None = None
    initializer: str = ""

    @classmethod
    def of(cls, experiment: Experiment, network: Network, trainer: Trainer, start: Array) -> Setup:
        """The setup of a network that has had none."""
        seed = None if experiment.network.parameters else network.seed
        return cls(experiment, network, trainer, start, Reader(experiment, network), seed)


@dataclass(frozen=True)
class Run:
    """One stretch of training.

    Attributes
    ----------
    number : int
        1 for the first on the bench; a number is never used again.
    setup : Setup
    frames : tuple of Frame
        By ascending epoch, from the start on (shared with another run before `fork`).
    first, last : int
        The epochs that it spans.
    parent, fork : int or None
        The run that it branched off from, and the epoch at which it did.
    digits : int
        Epochs are kept whose number, counted from `first`, has so many significant binary digits.
    """

    number: int
    setup: Setup
    frames: tuple[Frame, ...]
    first: int
    last: int
    parent: int | None = None
    fork: int | None = None
    digits: int = _FINEST

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs that are kept."""
        return tuple(frame.epoch for frame in self.frames)

    @property
    def size(self) -> int:
        """Bytes that its frames take."""
        return sum(frame.size for frame in self.frames)

    @property
    def trained(self) -> bool:
        """Whether it went on from where it began."""
        return self.last > (self.first if self.fork is None else self.fork)

    def curve(self) -> tuple[Point, ...]:
        """Cost and accuracy for every epoch that is kept, each computed when first asked for."""
        return tuple(frame.measured(self.setup.reader) for frame in self.frames)

    def nearest(self, epoch: int) -> Frame:
        """The frame of an epoch, or the nearest that is kept (the earlier of two).

        Raises
        ------
        LabError
            Outside of the run, or where the network is too large to keep any.
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
        """Whether an epoch is kept when the run goes on."""
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
    """Whether these are few and small enough for one run."""
    return len(frames) <= MOST_FRAMES and sum(frame.size for frame in frames) <= MOST_BYTES


@dataclass(frozen=True)
class Timeline:
    """The runs of a bench.

    Attributes
    ----------
    runs : tuple of Run
        Oldest first; of many, the last ones.
    current : int
        The number of the run that the bench stands in.
    grown : int
        Bytes of the frames that came with the last change.
    """

    runs: tuple[Run, ...]
    current: int
    grown: int = field(default=0, compare=False)

    @classmethod
    def begin(cls, setup: Setup) -> Timeline:
        """The timeline of a bench that has just been set up."""
        return cls((_beginning(1, setup),), 1)

    @property
    def run(self) -> Run:
        """The run that the bench stands in."""
        return self.of(self.current)

    def of(self, number: int) -> Run:
        """The run of a number.

        Raises
        ------
        LabError
            Naming those there are.
        """
        for run in self.runs:
            if run.number == number:
                return run
        raise LabError(
            _("there is no run {number}; the runs are {known}").format(
                number=number, known=", ".join(str(run.number) for run in self.runs)
            )
        )

    def at(self, number: int) -> Timeline:
        """The same, standing in another run."""
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
        """Keep on adding to the frames of a run that will stay."""
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
