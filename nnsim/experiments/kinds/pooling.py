"""Pooling: the largest or the mean of each window of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from nnsim.experiments.kinds.kind import LARGEST_KERNEL, Kind, LayerSpec, Shape
from nnsim.i18n import _

if TYPE_CHECKING:
    from nnsim.experiments.toml import Table

_NUMPY = '''def windows(x, size, stride):
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

    Attributes
    ----------
    called : (str, str, str)
        What takes the place of a window, in NumPy, Keras and PyTorch.
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
        needed["pool"] = _NUMPY
        return [f"a = windows(a, {layer.size}, {layer.stride}).{self.called[0]}(axis=-1)"]

    def keras(self, layer: Any, named: str) -> list[str]:
        return [f"layers.{self.called[1]}({layer.size}, strides={layer.stride}, {named}),"]

    def torch(self, layer: Any, _module: str) -> str:
        return f"F.{self.called[2]}(x, {layer.size}, stride={layer.stride})"


class MaxPool2D(Pool, type="max_pool2d"):
    called = ("max", "MaxPooling2D", "max_pool2d")


class AveragePool2D(Pool, type="average_pool2d"):
    called = ("mean", "AveragePooling2D", "avg_pool2d")
