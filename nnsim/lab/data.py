"""The data on the bench: `lab.experiment.data`, and how it is changed.

The data that is on the bench is the one that everything is measured on, whatever a run was trained
with: the curves of older runs too, so that runs can be compared with one another and with what
stands on the screen. A rewind goes back with the network, not with the data.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from nnsim.experiments import editing
from nnsim.experiments.samples import MOST_SAMPLES, MOST_VALUES
from nnsim.i18n import _
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.experiments import DataSet, Experiment
    from nnsim.lab.lab import Lab

Array = NDArray[np.float64]


class DataFiles(Protocol):
    """Reads and writes files of data; the bench itself touches none."""

    def read(self, name: str, experiment: Experiment) -> DataSet:
        """Return the data in a file, as this experiment's network takes them."""

    def write(self, name: str, experiment: Experiment, *, overwrite: bool = False) -> str:
        """Write the data of an experiment to a file; says what is in it."""


def take(lab: Lab, data: DataSet) -> None:
    """Put this data on the bench, in place of what is there.

    An epoch of mini-batches that has begun begins anew, unless only what samples are has changed.
    """
    before = lab.experiment.data
    lab.experiment = replace(lab.experiment, data=data)
    lab.measure_on(lab.experiment)
    if lab.trainer.position and data.inputs is not before.inputs:
        stopped = lab.trainer.stopped
        lab.trainer.restore({**lab.trainer.state(), "position": 0, "order_state": None})
        lab.trainer.stopped = stopped
    lab.changed(parameters=True)


def take_all(lab: Lab, data: DataSet) -> None:
    """Put this data on the bench, all of it new: what undo holds of it is counted whole."""
    take(lab, counted(data))


def counted(data: DataSet) -> DataSet:
    """The same data, all of it new to the memory of undo."""
    arrays = (data.inputs, data.targets, data.test_inputs, data.test_targets)
    return replace(data, grown=sum(array.nbytes for array in arrays))


def add(lab: Lab, text: str = "") -> int:
    """Add the input to the training data; returns its position, from 0.

    Parameters
    ----------
    lab : Lab
    text : str
        What it is: a class or numbers; nothing for the target that is on the bench.

    Raises
    ------
    LabError
        Without a target, for one that this network can't learn, and beyond all measure.
    """
    data = lab.experiment.data
    target = _target(lab, text)
    if data.count >= MOST_SAMPLES or (data.count + 1) * lab.input.size > MOST_VALUES:
        raise LabError(
            _("there are {count} samples to train on; more do not fit").format(count=data.count)
        )
    take(lab, editing.added(data, lab.input, target, lab.decide(target)))
    lab.target, lab.sample, lab.edited = target, data.count, False
    return data.count


def _target(lab: Lab, text: str) -> Array:
    """What the input is, as a text says, or as the bench does."""
    if text:
        return parsed_target(lab, text)
    if lab.target is None:
        example = suggestion(lab)
        raise LabError(
            _("say what it is, as in: add {example}").format(example=example)
            if not lab.experiment.classes
            else _("say what it is, as in: add {example} (the classes are {classes})").format(
                example=example, classes=", ".join(lab.experiment.classes)
            )
        )
    if lab.sample is not None and not lab.edited:
        what = lab.describe_target(lab.target)
        raise LabError(
            _(
                "this is sample {number} already; change it first, or say what it is: add {what}"
            ).format(number=lab.sample + 1, what=what)
        )
    return lab.target.copy()


def suggestion(lab: Lab) -> str:
    """What the network says of the input, as one writes it behind ``add``."""
    said = lab.prediction
    if said is not None and said < len(lab.experiment.classes):
        return lab.experiment.classes[said]
    return " ".join(f"{value:.4g}" for value in lab.output)


def parsed_target(lab: Lab, text: str) -> Array:
    """Read a target, one that the network's loss makes sense for.

    Raises
    ------
    ValueError
        (An `ExperimentError` where it can't be read.)
    """
    from nnsim.engine.losses import loss as engine_loss

    target = lab.experiment.parse_target(text)
    engine_loss(lab.experiment.network.loss).check_targets(target[None])
    return target


def remove(lab: Lab, index: int) -> None:
    """Take sample `index` (from 0) out of the data; what lies on the input stays there.

    Raises
    ------
    LabError
        When it is the last one to train on.
    """
    data = lab.experiment.data
    if index < data.count == 1:
        raise LabError(
            _("this is the last sample to train on; add another one before this is removed")
        )
    take(lab, editing.without(data, index))
    if lab.sample is not None:
        if lab.sample == index:
            lab.sample = None
        elif lab.sample > index:
            lab.sample -= 1


def label(lab: Lab, index: int, text: str) -> tuple[str, str]:
    """Say what sample `index` (from 0) is; returns what it was, and what it is now."""
    _inputs, before = lab.sample_at(index)
    target = parsed_target(lab, text)
    data = editing.relabelled(lab.experiment.data, index, target, lab.decide(target))
    take(lab, data)
    if lab.sample == index:
        lab.target = target
    return lab.describe_target(before), lab.describe_target(target)


def load(lab: Lab, name: str) -> DataSet:
    """Read the data in a file and put it on the bench; returns it.

    Test samples stay where the file has none.
    """
    before = lab.experiment.data
    data = _files(lab).read(name, lab.experiment)
    if not data.test_count:
        data = replace(
            data,
            test_inputs=before.test_inputs,
            test_targets=before.test_targets,
            test_labels=before.test_labels,
        )
    if (data.labels is None) != (data.test_labels is None):
        data = replace(data, labels=None, test_labels=None).labelled()
    take_all(lab, data)
    if lab.sample is not None:
        lab.sample, lab.target = None, None  # it belonged to the data that are gone
    return data


def save(lab: Lab, name: str, *, overwrite: bool = False) -> str:
    """Write the data on the bench to a file; says what is in it."""
    return _files(lab).write(name, lab.experiment, overwrite=overwrite)


def _files(lab: Lab) -> DataFiles:
    if lab.files is None:
        raise LabError(_("no files can be reached from here"))
    return lab.files
