"""Files: read up to a limit, written whole or not at all, and a sentence for what goes wrong."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, TYPE_CHECKING, Any

from nnsim.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class ExperimentError(ValueError):
    """An experiment, a data file or an input that can't be used; `str()` is the whole sentence.

    Where it is about a place in a file the sentence starts with ``file:line:``.
    """


def at(file: str, line: int | None, problem: str) -> ExperimentError:
    """Return the error that `problem` is at `line` (counted from 1) of `file`."""
    place = file if line is None else f"{file}:{line}"
    return ExperimentError(f"{place}: {problem}")


def quoted(name: str) -> str:
    """Return `name` in quotes, short enough for a sentence and without control characters."""
    shown = "".join(c if c.isprintable() else "?" for c in name[:41])
    return f'"{shown[:40]}…"' if len(shown) > 40 else f'"{shown}"'


def listed(names: Iterable[str], limit: int = 12) -> str:
    """Return `names` as ``a, b, c``, cut after `limit` of them."""
    known = list(names)
    return ", ".join(known[:limit]) + (", …" if len(known) > limit else "")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the sentence that leads from a wrong `name` to a right one among `known`."""
    from difflib import get_close_matches  # not on the way to the first picture

    names = list(dict.fromkeys(known))  # a lesson and an experiment may share one
    close = get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return _("did you mean {names}?").format(names=" / ".join(quoted(n) for n in close))
    if not names:
        return _("there is none to choose from")
    return _("known are {names}").format(names=listed(names))


Content = bytes | str


def write_file(
    path: str | os.PathLike[str],
    content: Content | Callable[[IO[bytes]], Any],
    *,
    new: bool = False,
) -> Path:
    """Write a file that is there whole afterwards, or as it was before.

    `path`: a leading ``~`` is the home folder. A link is followed: the file it leads to is written.
    `content`: what goes into it, text as UTF-8; or what writes it into an open file.
    `new`: refuse a path at which there is something already, however it came there meanwhile.

    Returns
    -------
    Path
        The file that was written.

    Raises ExperimentError if it can't be written (a folder, no folder, no permission, a full disk),
    in the form ``file: what is wrong``.
    """
    name = str(path)
    if not name.strip() or "\0" in name:
        raise at(quoted(name), None, _("this is no file name; give one such as my-file"))
    shown = Path(name)
    try:
        target = Path(os.path.realpath(shown.expanduser()))
        _check(name, target, new=new)
        _write(target, _writer(content), new=new)
    except FileExistsError:
        problem = _("there is such a file already; give another name")
        raise at(name, None, problem) from None
    except (OSError, RuntimeError) as error:  # RuntimeError: a home folder that there isn't
        reason = getattr(error, "strerror", None) or str(error)
        problem = _("the file can't be written ({reason}); nothing was changed")
        raise at(name, None, problem.format(reason=reason)) from None
    return target


def _check(name: str, target: Path, *, new: bool) -> None:
    """Refuse what a rename would do without asking: take the place of what is no plain file."""
    if target.is_dir():
        raise at(name, None, _("this is a folder; give a file"))
    if target.exists():
        if new:
            raise FileExistsError
        # What is written takes the place of what was there, which would be gone: /dev/null.
        if not target.is_file():
            raise at(name, None, _("this is no ordinary file; give one"))
        if not os.access(target, os.W_OK):
            raise at(name, None, _("the file may not be written to; nothing was changed"))
    elif not target.parent.is_dir():
        problem = _("there is no folder {folder} to write it into")
        raise at(name, None, problem.format(folder=Path(name).parent))


def _writer(content: Content | Callable[[IO[bytes]], Any]) -> Callable[[IO[bytes]], Any]:
    if callable(content):
        return content
    raw = content.encode("utf-8") if isinstance(content, str) else content
    return lambda file: file.write(raw)


def _write(target: Path, write: Callable[[IO[bytes]], Any], *, new: bool) -> None:
    from nnsim.engine.files import replace_whole  # late: the list of experiments needs no NumPy

    if not new:
        mode = target.stat().st_mode & 0o777 if target.exists() else None
        replace_whole(target, write)
        if mode is not None:
            with suppress(OSError):
                target.chmod(mode)
        return
    with target.open("xb") as file:
        try:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            file.close()
            with suppress(OSError):
                target.unlink()
            raise


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open the file `path` to read; what goes wrong with it meanwhile names the file.

    Raises ExperimentError if it is missing, no ordinary file, or unreadable.
    """
    name = str(path)
    try:
        if path.is_dir():
            raise at(name, None, _("this is a folder; give a file"))
        if path.exists() and not path.is_file():
            raise at(name, None, _("this is not an ordinary file"))
        with path.open("rb") as stream:
            yield stream
    except FileNotFoundError:
        raise at(name, None, _("there is no such file")) from None
    except ExperimentError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problem = _("the file can't be read ({reason})").format(reason=reason)
        raise at(quoted(name) if "\0" in name else name, None, problem) from None


def read_bytes(path: Path, largest: int) -> bytes:
    """Return what stands in the file `path`, of at most `largest` bytes.

    Raises ExperimentError if it is missing, no ordinary file, unreadable, empty or too large.
    """
    name = str(path)
    with open_bytes(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        content = stream.read(min(max(size, 2**16), largest) + 1)
    if not content:
        raise at(name, None, _("the file is empty"))
    if len(content) > largest:
        problem = _("the file is too large; it may have {limit} MB").format(limit=largest // 2**20)
        raise at(name, None, problem)
    return content


def decode(content: bytes, name: str) -> str:
    """Return `content` as text, line ends made plain; refuse what isn't UTF-8 text.

    Raises ExperimentError, with the line at which it stops being text.
    """
    nul = content.find(b"\0")
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + 1
        raise at(name, line, _("this is a binary file; it should be UTF-8 text"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise at(name, line, _("this is not UTF-8 text; save the file as UTF-8")) from None
    return text.replace("\r\n", "\n")


def inside(folder: Path, name: str) -> Path:
    """Return the file `name` of `folder`, as the path to show.

    Raises ExperimentError if the path is absolute, or leaves the folder by ``..`` or by a link.
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
