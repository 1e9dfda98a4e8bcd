"""Data files of an experiment: where they may lie, and which reader takes them."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from nnsim.experiments.errors import ExperimentError, quoted
from nnsim.experiments.images import read_pictures
from nnsim.experiments.samples import Samples, check_size, from_pictures
from nnsim.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnsim.experiments.samples import Wanted


def inside(folder: Path, name: str) -> Path:
    """Return the file `name` of `folder`, as the path to show.

    Raises
    ------
    ExperimentError
        If the path is absolute, or leaves the folder by ``..`` or by a link.
    """
    if not name or "\0" in name:
        raise ExperimentError(_("{name} is no file name").format(name=quoted(name)))
    for flavour in (PurePosixPath(name), PureWindowsPath(name)):
        if flavour.is_absolute() or flavour.anchor or ".." in flavour.parts:
            problem = _("{name} leaves the folder of the experiment; data lies in it or below")
            raise ExperimentError(problem.format(name=quoted(name)))
    path = folder / name
    try:
        stays = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        stays = False
    if not stays:
        problem = _(
            "{name} is a link out of the folder of the experiment; data lies in it or below"
        )
        raise ExperimentError(problem.format(name=quoted(name)))
    return path


def read_samples(
    path: Path,
    wanted: Wanted,
    labels: Path | None = None,
    noted: Callable[[int], None] | None = None,
) -> tuple[Samples, Samples]:
    """Return the samples of a data file: those to train on, and those to test on.

    ``.csv`` and ``.tsv`` are tables, ``.npz`` NumPy arrays, ``…idx3-ubyte`` and the like (also
    ``.gz``) IDX; of anything else, pixels are read as text pictures and the rest as a table.

    Parameters
    ----------
    path : Path
    wanted : Wanted
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
        from nnsim.experiments.npz_files import read_npz

        return read_npz(path, wanted)
    if is_idx(path):
        from nnsim.experiments.idx_files import read_idx

        return read_idx(path, wanted, labels)
    if is_table(path, wanted):
        from nnsim.experiments.csv_files import read_csv

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
