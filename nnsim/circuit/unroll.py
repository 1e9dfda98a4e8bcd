"""A network of dense layers, with one sample and its loss, as scalar gates.

Every value has the name of its address: ``hidden[2].w[5]`` is an input of the circuit,
``hidden[2].z`` a gate. What belongs to a unit's sum, to its activation or to the loss is a block
and can be folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from nnsim.circuit.circuit import Circuit
from nnsim.circuit.expression import parse
from nnsim.circuit.gates import ADD, DIVIDE, EXP, LOG, MULTIPLY, NEGATE, SUBTRACT
from nnsim.circuit.graph import Builder, CircuitError, Graph
from nnsim.i18n import _

if TYPE_CHECKING:
    from nnsim.engine import Network

MOST_GATES = 50_000
# exp leaves the floats at 709, its square at 354; for larger scores the same is written otherwise.
LARGEST_SCORE = 300.0

# ln(1 + eᶻ) where eᶻ leaves the floats.
_LARGE_SOFTPLUS = "relu(z) + log(1 + exp(-abs(z)))"
# One output's share of a loss, over its a, z and target t. 1 − σ(z) = σ(−z) keeps the digits that
# 1 − a would lose.
_SQUARED = "(t - a)**2"
_CROSS_ENTROPY = "-(t*log(a) + (1 - t)*log(sigmoid(-z)))"
_LARGE_CROSS_ENTROPY = f"({_LARGE_SOFTPLUS}) - t*z"


def unroll(network: Network, x: Any, target: Any) -> Circuit:
    """Return `network` reading one sample as a circuit; its output is ``network.loss``.

    The network is of dense layers; flatten, dropout (at rest) and activations may stand between
    them. Sample and target come with or without the batch axis.

    The circuit has the names ``input[i]``, ``LAYER[k].w[i]``, ``LAYER[k].b``, ``LAYER[k].z``,
    ``LAYER[k].a``, ``target[k]``, ``loss`` and, where there is one, ``penalty``. The gradients are
    those of ``network.gradients``.

    Raises CircuitError when a layer or an activation has no gates, more than one sample came, or
    there would be more than 50,000 gates; EngineError when the network refuses sample or target.
    """
    x, target = np.asarray(x), np.asarray(target)
    x = x[None] if x.shape == network.input_shape else x
    target = target[None] if target.shape == network.output_shape else target
    x, target = network.check(x, target)
    if len(x) != 1:
        message = _("{count} samples came; a circuit reads one")
        raise CircuitError(message.format(count=len(x)))
    return _Unroller(network).unroll(x, target.ravel().tolist())


@cache
def _expression(text: str) -> Graph:
    return parse(text)


class _Unroller:
    def __init__(self, network: Network) -> None:
        self.network = network
        self.builder = Builder()
        self.leaves: list[float] = []
        self.values: list[float] = []  # of the layer's z or a, to see how large they are
        self.weights: list[int] = []
        self.z: list[int] = []

    def unroll(self, x: np.ndarray[Any, Any], target: list[float]) -> Circuit:
        self._check()
        signal = self._inputs("input", x.ravel().tolist())
        for layer, seen in zip(self.network.layers, self.network.trace(x).layers, strict=True):
            if seen.z is None:  # nothing happens to a single sample: flatten, dropout at rest
                continue
            self.z = self._sums(layer, signal) if layer.kind == "dense" else signal
            self.values = seen.z.ravel().tolist()
            signal = self._activate(layer, self.z)
        loss = self._loss(signal, target)
        self.builder.name(loss, "loss")
        return Circuit(self.builder.build(self._penalised(loss)), self.leaves)

    def _check(self) -> None:
        if self.network.muted:
            raise CircuitError(_("units are muted, and a circuit has all of them; unmute them"))
        gates = 0
        for layer in self.network.layers:
            if layer.kind not in ("dense", "activation", "flatten", "dropout"):
                message = _("the layer {name} ({kind}) cannot be unrolled into gates; dense can")
                raise CircuitError(message.format(name=layer.name, kind=layer.kind))
            if not layer.function.scalar and layer.activation != "softmax":
                message = _("the activation {activation} of {name} has no gates: no useful slope")
                raise CircuitError(message.format(activation=layer.activation, name=layer.name))
            gates += 2 * layer.parameter_count
        if gates > MOST_GATES:
            message = _("about {gates:,} gates; at most {most:,} can be looked at one by one")
            raise CircuitError(message.format(gates=gates, most=MOST_GATES))

    def _input(self, name: str, value: float) -> int:
        self.leaves.append(value)
        return self.builder.input(name)

    def _inputs(self, name: str, values: Sequence[float]) -> list[int]:
        return [self._input(f"{name}[{i}]", value) for i, value in enumerate(values, 1)]

    def _sums(self, layer: Any, signal: list[int]) -> list[int]:
        """Add z = w₁x₁ + w₂x₂ + … + b for every unit."""
        z = []
        for unit, (column, bias) in enumerate(zip(layer.weight.T, layer.bias, strict=True), 1):
            address = f"{layer.name}[{unit}]"
            weights = self._inputs(f"{address}.w", column.tolist())
            self.weights += weights
            b = self._input(f"{address}.b", float(bias))
            with self.builder.block(f"{address}.z"):
                products = [
                    self.builder.gate(MULTIPLY, w, x) for w, x in zip(weights, signal, strict=True)
                ]
                total = self._sum([*products, b])
            self.builder.name(total, f"{address}.z")
            z.append(total)
        return z

    def _activate(self, layer: Any, z: list[int]) -> list[int]:
        if layer.activation == "softmax":
            a = self._softmax(z)
        elif layer.activation == "identity":
            a = z
        else:
            a = [
                self._insert(self._activation(layer, value), f"{layer.name}[{k}].a", z=node)
                for k, (node, value) in enumerate(zip(z, self.values, strict=True), 1)
            ]
        for k, node in enumerate(a, 1):
            self.builder.name(node, f"{layer.name}[{k}].a")
        return a

    @staticmethod
    def _activation(layer: Any, z: float) -> str:
        if layer.activation == "softplus" and z > LARGEST_SCORE:
            return _LARGE_SOFTPLUS
        return str(layer.function.scalar.format(**layer.function.config()))

    def _softmax(self, z: list[int]) -> list[int]:
        powers = [self.builder.gate(EXP, node) for node in self._in_range(z)]
        total = self._sum(powers)
        return [self.builder.gate(DIVIDE, power, total) for power in powers]

    def _in_range(self, scores: list[int]) -> list[int]:
        """Subtract the largest score, as a number that stays, where exp needs it."""
        if max(map(abs, self.values)) <= LARGEST_SCORE:
            return scores
        largest = self.builder.constant(max(self.values))
        return [self.builder.gate(SUBTRACT, score, largest) for score in scores]

    def _loss(self, a: list[int], target: list[float]) -> int:
        name = self.network.loss_name
        if name == "hinge":
            return self._hinge(a, target)
        t = self._inputs("target", target)
        with self.builder.block("loss"):
            match name:
                case "softmax_cross_entropy":
                    return self._softmax_cross_entropy(a, t)
                case "binary_cross_entropy":
                    return self._binary_cross_entropy(a, t)
                case "squared_error":
                    return self._squares(0.5, a, t)
                case "mean_squared_error":
                    return self._squares(1 / len(a), a, t)
        raise NotImplementedError(f"the loss {name} in gates")

    def _squares(self, factor: float, a: list[int], t: list[int]) -> int:
        terms = [self._insert(_SQUARED, t=tk, a=ak) for tk, ak in zip(t, a, strict=True)]
        return self.builder.gate(MULTIPLY, self.builder.constant(factor), self._sum(terms))

    def _binary_cross_entropy(self, a: list[int], t: list[int]) -> int:
        terms = []
        for tk, ak, zk, value in zip(t, a, self.z, self.values, strict=True):
            if abs(value) <= LARGEST_SCORE:
                terms.append(self._insert(_CROSS_ENTROPY, t=tk, a=ak, z=zk))
            else:
                terms.append(self._insert(_LARGE_CROSS_ENTROPY, z=zk, t=tk))
        return self._sum(terms)

    def _softmax_cross_entropy(self, a: list[int], t: list[int]) -> int:
        """Add −Σ t ln p; where p may be too small for a float, ln Σ eᶻ − Σ t z, which is the same.

        Without a softmax as its last layer the network's outputs are the scores.
        """
        fused = self.network.layers[-1].activation == "softmax"
        if max(map(abs, self.values)) <= LARGEST_SCORE:
            p = a if fused else self._softmax(a)
            logs = [self.builder.gate(LOG, node) for node in p]
            return self.builder.gate(NEGATE, self._dot(t, logs))
        scores = self._in_range(self.z if fused else a)
        powers = [self.builder.gate(EXP, node) for node in scores]
        logarithm = self.builder.gate(LOG, self._sum(powers))
        return self.builder.gate(SUBTRACT, logarithm, self._dot(t, scores))

    def _hinge(self, a: list[int], target: list[float]) -> int:
        """Add Σ relu(sⱼ − s_right + 1) over the wrong classes; which is right stays as it is."""
        right = target.index(max(target))
        wrong = [node for k, node in enumerate(a) if k != right]
        with self.builder.block("loss"):
            return self._sum([self._insert("relu(s - r + 1)", s=s, r=a[right]) for s in wrong])

    def _penalised(self, loss: int) -> int:
        """Add ½·l2·Σw² + l1·Σ|w| over the weights, where the network has such a penalty."""
        terms = []
        with self.builder.block("penalty"):
            for factor, form in ((0.5 * self.network.l2, "w**2"), (self.network.l1, "abs(w)")):
                if factor:
                    total = self._sum([self._insert(form, w=w) for w in self.weights])
                    constant = self.builder.constant(factor)
                    terms.append(self.builder.gate(MULTIPLY, constant, total))
            if not terms:
                return loss
            penalty = self._sum(terms)
        self.builder.name(penalty, "penalty")
        return self.builder.gate(ADD, loss, penalty)

    def _sum(self, nodes: list[int]) -> int:
        total = nodes[0]
        for node in nodes[1:]:
            total = self.builder.gate(ADD, total, node)
        return total

    def _dot(self, left: list[int], right: list[int]) -> int:
        pairs = zip(left, right, strict=True)
        return self._sum([self.builder.gate(MULTIPLY, one, other) for one, other in pairs])

    def _insert(self, text: str, block: str | None = None, **nodes: int) -> int:
        """Add the gates of an expression, its names standing for `nodes`."""
        graph = _expression(text)
        inputs = (nodes[graph.nodes[index].name] for index in graph.inputs)
        return self.builder.insert(graph, *inputs, block=block)
