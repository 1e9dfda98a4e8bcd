"""The network of an experiment: the keys of ``[network]``."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nnsim import engine
from nnsim.engine.checks import LARGEST_SEED
from nnsim.engine.losses import loss as engine_loss
from nnsim.experiments.errors import quoted
from nnsim.experiments.kinds import MOST_LAYERS, read_initializer, read_layers, wants_image
from nnsim.experiments.toml import read_array
from nnsim.i18n import _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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

    Parameters
    ----------
    given : InputSpec
        What goes in.
    training_seed : int
        The seed of ``[training]``, which also starts the weights where ``[network]`` has none.
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


def build_network(
    spec: NetworkSpec, *, l1: float, l2: float, classes: bool, seed: int
) -> engine.Network:
    """Return the engine's network, with start weights from `seed` where the file gives none."""
    network = engine.Network(
        [layer.kind.build(layer, spec.initializer) for layer in spec.layers],
        input_shape=spec.input_shape,
        loss=spec.loss,
        reduction=spec.reduction,
        seed=seed,
        dtype=spec.dtype,
        l1=l1,
        l2=l2,
        classes=classes,
    )
    by_name = {layer.name: layer for layer in network.layers}
    for (name, key), values in spec.parameters.items():
        setattr(by_name[name], key, values)
    return network
