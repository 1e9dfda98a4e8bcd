"""The layers of an experiment: their keys, what shapes flow through them, what they cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnsim.engine.initializers import initializer
from nnsim.experiments.errors import quoted
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from nnsim.experiments.toml import Table

Shape = tuple[int, ...]

ACTIVATIONS = (
    "step", "identity", "sigmoid", "tanh", "relu", "leaky_relu",
    "elu", "softplus", "gelu", "swish", "softmax",
)  # fmt: skip
LAYER_KEYS = {
    "dense": ("name", "units", "activation", "labels", "slope", "initializer"),
    "conv2d": ("name", "filters", "kernel_size", "stride", "padding", "activation", "labels",
               "slope", "initializer"),
    "max_pool2d": ("name", "size", "stride"),
    "average_pool2d": ("name", "size", "stride"),
    "flatten": ("name",),
    "batch_norm": ("name", "momentum", "epsilon"),
    "dropout": ("name", "rate"),
    "activation": ("name", "activation", "slope"),
}  # fmt: skip
IMAGE_LAYERS = ("conv2d", "max_pool2d", "average_pool2d")
RESERVED_NAMES = frozenset({
    "input", "target", "prediction", "correct", "loss", "cost", "accuracy", "right",
    "test_accuracy", "epoch", "learning_rate", "l1", "l2", "diverged", "parameters", "gradcheck",
    "gates",
})  # fmt: skip
"""What means something else in an address."""

MOST_LAYERS = 100
MOST_UNITS = 100_000
MOST_PARAMETERS = 20_000_000
MOST_OUTPUTS = 10_000_000
LARGEST_KERNEL = 1024


@dataclass(frozen=True)
class LayerSpec:
    """One layer as the experiment file gives it, with the shapes that follow.

    Attributes
    ----------
    type : str
        ``"dense"``, ``"conv2d"``, ``"max_pool2d"``, ``"average_pool2d"``, ``"flatten"``,
        ``"batch_norm"``, ``"dropout"`` or ``"activation"``.
    name : str
        As the file says, else ``layer1``, ``layer2``, … by position.
    labels : tuple of str
        What its units or filters are called; empty where the file does not say (the outputs go
        by the classes then, one each).
    input_shape, output_shape : tuple of int
        Of one sample: ``(n,)``, or ``(height, width, channels)``.
    parameters : int
        How many parameters it has.
    """

    type: str
    name: str
    input_shape: Shape
    output_shape: Shape
    parameters: int
    activation: str = "identity"
    labels: tuple[str, ...] = ()
    units: int = 0
    slope: float | None = None
    initializer: str | None = None
    filters: int = 0
    kernel_size: int = 0
    stride: int | None = None
    padding: int = 0
    size: int = 0
    momentum: float = 0.9
    epsilon: float = 1e-5
    rate: float = 0.0

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The parameters that ``[network.parameters]`` may give, with their shapes."""
        if self.type == "dense":
            return {"weight": (self.input_shape[-1], self.units), "bias": (self.units,)}
        if self.type == "conv2d":
            side = self.kernel_size
            kernel = (side, side, self.input_shape[2], self.filters)
            return {"weight": kernel, "bias": (self.filters,)}
        if self.type == "batch_norm":
            width = (self.input_shape[-1],)
            return {"gamma": width, "beta": width}
        return {}


def read_layers(tables: list[Table], input_shape: Shape) -> tuple[LayerSpec, ...]:
    """Return the checked layers of `tables` for samples of `input_shape`.

    Raises
    ------
    ExperimentError
        For unknown keys and types, shapes that don't fit, and sizes beyond all measure; nothing
        of the network's size has been allocated by then.
    """
    layers: list[LayerSpec] = []
    names: dict[str, int] = {}
    shape, total = input_shape, 0
    for position, table in enumerate(tables, start=1):
        layer = _read_layer(table, position, shape)
        if layer.name in names:
            problem = _("the name {name} is taken by layer {other}; layers need different names")
            table.fail("name", problem.format(name=quoted(layer.name), other=names[layer.name]))
        names[layer.name] = position
        total += layer.parameters
        if total > MOST_PARAMETERS or math.prod(layer.output_shape) > MOST_OUTPUTS:
            problem = _(
                "the network is too large here: {count} parameters, {outputs} outputs; "
                "at most {most} and {most_outputs}"
            )
            table.fail(None, problem.format(
                count=total, outputs=math.prod(layer.output_shape),
                most=MOST_PARAMETERS, most_outputs=MOST_OUTPUTS,
            ))  # fmt: skip
        shape = layer.output_shape
        layers.append(layer)
    if len(shape) != 1:
        problem = _("the network ends in an image; put a flatten layer before a dense one")
        tables[-1].fail(None, problem)
    return tuple(layers)


def wants_image(tables: list[Table]) -> bool:
    """Tell whether pixels go into the first of these layers as an image, not as a row."""
    for table in tables:
        kind = table.content.get("type")
        if kind in (*IMAGE_LAYERS, "flatten"):
            return True
        if kind == "dense":
            return False
    return False


def _read_layer(table: Table, position: int, shape: Shape) -> LayerSpec:
    kind = table.choice("type", tuple(LAYER_KEYS))
    table.only(("type", *LAYER_KEYS[kind]))
    name = _read_name(table, position)
    if kind in IMAGE_LAYERS and len(shape) != 3:
        problem = ngettext(
            "a {kind} layer needs an image, and gets {count} number",
            "a {kind} layer needs an image, and gets {count} numbers in a row",
            math.prod(shape),
        )
        table.fail("type", problem.format(kind=kind, count=math.prod(shape)))
    if kind == "dense":
        return _dense(table, name, shape)
    if kind == "conv2d":
        return _conv2d(table, name, shape)
    if kind in ("max_pool2d", "average_pool2d"):
        return _pool(table, kind, name, shape)
    if kind == "flatten":
        return LayerSpec(kind, name, shape, (math.prod(shape),), 0)
    if kind == "batch_norm":
        return LayerSpec(
            kind, name, shape, shape, 2 * shape[-1],
            momentum=table.number("momentum", 0.9, 0, 1),
            epsilon=table.number("epsilon", 1e-5, 0, 1, above=True),
        )  # fmt: skip
    if kind == "dropout":
        return LayerSpec(kind, name, shape, shape, 0, rate=_read_rate(table))
    activation, slope = _read_activation(table, required=True)
    return LayerSpec(kind, name, shape, shape, 0, activation=activation, slope=slope)


def _dense(table: Table, name: str, shape: Shape) -> LayerSpec:
    if len(shape) != 1:
        problem = _(
            "a dense layer needs a row of numbers, and gets an image of {shape}; "
            "put a flatten layer before it"
        )
        table.fail("type", problem.format(shape=" × ".join(map(str, shape))))
    units = table.integer("units", None, 1, MOST_UNITS)
    activation, slope = _read_activation(table)
    return LayerSpec(
        "dense", name, shape, (units,), (shape[0] + 1) * units,
        activation=activation, slope=slope, units=units,
        labels=_read_labels(table, units), initializer=read_initializer(table),
    )  # fmt: skip


def _conv2d(table: Table, name: str, shape: Shape) -> LayerSpec:
    height, width, channels = shape
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
    activation, slope = _read_activation(table)
    out = tuple((length + 2 * padding - side) // stride + 1 for length in (height, width))
    return LayerSpec(
        "conv2d", name, shape, (*out, filters), (side * side * channels + 1) * filters,
        activation=activation, slope=slope, filters=filters, kernel_size=side, stride=stride,
        padding=padding, labels=_read_labels(table, filters),
        initializer=read_initializer(table),
    )  # fmt: skip


def _pool(table: Table, kind: str, name: str, shape: Shape) -> LayerSpec:
    height, width, channels = shape
    size = table.integer("size", None, 1, LARGEST_KERNEL)
    stride = table.integer("stride", size, 1, LARGEST_KERNEL)
    if size > min(height, width):
        problem = _("a window of {size} × {size} does not fit into an image of {height} × {width}")
        table.fail("size", problem.format(size=size, height=height, width=width))
    out = tuple((length - size) // stride + 1 for length in (height, width))
    return LayerSpec(kind, name, shape, (*out, channels), 0, size=size, stride=stride)


def _read_name(table: Table, position: int) -> str:
    if "name" not in table:
        return f"layer{position}"
    name = table.text("name")
    other_number = name.startswith("layer") and name[5:].isdigit() and name != f"layer{position}"
    if not name.isidentifier() or name in RESERVED_NAMES or other_number:
        problem = _(
            "{name} can't be a layer's name; take a word of letters, digits and _ "
            "that means nothing else, such as hidden1"
        )
        table.fail("name", problem.format(name=quoted(name)))
    return name


def _read_activation(table: Table, *, required: bool = False) -> tuple[str, float | None]:
    name = table.choice("activation", ACTIVATIONS, None if required else "identity")
    if "slope" not in table:
        return name, None
    if name != "leaky_relu":
        table.fail("slope", _("slope belongs to leaky_relu only"))
    slope = table.number("slope", None, 0, 1)
    if slope == 1:
        table.fail("slope", _("slope is 1, which is the identity; it should be below 1"))
    return name, slope


def _read_rate(table: Table) -> float:
    rate = table.number("rate", None, 0, 1)
    if rate == 1:
        table.fail("rate", _("rate is 1; a layer that drops everything can't learn: below 1"))
    return rate


def _read_labels(table: Table, units: int) -> tuple[str, ...]:
    labels = table.texts("labels")
    if labels and len(labels) != units:
        problem = ngettext(
            "labels has {got} entry; it should have {want}, one per unit",
            "labels has {got} entries; it should have {want}, one per unit",
            len(labels),
        )
        table.fail("labels", problem.format(got=len(labels), want=units))
    return labels


def read_initializer(table: Table) -> str | None:
    """Return how weights start, such as ``"xavier"`` or ``"constant:0.5"``; None if not told."""
    if "initializer" not in table:
        return None
    return table.accepted("initializer", initializer, "")
