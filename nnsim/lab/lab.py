"""The bench: an experiment, its network, what is on the input, and every change undoable.

No screen and no I/O: the app, the lessons, the command line and the tests all drive this class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.experiments import Experiment
from nnsim.i18n import _
from nnsim.lab import commands, values
from nnsim.lab.addresses import Address, Quantity, names_of
from nnsim.lab.bench import Bench
from nnsim.lab.commands import Command
from nnsim.lab.errors import LabError
from nnsim.lab.learning import Learning
from nnsim.lab.reading.metrics import Metrics, measure
from nnsim.lab.training.surgery import Condition
from nnsim.lab.undo import Moment
from nnsim.lab.view import NetworkView, layer_view

if TYPE_CHECKING:
    from nnsim.experiments import DataSet
    from nnsim.lab.circuit_bench import CircuitBench
    from nnsim.lab.data import DataFiles
    from nnsim.lab.explain import Explanation
    from nnsim.lab.landscape import Plane
    from nnsim.lab.training.timeline import Timeline
    from nnsim.lab.walk import Place, Step, Walk

Array = NDArray[np.float64]
Loader = Callable[[str], Experiment]


class Lab(Learning, Bench[Moment]):
    """The bench of one experiment.

    Parameters
    ----------
    experiment : Experiment
    untrained : bool
        Take the start parameters even where the experiment says ``on_open = true``.
    load : callable, optional
        Finds another experiment by name, for the command ``experiment ID``; the bench itself
        touches no files.
    files : DataFiles, optional
        Reads and writes data, for the commands ``loaddata`` and ``savedata``; without it they are
        refused, as in the lines of a lesson.

    Attributes
    ----------
    input : array, shaped as the network's input
    target : array (n_out,), or None while nobody has said what the input is
    sample : int or None
        0-based position in the data (training, then test samples) that the input came from.
    edited : bool
        Whether the input was changed since.
    focus : Address
        The number that is looked at.
    walk_place : Place or None
        Where the walk through the network stands, if there is one.
    circuit : CircuitBench or None
        The circuit that the command ``circuit`` has put up.
    landscape : Plane or None
        What the command ``landscape`` looks at; a view, which undo leaves as it is.
    message : str
        What the last command did, in a sentence.
    """

    commands = commands.COMMANDS

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
        self._open(experiment, untrained)

    def _open(self, experiment: Experiment, untrained: bool = False) -> None:
        self.experiment = experiment
        self.network, self.trainer = experiment.open(untrained=True)
        self.input: Array = np.zeros(experiment.input_shape)
        self.start: Array = self.network.parameters.copy()
        self.target: Array | None = None
        self.sample: int | None = None
        self.edited = False
        self.names = names_of(experiment, self.network)
        self.focus = self._first_focus()
        self.walk_place: Place | None = None
        self.circuit: CircuitBench | None = None
        self.landscape: Plane | None = None
        self._training_state: Any = None
        self._set_up()
        self._counted: Timeline | None = self._timeline
        self._counted_data: DataSet | None = experiment.data
        self.changed(parameters=True)
        training = experiment.training
        if training.on_open and not untrained and experiment.data.count:
            for _progress in self.training(training.epochs):
                pass

    def _first_focus(self) -> Address:
        for layer, names in enumerate(self.names.layers):
            if names.has_z and len(names.output_shape) == 1:
                return self.names.address(Quantity("z", layer, 0))
        return Address.parse("prediction")

    # Commands -------------------------------------------------------------------------------

    def perform(self, command: Command, rest: str) -> str:
        """Do what a command says; while a circuit is up, what is about it goes to it."""
        if self.circuit is not None and self.circuit.takes(command.name, rest):
            return self.circuit.perform(self.circuit.commands[command.name], rest)
        with np.errstate(all="ignore"):
            return command.run(self, rest)

    def moment(self) -> Moment:
        """The bench as it stands; parameters are copied only when they changed since last time."""
        if self._training_state is None:
            self._training_state = self.trainer.state()
        timeline, data = self.timeline, self.experiment.data
        counts = (timeline is not self._counted, data is not self._counted_data)
        grown = timeline.grown * counts[0] + data.grown * counts[1]
        self._counted, self._counted_data = timeline, data
        return Moment(
            self.experiment,
            self.network,
            self.trainer,
            self._training_state,
            self.start,
            self.trainer.epoch,
            self.trainer.stopped,
            Condition.of(self.network),
            timeline,
            grown,
            self.input.copy(),
            None if self.target is None else self.target.copy(),
            self.sample,
            self.edited,
            self.focus,
            self.walk_place,
            None if self.circuit is None else (self.circuit, self.circuit.moment()),
            counts,
        )

    def restore(self, moment: Moment) -> None:
        """Put the bench back as it stood at `moment`."""
        if moment.experiment is not self.experiment:
            self.names = names_of(moment.experiment, moment.network)
        self.experiment, self.network = moment.experiment, moment.network
        parameters = self._training_state is not moment.training
        self.trainer = moment.trainer
        self.trainer.restore(moment.training)
        self.trainer.stopped, self.start = moment.stopped, moment.start
        self._timeline, self._recorder = moment.timeline, None
        # What this moment counted is counted anew by the next: it is no longer in the history, as
        # undo took it out, or the command failed.
        self._counted = None if moment.counts[0] else moment.timeline
        self._counted_data = None if moment.counts[1] else moment.experiment.data
        self.measure_on(self.experiment)
        moment.condition.restore(self.network)
        self.input = moment.input.copy()
        self.target = None if moment.target is None else moment.target.copy()
        self.sample, self.edited, self.focus = moment.sample, moment.edited, moment.focus
        self.walk_place = moment.walk_place
        self.circuit = None
        if moment.circuit is not None:
            self.circuit, stood = moment.circuit
            self.circuit.restore(stood)
        self.changed(parameters=parameters)
        self._training_state = moment.training

    def changed(self, *, parameters: bool = False) -> None:
        """Forget what was derived: the trace always, what rests on the parameters if asked."""
        for name in ("trace", "view", "walk", "walk_step"):
            self.__dict__.pop(name, None)
        if parameters:
            self.__dict__.pop("metrics", None)
            self._training_state = None

    # What is on the bench ---------------------------------------------------------------------

    def read(self, address: str | Address) -> float | int:
        """The number at `address`; while a circuit is up, its names come first.

        Raises
        ------
        AddressError
            There is no such number.
        NoValueError
            It has no value now.
        """
        if self.circuit is not None and self.circuit.reads(str(address)):
            return self.circuit.read(str(address))
        with np.errstate(all="ignore"):
            return values.read(self, self.names.resolve(address))

    def explain(self, address: str | Address) -> Explanation:
        """Why the number at `address` is what it is; raises as `read` does."""
        from nnsim.lab.explain import explain  # late: the first picture needs no explanations

        return explain(self, address)

    def walk_to(self, place: Place | None) -> None:
        """Put the walk at a place."""
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
        """The step at which the walk stands."""
        if self.walk is None or self.walk_place is None:
            return None
        return self.walk[min(self.walk_place.index, len(self.walk) - 1)]

    @cached_property
    def trace(self) -> Any:
        """The engine's trace of the current input (a batch of one), with target if there is one."""
        target = None if self.target is None else self.target[None]
        with np.errstate(all="ignore"):
            return self.network.trace(self.input[None], target)

    @property
    def output(self) -> Array:
        """What the network says of the input, (n_out,)."""
        output: Array = np.asarray(self.trace.layers[-1].a)[0].reshape(-1)
        return output

    @property
    def prediction(self) -> int | None:
        """The output that decides, counted from 0; None for regression."""
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
        """Cost, accuracy and the rest over the data, measured when first asked for."""
        return measure(self.network, self.experiment)

    @property
    def diverged(self) -> bool:
        """Whether training left the finite numbers."""
        return bool(self.trainer.stopped == "diverged")

    @property
    def sample_count(self) -> int:
        """How many samples there are, test samples included."""
        return self.experiment.data.count + self.experiment.data.test_count

    def sample_at(self, index: int) -> tuple[Array, Array]:
        """Input and target of sample `index` (from 0); the test samples follow the others."""
        data = self.experiment.data
        if index < data.count:
            return data.inputs[index], data.targets[index]
        return data.test_inputs[index - data.count], data.test_targets[index - data.count]

    def describe_target(self, target: Array) -> str:
        """A target as people say it: the class, or the numbers."""
        position = self.decide(target)
        classes = self.experiment.classes
        if position is not None and position < len(classes):
            plain = self.experiment.parse_target(f'"{classes[position]}"')
            if np.array_equal(plain, target):
                return classes[position]
        return " ".join(f"{value:.6g}" for value in target)

    def slopes(self, layer: int) -> Array:
        """f′(z) of a layer for the current sample."""
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
        """Take the names of the network that is on the bench now."""
        self.names = names_of(self.experiment, self.network)
        self.walk_place = None
        try:
            self.names.resolve(self.focus)
        except LabError:
            self.focus = self._first_focus()

    def load_experiment(self, name: str) -> None:
        """Put another experiment on the bench."""
        if self._load is None:
            raise LabError(_("no other experiments can be reached from here"))
        from nnsim.lab.data import counted  # late: the first picture needs no other data

        experiment = self._load(name)
        self._open(replace(experiment, data=counted(experiment.data)))
        self._counted_data = None

    @cached_property
    def view(self) -> NetworkView:
        """The picture of the network and its reading of the input."""
        return NetworkView(
            input=self.input.reshape(-1).copy(),
            input_shape=self.names.input_shape,
            input_labels=self.names.input_labels,
            layers=tuple(
                layer_view(names, traced)
                for names, traced in zip(self.names.layers, self.trace.layers, strict=True)
            ),
        )
