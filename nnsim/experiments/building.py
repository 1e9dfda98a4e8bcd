"""Networks and trainers of the engine, from what an experiment file says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim import engine

if TYPE_CHECKING:
    from nnsim.engine import Network
    from nnsim.experiments.experiment import Experiment


def build_network(experiment: Experiment, seed: int) -> Network:
    """Return the network of `experiment` with start weights from `seed`."""
    spec, training = experiment.network, experiment.training
    network = engine.Network(
        [_layer(layer, spec.initializer) for layer in spec.layers],
        input_shape=spec.input_shape,
        loss=spec.loss,
        reduction=spec.reduction,
        seed=seed,
        dtype=spec.dtype,
        l1=training.l1,
        l2=training.l2,
    )
    by_name = {layer.name: layer for layer in network.layers}
    for (name, key), values in spec.parameters.items():
        getattr(by_name[name], key)[...] = values
    return network
