"""Panel 9: the loss landscape around the parameters on the bench, with the path of training."""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.binding import Binding, BindingType
from textual.timer import Timer

from nnsim.i18n import N_, _
from nnsim.lab.directions import PATH, RANDOM, WEIGHTS, parameter_names, plane_of
from nnsim.lab.errors import LabError
from nnsim.lab.landscape import CostMap, PathOnPlane, Surface, Window
from nnsim.tui.widgets.landscape_lines import LandscapeLines
from nnsim.tui.widgets.rows import Row

if TYPE_CHECKING:
    from nnsim.lab import Lab

SLICE = 0.012  # seconds of work between two turns of keys and screen
EVERY = 2.0  # least seconds between two maps while the parameters beside the plane change
FAR = 5  # cells of a large step


class LandscapePanel(LandscapeLines):
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
        self._lab: Lab | None = None
        self.window = Window(-1.0, 1.0, -1.0, 1.0)
        self._asked: object = None  # the network for which a plane was asked for
        self._way: PathOnPlane | None = None
        self._path: NDArray[np.float64] = np.zeros((0, 2))
        self._now = (0.0, 0.0)
        self._beside = 0.0
        self._surface: Surface | None = None
        self._surface_key: tuple[Any, ...] = ()
        self._next: CostMap | None = None  # what is being computed
        self._key: tuple[Any, ...] = ()  # what the map, or the next one, is of
        self._of = (0, 0)  # the epochs of the map and of what is being computed
        self._begun = 0.0  # when the last one was begun
        self._spent = self._took = 0.0  # seconds of work on it so far, and on the one before
        self._timer: Timer | None = None

    # What is shown ------------------------------------------------------------------------------

    def show(self, lab: Lab) -> None:
        """Show the landscape, with the path as far as it goes now."""
        self._lab = lab
        plane = plane_of(lab)
        if plane is None:
            self._ask_for_one(lab)
            return
        if plane is not self.plane:
            self.plane, self._way = plane, PathOnPlane(plane)
            self._find(lab)
            self.cursor = self._now
            self.window = Window.of(plane, self._path, self._now)
            self.map = self._next = None
        else:
            self._find(lab)
        self._compute(lab)
        self.take(self._path, self._now)
        self.draw()

    def _ask_for_one(self, lab: Lab) -> None:
        """There is no plane for this network yet: begin with the usual one."""
        self.plane = self.map = self._next = None
        if self._asked is not lab.network:
            self._asked = lab.network
            self.sorry = ""
            if lab.network.parameters.size < 2:
                self.sorry = _("a plane needs two parameters, and this network has fewer")
            else:
                self.post_message(self.Asked("landscape"))
        self.draw()

    def _find(self, lab: Lab) -> None:
        """Find where path and present parameters lie on the plane."""
        assert self.plane is not None
        assert self._way is not None
        now = lab.network.parameters.astype(np.float64)
        x, y = self.plane.project(now[None])[0]
        self._now = float(x), float(y)
        self.now = (self._now, lab.metrics.cost) if lab.metrics.samples else None
        self._path = self._way.points(lab.timeline.run.frames)
        self._beside = 0.0
        if self.plane.kind != WEIGHTS:
            away = self.plane.distance(now)
            self._beside = away if away > 1e-6 * max(1e-12, float(np.linalg.norm(now))) else 0.0

    # Computing ----------------------------------------------------------------------------------

    def _compute(self, lab: Lab) -> None:
        """See to it that the map is of what is on the bench; in slices."""
        if not self.content_size.width or self.plane is None:
            return
        muted = tuple(sorted(lab.network.muted.items()))
        surface_key = (lab.network, lab.experiment.data, muted, lab.network.running.tobytes())
        plane = self.plane.through(lab.network.parameters.astype(np.float64))
        where = (self.plane, self.window, self.content_size)
        key = (*where, *surface_key, plane.origin.tobytes())
        if key == self._key:
            if self._next is not None:  # it was out of sight meanwhile
                self._soon()
            return
        same_place = where == self._key[: len(where)]
        if same_place and self.map is not None and lab.running.on and self._is_early():
            return  # the others move with every epoch: a new map every now and then
        if not self._look_at(lab, surface_key):
            return
        assert self._surface is not None
        self.plot, columns, rows = self.fitted(self.window)
        self._next = CostMap(self._surface, plane, self.window, columns, rows)
        self._of = (self._of[0], lab.trainer.epoch)
        self._key, self._begun, self._spent = key, perf_counter(), 0.0
        if not same_place or self.map is None:
            self.map = self._next  # coarse at first
            self._of = (lab.trainer.epoch, lab.trainer.epoch)
            self._work()
        else:
            self._soon()

    @property
    def _wait(self) -> float:
        """Seconds between two maps while the others move: at most a fifth of the time for them."""
        return max(EVERY, math.ceil(5 * self._took))

    def _is_early(self) -> bool:
        return self._next is not None or perf_counter() - self._begun < self._wait

    def _look_at(self, lab: Lab, key: tuple[Any, ...]) -> bool:
        """Take the data and the kind of network that are on the bench; say whether that goes."""
        if key == self._surface_key and self._surface is not None:
            return True
        try:
            self._surface, self._surface_key, self.sorry = Surface(lab), key, ""
        except LabError as problem:
            self.sorry, self.map, self._next, self._surface = str(problem), None, None, None
            return False
        return True

    def _work(self) -> None:
        """Compute for a moment, then let keys and the screen have their turn."""
        if self._next is None:
            return
        begun = perf_counter()
        done = self._next.work(SLICE)
        self._spent += perf_counter() - begun
        if done:
            self.map, self._next, self._took = self._next, None, self._spent
            self._of = (self._of[1], self._of[1])
        else:
            self._soon()
        if done or self.map is self._next:
            self.take(self._path, self._now)
            self.draw()

    def _soon(self) -> None:
        """Go on computing in a moment, while anybody looks."""

        def go_on() -> None:
            self._timer = None
            self._work()

        if self._timer is None and self.is_attached and self.display:
            self._timer = self.set_timer(0.001, go_on)

    def on_resize(self) -> None:
        """Lay everything out anew."""
        if self._lab is not None:
            self.map = self._next = None
            self._key = ()
            self.show(self._lab)
        self.redraw_all()

    # Text ---------------------------------------------------------------------------------------

    def state(self) -> Row:
        """How far the map is computed, of which epoch it is, and what lies beside it."""
        lab, surface = self._lab, self._surface
        assert lab is not None
        if self.map is not None and self.map is self._next:
            return [(_("computing …"), "dim")]
        said = []
        if self._beside:
            away = f"{self._beside:.3g}"
            said.append(_("now lies {distance} beside this plane; r lays one through it").format(
                distance=away))  # fmt: skip
        others = self.plane is not None and self.plane.kind == WEIGHTS
        others = others and lab.network.parameters.size > 2
        if others and self._of[0] != lab.trainer.epoch:
            text = _("the other weights are those of epoch {epoch}; a new map every {n} s")
            said.append(text.format(epoch=self._of[0], n=f"{self._wait:g}"))
        if surface is not None and surface.every > 1:
            said.append(_("of every {n}th sample, times {n}").format(n=surface.every))
        window = self.window
        inside = (
            window.left <= self._now[0] <= window.right
            and window.bottom <= self._now[1] <= window.top
        )
        if not inside:
            said.append(_("now is out of sight; f brings it back"))
        return [(" · ".join(said), "dim")]

    def address(self) -> str | None:
        """The parameter of the horizontal axis, or the cost."""
        if self.plane is not None and self.plane.kind == WEIGHTS:
            return self.plane.names[0]
        return "cost"

    # Keys ---------------------------------------------------------------------------------------

    def _go(self, column: int, row: int) -> None:
        found = self.map
        if found is not None:
            column = min(max(column, 0), found.columns - 1)
            row = min(max(row, 0), found.rows - 1)
            x, y, _cost = found.at(column, row)
            self.cursor = (x, y)
            self.draw()

    def action_move(self, right: int, down: int) -> None:
        """Move the cursor by cells."""
        column, row = self.cell()
        self._go(column + right, row + down)

    def action_to_now(self) -> None:
        """Put the cursor on the network on the bench."""
        self.cursor = self._now
        self.draw()

    def action_to_least(self) -> None:
        """Put the cursor on the least cost in sight."""
        if self.map is not None and self.map.lowest is not None:
            self._go(*self.map.lowest)

    def action_place(self) -> None:
        """Put the parameters of the point under the cursor onto the bench."""
        if self.map is not None:
            x, y, _cost = self.map.at(*self.cell())
            self.post_message(self.Asked(f"place {x:.12g} {y:.12g}"))

    def action_choose(self) -> None:
        """Open the line for two addresses; those of now, or the number that is looked at."""
        lab, plane = self._lab, self.plane
        if lab is None:
            return
        if plane is not None and plane.kind == WEIGHTS:
            names = list(plane.names)
        else:
            names = parameter_names(lab, 2)
            focus = str(lab.focus)
            if lab.names.resolve(lab.focus).kind in ("w", "b") and focus != names[1]:
                names[0] = focus
        self.post_message(self.AskedLine(f"landscape {' '.join(names)}"))

    def action_ask(self, what: str) -> None:
        """Ask for another plane."""
        self.post_message(self.Asked(f"landscape {what}"))

    def action_again(self) -> None:
        """Lay the plane through the present parameters."""
        plane = self.plane
        if plane is None:
            return
        if plane.kind == RANDOM:
            self.action_ask(f"random {plane.seed}")
        elif plane.kind == PATH:
            self.action_ask("path")
        else:
            self.action_ask(" ".join(plane.names))

    def _look(self, window: Window) -> None:
        if window != self.window and self._lab is not None:
            self.window = window
            self.map = self._next = None
            self.show(self._lab)

    def action_zoom(self, factor: float) -> None:
        """Look closer at the cursor, or from farther away."""
        self._look(self.window.zoomed(factor, *self.cursor))

    def action_fit(self) -> None:
        """Bring the path and the present point into sight."""
        if self.plane is not None:
            self.cursor = self._now
            self._look(Window.of(self.plane, self._path, self._now))
            self.draw()

    def action_scale(self) -> None:
        """Change between a logarithmic and a linear scale."""
        self.logarithmic = not self.logarithmic
        self.take(self._path, self._now)
        self.redraw_all()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor under the mouse; a click on it goes there."""
        place = event.get_content_offset(self)
        if place is None or self.plot is None or self.map is None:
            return
        found = self.plot.at(place.x, place.y - 2)
        if found is None:
            return
        if found == self.cell():
            self.action_place()
        else:
            self._go(*found)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Look closer."""
        event.stop()
        self.action_zoom(0.5)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Look from farther away."""
        event.stop()
        self.action_zoom(2.0)
