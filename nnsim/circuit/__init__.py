"""Scalar gates, for explanation: graphs, expressions, unrolled networks.

`gates` is the place to start: a table of what each kind computes and does to a gradient. `graph`
puts gates together, folds them and writes their formulas, `circuit` gives them values and walks
through them, `expression` reads them. What not every use needs is imported by itself: `unroll` (a
network as gates) and `layout` (where to draw what).
"""

from nnsim.circuit.circuit import Circuit, Part, Phase, Step, Trouble, Walk
from nnsim.circuit.expression import from_expression, parse, read_values
from nnsim.circuit.graph import CircuitError, Graph, Node

__all__ = [
    "Circuit", "CircuitError", "Graph", "Node", "Part", "Phase", "Step", "Trouble", "Walk",
    "from_expression", "parse", "read_values",
]  # fmt: skip
