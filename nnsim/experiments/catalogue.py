"""The experiments that ship with nnsim. Needs neither NumPy nor the engine: Home lists them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from nnsim.experiments.files import ExperimentError, at, nearest, quoted
from nnsim.i18n import _
from nnsim.resources import resource

FOLDER = "assets/experiments"
SESSION = ".nnsim"
"""How the name of a session ends."""
# How the files that ship begin: a list of them needs no more, and is there at once.
_HEAD = re.compile(r'^id = "([^"\\]+)"\s+title = "([^"\\]+)"$', re.M)


@dataclass(frozen=True)
class Entry:
    id: str
    title: str
    path: Path

    @cached_property
    def _content(self) -> dict[str, Any]:
        import tomllib

        with self.path.open("rb") as stream:
            return tomllib.load(stream)

    @property
    def kind(self) -> str:
        """What goes in: ``"pixels"``, ``"vector"``, ``"point"`` or ``"number"``."""
        return str(self._content["input"]["kind"])

    @property
    def summary(self) -> str:
        """The network in a few signs, such as ``12-3-2``."""
        return _network_summary(self._content["input"], self._content["network"]["layers"])


@cache
def catalogue() -> tuple[Entry, ...]:
    """Return the experiments that ship, those to try first before the others."""
    entries = [_entry(path) for path in resource(FOLDER).glob("*.toml")]
    return tuple(sorted(entries, key=lambda entry: (_rank(entry.id), entry.id)))


_FIRST = (
    "digits-4x3", "demons", "line", "curve", "score", "xor", "planar", "spiral",
    "digits-8x8", "digits-8x8-cnn", "overfit",
)  # fmt: skip


def _rank(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _entry(path: Path) -> Entry:
    """Read what a list of experiments shows; whether the file is sound, `load` will say."""
    with path.open(encoding="utf-8") as stream:
        head = _HEAD.search(stream.read(2000))
    if head is None:
        raise ExperimentError(f"{path}: a file that ships begins with its id and title")
    return Entry(head[1], head[2], path)


def _network_summary(given: dict[str, object], layers: list[dict[str, object]]) -> str:
    """Return ``12-3-2`` for dense layers; other layers stand there by name."""
    shape = given.get("shape")
    names = given.get("names")
    count = {"point": 2, "number": 1}.get(str(given["kind"]), 0)
    if isinstance(shape, list):
        count = math.prod(shape)
    elif isinstance(names, list):
        count = len(names)
    from nnsim.experiments.kinds import KINDS

    parts = (KINDS[str(layer["type"])].summary(layer) for layer in layers)
    return "-".join([str(count), *filter(None, parts)])


def is_session(name: str | Path) -> bool:
    """Tell whether a path is that of a session, by its name or by how the file begins."""
    path = Path(name)
    if path.suffix == SESSION:
        return True
    try:
        if not path.is_file():  # a pipe would have to be waited for
            return False
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\3\4"
    except (OSError, ValueError):
        return False


def find(name_or_path: str | Path) -> Path:
    """Return the file of a shipped experiment's id, or of a path.

    A name is first looked up among the shipped experiments; one that has a folder or ``.toml``
    in it, or that is a file here, is a path.

    Raises ExperimentError if it is neither, or a session.
    """
    name = str(name_or_path)
    if isinstance(name_or_path, Path):
        _refuse_session(name_or_path)
        return name_or_path
    if re.fullmatch(r"[\w.-]+", name):
        shipped = resource(FOLDER) / f"{name}.toml"  # a file that ships is called as its id
        if shipped.is_file():
            return shipped
    path = Path(name)
    if "\0" not in name and (path.suffix == ".toml" or len(path.parts) > 1 or path.exists()):
        _refuse_session(path)
        return path
    problem = _("there is no experiment {name}; {hint}")
    hint = nearest(name, [entry.id for entry in catalogue()])
    raise ExperimentError(problem.format(name=quoted(name), hint=hint))


def _refuse_session(path: Path) -> None:
    if is_session(path) and path.is_file():
        problem = _("this is a session, not an experiment file; nnsim {file} opens it")
        raise at(str(path), None, problem.format(file=path))
