"""The layers of a network bound to flat vectors of parameters and gradients.

A network has one `Stack`; an ensemble has one per group of networks, with a leading axis; a
gradient check by the complex step has one of complex numbers.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

from nnsim.engine.layers.base import Layer
from nnsim.engine.losses import Loss
from nnsim.engine.tape import Array


class Stack:
    """Layers, loss and penalty over flat vectors.

    Parameters
    ----------
    layers : list of Layer
        Built, so that they know their shapes; they are bound to this stack.
    loss : Loss
    reduction : str
        ``"mean"`` or ``"sum"``.
    dtype : dtype
    l2, l1 : float
        Strengths of the penalty ½·l2·Σw² + l1·Σ|w|.
    lead : tuple of int
        ``(R,)`` for R networks at once.

    Attributes
    ----------
    theta, grad : array (R·n_params,)
        Layer by layer; within a layer row by row (a row is what one unit has), and of each row
        network by network.
    running : array
        Running statistics of batch norm.
    l2, l1 : array ()
        Change them in place.
    muted : dict of int to tuple of int
        By layer, the units whose activation counts as 0.
    """

    def __init__(
        self,
        layers: list[Layer],
        loss: Loss,
        reduction: str,
        dtype: Any,
        l2: float = 0.0,
        l1: float = 0.0,
        lead: tuple[int, ...] = (),
    ) -> None:
        self.layers, self.loss, self.reduction, self.lead = layers, loss, reduction, lead
        self.dtype = np.dtype(dtype)
        self.copies = math.prod(lead)
        self.size = sum(layer.parameter_count for layer in layers)
        self.theta = np.zeros(self.copies * self.size, dtype)
        self.grad = np.zeros_like(self.theta)
        self.running = np.zeros(
            self.copies * sum(layer.running_count for layer in layers), self.dtype
        )
        self.l2, self.l1 = np.array(l2, dtype), np.array(l1, dtype)
        self.muted: dict[int, tuple[int, ...]] = {}
        self._masks: dict[str, Array] = {}
        self._bind()

    def _bind(self) -> None:
        here = run = 0
        for layer in self.layers:
            after = here + self.copies * layer.parameter_count
            later = run + self.copies * layer.running_count
            layer.bind(
                self.theta[here:after], self.grad[here:after], self.running[run:later], self.lead
            )
            here, run = after, later

    def twin(self, dtype: Any = None, lead: tuple[int, ...] = ()) -> Stack:
        """Return a stack of the same layers with vectors of its own (all 0 if it has a lead)."""
        layers = [copy.copy(layer) for layer in self.layers]
        dtype = self.dtype if dtype is None else dtype
        l2, l1 = float(self.l2), float(self.l1)
        other = Stack(layers, self.loss, self.reduction, dtype, l2, l1, lead)
        if not lead:
            other.muted = dict(self.muted)
            other.theta[...] = self.theta
            other.running[...] = self.running
        return other

    def blocks(self, vector: Array) -> dict[str, Array]:
        """Return public views of a flat vector by name, such as ``"hidden.weight"``."""
        views, here = {}, 0
        for layer in self.layers:
            part = vector[here : here + layer.parameter_count]
            views.update({f"{layer.name}.{k}": v for k, v in layer.views(part).items()})
            here += layer.parameter_count
        return views

    def mask(self, kind: str) -> Array:
        """Return a vector with 1 at every ``"weight"`` (or other kind of block), else 0."""
        if kind not in self._masks:
            place = np.zeros(self.size, self.dtype)
            for name, view in self.blocks(place).items():
                view[...] = name.endswith("." + kind)
            self._masks[kind] = self.spread(place)
        return self._masks[kind]

    def spread(self, vector: Array) -> Array:
        """Return what is one network's vector (n_params,), or R of them (R, n_params), as ours."""
        if not self.lead:
            return vector
        counts = [layer.parameter_count for layer in self.layers]
        return self._spread(np.broadcast_to(vector, (self.copies, self.size)), counts)

    def _spread(self, table: Array, counts: list[int]) -> Array:
        parts = np.split(table, np.cumsum(counts)[:-1], axis=1)
        return np.concatenate(
            [
                part.reshape(self.copies, layer.rows, -1).transpose(1, 0, 2).ravel()
                for layer, part in zip(self.layers, parts, strict=True)
                if part.size
            ]
        )

    def gather(self, vector: Array) -> Array:
        """Return our vector as rows, (R, n_params): what `spread` was given."""
        return self._gather(vector, [layer.parameter_count for layer in self.layers])

    def gather_running(self) -> Array:
        """Return the running statistics as rows, one per network."""
        return self._gather(self.running, [layer.running_count for layer in self.layers])

    def _gather(self, vector: Array, counts: list[int]) -> Array:
        parts, here = [np.empty((self.copies, 0), self.dtype)], 0
        for layer, count in zip(self.layers, counts, strict=True):
            part = vector[here : here + self.copies * count]
            here += part.size
            if count:
                part = part.reshape(layer.rows, self.copies, -1).transpose(1, 0, 2)
                parts.append(part.reshape(self.copies, -1))
        return np.concatenate(parts, axis=1)

    def penalty(self) -> Any:
        """Return ½·l2·Σw² + l1·Σ|w| over weights and kernels (one number per network)."""
        if not (self.l2 or self.l1) or not self.size:
            return np.zeros(self.lead) if self.lead else 0.0
        weights = self.theta * self.mask("weight")
        # |w| as w·sign(w), which has the right derivative for the complex step as well.
        terms = 0.5 * self.l2 * weights * weights + self.l1 * weights * np.sign(weights.real)
        return self.gather(terms).sum(axis=1) if self.lead else terms.sum()
