"""Data files of an experiment: which reader or writer takes them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from nnsim.engine.losses import loss as engine_loss
from nnsim.experiments.arrays import write_idx, write_npz
from nnsim.experiments.datasets import (
    DataSet,
    Samples,
    Wanted,
    check_size,
    for_network,
    from_pictures,
)
from nnsim.experiments.errors import ExperimentError, at, listed
from nnsim.experiments.files import write_file
from nnsim.experiments.pictures import read_pictures, write_pictures
from nnsim.experiments.tables import write_table
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from nnsim.experiments.experiment import Experiment

    Array = NDArray[np.float64]
    Labels = NDArray[np.intp]


def read_samples(
    path: Path, wanted: Wanted, labels: Path | None = None, noted: Noted | None = None
) -> tuple[Samples, Samples]:
    """Return the samples of a data file: those to train on, and those to test on.

    ``.csv`` and ``.tsv`` are tables, ``.npz`` NumPy arrays, ``…idx3-ubyte`` and the like (also
    ``.gz``) IDX; of anything else, pixels are read as text pictures and the rest as a table.

    Parameters
    ----------
    labels : Path or None
        The file with the labels of an IDX file of images.
    noted : callable or None
        Called now and then with how many rows of a table were read; what it raises ends it.

    Raises
    ------
    ExperimentError
        With ``file:line`` where the file has lines.
    """
    name = path.name.lower()
    if name.endswith(".npz"):
        from nnsim.experiments.arrays import read_npz

        return read_npz(path, wanted)
    if is_idx(path):
        from nnsim.experiments.arrays import read_idx

        return read_idx(path, wanted, labels)
    if is_table(path, wanted):
        from nnsim.experiments.tables import read_csv

        return read_csv(path, wanted, noted)
    return _read_pictures(path, wanted)


def _read_pictures(path: Path, wanted: Wanted) -> tuple[Samples, Samples]:
    pictures = read_pictures(path, wanted.input.picture_shape, wanted.classes)
    check_size(str(path), len(pictures.labels) + len(pictures.test_labels), wanted.input.count)
    return (
        from_pictures(wanted, pictures.images, pictures.labels, pictures.classes),
        from_pictures(wanted, pictures.test_images, pictures.test_labels, pictures.classes),
    )


def is_table(path: Path, wanted: Wanted) -> bool:
    """Tell by its name, and by what is wanted of it, whether a file is read as a table."""
    name = path.name.lower()
    if name.endswith((".csv", ".tsv")):
        return True
    return wanted.input.kind != "pixels" and not name.endswith(".npz") and not is_idx(path)


def is_idx(path: Path) -> bool:
    """Tell by its name whether a file is IDX, as in ``train-images-idx3-ubyte.gz``."""
    name = path.name.lower()
    return name.endswith((".gz", ".idx")) or re.search(r"[-.]idx\d", name) is not None


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
        return write_set(self._path(name), experiment, overwrite=overwrite)

    def _path(self, name: str) -> Path:
        if not name or "\0" in name:
            raise at('""', None, _("give the name of a file"))
        try:
            return self._folder / Path(name).expanduser()
        except RuntimeError as error:  # there is no such person
            raise at(name, None, str(error)) from None


def write_set(path: Path, experiment: Experiment, *, overwrite: bool = False) -> str:
    """Write the data of `experiment` to `path` in the format of its name; says what is in it.

    ``.csv`` and ``.tsv`` are tables, ``.npz`` NumPy arrays, ``.txt`` text pictures (a table where
    there are no pixels), ``…-images-idx3-ubyte`` and the like IDX, with the labels in a file beside
    it. Tables and IDX hold the training samples alone.

    Raises
    ------
    ExperimentError
        With nothing written.
    """
    name, data = path.name.lower(), experiment.data
    if not data.count:
        raise at(str(path), None, _("there are no samples to save"))
    _check_place(path, overwrite=True)
    both = False
    if name.endswith(".npz"):
        both, files = True, {path: write_npz(experiment)}
    elif is_idx(path):
        files = write_idx(path, experiment)
    elif name.endswith(".txt") and experiment.input.kind == "pixels":
        both, files = True, {path: write_pictures(path, experiment)}
    elif name.endswith((".csv", ".tsv", ".txt")):
        files = {path: write_table(path, experiment, "\t" if name.endswith(".tsv") else ",")}
    else:
        problem = _("a data file ends in .csv, .tsv, .npz or .txt, or in -images-idx3-ubyte")
        raise at(str(path), None, problem)
    for file in files:
        _check_place(file, overwrite=overwrite)
    _write_all(files, new=not overwrite)
    return _said(experiment, list(files), both=both)


def _write_all(files: dict[Path, Callable[[IO[bytes]], None]], *, new: bool) -> None:
    """Write one file after the other; where one fails, those before are as they were."""
    before: dict[Path, bytes | None] = {}
    last = list(files)[-1]
    try:
        for file, write in files.items():
            if file != last:  # (labels: a million bytes at the most)
                before[file] = file.read_bytes() if file.is_file() else None
            write_file(file, write, new=new)
    except BaseException:
        for file, content in before.items():
            with suppress(OSError, ExperimentError):
                if content is None:
                    file.unlink()
                else:
                    write_file(file, content)
        raise


def _check_place(path: Path, *, overwrite: bool) -> None:
    """Refuse folders and, unless `overwrite`, files that there are."""
    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir fails for names that are too long)
        raise at(str(path), None, _("this is a folder; give a file"))
    if not overwrite and os.path.lexists(path):
        problem = _("there is such a file already; to replace it, end the line with !")
        raise at(str(path), None, problem)


def _said(experiment: Experiment, files: Sequence[Path], *, both: bool) -> str:
    data = experiment.data
    count = data.count + (data.test_count if both else 0)
    said = ngettext("{count} sample is in {files}", "{count} samples are in {files}", count)
    text = said.format(count=count, files=", ".join(str(file) for file in files))
    if both or not data.test_count:
        return text
    return text + ngettext(
        "; the {count} to test on is not: .npz holds both",
        "; the {count} to test on are not: .npz holds both",
        data.test_count,
    ).format(count=data.test_count)
