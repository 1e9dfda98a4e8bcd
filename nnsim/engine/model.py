"""What a network is: layers in a row, a loss, and one vector of parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Self

import numpy as np

from nnsim.engine import bugs, building, checks
from nnsim.engine import files as storage
from nnsim.engine import losses as metrics
from nnsim.engine.checks import EngineError, as_seed
from nnsim.engine.initializers import initializer as read_initializer
from nnsim.engine.layers import layer_from
from nnsim.engine.layers.base import Layer, as_count
from nnsim.engine.losses import Loss
from nnsim.engine.losses import loss as loss_named
from nnsim.engine.plan import Stack
from nnsim.engine.summary import Summary, SummaryRow
from nnsim.engine.tape import Array


class Model:
    """Layers, loss and parameters of a `Network`, which describes them."""

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: int | Sequence[int],
        loss: str = "squared_error",
        reduction: str = "mean",
        seed: int = 0,
        dtype: Any = "float64",
        l2: float = 0.0,
        l1: float = 0.0,
        classes: bool | None = None,
    ) -> None:
        self.input_shape = building.read_shape(input_shape)
        self.layers = building.named(layers)
        self._loss = loss_named(loss)
        if classes is not None and not isinstance(classes, bool):
            raise EngineError(f"classes is {classes!r}: give True, False or None")
        self.classes = classes
        if reduction not in ("mean", "sum"):
            raise EngineError(f'reduction is {reduction!r}: give "mean" or "sum"')
        self.dtype = building.read_dtype(dtype)
        self.output_shape = building.build(self.layers, self.input_shape)
        self._loss.check(self.layers[-1].activation, math.prod(self.output_shape))
        l2, l1 = checks.real(l2, "l2", least=0), checks.real(l1, "l1", least=0)
        self._stack = Stack(self.layers, self._loss, reduction, self.dtype, l2, l1)
        self._bug: tuple[str, int] | None = None
        self.version = 0
        self.seed = as_seed(seed)
        self.generator = np.random.default_rng(0)
        self.initialize()

    def initialize(self, initializer: Any = None, seed: int | None = None) -> None:
        """Start anew: draw the weights, set biases to 0 and running statistics back.

        Parameters
        ----------
        initializer : str or tuple, optional
            For every layer, such as ``"xavier"`` or ``"constant:0.5"``; else each layer's own.
        seed : int, optional
            A new seed; else the one from before, which gives the same weights again.
        """
        rule = None if initializer is None else read_initializer(initializer)
        if seed is not None:
            self.seed = as_seed(seed)
        rng = np.random.default_rng(self.seed)
        for layer in self.layers:
            layer.initialize(rng, rule)
        # What dropout draws in `loss`, `trace` and `gradients` with training=True.
        state = np.random.default_rng(self.seed).bit_generator.state
        self.generator.bit_generator.state = state

    @property
    def parameters(self) -> Array:
        """The live vector of all parameters, (n_params,); setting it writes into it."""
        return self._stack.theta

    @parameters.setter
    def parameters(self, values: Any) -> None:
        vector = checks.numbers(values, "parameters")
        if vector.shape != self.parameters.shape:
            raise EngineError(
                f"parameters has shape {vector.shape}, but the network has "
                f"{self.parameters.size}: give one flat vector of them"
            )
        self.parameters[...] = vector

    @property
    def running(self) -> Array:
        """The live vector of the running statistics of batch norm."""
        return self._stack.running

    @property
    def loss_name(self) -> str:
        """The name of the loss."""
        return self._loss.name

    @property
    def loss_function(self) -> Loss:
        """The loss itself, with its formula."""
        return self._loss

    def are_classes(self, target: Array) -> bool:
        """Say whether targets (m, …) name classes: as the network was told, or as they look."""
        if self.classes is not None:
            return self.classes
        return metrics.are_classes(target, self._loss)

    @property
    def reduction(self) -> str:
        """``"mean"`` or ``"sum"``."""
        return self._stack.reduction

    @property
    def l2(self) -> float:
        """Strength of the penalty ½·l2·Σw²; can be changed at any time."""
        return float(self._stack.l2)

    @l2.setter
    def l2(self, value: float) -> None:
        self._set_penalty(self._stack.l2, checks.real(value, "l2", least=0))

    @property
    def l1(self) -> float:
        """Strength of the penalty l1·Σ|w|; can be changed at any time."""
        return float(self._stack.l1)

    @l1.setter
    def l1(self, value: float) -> None:
        self._set_penalty(self._stack.l1, checks.real(value, "l1", least=0))

    def _set_penalty(self, strength: Array, value: float) -> None:
        if bool(strength) != bool(value):
            self.forget_plans()
        strength[...] = value

    def penalty(self) -> float:
        """Return ½·l2·Σw² + l1·Σ|w|."""
        return float(self._stack.penalty())

    def penalty_gradient(self) -> Array:
        """Return the penalty's part of the gradient, l2·w + l1·sign(w), flat."""
        weights = self.parameters * self._stack.mask("weight")
        return np.asarray(self._stack.l2 * weights + self._stack.l1 * np.sign(weights))

    def forget_plans(self) -> None:
        """Let every tape be recorded anew: something has changed that is part of them."""
        self.version += 1

    def blocks(self, vector: Array) -> dict[str, Array]:
        """Return views of a flat vector by name (``"hidden.weight"``), in public shape."""
        return self._stack.blocks(vector)

    def layer(self, name: str) -> Layer:
        """Return the layer of this name."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in self.layers)
        raise EngineError(f"there is no layer {name!r}: the layers are {names}")

    def summary(self) -> Summary:
        """Return a row per layer: name, kind, output shape, parameter count; and the total."""
        return Summary(
            SummaryRow(layer.name, layer.kind, layer.output_shape, layer.parameter_count)
            for layer in self.layers
        )

    @property
    def bug(self) -> tuple[str, int] | None:
        """The planted bug and the number of its layer (from 0), or None."""
        return self._bug

    def plant(self, bug: str, layer: str) -> None:
        """Plant a known mistake in the backward pass of the layer of this name.

        Parameters
        ----------
        bug : str
            One of `bugs.BUGS`. It takes the place of one that was planted before.
        layer : str
        """
        number = self.layers.index(self.layer(layer))
        last = number == len(self.layers) - 1
        fused = last and self._loss.fused_with == self.layers[-1].activation
        bugs.check(bug, self.layers[number], self.reduction, fused)
        self._bug = (bug, number)
        self.forget_plans()

    def mend(self) -> None:
        """Take the planted bug out."""
        self._bug = None
        self.forget_plans()

    @property
    def muted(self) -> dict[int, tuple[int, ...]]:
        """By the number of its layer (from 0), the units whose activation counts as 0; can be set.

        What the units compute stays as it is; 0 goes on from them, and no gradient comes back. A
        unit is the last axis of what a layer gives: of an image a whole channel.
        """
        return dict(self._stack.muted)

    @muted.setter
    def muted(self, units: Mapping[int, Sequence[int]]) -> None:
        checked: dict[int, tuple[int, ...]] = {}
        for number in sorted(number for number, chosen in units.items() if chosen):
            if not 0 <= number < len(self.layers) - 1:
                raise EngineError(
                    f"layer {number} can't be muted: give one from 0 to {len(self.layers) - 2}, "
                    "as nothing follows the last"
                )
            most = self.layers[number].output_shape[-1] - 1
            chosen = {as_count(unit, "a muted unit", 0, most) for unit in units[number]}
            checked[number] = tuple(sorted(chosen))
        if checked != self._stack.muted:
            self._stack.muted = checked
            self.forget_plans()

    def twin(self, dtype: Any = None, lead: tuple[int, ...] = ()) -> Stack:
        """Return the layers bound to copies of the parameters, in another kind of number.

        With a `lead` of (R,), bound to R sets of parameters, all 0.
        """
        return self._stack.twin(dtype, lead)

    def describe(self) -> dict[str, Any]:
        """Return the network without its numbers, as JSON can hold it."""
        return {
            "input_shape": list(self.input_shape),
            "layers": [layer.describe() for layer in self.layers],
            "loss": self.loss_name,
            "reduction": self.reduction,
            "dtype": self.dtype.name,
            "l2": self.l2,
            "l1": self.l1,
            "seed": self.seed,
            "classes": self.classes,
        }

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> Self:
        """Build a network that `describe` described; its parameters are those of its seed."""
        if not isinstance(description, dict) or not isinstance(description.get("layers"), list):
            raise EngineError("the description of the network is damaged: it has no layers")
        rest = dict(description)
        layers = [layer_from(layer) for layer in rest.pop("layers")]
        try:
            return cls(layers, **rest)
        except TypeError as error:
            raise EngineError(f"the description of the network is damaged: {error}") from error

    def save(self, path: str | PathLike[str]) -> None:
        """Write network and parameters to an ``.npz`` file; a file there is replaced whole."""
        arrays = {"parameters": self.parameters, "running": self.running}
        storage.save(path, {"network": self.describe()}, arrays)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a network that `save` (or ``Trainer.save``) wrote.

        Raises
        ------
        EngineError
            If the file is missing, truncated, foreign, pickled, or doesn't match itself.
        """
        description, arrays = storage.load(path)
        return cls.from_file(path, description, arrays)

    @classmethod
    def from_file(
        cls, path: str | PathLike[str], description: dict[str, Any], arrays: dict[str, Array]
    ) -> Self:
        """Build a network from what `storage.load` read."""
        try:
            network = cls.from_description(description.get("network", {}))
            storage.fill(network.parameters, arrays, "parameters")
            storage.fill(network.running, arrays, "running")
        except EngineError as error:
            raise EngineError(f"{path}: {error}") from error
        return network
