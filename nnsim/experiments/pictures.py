"""Pictures in a text file that a person can read and edit.

.. code-block:: text

    ; What stands behind a semicolon at the start of a line is a comment.
    levels 9                    optional: digits are grey levels 0 … 9 (up to 35, with a … z)

    [0]                         pictures of the class "0" follow
    ###  .#.
    #.#  #.#
    #.#  #.#
    ###  .#.

    [test 0]                    pictures of "0" that are never trained on

- ``#`` is 1 and ``.`` is 0. Without `levels`, digits are 0 and 1; with ``levels n`` the sign k is
  the grey level k/n.
- Pictures stand side by side with spaces between them, and one band of them under another with an
  empty line between, which may not be left out: rows that follow on one another belong to one
  picture. They count from left to right, then downwards.
- A picture with several channels (red, green, blue) is that many pieces side by side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.experiments.datasets import class_labels
from nnsim.experiments.files import ExperimentError, at, decode, listed, nearest, quoted, read_bytes
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from nnsim.experiments.experiment import Experiment
    from nnsim.experiments.generators import Labels

Array = NDArray[np.float64]
LARGEST_TEXT = 64 * 2**20
MOST_LEVELS = 35
_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Pictures:
    """Pictures with their classes."""

    # images, test_images: of 0 … 1; those to train on, and those to test on
    images: NDArray[np.float64]
    # labels, test_labels: positions (from 0) in `classes`
    labels: NDArray[np.intp]
    test_images: NDArray[np.float64]
    test_labels: NDArray[np.intp]
    classes: tuple[str, ...]  # the names of the classes


@dataclass
class _Band:
    """Lines that stand under one another: pictures side by side, of one section."""

    label: int
    test: bool
    lines: list[int] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)


def read_pictures(path: Path, shape: tuple[int, int, int], classes: Sequence[str] = ()) -> Pictures:
    """Return the pictures of a text file.

    `shape`: what each picture should have.
    `classes`: the names that sections may have; empty for those that the file has, in its order.

    Raises ExperimentError, with ``file:line``, for anything that breaks the rules above.
    """
    text = decode(read_bytes(path, LARGEST_TEXT), str(path))
    return parse_pictures(text, str(path), shape, classes)


def parse_pictures(
    text: str, name: str, shape: tuple[int, int, int], classes: Sequence[str] = ()
) -> Pictures:
    """Return the pictures in a text; as `read_pictures`, for a file of this name."""
    return _Parser(name, shape, classes).parse(text)


class _Parser:
    def __init__(self, name: str, shape: tuple[int, int, int], classes: Sequence[str]) -> None:
        self.name = name
        self.shape = shape
        self.classes = list(classes)
        self.any_class = not classes
        self.levels: int | None = None
        self.section: tuple[int, bool] | None = None

    def parse(self, text: str) -> Pictures:
        bands = self._bands(text)
        if not bands:
            raise at(self.name, 1, _("there are no pictures in this file"))
        values = self._values()
        train, test = ([band for band in bands if band.test == flag] for flag in (False, True))
        return Pictures(
            *self._gather(train, values), *self._gather(test, values), tuple(self.classes)
        )

    def _gather(
        self, bands: list[_Band], values: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        images = [self._images(band, values) for band in bands]
        counts = np.array([len(each) for each in images], dtype=np.intp)
        labels = np.array([band.label for band in bands], dtype=np.intp)
        return np.concatenate([np.zeros((0, *self.shape)), *images]), np.repeat(labels, counts)

    def _bands(self, text: str) -> list[_Band]:
        """Split the file into bands of pictures, and check everything but their signs."""
        bands: list[_Band] = []
        band: _Band | None = None
        for number, raw in enumerate(text.split("\n"), start=1):
            line = raw.strip()
            if line.startswith(";"):
                continue
            if not line:
                band = None
            elif line.startswith("["):
                self.section, band = self._read_section(line, number), None
            elif line.split()[0] == "levels":
                self._read_levels(line, number, bool(bands))
            else:
                if self.section is None:
                    problem = _("a picture stands before the first class; write [{name}] above it")
                    raise at(self.name, number, problem.format(name=(*self.classes, "0")[0]))
                if band is None:
                    band = _Band(*self.section)
                    bands.append(band)
                band.lines.append(number)
                band.rows.append(line)
        for each in bands:
            self._check_rows(each)
        return bands

    def _read_section(self, line: str, number: int) -> tuple[int, bool]:
        found = re.fullmatch(r"\[\s*(test\s+)?(.*?)\s*\]", line)
        if not found:
            raise at(self.name, number, _("a class stands in brackets, as in [0] or [test 0]"))
        test, name = bool(found[1]), found[2]
        if f"test {name}" in self.classes and test:
            test, name = False, f"test {name}"
        if self.any_class and name and name not in self.classes:
            self.classes.append(name)
        if name not in self.classes:
            problem = _("{name} is no class of the experiment; {hint}")
            hint = nearest(name, self.classes)
            raise at(self.name, number, problem.format(name=quoted(name), hint=hint))
        return self.classes.index(name), test

    def _read_levels(self, line: str, number: int, late: bool) -> None:
        words = line.split()
        if late or self.levels is not None:
            raise at(self.name, number, _("levels belongs once at the top, before any picture"))
        if len(words) != 2 or not words[1].isdecimal() or not 1 <= int(words[1]) <= MOST_LEVELS:
            problem = _("levels should be a whole number from 1 to {most}, as in: levels 9")
            raise at(self.name, number, problem.format(most=MOST_LEVELS))
        self.levels = int(words[1])

    def _check_rows(self, band: _Band) -> None:
        height, width, channels = self.shape
        if len(band.rows) > height:
            problem = ngettext(
                "a picture has {want} row, and no empty line stands above this one; "
                "one band of pictures and the next have an empty line between them",
                "a picture has {want} rows, and no empty line stands above this one; "
                "one band of pictures and the next have an empty line between them",
                height,
            )
            raise at(self.name, band.lines[height], problem.format(want=height))
        if len(band.rows) < height:
            problem = ngettext(
                "these pictures have {got} row; they should have {want}",
                "these pictures have {got} rows; they should have {want}",
                len(band.rows),
            )
            raise at(self.name, band.lines[0], problem.format(got=len(band.rows), want=height))
        pieces = 0
        for offset, row in enumerate(band.rows):
            words = row.split()
            wrong = next((word for word in words if len(word) != width), None)
            if wrong is not None:
                problem = ngettext(
                    "{row} has {got} pixel; each row of a picture should have {want}",
                    "{row} has {got} pixels; each row of a picture should have {want}",
                    len(wrong),
                )
                raise at(self.name, band.lines[offset],
                         problem.format(row=quoted(wrong), got=len(wrong), want=width))  # fmt: skip
            pieces = pieces or len(words)
            if len(words) != pieces:
                problem = ngettext(
                    "there is {got} picture in this row, and {want} in the rows above",
                    "there are {got} pictures in this row, and {want} in the rows above",
                    len(words),
                )
                raise at(self.name, band.lines[offset],
                         problem.format(got=len(words), want=pieces))  # fmt: skip
        if pieces % channels:
            problem = ngettext(
                "{got} piece stands here; a picture has {want} side by side, one per channel",
                "{got} pieces stand side by side; a picture has {want}, one per channel",
                pieces,
            )
            raise at(self.name, band.lines[0], problem.format(got=pieces, want=channels))

    def _values(self) -> NDArray[np.float64]:
        """Return what each sign is worth, by its code; NaN for what is no sign."""
        values = np.full(128, np.nan)
        values[ord(".")], values[ord("#")] = 0.0, 1.0
        levels = self.levels or 1
        for level, sign in enumerate(_SIGNS[: levels + 1]):
            values[ord(sign)] = level / levels
        return values

    def _images(self, band: _Band, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the pictures of a band, (count, height, width, channels)."""
        height, width, channels = self.shape
        rows = [row.split() for row in band.rows]
        codes = np.array([[ord(sign) for sign in "".join(row)] for row in rows])
        known = values[np.minimum(codes, 127)]
        known[codes > 127] = np.nan
        bad = np.argwhere(np.isnan(known))
        if len(bad):
            row, column = bad[0]
            allowed = [".", "#", *_SIGNS[: (self.levels or 1) + 1]]
            problem = _("{sign} is no pixel; known are {signs}")
            sign = quoted(chr(codes[row, column]))
            raise at(self.name, band.lines[row],
                     problem.format(sign=sign, signs=listed(allowed, 40)))  # fmt: skip
        pieces = known.reshape(height, -1, channels, width)
        return np.ascontiguousarray(pieces.transpose(1, 0, 3, 2))


def format_pictures(
    parts: Sequence[tuple[str, NDArray[np.float64]]], *, levels: int = 1, columns: int = 72
) -> str:
    """Return the text of a picture file, which `read_pictures` reads back.

    `parts`: sections such as ``"0"`` or ``"test 0"``; images (m, height, width, channels) of 0 … 1.
    `levels`: 1 draws with ``#`` and ``.``; more draws the nearest of that many grey levels.
    `columns`: how wide a line may be; a picture is never broken.
    """
    lines = [] if levels == 1 else [f"levels {levels}", ""]
    for section, images in parts:
        lines.append(f"[{section}]")
        m, height, width, channels = images.shape
        steps = np.rint(images * levels).astype(int)
        drawn = [
            ["  ".join("".join(_sign(k, levels) for k in row[:, c]) for c in range(channels))
             for row in picture]
            for picture in steps
        ]  # fmt: skip
        side_by_side = max(1, (columns + 2) // (channels * (width + 2)))
        for start in range(0, m, side_by_side):
            band = drawn[start : start + side_by_side]
            lines += ["  ".join(picture[r] for picture in band) for r in range(height)]
            lines.append("")
    return "\n".join(lines)


def _sign(level: int, levels: int) -> str:
    if level <= 0:
        return "."
    return "#" if level >= levels else _SIGNS[level]


def write_pictures(path: Path, experiment: Experiment) -> Callable[[IO[bytes]], None]:
    data, shape = experiment.data, experiment.input.picture_shape
    every = np.concatenate([data.targets, data.test_targets])
    labels = class_labels(experiment, every)
    if labels is None:
        problem = _(
            "text pictures are of a class each, and these targets are numbers; .npz holds them"
        )
        raise at(str(path), None, problem)
    images = np.concatenate([data.inputs, data.test_inputs]).reshape(-1, *shape)
    levels = _levels(images)
    if levels is None:
        problem = _("text pictures hold at most {most} grey levels; .npz and .csv hold any number")
        raise at(str(path), None, problem.format(most=MOST_LEVELS + 1))
    parts = _sections(experiment.classes, labels[: data.count], images[: data.count])
    tests = _sections(experiment.classes, labels[data.count :], images[data.count :], "test ")
    text = format_pictures([*parts, *tests], levels=levels)
    if len(text) > LARGEST_TEXT:
        problem = _("these are too many for text pictures; .npz holds them")
        raise at(str(path), None, problem)
    _check_reads_back(path, text, experiment, images, labels)

    def write(file: IO[bytes]) -> None:
        file.write(text.encode())

    return write


def _levels(images: Array) -> int | None:
    """Return the fewest grey levels that write these pictures exactly; None where none do."""
    values = np.unique(images)
    if not len(values) or (values[0] >= 0 and values[-1] <= 1):
        for levels in range(1, MOST_LEVELS + 1):
            if np.array_equal(np.rint(values * levels) / levels, values):
                return levels
    return None


def _sections(
    classes: Sequence[str], labels: Labels, images: Array, prefix: str = ""
) -> list[tuple[str, Array]]:
    """Return the pictures class by class, as often as the class changes: their order stays."""
    starts = np.flatnonzero(np.diff(labels, prepend=-1))
    ends = [*starts, len(labels)][1:]
    return [
        (f"{prefix}{classes[labels[start]]}", images[start:end])
        for start, end in zip(starts, ends, strict=True)
    ]


def _check_reads_back(
    path: Path, text: str, experiment: Experiment, images: Array, labels: Labels
) -> None:
    """Refuse names of classes that mean something else in a file of text pictures."""
    count = experiment.data.count
    try:
        found = parse_pictures(text, str(path), experiment.input.picture_shape, experiment.classes)
    except ExperimentError:
        found = None
    if (
        found is None
        or not np.array_equal(found.labels, labels[:count])
        or not np.array_equal(found.test_labels, labels[count:])
        or not np.array_equal(found.images, images[:count])
    ):
        problem = _("text pictures can't hold classes of these names; .npz can")
        raise at(str(path), None, problem)
