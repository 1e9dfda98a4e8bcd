"""An experiment: what goes in, the network, the data, and how it trains."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nnsim import engine
from nnsim.engine.checks import LARGEST_SEED
from nnsim.engine.losses import loss as engine_loss
from nnsim.engine.optimizers import schedule
from nnsim.experiments.files import at, quoted
from nnsim.experiments.inputs import format_input, parse_input, parse_target
from nnsim.experiments.kinds import MOST_LAYERS, read_initializer, read_layers, wants_image
from nnsim.experiments.toml import read_array
from nnsim.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from nnsim.engine import Network, Trainer
    from nnsim.experiments.datasets import DataSet
    from nnsim.experiments.inputs import InputSpec
    from nnsim.experiments.kinds import LayerSpec, Shape
    from nnsim.experiments.toml import Table

CLASS_LOSSES = ("softmax_cross_entropy", "binary_cross_entropy", "hinge")
NETWORK_KEYS = ("loss", "reduction", "layers", "initializer", "dtype", "seed", "parameters")


@dataclass(frozen=True, eq=False)
class NetworkSpec:
    """The network of an experiment."""

    layers: tuple[LayerSpec, ...]
    # of one sample: ``(n,)``, or ``(height, width, channels)`` where the first layer that cares
    # takes an image
    input_shape: Shape
    loss: str
    reduction: str
    dtype: str
    seed: int  # of the start weights
    # how layers start that don't say it themselves; None for the engine's own choice
    initializer: str | None
    # the exact start, where the file gives it
    parameters: dict[tuple[str, str], NDArray[np.float64]]

    @property
    def outputs(self) -> int:
        return self.layers[-1].output_shape[0]

    @property
    def parameter_count(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    def with_output_labels(self, classes: tuple[str, ...]) -> NetworkSpec:
        """Return the same with the outputs called as the classes, where they have no labels."""
        last = self.layers[-1]
        if last.labels or last.units != len(classes):
            return self
        return replace(self, layers=(*self.layers[:-1], replace(last, labels=classes)))

    @property
    def products(self) -> int:
        """About how many multiplications one sample takes on its way forward."""
        return sum(layer.parameters * math.prod(layer.output_shape[:-1]) for layer in self.layers)


def read_network(table: Table, given: InputSpec, training_seed: int) -> NetworkSpec:
    """Return the checked ``[network]`` table.

    `given`: what goes in.
    `training_seed`: the seed of ``[training]``, which also starts the weights where ``[network]``
      has none.
    """
    table.only(NETWORK_KEYS)
    tables = table.tables("layers", MOST_LAYERS)
    image = given.kind == "pixels" and wants_image(tables)
    shape = given.picture_shape if image else (given.count,)
    layers = read_layers(tables, shape)
    loss = table.choice("loss", tuple(engine.LOSSES), "squared_error")
    try:
        engine_loss(loss).check(layers[-1].activation, layers[-1].output_shape[0])
    except ValueError as error:
        table.fail("loss", str(error))
    return NetworkSpec(
        layers=layers,
        input_shape=shape,
        loss=loss,
        reduction=table.choice("reduction", ("mean", "sum"), "mean"),
        dtype=table.choice("dtype", ("float64", "float32"), "float64"),
        seed=table.integer("seed", training_seed, 0, LARGEST_SEED),
        initializer=read_initializer(table),
        parameters=_read_parameters(table.table("parameters"), layers),
    )


def _read_parameters(
    table: Table, layers: tuple[LayerSpec, ...]
) -> dict[tuple[str, str], NDArray[np.float64]]:
    by_name = {layer.name: layer for layer in layers}
    table.only(tuple(by_name))
    found = {}
    for name in table.content:
        shapes = by_name[name].parameter_shapes
        if not shapes:
            table.fail(name, _("layer {name} has no parameters").format(name=quoted(name)))
        part = table.table(name)
        part.only(tuple(shapes))
        for key in part.content:
            found[name, key] = read_array(part, key, shapes[key])
    return found


OPTIMIZERS = tuple(engine.OPTIMIZERS)
MOST_EPOCHS = 1_000_000_000
TRAINING_KEYS = (
    "optimizer", "learning_rate", "batch_size", "epochs", "seed", "l1", "l2", "schedule", "clip",
    "train_biases", "patience", "validation_fraction", "on_open",
)  # fmt: skip


@dataclass(frozen=True)
class TrainingSpec:
    """How an experiment trains."""

    optimizer: str = "sgd"
    learning_rate: float = 0.2
    batch_size: int = 0  # 0 is the whole set at once
    epochs: int = 50
    # of the order in which samples are drawn and of dropout; and of the start weights, where
    # ``[network]`` has no seed of its own
    seed: int = 0
    # l1, l2: penalties on weights and kernels, l1·Σ|w| and ½·l2·Σw²
    l1: float = 0.0
    l2: float = 0.0
    # ``"constant"``, ``"step:10:0.5"``, ``"cosine:100"``: how the learning rate falls
    schedule: str = "constant"
    clip: float | None = None  # the gradient is scaled down to this norm where it is longer
    train_biases: bool = True
    # training stops after so many epochs without a lower loss (of the validation samples, where
    # there are any) and goes back to the parameters of the lowest; 0 goes on to the end
    patience: int = 0
    # the share of the training samples that is held back for that, chosen by the seed
    validation_fraction: float = 0.0
    on_open: bool = False  # whether the app and the command line open the experiment trained


def read_training(table: Table) -> TrainingSpec:
    table.only(TRAINING_KEYS)
    default = TrainingSpec()
    return TrainingSpec(
        optimizer=table.choice("optimizer", OPTIMIZERS, default.optimizer),
        learning_rate=table.number("learning_rate", default.learning_rate, 0, 1e6),
        batch_size=table.integer("batch_size", default.batch_size, 0, MOST_EPOCHS),
        epochs=table.integer("epochs", default.epochs, 0, MOST_EPOCHS),
        seed=table.integer("seed", default.seed, 0, LARGEST_SEED),
        l1=table.number("l1", default.l1, 0, 1e6),
        l2=table.number("l2", default.l2, 0, 1e6),
        schedule=table.accepted("schedule", schedule, default.schedule),
        clip=table.number("clip", None, 0, 1e12, above=True) if "clip" in table else None,
        train_biases=table.boolean("train_biases", default.train_biases),
        patience=table.integer("patience", default.patience, 0, MOST_EPOCHS),
        validation_fraction=_read_fraction(table, default.validation_fraction),
        on_open=table.boolean("on_open", default.on_open),
    )


def _read_fraction(table: Table, default: float) -> float:
    fraction = table.number("validation_fraction", default, 0, 1)
    if fraction == 1:
        table.fail("validation_fraction", _("validation_fraction is 1; it should be below 1"))
    return fraction


@dataclass(frozen=True, eq=False)
class Experiment:
    """One experiment, read and checked."""

    id: str
    title: str
    path: Path  # its file
    input: InputSpec
    classes: tuple[str, ...]  # the names of the classes; empty for regression
    network: NetworkSpec
    data: DataSet
    training: TrainingSpec

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape in which the network takes one input, without the batch axis."""
        return self.network.input_shape

    @property
    def outputs(self) -> int:
        return self.network.outputs

    def build_network(self, seed: int | None = None) -> Network:
        """Return the network at its start parameters.

        `seed`: another seed for the start weights than the file's. Parameters that the file writes
          out are the same with any seed.
        """
        spec = self.network
        try:
            network = engine.Network(
                [layer.kind.build(layer, spec.initializer) for layer in spec.layers],
                input_shape=spec.input_shape,
                loss=spec.loss,
                reduction=spec.reduction,
                seed=spec.seed if seed is None else seed,
                dtype=spec.dtype,
                l1=self.training.l1,
                l2=self.training.l2,
                classes=bool(self.classes),
            )
            by_name = {layer.name: layer for layer in network.layers}
            for (name, key), values in spec.parameters.items():
                setattr(by_name[name], key, values)
        except ValueError as error:  # what the engine refuses is the file's fault
            raise at(str(self.path), None, str(error)) from None
        return network

    def build_trainer(self, network: Network, seed: int | None = None) -> Trainer:
        spec = self.training
        try:
            return engine.Trainer(
                network,
                optimizer=spec.optimizer,
                learning_rate=spec.learning_rate,
                batch_size=spec.batch_size or None,
                seed=spec.seed if seed is None else seed,
                schedule=spec.schedule,
                clip=spec.clip,
                train_biases=spec.train_biases,
                patience=spec.patience or None,
                validation_fraction=spec.validation_fraction,
            )
        except ValueError as error:
            raise at(str(self.path), None, str(error)) from None

    def open(self, *, untrained: bool = False) -> tuple[engine.Network, engine.Trainer]:
        """Return network and trainer as a person first sees them.

        An experiment with ``on_open = true`` is trained on the spot, unless `untrained`.
        """
        network = self.build_network()
        trainer = self.build_trainer(network)
        if self.training.on_open and not untrained and self.data.count:
            for _progress in trainer.run(
                self.data.inputs, self.data.targets, epochs=self.training.epochs
            ):
                pass
        return network, trainer

    def parse_input(self, text: str) -> NDArray[np.float64]:
        """Return the input that `text` writes, in `input_shape`; see `inputs.parse_input`."""
        return parse_input(self.input, text).reshape(self.input_shape)

    def format_input(self, values: NDArray[np.float64]) -> str:
        """Return the text that `parse_input` reads back as `values`."""
        return format_input(self.input, values)

    def parse_target(self, text: str) -> NDArray[np.float64]:
        return parse_target(text, self.classes, self.outputs)

    def decide(self, output: NDArray[np.float64]) -> int | None:
        """Return the position (from 0) of the class that `output` reads; None for regression.

        The largest output decides, the first on a tie; a single output says class 1 from .5 on.
        """
        if not self.classes:
            return None
        if len(output) == 1:
            return int(output[0] >= 0.5)
        return int(output.argmax())
