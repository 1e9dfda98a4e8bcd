"""What passes numbers on without parameters: flatten, dropout, an activation by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nnsim.experiments.kinds import activations
from nnsim.experiments.kinds.kind import Kind, LayerSpec, Shape, read_activation
from nnsim.i18n import _

if TYPE_CHECKING:
    from nnsim.experiments.toml import Table


class Flatten(Kind, type="flatten"):
    starts_from_image = True

    def read(self, _table: Table, name: str, shape: Shape) -> LayerSpec:
        return LayerSpec(self.type, name, shape, (math.prod(shape),))

    def numpy(self, _layer: Any, _name: str, _needed: dict[str, str]) -> list[str]:
        return ["a = a.reshape(len(a), -1)"]

    def keras(self, _layer: Any, named: str) -> list[str]:
        return [f"layers.Flatten({named}),"]

    def torch(self, layer: Any, _module: str) -> str:
        if len(layer.input_shape) == 3:  # channels last, as the weights that follow expect it
            return "x.permute(0, 2, 3, 1).flatten(1)"
        return "x.flatten(1)"


class Dropout(Kind, type="dropout"):
    keys = ("name", "rate")

    def read(self, table: Table, name: str, shape: Shape) -> LayerSpec:
        rate = table.number("rate", None, 0, 1)
        if rate == 1:
            table.fail("rate", _("rate is 1; a layer that drops everything can't learn: below 1"))
        return LayerSpec(self.type, name, shape, shape, rate=rate)

    def numpy(self, _layer: Any, _name: str, _needed: dict[str, str]) -> list[str]:
        return ["a = a * 1  # dropout switches nothing off in use"]

    def keras(self, layer: Any, named: str) -> list[str]:
        return [f"layers.Dropout({float(layer.rate)!r}, {named}),"]

    def torch_module(self, layer: Any) -> str:
        return f"nn.Dropout({float(layer.rate)!r})"

    def torch(self, _layer: Any, module: str) -> str:
        return f"{module}(x)"


class Activation(Kind, type="activation"):
    keys = ("name", "activation", "slope")

    def read(self, table: Table, name: str, shape: Shape) -> LayerSpec:
        activation, slope = read_activation(table, required=True)
        return LayerSpec(self.type, name, shape, shape, activation=activation, slope=slope)

    def numpy(self, layer: Any, _name: str, needed: dict[str, str]) -> list[str]:
        return [activations.numpy(layer, "a", needed)]

    def keras(self, layer: Any, named: str) -> list[str]:
        function, behind = activations.keras(layer)
        called = function.partition("=")[2] or '"linear"'
        return behind or [f"layers.Activation({called}, {named}),"]

    def torch(self, layer: Any, _module: str) -> str:
        return activations.torch(layer, "x")
