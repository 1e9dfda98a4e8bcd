"""What several commands ask about: the network of an experiment or session."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.cli.output import CommandError
from nnsim.i18n import _

if TYPE_CHECKING:
    import argparse

    from nnsim.engine import Network, Trainer
    from nnsim.experiments import Experiment
    from nnsim.lab import Lab


@dataclass(frozen=True)
class Subject:
    """An experiment by itself, or on the bench of a session."""

    experiment: Experiment
    lab: Lab | None = None  # the bench of a session, with its parameters


def open_subject(name: str | Path) -> Subject:
    """Return the experiment of an id or a file, or that of a session file.

    Raises ExperimentError if there is none, or the file is not sound.
    """
    from nnsim.experiments import load
    from nnsim.experiments.catalogue import is_session

    if not is_session(name):
        return Subject(load(name))
    from nnsim.tui.sessions import open_session

    lab = open_session(str(name)).lab
    return Subject(lab.experiment, lab)


def add_experiment_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("experiment", metavar="EXPERIMENT", help=_("an id, or a file"))


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Take an experiment, and say which parameters its network should have."""
    add_experiment_argument(parser)
    parser.add_argument("--model", metavar="FILE", help=_("take the parameters of this .npz"))
    parser.add_argument(
        "--untrained",
        action="store_true",
        help=_("take the start weights where the experiment opens trained"),
    )


def open_network(subject: Subject, arguments: argparse.Namespace) -> Network:
    """Return the network that the command is about.

    Raises CommandError if the model does not fit the experiment.
    """
    experiment, lab = subject.experiment, subject.lab
    if arguments.model is None:
        if lab is None:
            return experiment.open(untrained=arguments.untrained)[0]
        if arguments.untrained:
            lab.restart()
        return lab.network
    from nnsim.engine import Network

    network: Network = Network.load(arguments.model)
    expected = experiment.build_network()
    if _shapes(network) != _shapes(expected):
        problem = _("{model} has another network than {experiment}: {got}; it should be {want}")
        raise CommandError(
            problem.format(
                model=arguments.model,
                experiment=experiment.id,
                got=_describe(network),
                want=_describe(expected),
            )
        )
    return network


def refuse_without_data(experiment: Experiment) -> None:
    if not experiment.data.count:
        problem = _("{experiment} has no data to train on; a [data] table in its file says which")
        raise CommandError(problem.format(experiment=experiment.id))


def open_trainer(subject: Subject, seed: int | None) -> tuple[Network, Trainer]:
    """Return network and trainer at the start, or where a session stands unless there is a seed."""
    lab = subject.lab
    if lab is None:
        network = subject.experiment.build_network(seed)
        return network, subject.experiment.build_trainer(network, seed)
    from nnsim.lab.training.surgery import refuse_muted

    refuse_muted(lab.network, _("training"))
    if seed is not None:
        lab.trainer.seed = seed
        lab.restart(seed=seed)
    return lab.network, lab.trainer


def _shapes(network: Network) -> list[object]:
    layers = [(layer.kind, layer.activation, layer.output_shape) for layer in network.layers]
    blocks = network.blocks(network.parameters)
    return [network.input_shape, layers, [block.shape for block in blocks.values()]]


def _describe(network: Network) -> str:
    shapes = [network.input_shape, *(layer.output_shape for layer in network.layers)]
    return "-".join("×".join(map(str, shape)) for shape in shapes)


def are_one(name: str | Path, other: str | Path) -> bool:
    """Tell whether two paths lead to one file, which need not be there yet."""
    path, other = Path(name), Path(other)
    try:
        if path.samefile(other):
            return True
    except (OSError, ValueError):
        pass
    try:
        return os.path.normcase(path.resolve()) == os.path.normcase(other.resolve())
    except (OSError, RuntimeError, ValueError):
        return False
