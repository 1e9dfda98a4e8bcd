"""What a bench does with its trainer: train, start anew, go along the timeline."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.training import surgery
from nnsim.lab.training.live import Running
from nnsim.lab.training.timeline import Recorder, Setup, Timeline

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments import Experiment
    from nnsim.lab.addresses import Names
    from nnsim.lab.training.live import Snapshot

Array = NDArray[np.float64]


class Learning(ABC):
    """The part of a `Lab` that has to do with training.

    Attributes
    ----------
    experiment : Experiment
    network : Network
    trainer : Trainer
    names : Names
    start : array (n_params,)
        Where `reset` goes back to.
    running : Running
        How training in a thread goes on, for whoever shows it.
    """

    experiment: Experiment
    network: Network
    trainer: Trainer
    names: Names
    start: Array
    _timeline: Timeline
    _recorder: Recorder | None = None
    _training_state: Any = None
    running: Running = Running()

    @abstractmethod
    def changed(self, *, parameters: bool = False) -> None:
        """Forget what was derived: the trace always, what rests on the parameters if asked."""

    @abstractmethod
    def renamed(self) -> None:
        """Take the names of the network that is on the bench now."""

    def _set_up(self) -> None:
        """Begin a timeline with the network that has come onto the bench."""
        setup = Setup.of(self.experiment, self.network, self.trainer, self.start)
        self._timeline, self._recorder = Timeline.begin(setup), None

    def training(self, epochs: int) -> Iterator[Any]:
        """Train `epochs` more epochs, one per item; the timeline keeps what it can.

        Between two items any command may be run. Training ends where one mutes a unit, changes
        the data or puts another network on the bench.
        """
        surgery.refuse_muted(self, _("training"))
        data, trainer = self.experiment.data, self.trainer
        run = trainer.run(data.inputs, data.targets, epochs=epochs)
        self.changed(parameters=True)
        self._recorder = recorder = Recorder(self._settled(), trainer)
        try:
            for progress in run:
                recorder.note()
                yield progress
                if self.trainer is not trainer or self.network.muted:
                    return
                if self.experiment.data is not data:
                    return
                if self._recorder is not recorder:  # the bench was rewound, reset or set by hand
                    self._recorder = recorder = Recorder(self._timeline, trainer)
        finally:
            if self._recorder is recorder:
                self._settled()
            self.changed(parameters=True)

    def step(self) -> None:
        """Train by one update: one mini-batch, or all samples."""
        surgery.refuse_muted(self, _("training"))
        data, recorder = self.experiment.data, Recorder(self._settled(), self.trainer)
        self.trainer.step(data.inputs, data.targets)
        self._timeline = recorder.timeline()
        self.changed(parameters=True)

    def take(self, snapshot: Snapshot, grown: int) -> None:
        """Put onto the bench where training in a thread stands.

        Parameters
        ----------
        snapshot : Snapshot
        grown : int
            Bytes of its timeline that came since the bench was last put into the memory of undo.
        """
        self._timeline, self._recorder = replace(snapshot.timeline, grown=grown), None
        self.trainer.restore(snapshot.state)
        self.trainer.stopped = snapshot.stopped
        self.changed(parameters=True)
        if snapshot.metrics is not None:
            self.__dict__["metrics"] = snapshot.metrics
        self._training_state = snapshot.state  # never changed by anyone: it need not be copied

    # The timeline ---------------------------------------------------------------------------

    @property
    def timeline(self) -> Timeline:
        """The runs on this bench with the epochs that are kept, also while one is trained."""
        return self._timeline if self._recorder is None else self._recorder.timeline()

    def _settled(self) -> Timeline:
        """The timeline, with what is being recorded put into it."""
        self._timeline, self._recorder = self.timeline, None
        return self._timeline

    def measure_on(self, experiment: Experiment) -> None:
        """Let the curves of all runs, older ones too, tell of the data of this experiment."""
        for run in self.timeline.runs:
            run.setup.reader.experiment = experiment

    @property
    def _setup(self) -> Setup:
        return self._timeline.run.setup

    def rewind(self, epoch: int, run: int | None = None) -> int:
        """Go to an epoch of this run, or of another; returns the nearest that is kept.

        Everything is of that epoch then: parameters, optimiser, rate, penalty. What is planted or
        muted stays. Training on from there starts a branch.

        Raises
        ------
        LabError
            Outside of the run, or where no epoch could be kept.
        """
        timeline = self._settled() if run is None else self._settled().at(run)
        frame = timeline.run.nearest(epoch)
        surgery.install(self, timeline.run.setup)
        self.trainer.restore(frame.state())
        self.network.l2 = frame.l2
        self._timeline = timeline
        self.changed(parameters=True)
        return frame.epoch

    def set_by_hand(self) -> None:
        """Let the timeline know that parameters were set: what is trained next is a branch."""
        self._timeline = self._settled().edited(self._setup)

    def collapse(self) -> str:
        """Join dense layers that have no activation between them; says what came of it."""
        message, setup = surgery.collapse(self)
        self._timeline = self._settled().started(setup)
        return message

    def restart(self, *, seed: int | None = None, initializer: str | None = None) -> None:
        """Go back to the start parameters, or make new ones; epoch 0, the settings as they are."""
        timeline = self._settled()
        self.network.initialize(initializer=initializer, seed=seed)
        if seed is not None or initializer is not None:
            self.start = self.network.parameters.copy()
        self.network.parameters[:] = self.start
        self.trainer.reset()
        setup = replace(self._setup, start=self.start)
        if seed is not None or initializer is not None:
            setup = replace(setup, seed=self.network.seed, initializer=initializer or "")
        self._timeline = timeline.started(setup)
        self.changed(parameters=True)

    def use_optimizer(self, name: str) -> None:
        """Train on from here with another optimiser, which starts without a past."""
        self.trainer.optimizer = name
        self.changed(parameters=True)
