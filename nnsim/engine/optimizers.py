"""The rules by which parameters θ follow the gradient g downhill, with learning rate η.

Each works on the flat vectors of all parameters and all gradients at once. The forms and most of
the defaults are PyTorch's (torch.optim), so that the numbers can be compared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nnsim.engine.checks import EngineError
from nnsim.engine.tape import Array, Tape

# After so many updates what has faded in the slots is set to 0.
FLUSH_EVERY = 128


class Optimizer:
    """A rule for the update.

    Attributes
    ----------
    constants : tuple of (str, float)
        What a new one is given, in this order, and what each is unless told.
    learning_rate : array
        0-d, or one number per parameter; change it in place.
    slots : dict of str to array
        What the rule remembers from step to step.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    constants: ClassVar[tuple[tuple[str, float], ...]] = ()
    slot_names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *values: float, **named: float) -> None:
        defaults = dict(self.constants)
        given = dict(zip(defaults, values, strict=False)) | named
        if len(values) > len(defaults) or set(given) - set(defaults):
            raise TypeError(f"{self.name} takes {', '.join(defaults) or 'no constants'}")
        constants = defaults | given
        self._constants = {name: _constant(name, constants[name]) for name in defaults}
        self.learning_rate: Array = np.array(0.2)
        self.slots: dict[str, Array] = {}

    def prepare(self, theta: Array, learning_rate: Any) -> None:
        """Make the slots for these parameters, all 0, and set the learning rate."""
        self.learning_rate = np.array(learning_rate, theta.dtype)
        self.slots = {name: np.zeros_like(theta) for name in self.slot_names}

    def emit(self, tape: Tape, theta: Array, grad: Array, free: Array | None = None) -> None:
        """Write the update of `theta` onto the tape.

        Where some parameters are frozen, `free` is 0 for them and 1 for the rest, and their
        gradients are 0 already. A function written in Python comes before the first call that
        changes something, and changes something only with its last line: Ctrl+C may strike in it.
        """
        raise NotImplementedError

    def flush(self) -> None:
        """Set to 0 what is below the smallest normal number: processors are slow with the rest.

        The slots of units that have died fade to such numbers, and a step took three times as long.
        """
        for slot in self.slots.values():
            slot[np.abs(slot) < np.finfo(slot.dtype).tiny] = 0

    def config(self) -> dict[str, float]:
        return dict(self._constants)

    def _const(self, tape: Tape, name: str) -> Array:
        return tape.const(self._constants[name])

    def _slot(self, tape: Tape, name: str) -> Array:
        return tape.name(self.slots[name], name)

    def _remember(self, tape: Tape, grad: Array) -> Array:
        velocity = self._slot(tape, "velocity")
        tape.do(np.multiply, velocity, self._const(tape, "mu"), out=velocity, note="μ v")
        tape.do(np.add, velocity, grad, out=velocity, note="v ← μ v + g")
        return velocity

    def _descend(self, tape: Tape, theta: Array, direction: Array) -> None:
        """Write θ ← θ − η · direction; `direction` may be the scratch vector itself."""
        step = tape.scratch(theta, "change")
        rate = tape.name(self.learning_rate, "learning_rate")
        tape.do(np.multiply, direction, rate, out=step, note="η · direction")
        tape.do(np.subtract, theta, step, out=theta, note="θ ← θ − η · direction")

    def _descend_scaled(self, tape: Tape, theta: Array, grad: Array, squares: Array) -> None:
        """Write θ ← θ − η g / (√s + ε)."""
        change = tape.scratch(theta, "change")
        tape.do(np.sqrt, squares, out=change, note="√s")
        tape.do(np.add, change, self._const(tape, "epsilon"), out=change, note="√s + ε")
        tape.do(np.divide, grad, change, out=change, note="g / (√s + ε)")
        self._descend(tape, theta, change)


class SGD(Optimizer):
    """θ ← θ − η g."""

    name = "sgd"
    formula = "θ ← θ − η g"

    def emit(self, tape: Tape, theta: Array, grad: Array, free: Array | None = None) -> None:
        self._descend(tape, theta, grad)


class Momentum(Optimizer):
    """v ← μ v + g, θ ← θ − η v. Polyak 1964."""

    name = "momentum"
    formula = "v ← μ v + g;  θ ← θ − η v"
    constants = (("mu", 0.9),)
    slot_names = ("velocity",)

    def emit(self, tape: Tape, theta: Array, grad: Array, free: Array | None = None) -> None:
        self._descend(tape, theta, self._remember(tape, grad))


class Nesterov(Optimizer):
    """v ← μ v + g, θ ← θ − η (g + μ v). Sutskever et al. 2013."""

    name = "nesterov"
    formula = "v ← μ v + g;  θ ← θ − η (g + μ v)"
    constants = (("mu", 0.9),)
    slot_names = ("velocity",)

    def emit(self, tape: Tape, theta: Array, grad: Array, free: Array | None = None) -> None:
        velocity = self._remember(tape, grad)
        ahead = tape.scratch(theta, "change")
        tape.do(np.multiply, velocity, self._const(tape, "mu"), out=ahead, note="μ v")
        tape.do(np.add, ahead, grad, out=ahead, note="g + μ v")
        self._descend(tape, theta, ahead)


class Adagrad(Optimizer):
    """s ← s + g², θ ← θ − η g / (√s + ε). Duchi, Hazan and Singer 2011."""

    name = "adagrad"
    formula = "s ← s + g²;  θ ← θ − η g / (√s + ε)"
    constants = (("epsilon", 1e-10),)
    slot_names = ("squares",)

    def emit(self, tape: Tape, theta: Array, grad: Array, free: Array | None = None) -> None:
        squares, change = self._slot(tape, "squares"), tape.scratch(theta, "change")
        tape.do(np.multiply, grad, grad, out=change, note="g²")
        tape.do(np.add, squares, change, out=squares, note="s ← s + g²")
        self._descend_scaled(tape, theta, grad, squares)


class RMSProp(Optimizer):
    """s ← α s + (1 − α) g², θ ← θ − η g / (√s + ε). Hinton 2012."""

    name = "rmsprop"
    formula = "s ← α s + (1 − α) g²;  θ ← θ − η g / (√s + ε)"
    constants = (("alpha", 0.9), ("epsilon", 1e-8))
    slot_names = ("squares",)

    def emit(self, tape: Tape, theta: Array, grad: Array, free: Array | None = None) -> None:
        squares, change = self._slot(tape, "squares"), tape.scratch(theta, "change")
        new = tape.const(1 - self._constants["alpha"])
        tape.do(np.multiply, squares, self._const(tape, "alpha"), out=squares, note="α s")
        tape.do(np.multiply, grad, grad, out=change, note="g²")
        tape.do(np.multiply, change, new, out=change, note="(1 − α) g²")
        tape.do(np.add, squares, change, out=squares, note="s ← α s + (1 − α) g²")
        self._descend_scaled(tape, theta, grad, squares)


def adam_scales(
    time: Array, rate: Array, beta1: float, beta2: float, epsilon: float, floor: Array, step: Array
) -> None:
    """Count one step t; set step = η(1 − β₁) / ((1 − β₁ᵗ) r) and floor = ε / r."""
    t = float(time) + 1
    r = math.sqrt((1 - beta2) / (1 - beta2**t))
    np.multiply(rate, (1 - beta1) / ((1 - beta1**t) * r), out=step)
    floor[...] = epsilon / r
    time[...] = t


class Adam(Optimizer):
    """m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − η m̂ / (√v̂ + ε).

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) at step t. Kingma and Ba 2015, algorithm 1.

    The slots hold M = m / (1 − β₁) and V = v / (1 − β₂), which saves two passes over all
    parameters. With r = √((1 − β₂) / (1 − β₂ᵗ)), √v̂ = r √V, so the update is
    θ ← θ − step · M / (√V + floor), step = η (1 − β₁) / ((1 − β₁ᵗ) r), floor = ε / r.
    """

    name = "adam"
    formula = "m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  θ ← θ − η m̂ / (√v̂ + ε)"
    constants: ClassVar[tuple[tuple[str, float], ...]] = (
        ("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8),
    )  # fmt: skip
    slot_names = ("moment1", "moment2")

    def prepare(self, theta: Array, learning_rate: Any) -> None:
        super().prepare(theta, learning_rate)
        self.slots["time"] = np.zeros(())

    def emit(self, tape: Tape, theta: Array, grad: Array, free: Array | None = None) -> None:
        m, v, time = (self._slot(tape, name) for name in ("moment1", "moment2", "time"))
        change = tape.scratch(theta, "change")
        rate = tape.name(self.learning_rate, "learning_rate")
        step = tape.new(rate.shape, "step_size")
        betas = [self._constants[name] for name in ("beta1", "beta2", "epsilon")]
        floor = tape.const(betas[-1], "floor")
        tape.do(adam_scales, time, rate, *betas, floor, out=step, note="t ← t + 1, corrections")
        self._decay(tape, theta, rate, free)
        tape.do(np.multiply, m, self._const(tape, "beta1"), out=m, note="β₁ M")
        tape.do(np.add, m, grad, out=m, note="M ← β₁ M + g")
        tape.do(np.multiply, v, self._const(tape, "beta2"), out=v, note="β₂ V")
        tape.do(np.multiply, grad, grad, out=change, note="g²")
        tape.do(np.add, v, change, out=v, note="V ← β₂ V + g²")
        tape.do(np.sqrt, v, out=change, note="√V")
        tape.do(np.add, change, floor, out=change, note="√V + floor")
        tape.do(np.divide, m, change, out=change, note="M / (√V + floor)")
        tape.do(np.multiply, change, step, out=change, note="step · M / (√V + floor)")
        tape.do(np.subtract, theta, change, out=theta, note="θ ← θ − step · M / (√V + floor)")

    def _decay(self, tape: Tape, theta: Array, rate: Array, free: Array | None) -> None:
        """Write what shrinks the parameters: nothing."""


class AdamW(Adam):
    """θ ← θ − η λ θ, then Adam. Loshchilov and Hutter 2019.

    As in PyTorch the decay takes in every parameter, biases too.
    """

    name = "adamw"
    formula = "θ ← θ − η λ θ;  then Adam"
    constants = (*Adam.constants, ("weight_decay", 0.01))

    def _decay(self, tape: Tape, theta: Array, rate: Array, free: Array | None) -> None:
        change, decay = tape.scratch(theta, "change"), self._const(tape, "weight_decay")
        tape.do(np.multiply, theta, rate, out=change, note="η θ")
        tape.do(np.multiply, change, decay, out=change, note="η λ θ")
        if free is not None:
            tape.do(np.multiply, change, free, out=change, note="none for what is frozen")
        tape.do(np.subtract, theta, change, out=theta, note="θ ← θ − η λ θ")


OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.name: kind for kind in (SGD, Momentum, Nesterov, Adagrad, RMSProp, Adam, AdamW)
}


def optimizer(given: Any) -> Optimizer:
    """Return a fresh optimiser of this name (or the one given), or refuse it."""
    if isinstance(given, Optimizer):
        return given
    if not isinstance(given, str) or given not in OPTIMIZERS:
        raise EngineError(f"unknown optimizer {given!r}: give one of {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[given]()


def _constant(name: str, value: Any) -> float:
    """Return a constant of a rule: ε is above 0, the others are fractions."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if name == "epsilon":
        if not number or not 0 < value < math.inf:
            raise EngineError(f"{name} is {value!r}: give a number above 0")
    elif not number or not 0 <= value < 1:
        raise EngineError(f"{name} is {value!r}: give a number from 0 below 1")
    return float(value)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule for the learning rate."""

    name: str = "constant"
    # epochs between two steps, or the period of the cosine; 0 for the epochs of the first run
    every: int = 0
    factor: float = 0.1  # by which a step multiplies

    def scale(self, epoch: int, period: int) -> float:
        """Return η / η₀ at this epoch; `period` stands in where `every` is 0."""
        every = self.every or max(1, period)
        if self.name == "step":
            return float(self.factor ** (epoch // every))
        if self.name == "cosine":
            return 0.5 * (1 + math.cos(math.pi * min(epoch, every) / every))
        if self.name == "constant":
            return 1.0
        raise EngineError(f"unknown schedule {self.name!r}")

    def source(self, epoch: str, period: int) -> str:
        """Return what follows η₀ in a program: `scale` for the epoch called `epoch`."""
        every = self.every or max(1, period)
        return {
            "constant": "",
            "step": f" * float({self.factor!r} ** ({epoch} // {every}))",
            "cosine": f" * (0.5 * (1 + math.cos(math.pi * min({epoch}, {every}) / {every})))",
        }[self.name]

    def __str__(self) -> str:
        if self.name == "constant" or not self.every:
            return self.name
        return f"{self.name}:{self.every}" + (f":{self.factor!r}" if self.name == "step" else "")


def schedule(given: Any) -> Schedule:
    """Read a schedule from ``"constant"``, ``"step:10:0.5"``, ``"cosine:100"`` or a `Schedule`.

    ``"step"`` alone is every 10 epochs a tenth; ``"cosine"`` alone spans the first run.

    Raises EngineError if the name is unknown or its numbers make no sense.
    """
    if isinstance(given, Schedule):
        return given
    parts = given.split(":") if isinstance(given, str) else [given]
    name, numbers = parts[0], parts[1:]
    most = {"constant": 0, "step": 2, "cosine": 1}.get(name) if isinstance(name, str) else None
    if most is None or len(numbers) > most:
        raise EngineError(
            f'unknown schedule {given!r}: give "constant", "step:10:0.5" or "cosine:100"'
        )
    try:
        every = int(numbers[0]) if numbers else (10 if name == "step" else 0)
        factor = float(numbers[1]) if len(numbers) > 1 else 0.1
    except ValueError:
        every, factor = -1, 0.1
    if (numbers and every < 1) or not 0 < factor <= 1:
        raise EngineError(
            f"schedule {given!r}: the epochs must be a whole number from 1, "
            "the factor above 0 and at most 1"
        )
    return Schedule(name, every, factor)
