"""Layers that look at an image: convolutions, whose kernels slide over it, and pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from nnsim.experiments.kinds import activations
from nnsim.experiments.kinds.kind import (
    LARGEST_KERNEL,
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

_CONVOLUTION = '''def conv2d(x, kernel, bias, stride, padding):
    """Slide a kernel over images: at each place the sum of pixel * weight, plus the bias.

    x is (images, height, width, channels), kernel is (rows, columns, channels, filters).
    """
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    height = (x.shape[1] - kernel.shape[0]) // stride + 1
    width = (x.shape[2] - kernel.shape[1]) // stride + 1
    z = np.zeros((len(x), height, width, kernel.shape[3]), x.dtype)
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            # What the kernel's pixel (i, j) looks at, for all its places at once.
            seen = x[:, i : i + stride * height : stride, j : j + stride * width : stride]
            z += seen @ kernel[i, j]
    return z + bias
'''


class Conv2D(Kind, type="conv2d"):
    keys = (
        "name", "filters", "kernel_size", "stride", "padding", "activation", "labels", "slope",
        "initializer",
    )  # fmt: skip
    needs_image = starts_from_image = True
    arrays = WEIGHT_AND_BIAS

    def read(self, table: Table, name: str, shape: Shape) -> LayerSpec:
        height, width, _channels = shape
        filters = table.integer("filters", None, 1, MOST_UNITS)
        side = table.integer("kernel_size", None, 1, LARGEST_KERNEL)
        stride = table.integer("stride", 1, 1, LARGEST_KERNEL)
        padding = table.integer("padding", 0, 0, LARGEST_KERNEL)
        if min(height, width) + 2 * padding < side:
            problem = _(
                "a {side} × {side} kernel does not fit into an image of {height} × {width} "
                "with padding {padding}"
            )
            table.fail("kernel_size", problem.format(
                side=side, height=height, width=width, padding=padding))  # fmt: skip
        activation, slope = read_activation(table)
        out = tuple((length + 2 * padding - side) // stride + 1 for length in (height, width))
        return LayerSpec(
            self.type, name, shape, (*out, filters), activation=activation, slope=slope,
            filters=filters, kernel_size=side, stride=stride, padding=padding,
            labels=read_labels(table, filters), initializer=read_initializer(table),
        )  # fmt: skip

    def parameter_shapes(self, spec: LayerSpec) -> dict[str, Shape]:
        side = spec.kernel_size
        return {"weight": (side, side, spec.input_shape[2], spec.filters), "bias": (spec.filters,)}

    def summary(self, keys: dict[str, Any]) -> str:
        return f"conv {keys['filters']}"

    def numpy(self, layer: Any, name: str, needed: dict[str, str]) -> list[str]:
        needed["conv2d"] = _CONVOLUTION
        call = f"conv2d(a, {name}_weight, {name}_bias, {layer.stride}, {layer.padding})"
        return [activations.numpy(layer, call, needed)]

    def keras(self, layer: Any, named: str) -> list[str]:
        function, behind = activations.keras(layer)
        pad = [f"layers.ZeroPadding2D({layer.padding}),"] if layer.padding else []
        call = f"layers.Conv2D({layer.filters}, {tuple(layer.kernel_size)}, strides={layer.stride}"
        return [*pad, f"{call}{function}, {named}),", *behind]

    def torch_module(self, layer: Any) -> str:
        return (
            f"nn.Conv2d({layer.input_shape[2]}, {layer.filters}, {tuple(layer.kernel_size)}, "
            f"stride={layer.stride}, padding={layer.padding})"
        )

    def torch(self, layer: Any, module: str) -> str:
        return activations.torch(layer, f"{module}(x)")

    def torch_weight(self, values: Array) -> Array:
        return values.transpose(3, 2, 0, 1)


_POOLING = '''def windows(x, size, stride):
    """All pixels of each window: (images, rows, columns, channels, size * size)."""
    height = (x.shape[1] - size) // stride + 1
    width = (x.shape[2] - size) // stride + 1
    seen = [
        x[:, i : i + stride * height : stride, j : j + stride * width : stride]
        for i in range(size)
        for j in range(size)
    ]
    return np.stack(seen, axis=-1)
'''


class Pool(Kind):
    """A window that slides.

    `called`: what takes the place of a window, in NumPy, Keras and PyTorch.
    """

    keys = ("name", "size", "stride")
    needs_image = starts_from_image = True
    called: ClassVar[tuple[str, str, str]]

    def read(self, table: Table, name: str, shape: Shape) -> LayerSpec:
        height, width, channels = shape
        size = table.integer("size", None, 1, LARGEST_KERNEL)
        stride = table.integer("stride", size, 1, LARGEST_KERNEL)
        if size > min(height, width):
            problem = _(
                "a window of {size} × {size} does not fit into an image of {height} × {width}"
            )
            table.fail("size", problem.format(size=size, height=height, width=width))
        out = tuple((length - size) // stride + 1 for length in (height, width))
        return LayerSpec(self.type, name, shape, (*out, channels), size=size, stride=stride)

    def summary(self, _keys: dict[str, Any]) -> str:
        return "pool"

    def numpy(self, layer: Any, _name: str, needed: dict[str, str]) -> list[str]:
        needed["pool"] = _POOLING
        return [f"a = windows(a, {layer.size}, {layer.stride}).{self.called[0]}(axis=-1)"]

    def keras(self, layer: Any, named: str) -> list[str]:
        return [f"layers.{self.called[1]}({layer.size}, strides={layer.stride}, {named}),"]

    def torch(self, layer: Any, _module: str) -> str:
        return f"F.{self.called[2]}(x, {layer.size}, stride={layer.stride})"


class MaxPool2D(Pool, type="max_pool2d"):
    called = ("max", "MaxPooling2D", "max_pool2d")


class AveragePool2D(Pool, type="average_pool2d"):
    called = ("mean", "AveragePooling2D", "avg_pool2d")
