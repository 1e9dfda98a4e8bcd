"""The data of a bench from a file, and to one, in the formats that an experiment can name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.engine.losses import loss as engine_loss
from nnsim.experiments.datasets import DataSet, for_network
from nnsim.experiments.errors import at, listed
from nnsim.experiments.files import read_samples
from nnsim.experiments.samples import Wanted
from nnsim.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnsim.experiments.experiment import Experiment

    Noted = Callable[[int], None]
    """Called with how many samples were read or written so far; what it raises ends the work."""


class DataFiles:
    """Data files in a folder.

    Parameters
    ----------
    folder : Path, optional
        Where names that are no whole path start; the working folder without one.
    noted : callable, optional
        Called now and then with how many samples were read so far; what it raises ends the reading.
    """

    def __init__(self, folder: Path | None = None, noted: Noted | None = None) -> None:
        self._folder = folder or Path()
        self._noted = noted

    def read(self, name: str, experiment: Experiment) -> DataSet:
        """Return the samples in a file, for the network and the classes of `experiment`.

        Raises
        ------
        ExperimentError
            With ``file:line`` where the file has lines, for whatever this network can't learn.
        """
        path = self._path(name)
        wanted = Wanted(
            input=experiment.input,
            classes=experiment.classes,
            outputs=experiment.outputs,
            classified=bool(experiment.classes),
        )
        train, test = read_samples(path, wanted, noted=self._noted)
        if train.labels is not None and not experiment.classes:
            problem = _("its targets are names ({names}), and this network gives numbers")
            raise at(str(path), None, problem.format(names=listed(train.classes)))
        if not len(train):
            raise at(str(path), None, _("there are no samples to train on in it"))
        shape = experiment.input_shape
        data = DataSet(*for_network(train, wanted, shape), *for_network(test, wanted, shape))
        for targets in (data.targets, data.test_targets):
            try:
                engine_loss(experiment.network.loss).check_targets(targets)
            except ValueError as error:
                raise at(str(path), None, str(error)) from None
        return data.labelled() if experiment.classes else data

    def write(self, name: str, experiment: Experiment, *, overwrite: bool = False) -> str:
        """Write the data of `experiment` to a file, whole or not at all; says what is in it.

        Reading the file gives the same numbers again, to the last bit.

        Raises
        ------
        ExperimentError
            If there is such a file already (unless `overwrite`), if it can't be written, or can't
            hold these data.
        """
        from nnsim.experiments.writing import write_set

        return write_set(self._path(name), experiment, overwrite=overwrite)

    def _path(self, name: str) -> Path:
        if not name or "\0" in name:
            raise at('""', None, _("give the name of a file"))
        try:
            return self._folder / Path(name).expanduser()
        except RuntimeError as error:  # there is no such person
            raise at(name, None, str(error)) from None
