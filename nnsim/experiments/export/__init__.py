"""Programs that run by themselves and say what a network of nnsim says.

Each is one file with the parameters in it: as numbers where there are few, else packed as text. It
gives the outputs of `Network.forward`, in evaluation mode, to 1e-6.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from nnsim.experiments.files import ExperimentError
from nnsim.i18n import _

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnsim.engine import Network
    from nnsim.experiments.experiment import Experiment

    Array = NDArray[Any]

TARGETS = ("numpy", "keras", "torch")


@dataclass(frozen=True, eq=False)
class Subject:
    """A network and how people speak of it."""

    title: str
    network: Network
    kind: str  # of the input: ``"pixels"``, ``"vector"``, ``"point"`` or ``"number"``
    classes: tuple[str, ...]  # empty for regression
    outputs: tuple[str, ...]  # what the outputs are called, one each
    example: Array  # an input
    usage: str  # an input as one types it; empty where it would be long


def subject_of(experiment: Experiment, network: Network, example: Array | None = None) -> Subject:
    """Return what a program is written about.

    `network`: one of its shape, with any parameters.
    `example`: the input that the program shows; without it the first sample.
    """
    if example is None:
        data = experiment.data
        example = data.inputs[0] if data.count else np.zeros(experiment.input_shape)
    flat = np.asarray(example, np.float64).reshape(-1)
    last = experiment.network.layers[-1]
    count = network.output_shape[0]
    names = last.labels or (experiment.classes if len(experiment.classes) == count else ())
    usage = experiment.format_input(flat)
    return Subject(
        title=experiment.title,
        network=network,
        kind=experiment.input.kind,
        classes=experiment.classes,
        outputs=tuple(names) or tuple(f"{last.name}[{k + 1}]" for k in range(count)),
        example=flat,
        usage=usage if len(usage) <= 40 else "",
    )


def program(subject: Subject, target: str, *, ascii_only: bool = False) -> str:
    """Return the program.

    `target`: one of `TARGETS`.
    `ascii_only`: write names that are not ASCII with escapes.

    Raises ExperimentError if the parameters are no longer finite.
    """
    network = subject.network
    for values in (network.parameters, network.running):
        if not np.isfinite(values).all():
            raise ExperimentError(_("the parameters are no longer finite: there is nothing to run"))
    writer = import_module(f"nnsim.experiments.export.{target}_program")
    text: str = writer.write(subject, ascii if ascii_only else repr)
    return text
