"""What addresses can name in the network on the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnsim.lab.addresses import LayerNames, Names

if TYPE_CHECKING:
    from nnsim.engine import Network
    from nnsim.experiments import Experiment


def names_of(experiment: Experiment, network: Network) -> Names:
    """What addresses can name in this network."""
    layers: list[LayerNames] = []
    shape = tuple(network.input_shape)
    labels = tuple(experiment.input.names)
    for spec, layer in zip(experiment.network.layers, network.layers, strict=True):
        weight = getattr(layer, "weight", None)
        layers.append(
            LayerNames(
                name=layer.name,
                kind=layer.kind,
                output_shape=tuple(layer.output_shape),
                kernel_shape=() if weight is None else tuple(weight.shape[:-1]),
                has_bias=getattr(layer, "bias", None) is not None,
                has_z=layer.kind in ("dense", "conv2d", "activation", "batch_norm"),
                labels=tuple(spec.labels),
                source_labels=layers[-1].labels if layers else labels,
            )
        )
    return Names(
        input_shape=tuple(experiment.input.shape),
        layers=tuple(layers),
        classes=tuple(experiment.classes),
        input_labels=labels,
        input_size=int(np.prod(shape)),
    )
