"""Gradient checks: nudge every parameter, and see whether the loss moves as the gradient says.

Central differences: ∂C/∂w ≈ (C(w + h) − C(w − h)) / 2h with h = 1e-5, in float64.

The complex step: ∂C/∂w = Im C(w + ih) / h with h = 1e-20, exact to rounding, because nothing is
subtracted. Squire and Trapp 1998.

Where the nudge crosses a kink (relu, max pooling, hinge, |w|) there is no derivative to compare
with, and the parameter is skipped.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnsim.engine.checks import EngineError, as_count
from nnsim.engine.network import Network
from nnsim.engine.plan import Plan, Until
from nnsim.engine.tape import Array

PASS, SUSPECT = 1e-7, 1e-4

_CENTRAL, _COMPLEX = 1e-5, 1e-20
# Below this a gradient counts as this large, so that rounding isn't taken for an error.
_FLOOR = 1e-5


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """The outcome of a check."""

    largest: float  # the largest relative error
    blocks: dict[str, float]  # the largest of each block, such as ``"hidden.weight"``
    skipped: dict[str, int]  # how many parameters of each block were skipped at a kink
    checked: int  # how many parameters were compared
    method: str

    @property
    def passed(self) -> bool:
        return self.largest < PASS

    @property
    def verdict(self) -> str:
        """``"pass"`` below 1e-7, ``"suspect"`` to 1e-4, else ``"fail"``."""
        return verdict(self.largest)

    def layer(self, name: str) -> float:
        errors = [error for block, error in self.blocks.items() if block.startswith(name + ".")]
        if not errors:
            raise EngineError(f"no parameters of a layer {name!r} were checked")
        return max(errors)


def verdict(error: float) -> str:
    """Return ``"pass"``, ``"suspect"`` or ``"fail"`` for a relative error."""
    return "pass" if error < PASS else "suspect" if error <= SUSPECT else "fail"


def check_gradients(
    network: Network,
    x: Any,
    target: Any,
    method: str = "central",
    training: bool = False,
    most: int | None = None,
) -> GradientCheck:
    """Compare the gradients of a network with nudged losses, always in float64.

    Parameters
    ----------
    method : str
        ``"central"`` (differences) or ``"complex"`` (step).
    training : bool
        Whether batch norm and dropout are checked as in training (with the same masks throughout).
    most : int, optional
        Check at most this many parameters of each block, evenly spread.

    A relative error is |a − n| over the larger of the two, or over a hundredth of the largest
    gradient of the block if that is more.
    """
    if method not in ("central", "complex"):
        raise EngineError(f'method is {method!r}: give "central" or "complex"')
    if most is not None:
        most = as_count(most, "most")
    x, target = network.check(x, target)
    network.refuse_untrainable()
    analytic = _Runner(network, x, target, "gradients", training, np.float64)
    analytic.run()
    gradient = analytic.plan.gradient
    numeric = np.full_like(gradient, np.nan)
    dtype = np.complex128 if method == "complex" else np.float64
    nudge = _nudger(_Runner(network, x, target, "loss", training, dtype), method)
    places = network.blocks(np.arange(gradient.size))
    with np.errstate(all="ignore"):
        for block in places.values():
            for i in _chosen(block.ravel(), most):
                numeric[i] = nudge(int(i))
    return _compare(places, gradient, numeric, most, method)


def _chosen(block: Array, most: int | None) -> Array:
    if most is None or most >= block.size:
        return block
    return np.asarray(block[np.linspace(0, block.size - 1, most).round().astype(int)])


class _Runner:
    """A copy of a network in another kind of number, run again and again on the same batch."""

    def __init__(
        self, network: Network, x: Array, target: Array, until: Until, training: bool, dtype: Any
    ) -> None:
        stack = self.stack = network.stack.twin(dtype)
        generator = self.generator = np.random.default_rng(network.seed)
        self.start = generator.bit_generator.state
        shape, bug = network.input_shape, network.bug
        self.plan = Plan(stack, shape, len(x), until, training, generator=generator, bug=bug)
        self.plan.inputs[...], self.plan.targets[...] = x, target

    def run(self) -> Array:
        """Return the loss of each sample; dropout draws the same masks every time."""
        self.generator.bit_generator.state = self.start
        self.plan.run()
        return self.plan.losses

    def sides(self) -> list[Array]:
        """Return on which side of every kink the last run was."""
        sides = [side.copy() for s in self.plan.signals for side in s.layer.kinks(s)]
        return sides + self.stack.loss.kinks(self.plan.signals[-1], self.plan.target)


def _nudger(runner: _Runner, method: str) -> Callable[[int], float]:
    """Return a function that gives the numeric derivative by parameter i; NaN at a kink."""
    theta, stack = runner.stack.theta, runner.stack
    share = runner.plan.batch if stack.reduction == "mean" else 1
    runner.run()
    base = runner.sides()

    def complex_step(i: int) -> float:
        here = theta[i]
        theta[i] = here + 1j * _COMPLEX
        runner.run()
        same = _same(runner.sides(), base)
        total = runner.plan.total()
        theta[i] = here
        return float(total.imag / _COMPLEX) if same else math.nan

    def central(i: int) -> float:
        here = theta[i]
        up, down = here + _CENTRAL, here - _CENTRAL
        theta[i] = up
        above = runner.run().copy()
        sides = runner.sides()
        theta[i] = down
        below = runner.run()
        same = _same(runner.sides(), sides) and not (stack.l1 and 0 < abs(here) < _CENTRAL)
        theta[i] = here
        # Differences sample by sample lose less to rounding than those of the sums.
        change = (above - below).sum() / share
        if stack.l1 or stack.l2:
            squares, sizes = up * up - down * down, abs(up) - abs(down)
            change += stack.mask("weight")[i] * (0.5 * stack.l2 * squares + stack.l1 * sizes)
        return float(change / (up - down)) if same else math.nan

    return complex_step if method == "complex" else central


def _same(sides: list[Array], others: list[Array]) -> bool:
    return all(np.array_equal(side, other) for side, other in zip(sides, others, strict=True))


def _compare(
    places: dict[str, Array], gradient: Array, numeric: Array, most: int | None, method: str
) -> GradientCheck:
    blocks, skipped, checked = {}, {}, 0
    for name, block in places.items():
        chosen = _chosen(block.ravel(), most)
        known = chosen[~np.isnan(numeric[chosen])]
        skipped[name] = len(chosen) - len(known)
        checked += len(known)
        if not len(known):
            blocks[name] = 0.0
            continue
        a, n = gradient[known], numeric[known]
        sizes = np.maximum(np.abs(a), np.abs(n))
        floor = max(0.01 * float(sizes.max()), _FLOOR)
        error = float((np.abs(a - n) / np.maximum(sizes, floor)).max())
        blocks[name] = error if math.isfinite(error) else math.inf
    largest = max(blocks.values(), default=0.0)
    return GradientCheck(largest, blocks, skipped, checked, method)
