"""An experiment: what goes in, the network, the data, and how it trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnsim.experiments.inputs import format_input, parse_input, parse_target

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from nnsim.engine import Network, Trainer
    from nnsim.experiments.datasets import DataSet
    from nnsim.experiments.inputs import InputSpec
    from nnsim.experiments.network import NetworkSpec
    from nnsim.experiments.training import TrainingSpec

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Experiment:
    """One experiment, read and checked.

    Attributes
    ----------
    id, title : str
    path : Path
        Its file.
    input : InputSpec
    classes : tuple of str
        The names of the classes; empty for regression.
    network : NetworkSpec
    data : DataSet
    training : TrainingSpec
    """

    id: str
    title: str
    path: Path
    input: InputSpec
    classes: tuple[str, ...]
    network: NetworkSpec
    data: DataSet
    training: TrainingSpec

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape in which the network takes one input, without the batch axis."""
        return self.network.input_shape

    @property
    def outputs(self) -> int:
        """How many numbers the network gives."""
        return self.network.outputs

    def build_network(self, seed: int | None = None) -> Network:
        """Return the network at its start parameters.

        Parameters
        ----------
        seed : int, optional
            Another seed for the start weights than the file's. Parameters that the file writes
            out are the same with any seed.
        """
        from nnsim.experiments.building import build_network

        return build_network(self, self.network.seed if seed is None else seed)

    def build_trainer(self, network: Network, seed: int | None = None) -> Trainer:
        """Return a trainer for `network` as ``[training]`` says."""
        from nnsim.experiments.building import build_trainer

        return build_trainer(self, network, self.training.seed if seed is None else seed)

    def open(self, *, untrained: bool = False) -> tuple[Network, Trainer]:
        """Return network and trainer as a person first sees them.

        An experiment with ``on_open = true`` is trained on the spot, unless `untrained`.
        """
        network = self.build_network()
        trainer = self.build_trainer(network)
        if self.training.on_open and not untrained and self.data.count:
            for _progress in trainer.run(
                self.data.inputs, self.data.targets, epochs=self.training.epochs
            ):
                pass
        return network, trainer

    def parse_input(self, text: str) -> Array:
        """Return the input that `text` writes, in `input_shape`.

        Raises
        ------
        ExperimentError
            If it is too short, too long, or not finite numbers.
        """
        return parse_input(self.input, text).reshape(self.input_shape)

    def format_input(self, values: Array) -> str:
        """Return the text that `parse_input` reads back as `values`."""
        return format_input(self.input, values)

    def parse_target(self, text: str) -> Array:
        """Return the target that `text` writes, ``(outputs,)``: a class name, or numbers.

        Raises
        ------
        ExperimentError
            If it is no class, too short, too long, or not finite numbers.
        """
        return parse_target(text, self.classes, self.outputs)

    def decide(self, output: Array) -> int | None:
        """Return the position (from 0) of the class that `output` reads; None for regression.

        The largest output decides, the first on a tie; a single output says class 1 from .5 on.
        """
        if not self.classes:
            return None
        if len(output) == 1:
            return int(output[0] >= 0.5)
        return int(output.argmax())
