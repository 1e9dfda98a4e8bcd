"""The base of the input editors that are plots: a probe that moves, and points that it edits."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from nnsim.i18n import N_
from nnsim.lab.data import suggestion
from nnsim.lab.plane import Axis, Plane, nearest_sample
from nnsim.tui.numbers import precise
from nnsim.tui.widgets.bench_panel import BenchPanel
from nnsim.tui.widgets.board import runs
from nnsim.tui.widgets.input_editor import InputEditor
from nnsim.tui.widgets.painter import Painter
from nnsim.tui.widgets.plot import Plot

if TYPE_CHECKING:
    from nnsim.experiments import Experiment
    from nnsim.lab import Lab

Array = NDArray[np.float64]

LARGE = 5  # small steps in a large one
TOGETHER = 1.0  # seconds within which steps of the probe are undone together
CLOSEST, FARTHEST = 12, -8  # how often a window can be halved, or doubled
LEAST_FOR_LEGEND = 8  # lines of a panel from which on the last is a legend


def quoted(name: str) -> str:
    """The name of a class as commands take it."""
    return f'"{name}"'


class Sight:
    """The stretch of one axis that is in sight: the data, looked at closer or from farther away.

    It stays where it is as long as it can, and moves along with a probe that would leave it.
    """

    def __init__(self) -> None:
        self._base: Axis | None = None
        self.axis = Axis(-1.0, 1.0)
        self.level = 0

    def fit(self, values: Array) -> None:
        """Bring these values into sight, unless they are already and fill it well enough."""
        wanted, tight, base = Axis.around(values), Axis.around(values, 0.0), self._base
        if base is not None and base.holds(tight.low) and base.holds(tight.high):
            near = wanted.span > base.span / 2
        else:
            near = base is not None and not values.size
        if near:
            return
        self._base, self.axis = wanted, wanted

    def follow(self, probe: float) -> None:
        """Keep the probe in sight."""
        if self.level <= 0 and self._base is not None:
            base = self._base
            self.axis = base.zoomed(2.0**-self.level, (base.low + base.high) / 2)
        self.axis = self.axis.reaching(probe)

    def zoom(self, by: int, probe: float) -> None:
        """Look closer, at the probe, or from farther away."""
        self.level = min(max(self.level + by, FARTHEST), CLOSEST)
        if self.level > 0 and self._base is not None:
            self.axis = self._base.zoomed(2.0**-self.level, probe)
        self.follow(probe)


class ProbeInput(BenchPanel, Painter, InputEditor, can_focus=True):
    """A plot of the data with a probe on it; the probe is the input of the network.

    Subclasses say what stands on each line: `_lines_of` gives something that is equal as long as
    the line need not be drawn again, and `_strip` draws it.
    """

    BINDING_GROUP_TITLE = N_("Input")
    DEFAULT_CSS = """
    ProbeInput { height: 1fr; min-height: 6; border-subtitle-color: $text-muted; }
    """
    _STEPS = Binding.Group(N_("Move"), compact=True)
    _LEAPS = Binding.Group(N_("Far"), compact=True)
    _ZOOM = Binding.Group(N_("Zoom"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1, 0)", N_("Left"), id="probe.left", group=_STEPS,
                tooltip=N_("The probe a step to the left")),
        Binding("down,j", "move(0, -1)", N_("Down"), id="probe.down", group=_STEPS,
                tooltip=N_("The probe a step down")),
        Binding("up,k", "move(0, 1)", N_("Up"), id="probe.up", group=_STEPS,
                tooltip=N_("The probe a step up")),
        Binding("right,l", "move(1, 0)", N_("Right"), id="probe.right", group=_STEPS,
                tooltip=N_("The probe a step to the right")),
        Binding("shift+left,home", "leap(-1, 0)", N_("Far left"), id="probe.far_left",
                group=_LEAPS, show=False, tooltip=N_("The probe five steps to the left")),
        Binding("shift+right,end", "leap(1, 0)", N_("Far right"), id="probe.far_right",
                group=_LEAPS, show=False, tooltip=N_("The probe five steps to the right")),
        Binding("shift+up,pageup", "leap(0, 1)", N_("Far up"), id="probe.far_up",
                group=_LEAPS, show=False, tooltip=N_("The probe five steps up")),
        Binding("shift+down,pagedown", "leap(0, -1)", N_("Far down"), id="probe.far_down",
                group=_LEAPS, show=False, tooltip=N_("The probe five steps down")),
        Binding("plus,equals_sign", "zoom(1)", N_("Closer"), id="probe.closer", group=_ZOOM,
                show=False, tooltip=N_("Look closer, at the probe")),
        Binding("minus", "zoom(-1)", N_("Farther"), id="probe.farther", group=_ZOOM, show=False,
                tooltip=N_("Look from farther away")),
        Binding("space", "add", N_("Add"), id="probe.add",
                tooltip=N_("Add the probe to the training data, as what the target says")),
        Binding("d,delete,backspace", "remove", N_("Remove"), id="probe.remove",
                tooltip=N_("Take the nearest training point out of the data")),
        Binding("o", "other_points", N_("Other data"), id="probe.points", show=False,
                tooltip=N_("Learn from the next kind of generated data")),
    ]  # fmt: skip

    KIND: ClassVar[str] = ""
    """The kind of input that it is for."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.plane = Plane()
        self.sights = (Sight(), Sight())
        self.probe: Array = np.zeros(1)
        self.marked: frozenset[int] = frozenset()
        self._lab: Lab | None = None
        self._seen: Experiment | None = None
        self._moved = 0  # the input that was moved last
        self._last_step = 0.0
        self._dragging = False
        self._kind = ""  # of the generated data that was asked for last
        self._read = ""
        self._drawn: list[Any] = []
        self._strips: dict[int, Strip] = {}

    # What is shown ----------------------------------------------------------------------------

    def show(self, lab: Lab) -> None:
        """Show the bench, as a board of its own."""
        self.show_input(lab, self.marked)

    def show_input(self, lab: Lab, marked: frozenset[int]) -> None:
        """Show the data, what the network makes of it, and the input."""
        self._lab, self.marked = lab, marked
        self.probe = lab.input.reshape(-1).copy()
        if self.content_size.area:
            self._refresh()

    def _refresh(self) -> None:
        """Put every line together, and draw those anew that have changed."""
        if self._lab is None or not self.content_size.area:
            return
        if self._lab.experiment.input.kind != self.KIND or self._lab.input.size != self.probe.size:
            return  # another experiment came onto the bench; an editor for it is on its way
        if self._seen is not self._lab.experiment:
            self._seen = self._lab.experiment
            self._fit(self._lab)
        for sight, value in zip(self.sights, self._followed(self._lab), strict=False):
            sight.follow(value)
        old, self._drawn = self._drawn, list(self._lines_of(self._lab))
        changed = [
            y
            for y in range(max(len(old), len(self._drawn)))
            if y >= len(old) or y >= len(self._drawn) or old[y] != self._drawn[y]
        ]
        for y in changed:
            self._strips.pop(y, None)
        for first, last in runs(changed):
            self.redraw(first, last)
        readout = self._readout(self._lab)
        if readout != self._read:
            self._read = self.border_subtitle = readout

    def _fit(self, lab: Lab) -> None:
        """Bring the data into sight."""
        raise NotImplementedError

    def _followed(self, lab: Lab) -> Sequence[float]:
        """What is to be kept in sight on each axis."""
        raise NotImplementedError

    def _lines_of(self, lab: Lab) -> Sequence[Hashable]:
        """What stands on each line, as something that can be compared."""
        raise NotImplementedError

    def _strip(self, y: int) -> Strip:
        """Line `y`, drawn."""
        raise NotImplementedError

    def _readout(self, lab: Lab) -> str:
        """What is written on the border: where the probe stands."""
        names = lab.experiment.input.names
        pieces = [
            f"{n} {precise(float(v)).strip()}" for n, v in zip(names, self.probe, strict=True)
        ]
        return " · ".join(pieces).replace("[", r"\[")

    @property
    def plot_height(self) -> int:
        """Lines of the plot with its numbers, without a legend."""
        height = self.content_size.height
        return height - 1 if height >= LEAST_FOR_LEGEND else height

    @property
    def plot(self) -> Plot:
        """The plot as it is laid out now."""
        x, y = (sight.axis for sight in self.sights)
        return Plot.fitted(x, y, self.content_size.width, self.plot_height)

    def render_line(self, y: int) -> Strip:
        """One line."""
        strip = self._strips.get(y)
        if strip is None:
            blank = Strip.blank(self.content_size.width, self.style())
            strip = self._strip(y) if y < len(self._drawn) else blank
            self._strips[y] = strip
        return strip

    def on_resize(self) -> None:
        """Everything is laid out anew."""
        self._drawn, self._strips = [], {}
        self._refresh()

    def notify_style_update(self) -> None:
        """Every line is drawn anew in the new style."""
        super().notify_style_update()
        self._strips.clear()

    @property
    def in_signs(self) -> bool:
        """Whether colours can't be told apart or mixed, so that characters tell everything."""
        app = self.app
        return app.no_color or app.native_ansi_color or getattr(app, "ascii_only", False)

    # What is asked for in a lesson ------------------------------------------------------------

    @property
    def _asked(self) -> frozenset[str]:
        """The addresses of the numbers that are hidden until somebody has worked them out."""
        hidden: frozenset[str] = getattr(self.screen, "hidden", frozenset())
        return hidden

    def covers_output(self, lab: Lab) -> bool:
        """Whether what the network says is asked for, so that the plot must not tell it."""
        last = f"{lab.names.layers[-1].name}["
        fields = (".a", ".z")
        return any(
            address in ("prediction", "correct")
            or (address.startswith(last) and address.endswith(fields))
            for address in self._asked
        )

    def covers_wrong(self, lab: Lab) -> bool:
        """Whether it is asked for how many samples are read right."""
        told = {"right", "accuracy", "test_accuracy", "correct", "prediction"}
        return bool(told & self._asked) or self.covers_output(lab)

    # The probe --------------------------------------------------------------------------------

    @property
    def chosen_input(self) -> int:
        """The input that was moved last."""
        return min(self._moved, self.probe.size - 1)

    def address(self) -> str | None:
        """The input that was moved last."""
        return f"input[{self.chosen_input + 1}]"

    def go(self, values: Sequence[float], *, together: bool) -> None:
        """Put the probe at a place; `together` undoes it with the step before."""
        for index, value in enumerate(values):
            if value != self.probe[index]:
                self._moved = index
                self.post_message(self.Asked(f"set input[{index + 1}] {value:.10g}",
                                             merge=together))  # fmt: skip
                self.probe[index] = value
                together = True

    def steps(self, index: int, by: int) -> float:
        """Where an input is after so many small steps."""
        step = self.sights[index].axis.step
        return round(float(self.probe[index]) + by * step, max(0, 10 - int(np.log10(max(1, step)))))

    def recent(self) -> bool:
        """Whether the step before this one was a moment ago."""
        now, before = monotonic(), self._last_step
        self._last_step = now
        return now - before < TOGETHER

    def action_move(self, dx: int, dy: int) -> None:
        """Move the probe by small steps."""
        raise NotImplementedError

    def action_leap(self, dx: int, dy: int) -> None:
        """Move the probe by large steps."""
        self.action_move(dx * LARGE, dy * LARGE)

    def action_zoom(self, by: int) -> None:
        """Look closer, or from farther away."""
        if self._lab is not None:
            for sight, value in zip(self.sights, self._followed(self._lab), strict=False):
                sight.zoom(by, value)
            self._refresh()

    def action_execute(self, line: str) -> None:
        """Ask for a command of the bench."""
        self.post_message(self.Asked(line))

    # Its points -------------------------------------------------------------------------------

    def nearest(self) -> int | None:
        """The training sample that is nearest to the probe, as it looks on the screen."""
        if self._lab is None:
            return None
        spans = np.array([s.axis.span for s in self.sights[: self.probe.size]])
        return nearest_sample(self._lab, self.probe, spans)

    def action_add(self) -> None:
        """Add the probe to the data as what the target says, else the first class or a number."""
        lab = self._lab
        if lab is None:
            return
        if lab.target is not None:
            self.action_execute("add")
        elif lab.experiment.classes:
            self.action_execute(f"add {quoted(lab.experiment.classes[0])}")
        else:  # a number has to be typed; what the network says is there already
            said = "" if self.covers_output(lab) else suggestion(lab)
            self.post_message(self.AskedLine(f"add {said}"))

    def action_remove(self) -> None:
        """Take the nearest training point out of the data."""
        nearest = self.nearest()
        self.action_execute(f"remove {1 if nearest is None else nearest + 1}")

    def action_other_points(self) -> None:
        """Learn from the next kind of generated data."""
        from nnsim.experiments.drawing import drawn, fitting

        lab = self._lab
        if lab is None:
            return
        kinds = fitting(lab.experiment) or ("moons",)  # which is refused, with the reason
        first = kinds.index(self._kind) + 1 if self._kind in kinds else 0
        self._kind = kinds[first % len(kinds)]
        inputs = lab.experiment.data.inputs
        if len(kinds) > 1 and np.array_equal(drawn(lab.experiment, self._kind).inputs, inputs):
            self._kind = kinds[(first + 1) % len(kinds)]  # those are on the bench already
        self.action_execute(f"points {self._kind}")

    # The mouse --------------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Put the probe where the mouse is."""
        place = event.get_content_offset_capture(self)
        if event.button == 1 and self.plot.at(*place) is not None:
            event.stop()
            self.capture_mouse()
            self._dragging = True
            self._touch(place.x, place.y, together=False)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the probe; it stops at the edges."""
        if self._dragging:
            event.stop()
            place = event.get_content_offset_capture(self)
            self._touch(place.x, place.y, together=True)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go of the probe."""
        if self._dragging:
            event.stop()
            self._dragging = False
            self.release_mouse()

    def _touch(self, x: int, y: int, *, together: bool) -> None:
        plot = self.plot
        column = min(max(x - plot.left, 0), plot.columns - 1)
        place = plot.point(column, min(max(y, 0), plot.rows - 1))
        self.go(place[: self.probe.size], together=together)
