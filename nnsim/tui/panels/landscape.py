"""Panel 9: the loss landscape around the parameters on the bench, with the path of training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.binding import Binding, BindingType
from textual.timer import Timer

from nnsim.i18n import N_, _
from nnsim.lab.errors import LabError
from nnsim.lab.landscape import (
    PATH,
    RANDOM,
    WEIGHTS,
    CostMap,
    PathOnPlane,
    Plane,
    Surface,
    Window,
    parameter_names,
)
from nnsim.lab.reading.axis import Axis
from nnsim.tui.draw import heat
from nnsim.tui.draw.lines import Cells, Lines, Row
from nnsim.tui.draw.numbers import short
from nnsim.tui.draw.plot import Plot
from nnsim.tui.draw.styles import Sheet
from nnsim.tui.draw.text import left, width_of, wrap_cells
from nnsim.tui.panels.panel import Panel, Scene

if TYPE_CHECKING:
    from nnsim.lab import Lab

Array = NDArray[np.float64]

FAR = 5  # cells of a large step
SLICE = 0.012  # seconds of work between two turns of keys and screen
EVERY = 2.0  # least seconds between two maps while the parameters beside the plane change
START, WAY, NOW, LEAST, BETWEEN = "○", "•", "●", "×", "·"
KEY_WIDTH = 12
LEAST_WITH_KEY = 64, 22
"""From so many columns and lines on, the key stands beside the map; else below it."""
ABOVE, BELOW = 2, 2  # lines of text around the map; one more below, where the key is there


# What is drawn ------------------------------------------------------------------------------------
def plot_of(window: Window, width: int, height: int) -> tuple[Plot, int, int]:
    """A plot with axes for a window, and the columns and rows of its field.

    The points of the grid lie in the middle of cells, the outermost on the edges of the window;
    there are odd numbers of them, so that one is in the middle of the window.
    """
    rows = max(3, height - 1 - height % 2)
    y = _axis(window.bottom, window.top, rows)
    plot = Plot.fitted(Axis(window.left, window.right), y, width, rows + 1)
    columns = max(3, plot.columns - 1 + plot.columns % 2)
    plot = replace(plot, x=_axis(window.left, window.right, columns), columns=columns)
    return plot, columns, rows


def _axis(low: float, high: float, cells: int) -> Axis:
    half = (high - low) / (cells - 1) / 2
    return Axis(low - half, high + half)


def trail(window: Window, path: Array, columns: int, rows: int) -> dict[tuple[int, int], str]:
    """The marks of a path, (k, 2), by (row, column): its points, and dots between them."""
    cells = window.cells(path, columns, rows)
    found: dict[tuple[int, int], str] = {}
    if not len(cells):
        return found
    other = np.concatenate([[True], (np.diff(cells, axis=0) != 0).any(axis=1)])
    way = [(column, row) for column, row in cells[other].tolist()]
    for start, end in pairwise(way):
        if min(start) >= 0 and min(end) >= 0:
            for column, row in _between(start, end):
                found.setdefault((row, column), BETWEEN)
    for column, row in way:
        if column >= 0:
            found[row, column] = WAY
    if min(way[0]) >= 0:
        found[way[0][1], way[0][0]] = START
    return found


def _between(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    (x0, y0), (x1, y1) = start, end
    length = max(abs(x1 - x0), abs(y1 - y0))
    for step in range(1, length):
        yield round(x0 + (x1 - x0) * step / length), round(y0 + (y1 - y0) * step / length)


def marks(found: CostMap, path: Array, now: tuple[float, float]) -> list[dict[int, str]]:
    """Everything that stands on each row of the map, by column: path, least cost, and now."""
    by_row: list[dict[int, str]] = [{} for _row in range(found.rows)]
    for (row, column), mark in trail(found.window, path, found.columns, found.rows).items():
        by_row[row][column] = mark
    if found.lowest is not None:
        column, row = found.lowest
        by_row[row][column] = LEAST
    column, row = found.cell_of(now)
    if row >= 0:
        by_row[row][column] = NOW
    return by_row


@dataclass(frozen=True)
class MapRow:
    """A row of the map: what stands in front, its cells, and its part of the key."""

    front: str
    levels: tuple[int, ...]
    digits: str
    marks: dict[int, str]
    here: int  # the column of the cursor, −1 on other rows
    key: tuple[tuple[str, str], ...]
    gap: int  # blanks before the key

    def pieces(self, _sheet: Sheet) -> Row:
        cells = heat.pieces(self.levels, self.digits, self.marks, self.here)
        front = (self.front, "here" if self.here >= 0 else "dim")
        return [front, *cells, (" " * self.gap, ""), *self.key]


# What is computed ---------------------------------------------------------------------------------
class Landscape:
    """The costs on a plane through what is on the bench, computed in slices; and the path on it.

    Attributes
    ----------
    window : Window
        The part of the plane that is looked at.
    path : array (k, 2)
        The epochs of the run.
    now : (float, float)
        Where the parameters on the bench are, and `cost` what they cost (None without data).
    beside : float
        How far they lie beside the plane, 0 if they don't.
    map : CostMap or None
        What is shown; `next` is what is being computed, the same at first.
    plot : Plot or None
        Where the map stands.
    epoch : int
        Of the map that is shown.
    sorry : str
        Why there is none.
    """

    def __init__(self) -> None:
        self.plane: Plane | None = None
        self.window = Window(-1.0, 1.0, -1.0, 1.0)
        self.path: Array = np.zeros((0, 2))
        self.now = (0.0, 0.0)
        self.cost: float | None = None
        self.beside = 0.0
        self.map: CostMap | None = None
        self.next: CostMap | None = None
        self.plot: Plot | None = None
        self.surface: Surface | None = None
        self.epoch = self._epoch_of_next = 0
        self.sorry = ""
        self._way: PathOnPlane | None = None
        self._surface_of: tuple[Any, ...] = ()
        self._of: tuple[Any, ...] = ()  # what the map, or the next one, is of
        self._begun = 0.0  # when the last one was begun
        self._spent = self._took = 0.0  # seconds of work on it so far, and on the one before

    @property
    def coarse(self) -> bool:
        """Whether the map that is shown is still being computed."""
        return self.map is not None and self.map is self.next

    @property
    def wait(self) -> float:
        """Seconds between two maps while the others move: at most a fifth of the time for them."""
        return max(EVERY, math.ceil(5 * self._took))

    def leave(self) -> None:
        """There is no plane any more."""
        self.plane = self.map = self.next = None

    def follow(self, lab: Lab, plane: Plane) -> bool:
        """Find where path and parameters lie on the plane; say whether the plane is another."""
        other = plane is not self.plane
        if other:
            self.plane, self._way = plane, PathOnPlane(plane)
        assert self._way is not None
        now = lab.network.parameters.astype(np.float64)
        x, y = plane.project(now[None])[0]
        self.now = float(x), float(y)
        self.cost = lab.metrics.cost if lab.metrics.samples else None
        self.path = self._way.points(lab.timeline.run.frames)
        away = 0.0 if plane.kind == WEIGHTS else plane.distance(now)
        self.beside = away if away > 1e-6 * max(1e-12, float(np.linalg.norm(now))) else 0.0
        if other:
            self.fit()
        return other

    def fit(self) -> None:
        """Look at all of the path."""
        if self.plane is not None:
            self.look(Window.of(self.plane, self.path, self.now))

    def look(self, window: Window) -> None:
        """Look at another part of the plane."""
        if window != self.window:
            self.window = window
            self.map = self.next = None

    def compute(self, lab: Lab, room: tuple[int, int]) -> None:
        """See to it that a map of this size is of what is on the bench; `work` does the rest."""
        assert self.plane is not None
        muted = tuple(sorted(lab.network.muted.items()))
        surface_of = (lab.network, lab.experiment.data, muted, lab.network.running.tobytes())
        plane = self.plane.through(lab.network.parameters.astype(np.float64))
        where = (self.plane, self.window, room)
        of = (*where, *surface_of, plane.origin.tobytes())
        if of == self._of and self.map is not None:
            return
        same_place = where == self._of[: len(where)] and self.map is not None
        early = self.next is not None or perf_counter() - self._begun < self.wait
        if same_place and lab.running.on and early:
            return  # the others move with every epoch: a new map every now and then
        if not self._look_at(lab, surface_of):
            return
        assert self.surface is not None
        self.plot, columns, rows = plot_of(self.window, max(12, room[0]), max(4, room[1]))
        self.next = CostMap(self.surface, plane, self.window, columns, rows)
        self._epoch_of_next = lab.trainer.epoch
        self._of, self._begun, self._spent = of, perf_counter(), 0.0
        if not same_place:
            self.map, self.epoch = self.next, lab.trainer.epoch  # coarse at first
            self.work()

    def _look_at(self, lab: Lab, of: tuple[Any, ...]) -> bool:
        """Take the data and the kind of network that are on the bench; say whether that goes."""
        if of == self._surface_of and self.surface is not None:
            return True
        try:
            self.surface = Surface(lab.network, lab.experiment.data)
            self._surface_of, self.sorry = of, ""
        except LabError as problem:
            self.sorry, self.map, self.next, self.surface = str(problem), None, None, None
            return False
        return True

    def work(self) -> bool:
        """Compute for a moment; say whether what is shown has changed."""
        if self.next is None:
            return False
        begun = perf_counter()
        done = self.next.work(SLICE)
        self._spent += perf_counter() - begun
        if done:
            self.map, self.next, self._took = self.next, None, self._spent
            self.epoch = self._epoch_of_next
        return done or self.coarse


# The panel ----------------------------------------------------------------------------------------
class LandscapePanel(Panel, Lines):
    """The cost as a heat map over two weights, random directions, or the path of training."""

    BINDING_GROUP_TITLE = N_("Landscape")
    HELP = N_(
        "The cost over the training data for every point of a plane through the space of all "
        "weights and biases. v chooses two of them; then the others stay as they are on the bench. "
        "d takes two random directions, m the two main directions of the path that training took "
        "(its principal components). The digit on a contour is its level, 0 to F; the key says at "
        "which cost a level begins. ○ is the start, • the epochs, ● the network on the bench, × "
        "the least cost in sight. A path that runs beside the plane is drawn at the nearest point. "
        "Arrows or hjkl move the cursor, Enter puts the parameters of that point onto the bench "
        "(undo takes them back). + and - zoom at the cursor, f fits the path in, o changes between "
        "a logarithmic and a linear scale, r lays the plane through the present parameters."
    )
    _MOVES = Binding.Group(N_("Move"), compact=True)
    _ZOOM = Binding.Group(N_("Zoom"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "place", N_("Go there"), id="landscape.place",
                tooltip=N_("Put the parameters of this point onto the bench")),
        Binding("v", "choose", N_("Weights"), id="landscape.choose",
                tooltip=N_("Choose two weights or biases by their addresses")),
        Binding("d", "ask('random')", N_("Random"), id="landscape.random",
                tooltip=N_("Two random directions; again: others")),
        Binding("m", "ask('path')", N_("Path"), id="landscape.path",
                tooltip=N_("The two main directions of the path that training took")),
        Binding("left,h", "move(-1, 0)", N_("Left"), id="landscape.left", group=_MOVES,
                tooltip=N_("The cursor to the left")),
        Binding("down,j", "move(0, 1)", N_("Down"), id="landscape.down", group=_MOVES,
                tooltip=N_("The cursor down")),
        Binding("up,k", "move(0, -1)", N_("Up"), id="landscape.up", group=_MOVES,
                tooltip=N_("The cursor up")),
        Binding("right,l", "move(1, 0)", N_("Right"), id="landscape.right", group=_MOVES,
                tooltip=N_("The cursor to the right")),
        Binding("shift+left", f"move(-{FAR}, 0)", N_("Far left"), id="landscape.far_left",
                show=False),
        Binding("shift+right", f"move({FAR}, 0)", N_("Far right"), id="landscape.far_right",
                show=False),
        Binding("shift+up,pageup", f"move(0, -{FAR})", N_("Far up"), id="landscape.far_up",
                show=False),
        Binding("shift+down,pagedown", f"move(0, {FAR})", N_("Far down"), id="landscape.far_down",
                show=False),
        Binding("home", "to_now", N_("Now"), id="landscape.now", show=False,
                tooltip=N_("The cursor to the network on the bench")),
        Binding("end", "to_least", N_("Least"), id="landscape.least", show=False,
                tooltip=N_("The cursor to the least cost in sight")),
        Binding("plus,equals_sign", "zoom(0.5)", N_("Closer"), id="landscape.closer", group=_ZOOM,
                tooltip=N_("Look closer, at the cursor")),
        Binding("minus", "zoom(2.0)", N_("Farther"), id="landscape.farther", group=_ZOOM,
                tooltip=N_("Look from farther away")),
        Binding("f", "fit", N_("Fit"), id="landscape.fit", show=False,
                tooltip=N_("Bring path and present point into sight")),
        Binding("o", "scale", N_("Log"), id="landscape.scale", show=False,
                tooltip=N_("A logarithmic or a linear scale")),
        Binding("r", "again", N_("Through here"), id="landscape.again", show=False,
                tooltip=N_("Lay the plane through the parameters that are on the bench now")),
    ]  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.landscape = Landscape()
        self.logarithmic = True
        self.cursor = (0.0, 0.0)
        self._asked: object = None  # the network for which a plane was asked for
        self._timer: Timer | None = None

    # What is shown ------------------------------------------------------------------------------
    def show(self, scene: Scene) -> None:
        """Show the landscape, with the path as far as it goes now."""
        self.scene, lab, found = scene, scene.lab, self.landscape
        plane = lab.landscape
        if plane is None:
            self._ask_for_one(lab)
        else:
            if found.follow(lab, plane):
                self.cursor = found.now
            if self.content_size.width:
                found.compute(lab, self.room(*self.content_size))
                self._soon()
        self.update()

    def _ask_for_one(self, lab: Lab) -> None:
        """There is no plane for this network yet: begin with the usual one."""
        self.landscape.leave()
        if self._asked is not lab.network:
            self._asked = lab.network
            self.landscape.sorry = ""
            if lab.network.parameters.size < 2:
                self.landscape.sorry = _("a plane needs two parameters, and this network has fewer")
            else:
                self.post_message(self.Asked("landscape"))

    def _soon(self) -> None:
        """Go on computing in a moment, while anybody looks: keys and the screen have their turn."""

        def go_on() -> None:
            self._timer = None
            if self.landscape.work():
                self.update()
            self._soon()

        working = self.landscape.next is not None
        if working and self._timer is None and self.is_attached and self.display:
            self._timer = self.set_timer(0.001, go_on)

    def on_resize(self) -> None:
        if self.scene is None:
            super().on_resize()
        else:
            self.show(self.scene)

    # Rows ---------------------------------------------------------------------------------------
    @staticmethod
    def key_beside(width: int, height: int) -> bool:
        return width >= LEAST_WITH_KEY[0] and height >= LEAST_WITH_KEY[1]

    def room(self, width: int, height: int) -> tuple[int, int]:
        """Columns and rows for the map with its axes."""
        beside = self.key_beside(width, height)
        return width - (KEY_WIDTH + 1) * beside, height - ABOVE - BELOW - (not beside)

    @property
    def scale(self) -> heat.Scale:
        """Which cost is of which level."""
        found = self.landscape.map
        return heat.Scale.of(np.zeros(0) if found is None else found.shown, self.logarithmic)

    def rows(self, width: int, height: int) -> list[Row | Cells]:
        landscape = self.landscape
        found, plot = landscape.map, landscape.plot
        if landscape.sorry or found is None or plot is None or landscape.plane is None:
            text = landscape.sorry or _("choosing a landscape …")
            return [[(line, "")] for line in wrap_cells(text, width)]
        scale, beside = self.scale, self.key_beside(width, height)
        levels = scale.levels(found.shown)
        digits = heat.contour_digits(levels)
        by_row = marks(found, landscape.path, landscape.now)
        column, line = self.cell()
        key = _key(scale) if beside else []
        gap = width - KEY_WIDTH - plot.left - found.columns
        cells: list[Row | Cells] = [
            MapRow(
                plot.upright(row, here=row == line), tuple(levels[row].tolist()), digits[row],
                by_row[row], column if row == line else -1,
                key[row] if row < len(key) else (), gap if row < len(key) else 0,
            )
            for row in range(found.rows)
        ]  # fmt: skip
        below = [plot.below(column), self.readout(width), self.legend()]
        if not beside:
            below.insert(2, heat.key_line(scale, width))
        return [self.title(landscape.plane), self.state(), *cells, *below]

    @staticmethod
    def title(plane: Plane) -> Row:
        if plane.kind == WEIGHTS:
            text = _("cost over → {x} and ↑ {y}").format(x=plane.names[0], y=plane.names[1])
        else:
            text = _("cost over {what}").format(what=plane.description)
        return [(text, "strong")]

    def state(self) -> Row:
        """How far the map is computed, of which epoch it is, and what lies beside it."""
        landscape, scene = self.landscape, self.scene
        if landscape.coarse:
            return [(_("computing …"), "dim")]
        said = []
        if landscape.beside:
            text = _("now lies {distance} beside this plane; r lays one through it")
            said.append(text.format(distance=f"{landscape.beside:.3g}"))
        assert scene is not None
        assert landscape.plane is not None
        others = landscape.plane.kind == WEIGHTS and scene.lab.network.parameters.size > 2
        if others and landscape.epoch != scene.lab.trainer.epoch:
            text = _("the other weights are those of epoch {epoch}; a new map every {n} s")
            said.append(text.format(epoch=landscape.epoch, n=f"{landscape.wait:g}"))
        if landscape.surface is not None and landscape.surface.every > 1:
            text = _("of every {n}th sample, times {n}")
            said.append(text.format(n=landscape.surface.every))
        if not landscape.window.holds(*landscape.now):
            said.append(_("now is out of sight; f brings it back"))
        return [(" · ".join(said), "dim")]

    def cell(self) -> tuple[int, int]:
        """The column and row of the cursor; where that is out of sight, the nearest in sight."""
        found = self.landscape.map
        if found is None:
            return 0, 0
        window, (x, y) = found.window, self.cursor
        x = min(max(window.left, x), window.right)
        y = min(max(window.bottom, y), window.top)
        return found.cell_of((x, y))

    def readout(self, width: int) -> Row:
        """Where the cursor is, and the cost there; and the least in sight."""
        landscape, found = self.landscape, self.landscape.map
        if found is None:
            return []
        x, y, cost = found.at(*self.cell())
        text = "…" if np.isnan(cost) else short(cost, 10).strip()
        row: list[tuple[str, str]] = [
            (f"→ {x:.4g}  ↑ {y:.4g}  ".replace("-", "−"), ""),
            (_("cost {cost}").format(cost=text), "strong"),
        ]
        # (What is on the bench is seldom in the very middle of its cell.)
        if landscape.cost is not None and found.cell_of(landscape.now) == self.cell():
            text = _("now {cost}").format(cost=short(landscape.cost, 10).strip())
            row.append((f" ({text})", ""))
        if found.lowest is not None:
            x, y, cost = found.at(*found.lowest)
            value = short(cost, 10).strip()
            texts = [
                _("least here {cost} at {x}, {y}").format(cost=value, x=f"{x:.4g}", y=f"{y:.4g}"),
                _("least here {cost}").format(cost=value),
            ]
            room = width - sum(width_of(text) for text, _style in row) - 4
            text = next((text for text in texts if width_of(text) <= room), "")
            row.append((f"  {LEAST} {text}".replace("-", "−") if text else "", "dim"))
        return row

    @staticmethod
    def legend() -> Row:
        """What the marks mean."""
        text = _("{start} start  {way} path  {now} now  {least} least cost")
        return [(text.format(start=START, way=WAY, now=NOW, least=LEAST), "dim")]

    def address(self) -> str | None:
        """The parameter of the horizontal axis, or the cost."""
        plane = self.landscape.plane
        return plane.names[0] if plane is not None and plane.kind == WEIGHTS else "cost"

    # Keys and mouse -----------------------------------------------------------------------------
    def _go(self, column: int, row: int) -> None:
        found = self.landscape.map
        if found is not None:
            column = min(max(column, 0), found.columns - 1)
            x, y, _cost = found.at(column, min(max(row, 0), found.rows - 1))
            self.cursor = (x, y)
            self.update()

    def action_move(self, right: int, down: int) -> None:
        column, row = self.cell()
        self._go(column + right, row + down)

    def action_to_now(self) -> None:
        self.cursor = self.landscape.now
        self.update()

    def action_to_least(self) -> None:
        found = self.landscape.map
        if found is not None and found.lowest is not None:
            self._go(*found.lowest)

    def action_place(self) -> None:
        if self.landscape.map is not None:
            x, y, _cost = self.landscape.map.at(*self.cell())
            self.post_message(self.Asked(f"place {x:.12g} {y:.12g}"))

    def action_choose(self) -> None:
        plane = self.landscape.plane
        if self.scene is None:
            return
        lab = self.scene.lab
        if plane is not None and plane.kind == WEIGHTS:
            names = list(plane.names)
        else:
            names = parameter_names(lab.names, 2)
            focus = str(lab.focus)
            if lab.names.resolve(lab.focus).kind in ("w", "b") and focus != names[1]:
                names[0] = focus
        self.post_message(self.AskedLine(f"landscape {' '.join(names)}"))

    def action_ask(self, what: str) -> None:
        self.post_message(self.Asked(f"landscape {what}"))

    def action_again(self) -> None:
        plane = self.landscape.plane
        if plane is None:
            return
        if plane.kind == RANDOM:
            self.action_ask(f"random {plane.seed}")
        elif plane.kind == PATH:
            self.action_ask("path")
        else:
            self.action_ask(" ".join(plane.names))

    def action_zoom(self, factor: float) -> None:
        if self.scene is not None:
            self.landscape.look(self.landscape.window.zoomed(factor, *self.cursor))
            self.show(self.scene)

    def action_fit(self) -> None:
        if self.scene is not None and self.landscape.plane is not None:
            self.cursor = self.landscape.now
            self.landscape.fit()
            self.show(self.scene)

    def action_scale(self) -> None:
        self.logarithmic = not self.logarithmic
        self.update()

    def on_click(self, event: events.Click) -> None:
        place, plot = event.get_content_offset(self), self.landscape.plot
        if place is None or plot is None or self.landscape.map is None:
            return
        found = plot.at(place.x, place.y - ABOVE)
        if found is None:
            return
        if found == self.cell():
            self.action_place()
        else:
            self._go(*found)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_zoom(0.5)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_zoom(2.0)


def _key(scale: heat.Scale) -> list[tuple[tuple[str, str], ...]]:
    """The key beside the map, from its first row on: what it is of, and the highest level first."""
    words = _("log cost") if scale.log else _("cost")
    levels = reversed(list(enumerate(scale.key())))
    return [
        ((left(f" {words}"[:KEY_WIDTH], KEY_WIDTH), "dim"),),
        *(
            ((f" {heat.DIGITS[n]} ", f"cell:heat-{n}"), (f" {text}".ljust(KEY_WIDTH - 3), "dim"))
            for n, text in levels
        ),
    ]
