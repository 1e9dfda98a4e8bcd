"""A picture of the screen, as an SVG file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App

_MOST = 10_000


def save_picture(app: App[None]) -> Path:
    """Write what the terminal shows to a new SVG file, and return the file.

    It comes into the current folder, or where that can't be written to among the user's pictures.
    No file is written over.

    Raises
    ------
    ExperimentError
        If it can't be written: ``file: what is wrong``.
    """
    from nnsim.experiments import ExperimentError
    from nnsim.experiments.files import write_file

    drawn = app.export_screenshot()
    folder = _folder()
    for number in range(1, _MOST):
        path = folder / f"nnsim-{number}.svg"
        try:
            if not os.path.lexists(path):
                return write_file(path, drawn, new=True)
        except ExperimentError:
            if not os.path.lexists(path):
                raise  # else someone else was quicker: the next name
    return write_file(folder / f"nnsim-{os.urandom(8).hex()}.svg", drawn, new=True)


def _folder() -> Path:
    if os.access(".", os.W_OK):
        return Path()
    from platformdirs import user_pictures_path

    pictures = user_pictures_path()
    try:
        pictures.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path()  # writing there says what is wrong
    return pictures
