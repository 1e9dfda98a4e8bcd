"""The base of the input panels that are plots: the data, and the probe among it, the input."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.binding import Binding, BindingType

from nnsim.i18n import N_
from nnsim.lab.hiding import NOTHING, Hidden
from nnsim.lab.reading.axis import Axis
from nnsim.lab.reading.plane import Plane, nearest_sample
from nnsim.tui.draw.lines import Lines, Row
from nnsim.tui.draw.numbers import precise
from nnsim.tui.draw.plot import Plot
from nnsim.tui.panels.panel import Panel, Scene

if TYPE_CHECKING:
    from nnsim.experiments import Experiment
    from nnsim.lab import Lab

Array = NDArray[np.float64]

CLOSEST, FARTHEST = 12, -8  # how often a window can be halved, or doubled
LEAST_FOR_LEGEND = 8  # lines of a panel from which on the last is a legend


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


LARGE = 5  # small steps in a large one
TOGETHER = 1.0  # seconds within which steps of the probe are undone together


def quoted(name: str) -> str:
    """The name of a class as commands take it."""
    return f'"{name}"'


class ProbeInput(Panel, Lines):
    """A plot of the data whose probe keys and the mouse move, and whose points they edit.

    Subclasses give `rows`, bring the data into sight in `fit`, and say what is kept there.
    """

    KIND: ClassVar[str] = ""
    NUMBERS: ClassVar[int]
    """The kind of input that it is for, and how many numbers that has."""

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
        self.plane = Plane()
        self.sights = (Sight(), Sight())
        self.probe: Array = np.zeros(self.NUMBERS)
        self._seen: Experiment | None = None
        self._moved = 0  # the input that was moved last
        self._last_step = 0.0
        self._dragging = False
        self._kind = ""  # of the generated data that was asked for last

    # What is shown ----------------------------------------------------------------------------
    @property
    def lab(self) -> Lab | None:
        """The bench that is shown; None where another experiment came onto it."""
        lab = None if self.scene is None else self.scene.lab
        return lab if lab is not None and self._is_mine(lab) else None

    def _is_mine(self, lab: Lab) -> bool:
        return lab.experiment.input.kind == self.KIND and lab.input.size == self.NUMBERS

    def show(self, scene: Scene) -> None:
        """Show the data, what the network makes of it, and the input."""
        lab = scene.lab
        if not self._is_mine(lab):
            return  # another experiment came onto the bench; a panel for it is on its way
        self.scene = scene
        self.probe = lab.input.reshape(-1).copy()
        if self._seen is not lab.experiment:
            self._seen = lab.experiment
            self.fit(lab)
        for sight, value in zip(self.sights, self.followed(lab), strict=False):
            sight.follow(value)
        readout = self.readout(lab)
        if readout != self.border_subtitle:
            self.border_subtitle = readout
        self.update()

    def fit(self, lab: Lab) -> None:
        """Bring the data into sight."""
        raise NotImplementedError

    def followed(self, lab: Lab) -> Sequence[float]:
        """What is to be kept in sight on each axis."""
        raise NotImplementedError

    def readout(self, lab: Lab) -> str:
        """What is written on the border: where the probe stands."""
        names = lab.experiment.input.names
        pieces = [
            f"{n} {precise(float(v)).strip()}" for n, v in zip(names, self.probe, strict=True)
        ]
        return " · ".join(pieces).replace("[", r"\[")

    @property
    def has_legend(self) -> bool:
        """Whether there is room for a line below the plot."""
        return bool(self.content_size.height >= LEAST_FOR_LEGEND)

    @property
    def plot(self) -> Plot:
        x, y = (sight.axis for sight in self.sights)
        width, height = self.content_size
        return Plot.fitted(x, y, width, height - int(self.has_legend))

    def below(self, plot: Plot, *, marked: bool) -> Row:
        """The numbers of x, and where the probe is."""
        return plot.below(plot.column(float(self.probe[0])), "here" if marked else "dim")

    # What is asked for in a lesson ------------------------------------------------------------
    @property
    def _asked(self) -> Hidden:
        return NOTHING if self.scene is None else self.scene.hidden

    def covers_output(self, lab: Lab) -> bool:
        """Whether what the network says is asked for, so that the plot must not tell it."""
        asked, last = self._asked, len(lab.names.layers) - 1
        return asked.asks("prediction", "correct") or asked.asks("a", "z", layer=last)

    def covers_wrong(self, lab: Lab) -> bool:
        """Whether it is asked for how many samples are read right."""
        told = ("right", "accuracy", "test_accuracy", "correct", "prediction")
        return self._asked.asks(*told) or self.covers_output(lab)

    # The probe --------------------------------------------------------------------------------
    def address(self) -> str | None:
        """The input that was moved last."""
        return f"input[{min(self._moved, self.probe.size - 1) + 1}]"

    def edits(self) -> str | None:
        """The input that was moved last."""
        return self.address()

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
        raise NotImplementedError

    def action_leap(self, dx: int, dy: int) -> None:
        self.action_move(dx * LARGE, dy * LARGE)

    def action_zoom(self, by: int) -> None:
        if self.scene is not None and self.lab is not None:
            for sight, value in zip(self.sights, self.followed(self.lab), strict=False):
                sight.zoom(by, value)
            self.show(self.scene)

    def action_execute(self, line: str) -> None:
        self.post_message(self.Asked(line))

    # Its points -------------------------------------------------------------------------------
    def nearest(self) -> int | None:
        """The training sample that is nearest to the probe, as it looks on the screen."""
        if self.lab is None:
            return None
        spans = np.array([s.axis.span for s in self.sights[: self.probe.size]])
        return nearest_sample(self.lab, self.probe, spans)

    def action_add(self) -> None:
        lab = self.lab
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
        nearest = self.nearest()
        self.action_execute(f"remove {1 if nearest is None else nearest + 1}")

    def action_other_points(self) -> None:
        from nnsim.experiments.generators import drawn, fitting

        lab = self.lab
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
        place = event.get_content_offset_capture(self)
        if event.button == 1 and self.plot.at(*place) is not None:
            event.stop()
            self.capture_mouse()
            self._dragging = True
            self._touch(place.x, place.y, together=False)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragging:
            event.stop()
            place = event.get_content_offset_capture(self)
            self._touch(place.x, place.y, together=True)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._dragging:
            event.stop()
            self._dragging = False
            self.release_mouse()

    def _touch(self, x: int, y: int, *, together: bool) -> None:
        plot = self.plot
        column = min(max(x - plot.left, 0), plot.columns - 1)
        place = plot.point(column, min(max(y, 0), plot.rows - 1))
        self.go(place[: self.probe.size], together=together)
