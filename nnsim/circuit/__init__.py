"""Scalar gates, for explanation: graphs, expressions, unrolled networks."""

from nnsim.circuit.circuit import Circuit, Part, Step, Trouble
from nnsim.circuit.errors import CircuitError
from nnsim.circuit.expression import from_expression, parse, read_values
from nnsim.circuit.graph import Graph, Node
from nnsim.circuit.walk import Phase, Walk

__all__ = [
    "Circuit", "CircuitError", "Graph", "Node", "Part", "Phase", "Step", "Trouble", "Walk",
    "from_expression", "parse", "read_values",
]  # fmt: skip
