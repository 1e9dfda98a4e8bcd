"""Panel 9: the loss landscape around the parameters on the bench, with the path of training."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from nnsim.i18n import N_
from nnsim.lab.landscape import PATH, RANDOM, WEIGHTS, Window, parameter_names
from nnsim.tui.widgets.landscape_maps import LandscapeMaps

FAR = 5  # cells of a large step


class LandscapePanel(LandscapeMaps):
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
            names = parameter_names(lab.names, 2)
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
        if window != self.window and self.scene is not None:
            self.window = window
            self.map = self._next = None
            self.show(self.scene)

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
