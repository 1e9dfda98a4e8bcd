"""What a kind of layer is to experiment files and to programs, and one layer of a file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from nnsim.experiments.files import ExperimentError
from nnsim.experiments.kinds.activations import ACTIVATIONS
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnsim.engine.layers import Layer
    from nnsim.experiments.toml import Table

    Array = NDArray[Any]

Shape = tuple[int, ...]

MOST_UNITS = 100_000
LARGEST_KERNEL = 1024
WEIGHT_AND_BIAS = {"weight": ("weight", "weight"), "bias": ("bias", "bias")}
KINDS: dict[str, Kind] = {}
"""By the name that files and the engine give them."""


class Kind:
    """A kind of layer: its keys in a file, the shapes it makes, and its lines in programs.

    `type`: as files and the engine call it.
    `keys`: what a file may say of such a layer; all but ``labels`` are arguments of the engine's.
    `starts_from_image`: whether pixels go into it as an image or in a row; None where it takes
      both.
    `arrays`: its parameters in programs: the ends of their names, the engine's names and PyTorch's.
    """

    type: ClassVar[str]
    keys: ClassVar[tuple[str, ...]] = ("name",)
    needs_image: ClassVar[bool] = False
    starts_from_image: ClassVar[bool | None] = None
    arrays: ClassVar[dict[str, tuple[str, str]]] = {}

    def __init_subclass__(cls, type: str = "") -> None:  # noqa: A002
        if type:
            cls.type = type
            KINDS[type] = cls()

    def read(self, table: Table, name: str, shape: Shape) -> LayerSpec:
        """Return the layer that `table` describes, for samples of `shape`; refuse what is wrong."""
        raise NotImplementedError

    def parameter_shapes(self, _spec: LayerSpec) -> dict[str, Shape]:
        """Return the parameters that ``[network.parameters]`` may give, with their shapes."""
        return {}

    def build(self, spec: LayerSpec, initializer: str | None) -> Layer:
        """Return the engine's layer; weights start as `initializer` says unless `spec` does."""
        from nnsim.engine.layers import LAYERS

        arguments = {key: getattr(spec, key) for key in self.keys if key != "labels"}
        if "initializer" in arguments:
            arguments["initializer"] = spec.initializer or initializer
        return LAYERS[self.type](**arguments)

    def summary(self, _keys: dict[str, Any]) -> str:
        """Return what stands for it in a line such as ``64-conv 8-pool-10``; mostly nothing."""
        return ""

    def numpy(self, layer: Any, name: str, needed: dict[str, str]) -> list[str]:
        """Return the lines that compute it, from `a` to `a`; what they call goes into `needed`."""
        raise NotImplementedError

    def keras(self, layer: Any, named: str) -> list[str]:
        """Return its lines in a list of layers; `named` is the argument with its name."""
        raise NotImplementedError

    def torch_module(self, _layer: Any) -> str:
        """Return what makes its module; empty where there is nothing to keep."""
        return ""

    def torch(self, layer: Any, module: str) -> str:
        """Return what it makes of `x`; `module` is where its module is."""
        raise NotImplementedError

    def torch_weight(self, values: Array) -> Array:
        """Return its weights in PyTorch's shape: units first, then channels, rows, columns."""
        return values


def kind_of(layer: Layer) -> Kind:
    """Return the kind of a layer of the engine.

    Raises ExperimentError if there is none: a rule of another kind would be wrong.
    """
    if layer.kind not in KINDS:
        problem = _('layers of the kind "{kind}" can\'t be written here')
        raise ExperimentError(problem.format(kind=layer.kind))
    return KINDS[layer.kind]


@dataclass(frozen=True)
class LayerSpec:
    """One layer as the experiment file gives it, with the shapes that follow."""

    type: str  # A key of `KINDS`
    name: str  # as the file says, else ``layer1``, ``layer2``, … by position
    # input_shape, output_shape: of one sample: ``(n,)``, or ``(height, width, channels)``
    input_shape: Shape
    output_shape: Shape
    activation: str = "identity"
    # what its units or filters are called; empty where the file does not say (the outputs go by the
    # classes then, one each)
    labels: tuple[str, ...] = ()
    units: int = 0
    slope: float | None = None
    initializer: str | None = None
    filters: int = 0
    kernel_size: int = 0
    stride: int = 1
    padding: int = 0
    size: int = 0
    momentum: float = 0.9
    epsilon: float = 1e-5
    rate: float = 0.0

    @property
    def kind(self) -> Kind:
        return KINDS[self.type]

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The parameters that ``[network.parameters]`` may give, with their shapes."""
        return self.kind.parameter_shapes(self)

    @property
    def parameters(self) -> int:
        return sum(math.prod(shape) for shape in self.parameter_shapes.values())


def read_activation(table: Table, *, required: bool = False) -> tuple[str, float | None]:
    name = table.choice("activation", tuple(ACTIVATIONS), None if required else "identity")
    if "slope" not in table:
        return name, None
    if name != "leaky_relu":
        table.fail("slope", _("slope belongs to leaky_relu only"))
    slope = table.number("slope", None, 0, 1)
    if slope == 1:
        table.fail("slope", _("slope is 1, which is the identity; it should be below 1"))
    return name, slope


def read_labels(table: Table, units: int) -> tuple[str, ...]:
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
    from nnsim.engine.layers.base import initializer_from  # which takes NumPy

    if "initializer" not in table:
        return None
    return table.accepted("initializer", initializer_from, "")
