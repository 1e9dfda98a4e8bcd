"""The input editor for a point of the plane: what the network says everywhere, and the data."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.strip import Strip

from nnsim.i18n import N_, _
from nnsim.tui.draw.heat import SHADES, shade_of
from nnsim.tui.draw.text import short
from nnsim.tui.widgets.colours import mix
from nnsim.tui.widgets.plot import Plot
from nnsim.tui.widgets.probe import ProbeInput, quoted

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.reading.plane import Points, Surface

LEVELS = 16  # shades in all, shared out among the classes
LEAST, MOST = 0.10, 0.62  # how much of its colour a class has where undecided, and where sure
DECIDED = 0.25  # sureness below which no sign is drawn, where signs stand for colours
# A class's points in the training and in the test data, and its region where signs stand for
# colours; classes beyond the last begin again. With --ascii the letters.
MARKS = (("●", "○"), ("▲", "△"), ("■", "□"), ("◆", "◇"), ("▼", "▽"))
LETTERS = (("O", "o"), ("X", "x"), ("T", "t"), ("Z", "z"), ("V", "v"))
SIGNS = "·:-'~"
COLOURS = 10
# The shade of a place where the network says nothing, and of one that must not be told.
UNKNOWN, COVERED = 0, 999
# What stands on a cell, in one number: nothing, a sign of the class, or a point.
NOTHING, SIGN, POINT = 0, 1, 2
NEAR, WRONG, TEST = 1, 2, 4
CLASS = 8
EVERY_ROW, EVERY_COLUMN = 4, 10  # how far apart signs of the class stand


def shades(surface: Surface, classes: int) -> NDArray[np.uint16]:
    """A surface as shades: `UNKNOWN`, or else the class and how sure the network is."""
    per = max(1, LEVELS // max(1, classes))
    level = np.minimum((surface.sure * per).astype(np.intp), per - 1)
    codes = np.where(surface.said < 0, UNKNOWN, 1 + surface.said * per + level)
    return codes.astype(np.uint16)


def point_marks(points: Points, plot: Plot, near: int | None) -> NDArray[np.uint16]:
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


class PlaneInput(ProbeInput):
    """The plane of a network with two inputs; the probe is its input."""

    PREFIX = "plane--"
    HELP = N_(
        "The colour says which class the network sees at each place, and how surely; a sign of the "
        "class stands in it here and there. Filled marks are training points, hollow ones test "
        "points; those that are read wrongly are reversed. The probe + is the input: arrows or "
        "hjkl move it, with Shift (or Page Up, Page Down, Home, End) farther, and the mouse. m "
        "says which class it is, Space adds it to the data; d takes the nearest training point "
        "(underlined) out, r gives it the next class. + and - zoom, o draws other data."
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "plane--axis",
        "plane--here",
        "plane--probe",
        "plane--legend",
        *(f"plane--class-{i}" for i in range(COLOURS)),
    }
    DEFAULT_CSS = """
    PlaneInput {
        .plane--axis { color: $text-muted; }
        .plane--legend { color: $text-muted; }
        .plane--here { color: $text-accent; text-style: bold; }
        .plane--probe { color: $text-accent; text-style: bold reverse; }
        .plane--class-0 { color: $primary; }
        .plane--class-1 { color: $warning; }
        .plane--class-2 { color: $success; }
        .plane--class-3 { color: #cc79a7; }
        .plane--class-4 { color: #56b4e9; }
        .plane--class-5 { color: #f0e442; }
        .plane--class-6 { color: #a06cd5; }
        .plane--class-7 { color: #d55e00; }
        .plane--class-8 { color: #999999; }
        .plane--class-9 { color: #00b3a4; }
    }
    """
    KIND: ClassVar[str] = "point"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mark", N_("Class"), id="plane.mark",
                tooltip=N_("Say which class the probe is: the next one")),
        Binding("r", "relabel", N_("Relabel"), id="plane.relabel",
                tooltip=N_("Give the nearest training point the next class")),
    ]  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.probe = np.zeros(2)
        self._codes: NDArray[np.uint16] = np.zeros((0, 0), np.uint16)
        self._marks: NDArray[np.uint16] = np.zeros((0, 0), np.uint16)
        self._marks_of: tuple[Any, ...] = ()
        self._shown: Plot | None = None
        self._styles: dict[tuple[int, ...], Style] = {}
        self._per = LEVELS

    # Lines ------------------------------------------------------------------------------------

    def _fit(self, lab: Lab) -> None:
        inputs = self.plane.points(lab).inputs
        for index, sight in enumerate(self.sights):
            sight.fit(inputs[:, index])

    def _followed(self, lab: Lab) -> Sequence[float]:  # noqa: ARG002
        return [float(value) for value in self.probe]

    def _lines_of(self, lab: Lab) -> Sequence[Hashable]:
        plot = self._shown = self.plot
        signs = self.in_signs
        classes = max(1, len(lab.experiment.classes))
        self._per = max(1, LEVELS // classes)
        rows = plot.rows if signs else 2 * plot.rows
        surface = self.plane.surface(lab, plot.x, plot.y, plot.columns, rows)
        codes = shades(surface, classes)
        if self.covers_output(lab):
            codes = np.full_like(codes, COVERED)
        self._codes = codes
        points, near = self.plane.points(lab), self.nearest() if self.has_focus else None
        if self.covers_wrong(lab):
            points = self.plane.unmarked(points)
        key = (points, plot, near)
        if key != self._marks_of:
            self._marks, self._marks_of = point_marks(points, plot, near), key
        if not signs:
            codes = codes.reshape(plot.rows, -1)  # both halves of a line
            self._marks = self._with_signs(plot)
        row, column = plot.row(self.probe[1]), plot.column(self.probe[0])
        arrow = plot.beyond(*self.probe.tolist())
        here = (column, arrow or "╋", self.has_focus)
        lines: list[Hashable] = [
            (codes[y].tobytes(), self._marks[y].tobytes(), here if y == row else None,
             plot.upright(y, here=y == row), y == row and 1 in self.marked)
            for y in range(plot.rows)
        ]  # fmt: skip
        lines.append((plot.flat(), column, 0 in self.marked))
        if self.content_size.height > self.plot_height:
            lines.append(tuple(self._legend(lab, points, surface)))
        return lines

    def _with_signs(self, plot: Plot) -> NDArray[np.uint16]:
        """The marks, with a sign of its class here and there where a region is."""
        upper, lower = self._codes[::2], self._codes[1::2]
        place = np.zeros((plot.rows, plot.columns), bool)
        place[EVERY_ROW // 2 :: EVERY_ROW, EVERY_COLUMN // 2 :: EVERY_COLUMN] = True
        place &= (upper == lower) & (upper != UNKNOWN) & (upper != COVERED)
        marks = np.where(self._marks == SIGN, NOTHING, self._marks)
        marks[place & (marks == NOTHING)] = SIGN
        return np.asarray(marks, np.uint16)

    def _strip(self, y: int) -> Strip:
        assert self._shown is not None
        rows = self._shown.rows
        if y < rows:
            return self._map_line(self._shown, y)
        if y == rows:
            text, column, marked = self._drawn[y]
            at = self._shown.left + column
            return self.line(
                (text[:at], "axis"),
                (text[at] if text[at] != " " else "▲", "here" if marked else "axis"),
                (text[at + 1 :], "axis"),
            )
        return self._legend_line(self._drawn[y])

    def _map_line(self, plot: Plot, y: int) -> Strip:
        _codes, _marks, here, front, marked = self._drawn[y]
        segments = [Segment(front, self.style("here" if marked else "axis"))]
        signs = self.in_signs
        upper = self._codes[y if signs else 2 * y].astype(np.int64)
        lower = upper if signs else self._codes[2 * y + 1].astype(np.int64)
        marks = self._marks[y].astype(np.int64)
        every = (marks << 32) | (upper << 16) | lower
        ends = [*(np.flatnonzero(every[1:] != every[:-1]) + 1).tolist(), plot.columns]
        start = 0
        probe = -1 if here is None else here[0]
        for end in ends:
            mark, above, below = int(marks[start]), int(upper[start]), int(lower[start])
            text, style = self._sign_cell(mark, below) if signs else self._cell(mark, above, below)
            if start <= probe < end:
                segments += [
                    Segment(text * (probe - start), style),
                    Segment(here[1], self.style("probe")),
                    Segment(text * (end - probe - 1), style),
                ]
            else:
                segments.append(Segment(text * (end - start), style))
            start = end
        return Strip([segment for segment in segments if segment.text], plot.left + plot.columns)

    # Cells ------------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        """The colours are looked up anew."""
        super().notify_style_update()
        self._styles = {}

    def _class_of(self, code: int) -> int:
        return (code - 1) // self._per

    def _class_colour(self, number: int) -> Color:
        return self.get_component_styles(f"plane--class-{number % COLOURS}").color

    def _text_colour(self) -> Color:
        return self.visual_style.foreground or self.background_colors[1].get_contrast_text()

    def _shade(self, code: int) -> Color:
        """The colour of a shade on the background of the panel."""
        background = self.background_colors[1]
        if code in (UNKNOWN, COVERED):
            return background
        level = (code - 1) % self._per
        share = MOST if self._per == 1 else LEAST + (MOST - LEAST) * level / (self._per - 1)
        return mix(background, self._class_colour(self._class_of(code)), share) or background

    def _cell(self, mark: int, above: int, below: int) -> tuple[str, Style]:
        """The character and style of a cell: two halves, or a mark on the lower one's shade."""
        style = self._styles.get((mark, above, below))
        if style is None:
            under = self._shade(below)
            if mark < SIGN:
                style = Style.from_color(self._shade(above).rich_color, under.rich_color)
            elif mark == SIGN:
                front = mix(under, self._text_colour(), 0.4) or under
                style = Style.from_color(front.rich_color, under.rich_color)
            else:
                style = self._point_style(mark, under)
            self._styles[mark, above, below] = style
        if mark < SIGN:
            return "▀", style
        return (self._initial(below) if mark == SIGN else self._character(mark)), style

    def _point_style(self, mark: int, under: Color) -> Style:
        colour = self._class_colour((mark - POINT) // CLASS)
        front = mix(colour, self._text_colour(), 0.65) or colour
        flags = (mark - POINT) % CLASS
        return Style(
            color=front.rich_color, bgcolor=under.rich_color, bold=True,
            reverse=bool(flags & WRONG), underline=bool(flags & NEAR),
        )  # fmt: skip

    def _sign_cell(self, mark: int, code: int) -> tuple[str, Style]:
        """The same where signs stand for colours: one shade to a cell."""
        if mark >= POINT:
            flags = (mark - POINT) % CLASS
            style = self.style(f"class-{(mark - POINT) // CLASS % COLOURS}")
            more = Style(bold=True, reverse=bool(flags & WRONG), underline=bool(flags & NEAR))
            return self._character(mark), style + more
        if code in (UNKNOWN, COVERED):
            return "?" if code == UNKNOWN else " ", self.style("axis")
        number = self._class_of(code)
        level = (code - 1) % self._per
        if self._lab is not None and not self._lab.experiment.classes:
            return shade_of(level, self._per), self.style("class-0")
        undecided = self._per > 1 and (level + 0.5) / self._per < DECIDED
        style = self.style(f"class-{number % COLOURS}") + Style(dim=True)
        return (" " if undecided else SIGNS[number % len(SIGNS)]), style

    def _character(self, mark: int) -> str:
        number, flags = divmod(mark - POINT, CLASS)
        table = LETTERS if getattr(self.app, "ascii_only", False) else MARKS
        return table[number % len(table)][bool(flags & TEST)]

    def _initial(self, code: int) -> str:
        """What stands in a region of a class: its first letter, if that tells classes apart."""
        names = () if self._lab is None else self._lab.experiment.classes
        number, initials = self._class_of(code), [name[:1] for name in names]
        distinct = len(set(initials)) == len(initials) and all(cell_len(c) == 1 for c in initials)
        if distinct and number < len(initials):
            return initials[number]
        return SIGNS[number % len(SIGNS)]

    # The legend -------------------------------------------------------------------------------

    def _legend(self, lab: Lab, points: Points, surface: Surface) -> list[tuple[str, int]]:
        """Pieces of text with the mark that they are drawn like (0: plain)."""
        pieces: list[tuple[str, int]] = []
        classes = lab.experiment.classes
        if not classes:
            low, high = short(surface.low, 8).strip(), short(surface.high, 8).strip()
            if self.in_signs:
                return [(f"{SHADES[1]} {low} … {SHADES[-1]} {high}", NOTHING)]
            return [(_("pale {low} … strong {high}").format(low=low, high=high), NOTHING)]
        for number, name in enumerate(classes):
            mark = POINT + number * CLASS
            region = SIGNS[number % len(SIGNS)] * 2 if self.in_signs else ""
            pieces += [(region + self._character(mark), mark), (f" {name}  ", NOTHING)]
        wrong = int(points.wrong.sum())
        if wrong:
            pieces.append((_("{n} wrong").format(n=wrong), POINT + WRONG))
            pieces.append(("  ", NOTHING))
        if points.test.any():
            hollow = [self._character(POINT + n * CLASS + TEST) for n in range(len(classes))]
            pieces.append((_("test {marks}").format(marks="".join(hollow)), NOTHING))
        return pieces

    def _legend_line(self, pieces: Sequence[tuple[str, int]]) -> Strip:
        segments = []
        for text, mark in pieces:
            style = self.style("legend")
            if mark >= POINT:
                number, flags = divmod(mark - POINT, CLASS)
                if flags & WRONG:
                    style += Style(reverse=True)
                else:
                    style = self.style(f"class-{number % COLOURS}") + Style(bold=True)
            segments.append(Segment(text, style))
        width = self.content_size.width
        return Strip(segments).adjust_cell_length(width, self.style()).simplify()

    # Keys -------------------------------------------------------------------------------------

    def action_move(self, dx: int, dy: int) -> None:
        """Move the probe by small steps."""
        place = self.probe.tolist()
        for index, by in enumerate((dx, dy)):
            if by:
                place[index] = self.steps(index, by)
                self._moved = index
        self.go(place, together=self.recent())

    def action_mark(self) -> None:
        """Say that the probe is of the next class."""
        lab = self._lab
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
        """Give the nearest training point the next class."""
        lab, nearest = self._lab, self.nearest()
        if lab is None or not lab.experiment.classes:
            self.post_message(self.AskedLine(f"label {(nearest or 0) + 1} "))
            return
        if nearest is None:
            self.action_execute("label 1")
            return
        classes = lab.experiment.classes
        now = lab.decide(lab.experiment.data.targets[nearest]) or 0
        self.action_execute(f"label {nearest + 1} {quoted(classes[(now + 1) % len(classes)])}")

    def on_focus(self) -> None:
        """The probe stands out, and the point that the keys are about."""
        self._refresh()

    def on_blur(self) -> None:
        """No point is chosen any more."""
        self._refresh()
