"""Networks and trainers of the engine, from what an experiment file says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnsim import engine
from nnsim.experiments.errors import ExperimentError, at

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments.experiment import Experiment
    from nnsim.experiments.layers import LayerSpec


def build_network(experiment: Experiment, seed: int) -> Network:
    """Return the network of `experiment` with start weights from `seed`."""
    spec, training = experiment.network, experiment.training
    try:
        network = engine.Network(
            [_layer(layer, spec.initializer) for layer in spec.layers],
            input_shape=spec.input_shape,
            loss=spec.loss,
            reduction=spec.reduction,
            seed=seed,
            dtype=spec.dtype,
            l1=training.l1,
            l2=training.l2,
            classes=bool(experiment.classes),
        )
    except ValueError as error:
        raise refused(experiment, error) from None
    by_name = {layer.name: layer for layer in network.layers}
    for (name, key), values in spec.parameters.items():
        setattr(by_name[name], key, values)
    return network


def refused(experiment: Experiment, error: ValueError) -> ExperimentError:
    """Return what the engine refuses as an error of the experiment's file."""
    return at(str(experiment.path), None, str(error))


def _layer(spec: LayerSpec, initializer: str | None) -> Any:
    """Return the engine's layer for one of the file."""
    start = spec.initializer or initializer
    if spec.type == "dense":
        return engine.Dense(
            spec.units, spec.activation, name=spec.name, slope=spec.slope, initializer=start
        )
    if spec.type == "conv2d":
        return engine.Conv2D(
            spec.filters, spec.kernel_size, stride=spec.stride or 1, padding=spec.padding,
            activation=spec.activation, name=spec.name, slope=spec.slope, initializer=start,
        )  # fmt: skip
    if spec.type == "max_pool2d":
        return engine.MaxPool2D(spec.size, stride=spec.stride, name=spec.name)
    if spec.type == "average_pool2d":
        return engine.AveragePool2D(spec.size, stride=spec.stride, name=spec.name)
    if spec.type == "flatten":
        return engine.Flatten(name=spec.name)
    if spec.type == "batch_norm":
        return engine.BatchNorm(momentum=spec.momentum, epsilon=spec.epsilon, name=spec.name)
    if spec.type == "dropout":
        return engine.Dropout(spec.rate, name=spec.name)
    return engine.Activation(spec.activation, name=spec.name, slope=spec.slope)


def build_trainer(experiment: Experiment, network: Network, seed: int) -> Trainer:
    """Return a trainer for `network` as the experiment's file says."""
    training = experiment.training
    try:
        return engine.Trainer(
            network,
            optimizer=training.optimizer,
            learning_rate=training.learning_rate,
            batch_size=training.batch_size or None,
            seed=seed,
            schedule=training.schedule,
            clip=training.clip,
            train_biases=training.train_biases,
        )
    except ValueError as error:
        raise refused(experiment, error) from None
