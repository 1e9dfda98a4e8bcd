"""The bench: an experiment, its network, what is on the input, and every change undoable.

No screen and no I/O: the app, the lessons, the command line and the tests all drive this class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from nnsim.experiments import Experiment
from nnsim.i18n import _
from nnsim.lab import values
from nnsim.lab.addresses import Address, Names, Quantity, names_of
from nnsim.lab.bench import Bench
from nnsim.lab.commands.table import COMMANDS, Command, Effect
from nnsim.lab.errors import LabError, NoValueError
from nnsim.lab.hiding import NetworkView, layer_view
from nnsim.lab.reading.metrics import Metrics, measure
from nnsim.lab.training import surgery
from nnsim.lab.training.live import Running, Snapshot
from nnsim.lab.training.surgery import Condition
from nnsim.lab.training.timeline import Recorder, Setup, Timeline
from nnsim.lab.undo import Kept, UndoState

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments import DataSet
    from nnsim.experiments.toml import Table
    from nnsim.lab.circuit_bench import CircuitBench, CircuitState
    from nnsim.lab.explain import Explanation
    from nnsim.lab.landscape import Plane
    from nnsim.lab.walk import Place, Step, Walk

Array = NDArray[np.float64]
Loader = Callable[[str], Experiment]


class DataFiles(Protocol):
    """Reads and writes files of data; the bench itself touches none."""

    def read(self, name: str, experiment: Experiment) -> DataSet: ...
    def write(self, name: str, experiment: Experiment, *, overwrite: bool = False) -> str: ...


# What a session says of the values below ----------------------------------------------------------
def _read_sample(table: Table, key: str, lab: Lab) -> int | None:
    if table.content.get(key, 0) is None or not lab.sample_count:
        return None
    return table.integer(key, None, 0, lab.sample_count - 1)


def _read_walk(table: Table, key: str, _lab: Lab) -> Place | None:
    if table.content.get(key) is None:
        return None
    from nnsim.lab.walk import GRAINS, Place
    from nnsim.lab.walk.step import Direction

    walk = table.values(key)
    if len(walk) != 3 or walk[0] not in get_args(Direction) or walk[1] not in GRAINS:
        table.fail(key, _("it should be a direction, a grain and a step"))
    index = walk[2]
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < 2**62:
        table.fail(key, _("it should be a direction, a grain and a step"))
    return Place(walk[0], walk[1], index)


def _copy(values: Array | None) -> Array | None:
    return None if values is None else values.copy()


def _put_circuit(stood: tuple[CircuitBench, CircuitState] | None) -> CircuitBench | None:
    if stood is None:
        return None
    stood[0].restore(stood[1])
    return stood[0]


class Lab(Bench[UndoState]):
    """The bench of one experiment.

    Parameters
    ----------
    experiment : Experiment
    untrained : bool
        Take the start parameters even where the experiment says ``on_open = true``.
    load : callable, optional
        Finds another experiment by name; the bench itself touches no files.
    files : DataFiles, optional
        Reads and writes data; without it that is refused, as in the lines of a lesson.
    """

    commands: ClassVar[Mapping[str, Command]] = COMMANDS
    kept: ClassVar[dict[str, Kept[Any]]]
    experiment: Experiment
    network: Network
    trainer: Trainer
    names: Names
    start: Array  # (n_params,): where `reset` goes back to
    running: Running  # how training in a thread goes on, for whoever shows it

    # What is on the bench beside the network, a line for each value. The input is shaped as the
    # network's; the target is (n_out,), None while nobody has said what the input is; the sample is
    # the position in the data (training, then test samples) that the input came from, and it is
    # edited where it was changed since; the focus is the number that is looked at; the place is
    # that of a walk, if there is one; and the circuit what the command ``circuit`` has put up.
    input: Kept[Array] = Kept(
        lambda lab: np.zeros(lab.experiment.input_shape), take=np.copy, put=np.copy
    )
    target: Kept[Array | None] = Kept(lambda _lab: None, take=_copy, put=_copy)
    sample: Kept[int | None] = Kept(lambda _lab: None, key="sample", read=_read_sample)
    edited: Kept[bool] = Kept(
        lambda _lab: False, key="edited", read=lambda t, key, _lab: t.boolean(key, False)
    )
    focus: Kept[Address] = Kept(
        lambda lab: lab.first_focus(),
        key="focus",
        write=str,
        read=lambda table, key, lab: lab.names.address(lab.names.resolve(table.text(key))),
    )
    walk_place: Kept[Place | None] = Kept(
        lambda _lab: None,
        key="walk",
        write=lambda at: None if at is None else [at.direction, at.grain, at.index],
        read=_read_walk,
    )
    circuit: Kept[CircuitBench | None] = Kept(
        lambda _lab: None,
        take=lambda up: None if up is None else (up, up.undo_state()),
        put=_put_circuit,
    )

    def __init__(
        self,
        experiment: Experiment,
        *,
        untrained: bool = False,
        load: Loader | None = None,
        files: DataFiles | None = None,
    ) -> None:
        super().__init__()
        self._load, self.files = load, files
        self.running = Running()
        self._open(experiment, untrained)

    def _open(self, experiment: Experiment, untrained: bool = False) -> None:
        self.experiment = experiment
        self.network, self.trainer = experiment.open(untrained=True)
        self.start = self.network.parameters.copy()
        self.names = names_of(experiment, self.network)
        self._plane: Plane | None = None
        for name, kept in self.kept.items():
            setattr(self, name, kept.start(self))
        setup = Setup.of(experiment, self.network, self.trainer, self.start)
        self._timeline = Timeline.begin(setup)
        self._recorder: Recorder | None = None
        self._training_state: Any = None
        self._counted: Timeline | None = self._timeline
        self._counted_data: DataSet | None = experiment.data
        self.changed(parameters=True)
        training = experiment.training
        if training.on_open and not untrained and experiment.data.count:
            for _progress in self.training(training.epochs):
                pass

    def first_focus(self) -> Address:
        """The number that is looked at until somebody chooses: the first unit's weighted sum."""
        for layer, names in enumerate(self.names.layers):
            if names.has_z and len(names.output_shape) == 1:
                return self.names.address(Quantity("z", layer, 0))
        return Address.parse("prediction")

    # Commands -------------------------------------------------------------------------------
    def perform(self, command: Command, rest: str) -> str:
        if self.circuit is not None and self.circuit.takes(command.name, rest):
            return self.circuit.perform(self.circuit.commands[command.name], rest)
        with np.errstate(all="ignore"):
            return command.run(self, rest)

    def effect(self, command: Command, rest: str) -> Effect:
        if self.circuit is not None and self.circuit.takes(command.name, rest):
            return "leaves"
        return command.effect(self, rest)

    def undo_state(self) -> UndoState:
        """The bench as it stands; parameters are copied only when they changed since last time."""
        if self._training_state is None:
            self._training_state = self.trainer.state()
        timeline, data = self.timeline, self.experiment.data
        counts = (timeline is not self._counted, data is not self._counted_data)
        grown = timeline.grown * counts[0] + data.grown * counts[1]
        self._counted, self._counted_data = timeline, data
        return UndoState(
            experiment=self.experiment,
            network=self.network,
            trainer=self.trainer,
            training=self._training_state,
            start=self.start,
            epoch=self.trainer.epoch,
            stopped=self.trainer.stopped,
            condition=Condition.of(self.network),
            timeline=timeline,
            view={name: kept.take(getattr(self, name)) for name, kept in self.kept.items()},
            grown=grown,
            counts=counts,
        )

    def restore(self, state: UndoState) -> None:
        if state.experiment is not self.experiment:
            self.names = names_of(state.experiment, state.network)
        self.experiment, self.network = state.experiment, state.network
        parameters = self._training_state is not state.training
        self.trainer = state.trainer
        self.trainer.restore(state.training)
        self.trainer.stopped, self.start = state.stopped, state.start
        self._timeline, self._recorder = state.timeline, None
        # What this state counted is counted anew by the next: it is no longer in the history, as
        # undo took it out, or the command failed.
        self._counted = None if state.counts[0] else state.timeline
        self._counted_data = None if state.counts[1] else state.experiment.data
        self._measure_on(self.experiment)
        state.condition.restore(self.network)
        for name, kept in self.kept.items():
            setattr(self, name, kept.put(state.view[name]))
        self.changed(parameters=parameters)
        self._training_state = state.training

    def changed(self, *, parameters: bool = False) -> None:
        """Forget what was derived: the trace always, what rests on the parameters if asked."""
        for name in ("trace", "view", "walk", "walk_step"):
            self.__dict__.pop(name, None)
        if parameters:
            self.__dict__.pop("metrics", None)
            self._training_state = None

    # What is on the bench ---------------------------------------------------------------------
    def quantity(self, address: str | Address | Quantity) -> Quantity:
        """What an address means now; while a circuit is up, its names come first."""
        if isinstance(address, Quantity):
            return address
        if self.circuit is not None and self.circuit.reads(text := str(address).strip()):
            return Quantity("node", field=text)
        return self.names.resolve(address)

    def read(self, address: str | Address | Quantity) -> float | int:
        """The number at `address`.

        Raises
        ------
        AddressError
            There is no such number.
        NoValueError
            It has no value now.
        """
        quantity = self.quantity(address)
        if quantity.kind == "node":
            if self.circuit is None:
                raise NoValueError(_("there is no circuit"))
            return self.circuit.read(quantity.field)
        with np.errstate(all="ignore"):
            return values.read(self, quantity)

    def explain(self, address: str | Address) -> Explanation:
        from nnsim.lab.explain import explain  # late: the first picture needs no explanations

        return explain(self, address)

    def walk_to(self, place: Place | None) -> None:
        before, self.walk_place = self.walk_place, place
        ways = [at and (at.direction, at.grain) for at in (before, place)]
        if ways[0] != ways[1]:
            self.__dict__.pop("walk", None)
        self.__dict__.pop("walk_step", None)

    @cached_property
    def walk(self) -> Walk | None:
        """The steps of the walk, for what is on the bench now; None without one (or its target)."""
        place = self.walk_place
        if place is None or (place.direction == "backward" and self.target is None):
            return None
        from nnsim.lab.walk import Walk  # late: the first picture needs no walk

        return Walk(self, place.direction, place.grain)

    @cached_property
    def walk_step(self) -> Step | None:
        if self.walk is None or self.walk_place is None:
            return None
        return self.walk[min(self.walk_place.index, len(self.walk) - 1)]

    @cached_property
    def trace(self) -> Any:
        target = None if self.target is None else self.target[None]
        with np.errstate(all="ignore"):
            return self.network.trace(self.input[None], target)

    @property
    def output(self) -> Array:
        output: Array = np.asarray(self.trace.layers[-1].a)[0].reshape(-1)
        return output

    @property
    def prediction(self) -> int | None:
        return self.decide(self.output)

    def decide(self, output: Array) -> int | None:
        """Which class an output (or target) stands for, counted from 0; None for regression."""
        return self.experiment.decide(output)

    @property
    def sample_loss(self) -> float:
        """The loss of the current sample alone, without reduction or penalty."""
        if self.target is None:
            raise LabError(_("there is no target"))
        return float(self.trace.losses[0])

    @cached_property
    def metrics(self) -> Metrics:
        return measure(self.network, self.experiment)

    @property
    def diverged(self) -> bool:
        return bool(self.trainer.stopped == "diverged")

    @property
    def sample_count(self) -> int:
        return self.experiment.data.count + self.experiment.data.test_count

    def sample_at(self, index: int) -> tuple[Array, Array]:
        """Input and target of sample `index` (from 0); the test samples follow the others."""
        data = self.experiment.data
        if index < data.count:
            return data.inputs[index], data.targets[index]
        return data.test_inputs[index - data.count], data.test_targets[index - data.count]

    @property
    def landscape(self) -> Plane | None:
        """The plane that was chosen last, if it is of the network that is on the bench now."""
        plane = self._plane
        return plane if plane is not None and plane.network is self.network else None

    @landscape.setter
    def landscape(self, plane: Plane | None) -> None:
        self._plane = plane

    def describe_target(self, target: Array) -> str:
        """A target as people say it: the class, or the numbers."""
        position = self.decide(target)
        classes = self.experiment.classes
        if position is not None and position < len(classes):
            plain = self.experiment.parse_target(f'"{classes[position]}"')
            if np.array_equal(plain, target):
                return classes[position]
        return " ".join(f"{value:.6g}" for value in target)

    def suggestion(self) -> str:
        """What the network says of the input, as one writes it behind ``add``."""
        said = self.prediction
        if said is not None and said < len(self.experiment.classes):
            return self.experiment.classes[said]
        return " ".join(f"{value:.4g}" for value in self.output)

    def slopes(self, layer: int) -> Array:
        function = self.network.layers[layer].function
        slopes: Array = function.derivative(self.trace.layers[layer].z)[0]
        return slopes

    def check_gradients(self, layer: int) -> float:
        """Largest relative error of a layer's gradients against central differences."""
        from nnsim.engine import check_gradients

        data = self.experiment.data
        result = check_gradients(self.network, data.inputs, data.targets)
        name = self.network.layers[layer].name
        errors = [error for block, error in result.blocks.items() if block.split(".")[0] == name]
        return max(errors, default=0.0)

    def renamed(self) -> None:
        self.names = names_of(self.experiment, self.network)
        self.walk_place = None
        try:
            self.names.resolve(self.focus)
        except LabError:
            self.focus = self.first_focus()

    def load_experiment(self, name: str) -> None:
        if self._load is None:
            raise LabError(_("no other experiments can be reached from here"))
        experiment = self._load(name)
        self._open(replace(experiment, data=_all_new(experiment.data)))
        self._counted_data = None

    @cached_property
    def view(self) -> NetworkView:
        return NetworkView(
            input=self.input.reshape(-1).copy(),
            input_shape=self.names.input_shape,
            input_labels=self.names.input_labels,
            layers=tuple(
                layer_view(names, traced)
                for names, traced in zip(self.names.layers, self.trace.layers, strict=True)
            ),
        )

    # Training ---------------------------------------------------------------------------------
    def training(self, epochs: int) -> Iterator[Any]:
        """Train `epochs` more epochs, one per item; the timeline keeps what it can.

        Between two items any command may be run. Training ends where one mutes a unit, changes
        the data or puts another network on the bench.
        """
        surgery.refuse_muted(self.network, _("training"))
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
        surgery.refuse_muted(self.network, _("training"))
        data, recorder = self.experiment.data, Recorder(self._settled(), self.trainer)
        self.trainer.step(data.inputs, data.targets)
        self._timeline = recorder.timeline()
        self.changed(parameters=True)

    def take(self, snapshot: Snapshot, grown: int) -> None:
        """Put onto the bench where training in a thread stands.

        `grown` bytes of its timeline came since the bench was last put into the memory of undo.
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
        self._timeline, self._recorder = self.timeline, None
        return self._timeline

    def _measure_on(self, experiment: Experiment) -> None:
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

        Raises LabError outside of the run, or where no epoch could be kept.
        """
        timeline = self._settled() if run is None else self._settled().at(run)
        frame = timeline.run.nearest(epoch)
        self._install(timeline.run.setup)
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
        message, setup = surgery.collapse(self.experiment, self.network, self.trainer, self.start)
        self._install(setup)
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

    def _install(self, setup: Setup) -> None:
        """Put another network of the same experiment on the bench, or the same with another start.

        The data stays.
        """
        self.start = setup.start
        if setup.network is not self.network:
            self.experiment = replace(setup.experiment, data=self.experiment.data)
            self.network, self.trainer = setup.network, setup.trainer
            self.renamed()
            self.changed(parameters=True)

    # The data ---------------------------------------------------------------------------------
    # What is on the bench is what everything is measured on, whatever a run was trained with: the
    # curves of older runs too, so that runs can be compared with one another and with what stands
    # on the screen. A rewind goes back with the network, not with the data.

    def take_data(self, data: DataSet, *, new: bool = False) -> None:
        """Put this data on the bench; all of it `new`: what undo holds of it is counted whole.

        An epoch of mini-batches that has begun begins anew, unless only what samples are has
        changed.
        """
        before = self.experiment.data
        self.experiment = replace(self.experiment, data=_all_new(data) if new else data)
        self._measure_on(self.experiment)
        if self.trainer.position and data.inputs is not before.inputs:
            stopped = self.trainer.stopped
            self.trainer.restore({**self.trainer.state(), "position": 0, "order_state": None})
            self.trainer.stopped = stopped
        self.changed(parameters=True)


def _all_new(data: DataSet) -> DataSet:
    arrays = (data.inputs, data.targets, data.test_inputs, data.test_targets)
    return replace(data, grown=sum(array.nbytes for array in arrays))
