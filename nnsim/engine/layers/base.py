"""What every layer is: a shape, some parameters, where they start, what it writes onto a tape.

Going forward a layer computes z and a = f(z) from x. Going backward it is handed ∂C/∂a, turns it
into δ = ∂C/∂z, leaves the gradients of its parameters in their place, and hands ∂C/∂x on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from nnsim.engine.activations import ActivationFunction, Identity, activation
from nnsim.engine.checks import MOST_UNITS, EngineError
from nnsim.engine.tape import Array, Tape

Shape = tuple[int, ...]

INITIALIZERS = ("zeros", "constant", "normal", "uniform", "xavier", "he")


@dataclass(slots=True, eq=False)
class Signals:
    """The buffers of one layer on one tape, in the engine's layout."""

    layer: Layer
    x: Array  # what goes in
    z: Array | None  # before the activation, where the layer has one
    a: Array
    delta: Array | None = None  # ∂C/∂z (∂C/∂a where there is no z), on a tape that goes backward
    # what else a person may want to see: the mask of dropout, mean and variance
    saved: dict[str, Array] = field(default_factory=dict)
    internal: dict[str, Array] = field(default_factory=dict)  # what the way back needs besides
    silenced: Array | None = None  # what goes on instead of a, where units are muted

    @property
    def passed(self) -> Array:
        """What goes on to the next layer: a, with 0 for muted units."""
        return self.a if self.silenced is None else self.silenced


class Live:
    """A layer's attribute that gives the live array of that name, and takes values for it.

    Where the layer has none it is refused, or None if it is `optional`.
    """

    def __init__(self, doc: str, optional: bool = False) -> None:
        self.__doc__, self.optional = doc, optional

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, layer: Layer | None, owner: type) -> Any:
        if layer is None:
            return self
        if self.name not in layer._public and not self.optional:
            raise EngineError(f"{layer.title} has no {self.name}, or belongs to no network yet")
        return layer._public.get(self.name)

    def __set__(self, layer: Layer, value: Any) -> None:
        layer.put(self.name, value)


class Layer:
    """One layer of a network.

    Attributes
    ----------
    name : str
        Unnamed layers are called ``layer1``, ``layer2``, … by their network.
    activation : str
        ``"identity"`` where there is none.
    input_shape, output_shape : tuple of int
        Of one sample, as the public arrays have it: (n,) or (height, width, channels).
    """

    weight = Live("The live weights, or None where the layer has none.", optional=True)
    bias = Live("The live biases, or None where the layer has none.", optional=True)

    kind: ClassVar[str]  # ``"dense"``, ``"conv2d"``, …
    has_z: ClassVar[bool] = True  # whether there is a number before its activation
    for_many: ClassVar[bool] = True  # whether one tape can carry many networks at once
    shares_input: ClassVar[bool] = False  # whether those can look at the same samples
    whole_batch: ClassVar[bool] = False  # whether what it computes depends on the other samples

    def __init__(
        self, name: str | None = None, activation_name: str = "identity", slope: float | None = None
    ) -> None:
        if name is not None and (not isinstance(name, str) or not name):
            raise EngineError(f"a layer's name is {name!r}: give a text that is not empty")
        self.name = name or ""
        self.function: ActivationFunction = activation(activation_name, slope)
        self.input_shape: Shape = ()
        self.output_shape: Shape = ()
        self.theta: Array = np.empty(0)
        self.gradient: Array = np.empty(0)
        self.running: Array = np.empty(0)
        self.lead: Shape = ()
        self._public: dict[str, Array] = {}

    @property
    def activation(self) -> str:
        return self.function.name

    def build(self, input_shape: Shape) -> Shape:
        """Take the shape of a sample that comes in; set and return that of what goes out."""
        self.input_shape = input_shape
        self.output_shape = self.shape_after(input_shape)
        if math.prod(self.output_shape) > MOST_UNITS:
            raise EngineError(
                f"{self.title} would have {math.prod(self.output_shape):,} outputs: "
                f"at most {MOST_UNITS:,} are allowed"
            )
        return self.output_shape

    def shape_after(self, input_shape: Shape) -> Shape:
        """Return the output's shape for an input's; refuses what doesn't fit."""
        return input_shape

    def refuse_unless_image(self, shape: Shape) -> None:
        if len(shape) != 3:
            raise EngineError(
                f"{self.title} takes images (height, width, channels), but {shape} comes in"
            )

    @property
    def title(self) -> str:
        return f'layer "{self.name}"' if self.name else f"a {self.kind} layer"

    @property
    def parameter_count(self) -> int:
        """How many numbers training changes."""
        return 0

    @property
    def running_count(self) -> int:
        return 0

    @property
    def rows(self) -> int:
        """Into how many rows the parameters are laid out; with many networks, each has its own."""
        return 1

    def views(self, flat: Array) -> dict[str, Array]:
        """Return views of a flat (parameter_count,) vector, by name, in public shape."""
        return {}

    def bind(self, theta: Array, gradient: Array, running: Array, lead: Shape) -> None:
        """Take the layer's part of the flat vectors; the layer works on views of them."""
        self.theta, self.gradient, self.running, self.lead = theta, gradient, running, lead
        self._public = {} if lead else self.views(theta)

    def initialize(self, rng: np.random.Generator, initializer: Any = None) -> None:
        """Set the start parameters; `initializer` comes before the layer's own."""

    def put(self, name: str, value: Any) -> None:
        if name not in self._public:
            raise EngineError(f"{self.title} has no {name}")
        view, array = self._public[name], np.asarray(value)
        if array.shape != view.shape:
            raise EngineError(
                f"{name} of {self.title} has shape {view.shape}, but {array.shape} came"
            )
        view[...] = array

    def forward(self, tape: Tape, x: Array) -> Signals:
        """Write z and a onto the tape."""
        raise NotImplementedError

    def through_activation(self, tape: Tape, signals: Signals, delta: Array) -> None:
        if signals.z is not None:
            self.function.backward(tape, signals.z, signals.a, delta)

    def backward(
        self, tape: Tape, signals: Signals, delta: Array, dx_name: str | None
    ) -> Array | None:
        """Write the gradients of the parameters and, into a buffer of this name, ∂C/∂x."""
        self.parameter_gradients(tape, signals, delta)
        if dx_name is None:
            return None
        dx = tape.passing(signals.x.shape, dx_name)
        self.input_gradient(tape, signals, delta, dx)
        return dx

    def parameter_gradients(self, tape: Tape, signals: Signals, delta: Array) -> None:
        """Write the gradients of the parameters, where there are any."""

    def input_gradient(self, tape: Tape, signals: Signals, delta: Array, dx: Array) -> None:
        """Write ∂C/∂x; what lies in `dx` before has no meaning."""
        raise NotImplementedError

    def update_running(self, tape: Tape, signals: Signals) -> None:
        """Write what training does to the running statistics."""

    def kinks(self, signals: Signals) -> list[Array]:
        """Return on which side of each kink the last run was, for gradient checks."""
        if self.function.kink is None or signals.z is None:
            return []
        z, kink = signals.z, self.function.kink
        # The second: exactly on the kink, and nudged off the real line by the complex step.
        return [z.real > kink, (z.real == kink) & (z.imag != 0)]

    def public_saved(self, name: str, value: Array) -> Array:
        """Return a copy of a saved buffer for a trace."""
        return batch_first(value).copy()

    def config(self) -> dict[str, Any]:
        """Return the arguments that build this layer again."""
        return {}

    def describe(self) -> dict[str, Any]:
        return {"type": self.kind, "name": self.name, **self.config()}

    def output(self, tape: Tape, key: str = "a") -> Array:
        """Return a new buffer for what comes out, with its row of ones if it is flat."""
        return new_activation(tape, self.output_shape, f"{self.name}.{key}")

    def takes_place_of_z(self, tape: Tape) -> bool:
        """Whether a = f(z) is written over z on this tape."""
        return self.is_identity or (tape.lean and self.function.in_place)

    @property
    def is_identity(self) -> bool:
        return isinstance(self.function, Identity)


class Weighted(Layer):
    """A layer of units with weights, biases and an activation.

    Unless told (or `initialize` is), the weights start as suits the activation: Xavier, or He for
    the relu family. Biases start at 0.
    """

    def __init__(
        self, name: str | None, activation_name: str, slope: float | None, initializer: Any
    ) -> None:
        super().__init__(name, activation_name, slope)
        self.initializer = None if initializer is None else initializer_from(initializer)

    @property
    def fans(self) -> tuple[int, int]:
        """How many inputs a unit has, and how many units an input goes to."""
        raise NotImplementedError

    def initialize(self, rng: np.random.Generator, initializer: Any = None) -> None:
        rule = initializer or self.initializer or Initializer(self.function.start)
        weight = self._public["weight"]
        weight[...] = rule.draw(rng, weight.shape, *self.fans)
        self._public["bias"][...] = 0

    def config(self) -> dict[str, Any]:
        return {
            "activation": self.activation,
            "initializer": None if self.initializer is None else str(self.initializer),
            **self.function.config(),
        }


def new_activation(tape: Tape, shape: Shape, name: str) -> Array:
    """Return a buffer for activations of public shape (n,) or (height, width, channels)."""
    if len(shape) == 1:
        return tape.features(shape[0], name)
    if len(shape) == 3:  # channels go before height and width
        shape = (shape[-1], *shape[:-1])
    return tape.new((*shape, tape.batch), name)


def batch_first(array: Array, many: bool = False) -> Array:
    """View (n, m) as (m, n), and (channels, height, width, m) as (m, height, width, channels).

    Of `many` networks, (n, R, m) is viewed as (R, m, n).
    """
    if many:
        return array.transpose(1, 2, 0)
    return array.transpose(3, 1, 2, 0) if array.ndim == 4 else np.moveaxis(array, -1, 0)


@dataclass(frozen=True, slots=True)
class Initializer:
    """A rule for first weights: its name, and the value or scale that goes with it.

    ========  ==========================================================================
    zeros     w = 0
    constant  w = value (``"constant:0.5"``)
    normal    w ~ N(0, scale²), scale 1 (``"normal:0.1"`` for another)
    uniform   w ~ U(−scale, scale), scale 1
    xavier    w ~ U(−r, r), r = √(6 / (fan_in + fan_out)); Glorot and Bengio 2010, eq. 16
    he        w ~ N(0, 2 / fan_in); He, Zhang, Ren and Sun 2015, eq. 10
    ========  ==========================================================================
    """

    name: str
    value: float | None = None

    def draw(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> Array:
        """Return weights of `shape` for units with `fan_in` inputs and `fan_out` outputs."""
        scale = 1.0 if self.value is None else self.value
        if self.name == "zeros":
            return np.zeros(shape)
        if self.name == "constant":
            return np.full(shape, scale)
        if self.name == "normal":
            return scale * rng.standard_normal(shape)
        if self.name == "uniform":
            return rng.uniform(-scale, scale, shape)
        if self.name == "xavier":
            r = math.sqrt(6 / (fan_in + fan_out))
            return rng.uniform(-r, r, shape)
        if self.name == "he":
            return math.sqrt(2 / fan_in) * rng.standard_normal(shape)
        raise EngineError(f"unknown initializer {self.name!r}")

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value!r}"


def initializer_from(given: Any) -> Initializer:
    """Read an initialiser from ``"xavier"``, ``"constant:0.5"`` or ``("constant", 0.5)``.

    Raises EngineError if the name is unknown, or the value missing, superfluous or not a finite
    number.
    """
    if isinstance(given, Initializer):
        return given
    name, value = _parts(given)
    if not isinstance(name, str) or name not in INITIALIZERS:
        what, hint = repr(given), ""
        if isinstance(given, np.ndarray | list | tuple):
            what = f"of shape {given.shape}" if isinstance(given, np.ndarray) else what
            hint = "; for exact values set the layer's weight once the network is built"
        raise EngineError(
            f"unknown initializer {what}: give one of {', '.join(INITIALIZERS)}{hint}"
        )
    if value is None:
        if name == "constant":
            raise EngineError('initializer "constant" needs a value: "constant:0.5"')
        return Initializer(name)
    if name not in ("constant", "normal", "uniform"):
        raise EngineError(f'initializer "{name}" takes no value, but {value!r} came')
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or (name != "constant" and number < 0):
        raise EngineError(f'initializer "{name}" needs a finite number, but {value!r} came')
    return Initializer(name, number)


def _parts(given: Any) -> tuple[Any, Any]:
    if isinstance(given, str):
        name, colon, value = given.partition(":")
        return name, value if colon else None
    if isinstance(given, tuple | list) and len(given) == 2:
        return given[0], given[1]
    return given, None
