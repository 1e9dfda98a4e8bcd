"""Going through a circuit one gate at a time: forward to the output, then back to the inputs."""

from __future__ import annotations

from enum import StrEnum

from nnsim.circuit.circuit import Circuit, Step


class Phase(StrEnum):
    """Which way the walk is going."""

    FORWARD = "forward"
    BACKWARD = "backward"


class Walk:
    """A place in the walk through a circuit of n gates: 0, nothing done, to 2n, all done.

    The first n steps are the gates in topological order; each gives its gate a value. The next n
    are the same gates in reverse; each sends gradients back to the inputs of its gate, where they
    add up.

    Attributes
    ----------
    position : int
        How many steps have been taken.
    values : list of float or None
        What is known of each node's value: None before its gate's turn.
    gradients : list of float or None
        What has come back to each node so far: None where nothing has. The output has its
        gradient, 1, as soon as the forward steps are done.
    """

    def __init__(self, circuit: Circuit, position: int = 0) -> None:
        self.circuit = circuit
        self._order = [node.index for node in circuit.gates]
        self._trail: list[dict[int, float | None]] = []  # of each step, what it wrote over
        self.position = 0
        gates = set(self._order)
        self.values: list[float | None] = [
            None if index in gates else value for index, value in enumerate(circuit.values)
        ]
        self.gradients: list[float | None] = [None] * len(circuit.values)
        self._seed()
        self.go(position)

    @property
    def last(self) -> int:
        """The position at which everything is done."""
        return 2 * len(self._order)

    @property
    def phase(self) -> Phase:
        """Which way the last step went; forward before the first."""
        return Phase.BACKWARD if self.position > len(self._order) else Phase.FORWARD

    @property
    def step(self) -> Step | None:
        """The last step taken; None before the first.

        Its numbers are those of the whole pass; what is known yet is in `values` and `gradients`.
        """
        return self.circuit.step(self._gate(self.position - 1)) if self.position else None

    def next(self) -> bool:
        """Take a step; return whether there was one to take."""
        if self.position == self.last:
            return False
        index = self._gate(self.position)
        backward = self.position >= len(self._order)
        self.position += 1
        if backward:
            self._send_back(self.circuit.step(index))
        else:
            self.values[index] = self.circuit.values[index]
            self._seed()
        return True

    def previous(self) -> bool:
        """Undo a step; return whether there was one to undo."""
        if self.position == 0:
            return False
        self.position -= 1
        if self.position >= len(self._order):
            for node, gradient in self._trail.pop().items():
                self.gradients[node] = gradient
        else:
            self.values[self._gate(self.position)] = None
            self.gradients[self.circuit.graph.output] = None
        return True

    def go(self, position: int) -> None:
        """Take or undo steps until `position`, or the end that is nearest to it."""
        while self.position < position and self.next():
            pass
        while self.position > position and self.previous():
            pass

    def _gate(self, position: int) -> int:
        count = len(self._order)
        return self._order[position if position < count else 2 * count - 1 - position]

    def _seed(self) -> None:
        """At the end of the forward steps, the output has the gradient 1."""
        if self.position == len(self._order):
            self.gradients[self.circuit.graph.output] = 1.0

    def _send_back(self, step: Step) -> None:
        self._trail.append({source: self.gradients[source] for source in step.node.inputs})
        for source, gradient in zip(step.node.inputs, step.gradient, strict=True):
            self.gradients[source] = (self.gradients[source] or 0.0) + gradient
