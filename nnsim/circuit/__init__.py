"""Scalar gates, for explanation: graphs, expressions, unrolled networks.

`gates` is the place to start: a table of what each kind computes. `graph` puts gates together,
`circuit` gives them values, `walk` goes through them one at a time, `blocks` folds them. What not
every use needs is imported by itself: `unroll` (a network as gates), `layout` (where to draw what),
`wording` (roles and formulas to read) and `examples`.
"""

from nnsim.circuit.circuit import Circuit, Part, Phase, Step, Trouble, Walk
from nnsim.circuit.expression import from_expression, parse, read_values
from nnsim.circuit.graph import CircuitError, Graph, Node

__all__ = [
    "Circuit", "CircuitError", "Graph", "Node", "Part", "Phase", "Step", "Trouble", "Walk",
    "from_expression", "parse", "read_values",
]  # fmt: skip
