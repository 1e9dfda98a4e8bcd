"""Dense layers: a weight from every input to every unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnsim.experiments.kinds import activations
from nnsim.experiments.kinds.kind import (
    MOST_UNITS,
    WEIGHT_AND_BIAS,
    Kind,
    LayerSpec,
    Shape,
    read_activation,
    read_initializer,
    read_labels,
)
from nnsim.i18n import _

if TYPE_CHECKING:
    from nnsim.experiments.kinds.kind import Array
    from nnsim.experiments.toml import Table


class Dense(Kind, type="dense"):
    keys = ("name", "units", "activation", "labels", "slope", "initializer")
    starts_from_image = False
    arrays = WEIGHT_AND_BIAS

    def read(self, table: Table, name: str, shape: Shape) -> LayerSpec:
        if len(shape) != 1:
            problem = _(
                "a dense layer needs a row of numbers, and gets an image of {shape}; "
                "put a flatten layer before it"
            )
            table.fail("type", problem.format(shape=" × ".join(map(str, shape))))
        units = table.integer("units", None, 1, MOST_UNITS)
        activation, slope = read_activation(table)
        return LayerSpec(
            self.type, name, shape, (units,), activation=activation, slope=slope, units=units,
            labels=read_labels(table, units), initializer=read_initializer(table),
        )  # fmt: skip

    def parameter_shapes(self, spec: LayerSpec) -> dict[str, Shape]:
        return {"weight": (spec.input_shape[-1], spec.units), "bias": (spec.units,)}

    def summary(self, keys: dict[str, Any]) -> str:
        return str(keys["units"])

    def numpy(self, layer: Any, name: str, needed: dict[str, str]) -> list[str]:
        return [activations.numpy(layer, f"a @ {name}_weight + {name}_bias", needed)]

    def keras(self, layer: Any, named: str) -> list[str]:
        function, behind = activations.keras(layer)
        return [f"layers.Dense({layer.units}{function}, {named}),", *behind]

    def torch_module(self, layer: Any) -> str:
        return f"nn.Linear({layer.input_shape[0]}, {layer.units})"

    def torch(self, layer: Any, module: str) -> str:
        return activations.torch(layer, f"{module}(x)")

    def torch_weight(self, values: Array) -> Array:
        return values.T
