"""What an input editor shows that is a plot: the data in sight, and the probe among it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual.strip import Strip

from nnsim.lab.hiding import NOTHING, Hidden
from nnsim.lab.reading.plane import Axis, Plane
from nnsim.tui.draw.text import precise
from nnsim.tui.panels.panel import Panel, Scene
from nnsim.tui.widgets.board import runs
from nnsim.tui.widgets.input_editor import InputEditor
from nnsim.tui.widgets.painter import Painter
from nnsim.tui.widgets.plot import Plot

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


class ProbePlot(Panel, Painter, InputEditor, can_focus=True):
    """A plot of the data with a probe on it; the probe is the input of the network.

    Subclasses say what stands on each line: `_lines_of` gives something that is equal as long as
    the line need not be drawn again, and `_strip` draws it.
    """

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
        self._read = ""
        self._drawn: list[Any] = []
        self._strips: dict[int, Strip] = {}

    # What is shown ----------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Show the bench, as a board of its own."""
        self.scene, lab = scene, scene.lab
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

    # What is asked for in a lesson ------------------------------------------------------------

    @property
    def _asked(self) -> Hidden:
        """The numbers that are hidden until somebody has worked them out."""
        hidden: Hidden = getattr(self.screen, "hidden", NOTHING)
        return hidden

    def covers_output(self, lab: Lab) -> bool:
        """Whether what the network says is asked for, so that the plot must not tell it."""
        asked, last = self._asked, len(lab.names.layers) - 1
        return asked.asks("prediction", "correct") or asked.asks("a", "z", layer=last)

    def covers_wrong(self, lab: Lab) -> bool:
        """Whether it is asked for how many samples are read right."""
        told = ("right", "accuracy", "test_accuracy", "correct", "prediction")
        return self._asked.asks(*told) or self.covers_output(lab)
