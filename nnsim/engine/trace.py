"""A trace: everything one pass computed, layer by layer, copied out of the tape's buffers."""

from __future__ import annotations

from dataclasses import dataclass, field

from nnsim.engine.layers.base import Signals, batch_first
from nnsim.engine.plan import Plan
from nnsim.engine.tape import Array


@dataclass(frozen=True, slots=True)
class LayerTrace:
    """One layer of a trace; arrays are batch first, None where a field has no meaning.

    Attributes
    ----------
    name, kind, activation : str
    x, a : array (m, …)
        What went in, what came out.
    z : array (m, …) or None
        Before the activation; None for layers that have none (flatten, pools, dropout).
    delta : array (m, …) or None
        ∂(net.loss)/∂z, or ∂(net.loss)/∂a where there is no z; None without a target.
    weight, bias, grad_weight, grad_bias : array or None
        In the layer's public shapes; gradients of net.loss.
    parameters, gradients : dict of str to array
        The same by name, for layers that call theirs otherwise (``"gamma"``, ``"beta"``).
    saved : dict of str to array
        What else the layer keeps: the mask of dropout, mean and variance of batch norm, …
    """

    name: str
    kind: str
    activation: str
    x: Array
    z: Array | None
    a: Array
    delta: Array | None
    parameters: dict[str, Array] = field(default_factory=dict)
    gradients: dict[str, Array] = field(default_factory=dict)
    saved: dict[str, Array] = field(default_factory=dict)

    @property
    def weight(self) -> Array | None:
        """The weights or kernel."""
        return self.parameters.get("weight")

    @property
    def bias(self) -> Array | None:
        """The biases."""
        return self.parameters.get("bias")

    @property
    def grad_weight(self) -> Array | None:
        """∂(net.loss)/∂weight."""
        return self.gradients.get("weight")

    @property
    def grad_bias(self) -> Array | None:
        """∂(net.loss)/∂bias."""
        return self.gradients.get("bias")


@dataclass(frozen=True, slots=True)
class Trace:
    """One pass through a network.

    Attributes
    ----------
    layers : tuple of LayerTrace
    input, output : array (m, …)
    target : array (m, …) or None
    losses : array (m,) or None
        Of each sample, without reduction and penalty; None without a target.
    loss : float or None
        net.loss(x, target).
    """

    layers: tuple[LayerTrace, ...]
    input: Array
    output: Array
    target: Array | None = None
    losses: Array | None = None
    loss: float | None = None

    def __getitem__(self, name: str) -> LayerTrace:
        """Return the layer of this name."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)


def read(plan: Plan) -> Trace:
    """Copy a trace out of the buffers of a plan that has just run."""
    backward = plan.until == "gradients"
    layers = tuple(_layer(signals, backward) for signals in plan.signals)
    return Trace(
        layers,
        input=plan.inputs.copy(),
        output=plan.outputs.copy(),
        target=plan.targets.copy() if backward else None,
        losses=plan.losses.copy() if backward else None,
        loss=float(plan.total()) if backward else None,
    )


def _layer(signals: Signals, backward: bool) -> LayerTrace:
    layer = signals.layer

    def copied(array: Array | None) -> Array | None:
        return None if array is None else batch_first(array).copy()

    return LayerTrace(
        name=layer.name,
        kind=layer.kind,
        activation=layer.activation,
        x=batch_first(signals.x).copy(),
        z=copied(signals.z),
        a=batch_first(signals.passed).copy(),
        delta=copied(signals.delta) if backward else None,
        parameters={name: view.copy() for name, view in layer.views(layer.theta).items()},
        gradients={name: view.copy() for name, view in layer.views(layer.gradient).items()}
        if backward
        else {},
        saved={name: layer.public_saved(name, value) for name, value in signals.saved.items()},
    )
