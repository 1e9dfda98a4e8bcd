"""Batch normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from nnsim.experiments.kinds.kind import Kind, LayerSpec, Shape

if TYPE_CHECKING:
    from nnsim.experiments.toml import Table


class BatchNorm(Kind, type="batch_norm"):
    keys = ("name", "momentum", "epsilon")
    arrays: ClassVar[dict[str, tuple[str, str]]] = {
        "gamma": ("gamma", "weight"),
        "beta": ("beta", "bias"),
        "mean": ("running_mean", "running_mean"),
        "variance": ("running_variance", "running_var"),
    }

    def read(self, table: Table, name: str, shape: Shape) -> LayerSpec:
        return LayerSpec(
            self.type, name, shape, shape,
            momentum=table.number("momentum", 0.9, 0, 1),
            epsilon=table.number("epsilon", 1e-5, 0, 1, above=True),
        )  # fmt: skip

    def parameter_shapes(self, spec: LayerSpec) -> dict[str, Shape]:
        width = (spec.input_shape[-1],)
        return {"gamma": width, "beta": width}

    def numpy(self, layer: Any, name: str, _needed: dict[str, str]) -> list[str]:
        epsilon = repr(float(layer.epsilon))
        return [
            f"a = (a - {name}_mean) / np.sqrt({name}_variance + {epsilon})",
            f"a = {name}_gamma * a + {name}_beta",
        ]

    def keras(self, layer: Any, named: str) -> list[str]:
        momentum, epsilon = float(layer.momentum), float(layer.epsilon)
        return [f"layers.BatchNormalization(momentum={momentum!r}, epsilon={epsilon!r}, {named}),"]

    def torch_module(self, layer: Any) -> str:
        size = "1d" if len(layer.input_shape) == 1 else "2d"
        momentum = 1 - float(layer.momentum)
        return (
            f"nn.BatchNorm{size}({layer.input_shape[-1]}, eps={float(layer.epsilon)!r}, "
            f"momentum={momentum:.12g})"
        )

    def torch(self, _layer: Any, module: str) -> str:
        return f"{module}(x)"
