"""Models on disk: one ``.npz`` file, without pickle, written so that it is whole or not there.

The file holds a JSON description (``nnsim``), the flat ``parameters``, the ``running`` statistics
and, if a trainer was saved, its slots (``slot_…``) and best parameters so far (``best_…``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from nnsim.engine.checks import EngineError
from nnsim.engine.tape import Array

if TYPE_CHECKING:
    import zipfile

FORMAT, VERSION = "nnsim network", 1

_MOST_TEXT = 10_000_000
_MOST_NUMBERS = 1_000_000_000


def replace_whole(path: str | os.PathLike[str], write: Callable[[IO[bytes]], Any]) -> None:
    """Write a file beside `path`, sync it to the disk, and only then rename it to `path`.

    If that fails, or `write` does, what lay at `path` is untouched.
    """
    target = Path(path)
    beside = target.with_name(f".{target.name}.{os.urandom(4).hex()}.tmp")
    try:
        with beside.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename last; not every system lets a folder be synced."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def save(
    path: str | os.PathLike[str], description: dict[str, Any], arrays: dict[str, Array]
) -> None:
    """Write a description and arrays to an ``.npz`` file, or say what stands in the way."""
    text = json.dumps({"format": FORMAT, "version": VERSION, **description})
    # None of these is an array of objects, so nothing is pickled.
    everything: dict[str, Any] = {"nnsim": np.array(text), **arrays}
    try:
        replace_whole(path, lambda file: np.savez(file, **everything))
    except OSError as error:
        reason = error.strerror or str(error)
        raise EngineError(f"{path} could not be written: {reason}") from error


def load(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read what `save` wrote.

    Raises EngineError if the file isn't there, is truncated, was written by something else or by a
    newer nnsim, or holds pickled objects; the sentence names the file.
    """
    import zipfile  # late: a network that is neither saved nor loaded doesn't need it

    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {
                name.removesuffix(".npy"): _array(archive, name) for name in archive.namelist()
            }
    except OSError as error:
        raise EngineError(f"{path} could not be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError) as error:
        raise EngineError(f"{path} is no model of nnsim, or is truncated: {error}") from error
    except EngineError as error:
        raise EngineError(f"{path} is no model of nnsim: {error}") from error
    except (ValueError, RuntimeError, MemoryError) as error:
        raise EngineError(f"{path} is damaged: {error}") from error
    return _described(path, arrays), arrays


def _array(archive: zipfile.ZipFile, name: str) -> Array:
    """Read one array, after a look at what it says about itself."""
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read is None:
            raise EngineError(f"{name} has an unknown form")
        shape, _, dtype = read(file)
        count = int(np.prod(shape, dtype=object)) if shape else 1
        if dtype.hasobject:
            raise EngineError(f"{name} holds pickled objects, which are never loaded")
        if dtype.kind not in "fiU" or count * dtype.itemsize > 8 * _MOST_NUMBERS:
            raise EngineError(f"{name} holds {count:,} values of type {dtype}")
        if archive.getinfo(name).file_size < count * dtype.itemsize:
            raise EngineError(f"{name} is shorter than it says")
    with archive.open(name) as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _described(path: str | os.PathLike[str], arrays: dict[str, Array]) -> dict[str, Any]:
    text = arrays.pop("nnsim", None)
    if text is None or text.dtype.kind != "U" or text.ndim or text.nbytes > 4 * _MOST_TEXT:
        raise EngineError(f"{path} is an .npz file, but no model of nnsim: it has no description")
    try:
        description = json.loads(str(text))
    except (ValueError, RecursionError) as error:
        raise EngineError(f"{path} has a damaged description: {error}") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise EngineError(f"{path} is no model of nnsim: its format is not {FORMAT!r}")
    if description.get("version") != VERSION:
        raise EngineError(
            f"{path} has version {description.get('version')!r} of the format, but this nnsim "
            f"reads version {VERSION}"
        )
    return description


def fill(vector: Array, arrays: dict[str, Array], name: str) -> None:
    """Copy a loaded array into a live vector, or say how they don't match."""
    loaded = arrays.get(name)
    if loaded is None:
        raise EngineError(f"{name} is missing")
    if loaded.shape != vector.shape or loaded.dtype.kind != "f":
        raise EngineError(
            f"{name} has shape {loaded.shape}, but the description asks for {vector.shape}"
        )
    if not np.isfinite(loaded).all():
        raise EngineError(f"{name} is not finite")
    vector[...] = loaded
