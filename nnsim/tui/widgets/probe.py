"""The base of the input editors that are plots: keys and the mouse, the probe and its points."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import ClassVar

import numpy as np
from textual import events
from textual.binding import Binding, BindingType

from nnsim.i18n import N_
from nnsim.lab.reading.plane import nearest_sample
from nnsim.tui.widgets.probe_plot import ProbePlot

LARGE = 5  # small steps in a large one
TOGETHER = 1.0  # seconds within which steps of the probe are undone together


def quoted(name: str) -> str:
    """The name of a class as commands take it."""
    return f'"{name}"'


class ProbeInput(ProbePlot):
    """A plot of the data whose probe keys and the mouse move, and whose points they edit."""

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

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._moved = 0  # the input that was moved last
        self._last_step = 0.0
        self._dragging = False
        self._kind = ""  # of the generated data that was asked for last

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
            said = "" if self.covers_output(lab) else lab.suggestion()
            self.post_message(self.AskedLine(f"add {said}"))

    def action_remove(self) -> None:
        """Take the nearest training point out of the data."""
        nearest = self.nearest()
        self.action_execute(f"remove {1 if nearest is None else nearest + 1}")

    def action_other_points(self) -> None:
        """Learn from the next kind of generated data."""
        from nnsim.experiments.generators import drawn, fitting

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
