"""One forward and backward pass through the gates of a 12-3-2 network: ours and micrograd's.

    python benchmarks/circuit.py

Both run in turns in this process, on the same graph with the same numbers; their gradients are
compared first. Ours replays a graph that is built. micrograd's objects compute as they are built,
so a forward pass builds them; its backward pass is also given by itself. The sigmoid is one object
in micrograd, as its relu is, which is the fastest it can be written.
"""

from __future__ import annotations

import math
import operator
import statistics
import sys
from collections.abc import Callable
from time import perf_counter

import numpy as np

from nnsim.circuit import Circuit
from nnsim.circuit.unroll import unroll
from nnsim.engine import Dense, Network

ROUNDS = 60


def network_circuit() -> Circuit:
    layers = [Dense(3, "sigmoid", name="hidden"), Dense(2, "sigmoid", name="output")]
    network = Network(layers, input_shape=(12,), loss="squared_error", seed=0)
    image = [1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1]
    return unroll(network, np.array(image, float), np.array([1.0, 0.0]))


def micrograd_pass(circuit: Circuit, leaves: list[float]) -> Callable[[], tuple[list, Callable]]:
    """Return a function that builds the graph of `circuit` in micrograd; then its backward."""
    from micrograd.engine import Value

    def sigmoid(z: Value) -> Value:
        out = Value(1 / (1 + math.exp(-z.data)), (z,), "sigmoid")

        def backward() -> None:
            z.grad += out.data * (1 - out.data) * out.grad

        out._backward = backward
        return out

    make: dict[str, Callable[..., Value]] = {
        "add": operator.add,
        "subtract": operator.sub,
        "multiply": operator.mul,
        "power": lambda a: a**2,
        "sigmoid": sigmoid,
    }
    program = [(make[node.kind.id], node.index, node.inputs) for node in circuit.gates]
    template: list[float] = [node.number for node in circuit.graph.nodes]

    def forward() -> tuple[list, Callable]:
        numbers = template.copy()
        for index, leaf in zip(circuit.graph.inputs, leaves, strict=True):
            numbers[index] = leaf
        values = [Value(number) for number in numbers]
        for make_gate, index, inputs in program:
            values[index] = make_gate(*[values[i] for i in inputs])
        return values, values[circuit.graph.output].backward

    return forward


def microseconds(work: Callable[[], object], repeats: int) -> float:
    start = perf_counter()
    for _ in range(repeats):
        work()
    return (perf_counter() - start) / repeats * 1e6


def main() -> None:
    circuit = network_circuit()
    leaves = list(circuit.inputs.values())
    circuit.evaluate(leaves)  # compiles
    print(f"12-3-2, squared error: {len(circuit.gates)} gates, {len(leaves)} inputs")
    try:
        forward = micrograd_pass(circuit, leaves)
    except ImportError:
        forward = None
        print("micrograd is not installed (pip install micrograd): ours alone", file=sys.stderr)
    else:
        values, backward = forward()
        backward()
        for index in circuit.graph.inputs:
            assert math.isclose(values[index].grad, circuit.gradients[index], rel_tol=1e-12)

    ours, walks, theirs, theirs_back = [], [], [], []
    for _ in range(ROUNDS):
        ours.append(microseconds(lambda: circuit.evaluate(leaves), 200))
        walks.append(microseconds(lambda: circuit.graph.evaluate(leaves), 20))
        if forward:
            theirs.append(microseconds(lambda: forward()[1](), 20))
            theirs_back.append(microseconds(forward()[1], 1))

    ours_median = statistics.median(ours)
    print(f"nnsim, the program of the circuit  {ours_median:8.1f} µs")
    print(f"nnsim, gate by gate                {statistics.median(walks):8.1f} µs")
    if forward:
        whole, back = statistics.median(theirs), statistics.median(theirs_back)
        print(f"micrograd, forward and backward    {whole:8.1f} µs   {whole / ours_median:6.1f} ×")
        print(f"micrograd, backward alone          {back:8.1f} µs   {back / ours_median:6.1f} ×")


if __name__ == "__main__":
    main()
