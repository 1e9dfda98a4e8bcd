"""The input editor for a point of the plane: what the network says everywhere, and the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.color import Color

from nnsim.i18n import N_, _
from nnsim.tui.draw.heat import SHADES, shade_of
from nnsim.tui.draw.lines import Cells, Row
from nnsim.tui.draw.numbers import short
from nnsim.tui.draw.plot import Plot
from nnsim.tui.draw.styles import COLOURS, Sheet
from nnsim.tui.panels.input.probe import ProbeInput, quoted

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.reading.plane import Points, Surface

Codes = NDArray[np.uint16]

LEVELS = 16  # shades in all, shared out among the classes
LEAST, MOST = 0.10, 0.62  # how much of its colour a class has where undecided, and where sure
DECIDED = 0.25  # sureness below which no sign is drawn, where signs stand for colours
# A class's points in the training and in the test data, and its region where signs stand for
# colours; classes beyond the last begin again. With --ascii the letters.
MARKS = (("●", "○"), ("▲", "△"), ("■", "□"), ("◆", "◇"), ("▼", "▽"))
LETTERS = (("O", "o"), ("X", "x"), ("T", "t"), ("Z", "z"), ("V", "v"))
SIGNS = "·:-'~"
# The shade of a place where the network says nothing, and of one that must not be told.
UNKNOWN, COVERED = 0, 999
# What stands on a cell, in one number: nothing, a sign of the class, or a point.
NOTHING, SIGN, POINT = 0, 1, 2
NEAR, WRONG, TEST = 1, 2, 4
CLASS = 8
EVERY_ROW, EVERY_COLUMN = 4, 10  # how far apart signs of the class stand


def shades(surface: Surface, classes: int) -> Codes:
    """A surface as shades: `UNKNOWN`, or else the class and how sure the network is."""
    per = max(1, LEVELS // max(1, classes))
    level = np.minimum((surface.sure * per).astype(np.intp), per - 1)
    codes = np.where(surface.said < 0, UNKNOWN, 1 + surface.said * per + level)
    return codes.astype(np.uint16)


def point_marks(points: Points, plot: Plot, near: int | None) -> Codes:
    """What point stands on each cell of a plot; of several the nearest to the probe, then wrong."""
    marks = np.zeros((plot.rows, plot.columns), np.uint16)
    columns = plot.x.cells(points.inputs[:, 0], plot.columns)
    rows = plot.rows - 1 - plot.y.cells(points.inputs[:, 1], plot.rows)
    inside = np.flatnonzero((columns >= 0) & (rows < plot.rows))
    rank = points.wrong * 2 - points.test * 1
    if near is not None:
        rank[near] = 9
    inside = inside[np.argsort(rank[inside], kind="stable")]  # of equal places the last stays
    codes = POINT + points.labels * CLASS + points.test * TEST + points.wrong * WRONG
    if near is not None:
        codes[near] += NEAR
    marks[rows[inside], columns[inside]] = codes[inside]
    return marks


def with_signs(marks: Codes, upper: Codes, lower: Codes) -> Codes:
    """The marks, with a sign of its class here and there where a region is."""
    place = np.zeros(marks.shape, bool)
    place[EVERY_ROW // 2 :: EVERY_ROW, EVERY_COLUMN // 2 :: EVERY_COLUMN] = True
    place &= (upper == lower) & (upper != UNKNOWN) & (upper != COVERED)
    marks = marks.copy()
    marks[place & (marks == NOTHING)] = SIGN
    return marks


@dataclass(frozen=True)
class Key:
    """How shades and marks are to be read."""

    classes: tuple[str, ...]  # their names; none for regression
    per: int  # shades for each class
    signs: bool  # whether characters have to stand for colours
    letters: bool  # whether those must be ASCII

    def class_of(self, code: int) -> int:
        return (code - 1) // self.per

    def level(self, code: int) -> int:
        """How sure a shade is, from 0 to `per` − 1."""
        return (code - 1) % self.per

    def character(self, mark: int) -> str:
        number, flags = divmod(mark - POINT, CLASS)
        table = LETTERS if self.letters else MARKS
        return table[number % len(table)][bool(flags & TEST)]

    def initial(self, code: int) -> str:
        """What stands in a region of a class: its first letter, if that tells classes apart."""
        number, initials = self.class_of(code), [name[:1] for name in self.classes]
        distinct = len(set(initials)) == len(initials) and all(cell_len(c) == 1 for c in initials)
        if distinct and number < len(initials):
            return initials[number]
        return SIGNS[number % len(SIGNS)]


@dataclass(frozen=True)
class PlaneLine:
    """One line of the plane: what stands in front, its shades, the marks, and the probe on it."""

    front: str
    marked: bool
    upper: bytes
    lower: bytes
    marks: bytes
    probe: tuple[int, str] | None  # its column and sign
    key: Key

    def pieces(self, sheet: Sheet) -> Iterator[tuple[str, str | Style]]:
        """Runs of cells that look alike."""
        yield self.front, "here" if self.marked else "dim"
        upper, lower, marks = (
            np.frombuffer(part, np.uint16).astype(np.int64)
            for part in (self.upper, self.lower, self.marks)
        )
        every = (marks << 32) | (upper << 16) | lower
        ends = [*(np.flatnonzero(every[1:] != every[:-1]) + 1).tolist(), len(every)]
        start = 0
        column, sign = self.probe or (-1, "")
        for end in ends:
            text, style = self._cell(sheet, int(marks[start]), int(upper[start]), int(lower[start]))
            if start <= column < end:
                yield text * (column - start), style
                yield sign, "probe"
                yield text * (end - column - 1), style
            else:
                yield text * (end - start), style
            start = end

    def _cell(self, sheet: Sheet, mark: int, above: int, below: int) -> tuple[str, str | Style]:
        """The character and style of a cell: two halves, or a mark on the lower one's shade."""
        if self.key.signs:
            return self._sign_cell(mark, below)
        wanted = (self.key.per, mark, above, below)
        style = sheet.mixed.get(wanted)
        if style is None:
            style = sheet.mixed[wanted] = self._mixed(sheet, mark, above, below)
        if mark < SIGN:
            return "▀", style
        return (self.key.initial(below) if mark == SIGN else self.key.character(mark)), style

    def _mixed(self, sheet: Sheet, mark: int, above: int, below: int) -> Style:
        under = self._shade(sheet, below)
        if mark < SIGN:
            return Style.from_color(self._shade(sheet, above).rich_color, under.rich_color)
        text = sheet.colour("light") or under
        if mark == SIGN:
            return Style.from_color(under.blend(text, 0.4).rich_color, under.rich_color)
        number, flags = divmod(mark - POINT, CLASS)
        own = sheet.colour(f"class-{number % COLOURS}") or text
        return Style(
            color=own.blend(text, 0.65).rich_color, bgcolor=under.rich_color, bold=True,
            reverse=bool(flags & WRONG), underline=bool(flags & NEAR),
        )  # fmt: skip

    def _shade(self, sheet: Sheet, code: int) -> Color:
        """The colour of a shade on the background of the panel."""
        if code in (UNKNOWN, COVERED):
            return sheet.background
        per, level = self.key.per, self.key.level(code)
        share = MOST if per == 1 else LEAST + (MOST - LEAST) * level / (per - 1)
        name = f"class-{self.key.class_of(code) % COLOURS}"
        return sheet.colour(name, share) or sheet.background

    def _sign_cell(self, mark: int, code: int) -> tuple[str, str]:
        """The same where signs stand for colours: one shade to a cell."""
        key = self.key
        if mark >= POINT:
            number, flags = divmod(mark - POINT, CLASS)
            more = " reverse" * bool(flags & WRONG) + " near" * bool(flags & NEAR)
            return key.character(mark), f"class-{number % COLOURS} strong{more}"
        if code in (UNKNOWN, COVERED):
            return "?" if code == UNKNOWN else " ", "dim"
        number, level = key.class_of(code), key.level(code)
        if not key.classes:
            return shade_of(level, key.per), "class-0"
        undecided = key.per > 1 and (level + 0.5) / key.per < DECIDED
        return (" " if undecided else SIGNS[number % len(SIGNS)]), f"class-{number % COLOURS}@1"


class PlaneInput(ProbeInput):
    """The plane of a network with two inputs; the probe is its input."""

    HELP = N_(
        "The colour says which class the network sees at each place, and how surely; a sign of the "
        "class stands in it here and there. Filled marks are training points, hollow ones test "
        "points; those that are read wrongly are reversed. The probe + is the input: arrows or "
        "hjkl move it, with Shift (or Page Up, Page Down, Home, End) farther, and the mouse. m "
        "says which class it is, Space adds it to the data; d takes the nearest training point "
        "(underlined) out, r gives it the next class. + and - zoom, o draws other data."
    )
    KIND: ClassVar[str] = "point"
    NUMBERS: ClassVar[int] = 2
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mark", N_("Class"), id="plane.mark",
                tooltip=N_("Say which class the probe is: the next one")),
        Binding("r", "relabel", N_("Relabel"), id="plane.relabel",
                tooltip=N_("Give the nearest training point the next class")),
    ]  # fmt: skip

    def fit(self, lab: Lab) -> None:
        """Bring the data into sight."""
        inputs = self.plane.points(lab).inputs
        for index, sight in enumerate(self.sights):
            sight.fit(inputs[:, index])

    def followed(self, lab: Lab) -> Sequence[float]:  # noqa: ARG002
        return [float(value) for value in self.probe]

    def rows(self, width: int, height: int) -> list[Row | Cells]:  # noqa: ARG002
        """The plane, the numbers of x below it, and a legend where there is room."""
        lab, plot = self.lab, self.plot
        if lab is None or self.scene is None:
            return []
        classes = tuple(lab.experiment.classes)
        per = max(1, LEVELS // max(1, len(classes)))
        letters = bool(getattr(self.app, "ascii_only", False))
        key = Key(classes, per, self.in_signs, letters)
        lines = plot.rows if key.signs else 2 * plot.rows
        surface = self.plane.surface(lab, plot.x, plot.y, plot.columns, lines)
        codes = shades(surface, max(1, len(classes)))
        if self.covers_output(lab):
            codes = np.full_like(codes, COVERED)
        points, near = self.plane.points(lab), self.nearest() if self.has_focus else None
        if self.covers_wrong(lab):
            points = self.plane.unmarked(points)
        upper, lower = (codes, codes) if key.signs else (codes[::2], codes[1::2])
        marks = point_marks(points, plot, near)
        if not key.signs:
            marks = with_signs(marks, upper, lower)
        at = plot.row(self.probe[1])
        probe = (plot.column(self.probe[0]), plot.beyond(*self.probe.tolist()) or "╋")
        rows: list[Row | Cells] = [
            PlaneLine(
                plot.upright(y, here=y == at), y == at and 1 in self.scene.marked,
                upper[y].tobytes(), lower[y].tobytes(), marks[y].tobytes(),
                probe if y == at else None, key,
            )
            for y in range(plot.rows)
        ]  # fmt: skip
        rows.append(self.below(plot, marked=0 in self.scene.marked))
        if self.has_legend:
            rows.append(self._legend(key, points, surface))
        return rows

    def _legend(self, key: Key, points: Points, surface: Surface) -> Row:
        """What shades and marks mean."""
        if not key.classes:
            low, high = short(surface.low, 8).strip(), short(surface.high, 8).strip()
            if key.signs:
                return [(f"{SHADES[1]} {low} … {SHADES[-1]} {high}", "dim")]
            return [(_("pale {low} … strong {high}").format(low=low, high=high), "dim")]
        pieces: list[tuple[str, str]] = []
        for number, name in enumerate(key.classes):
            region = SIGNS[number % len(SIGNS)] * 2 if key.signs else ""
            mark = region + key.character(POINT + number * CLASS)
            pieces += [(mark, f"class-{number % COLOURS} strong"), (f" {name}  ", "dim")]
        wrong = int(points.wrong.sum())
        if wrong:
            pieces += [(_("{n} wrong").format(n=wrong), "dim reverse"), ("  ", "dim")]
        if points.test.any():
            hollow = [key.character(POINT + n * CLASS + TEST) for n in range(len(key.classes))]
            pieces.append((_("test {marks}").format(marks="".join(hollow)), "dim"))
        return pieces

    def action_move(self, dx: int, dy: int) -> None:
        place = self.probe.tolist()
        for index, by in enumerate((dx, dy)):
            if by:
                place[index] = self.steps(index, by)
                self._moved = index
        self.go(place, together=self.recent())

    def action_mark(self) -> None:
        lab = self.lab
        if lab is None:
            return
        classes = lab.experiment.classes
        if not classes:
            self.post_message(self.AskedLine("target "))
            return
        now = None if lab.target is None else lab.decide(lab.target)
        name = classes[0 if now is None else (now + 1) % len(classes)]
        self.action_execute(f"target {quoted(name)}")

    def action_relabel(self) -> None:
        lab, nearest = self.lab, self.nearest()
        if lab is None or not lab.experiment.classes:
            self.post_message(self.AskedLine(f"label {(nearest or 0) + 1} "))
            return
        if nearest is None:
            self.action_execute("label 1")
            return
        classes = lab.experiment.classes
        now = lab.decide(lab.experiment.data.targets[nearest]) or 0
        self.action_execute(f"label {nearest + 1} {quoted(classes[(now + 1) % len(classes)])}")
