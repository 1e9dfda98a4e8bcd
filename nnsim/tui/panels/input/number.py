"""The input editor for one number: what the network makes of every number, and the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual.binding import Binding, BindingType

from nnsim.i18n import N_, _
from nnsim.lab.reading.axis import Axis
from nnsim.lab.reading.metrics import fingerprint
from nnsim.tui.draw.canvas import DOTS_X, DOTS_Y, NOBODY, Raster
from nnsim.tui.draw.lines import Row, joined
from nnsim.tui.draw.numbers import precise
from nnsim.tui.draw.plot import Plot
from nnsim.tui.panels.input.probe import ProbeInput

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.reading.plane import Points

Array = NDArray[np.float64]

CURVES = 4  # outputs beyond are not drawn
ZERO, RESIDUAL, RULER, CURVE = 0, 1, 2, 3  # who draws a dot; the curve of output k is CURVE + k
STYLES = {ZERO: "faint", RESIDUAL: "red", RULER: "here", NOBODY: "plain"}
OUTPUTS = (3, 5, 6, 8)  # the colour of the curve of each output
MARGIN = 0.15
MARKS = ("●", "○")
LETTERS = ("o", "x")  # with --ascii, where both circles would become the same


class NumberInput(ProbeInput):
    """The curve of a network with one input; the probe is its input."""

    HELP = N_(
        "The curve is what the network says of every x. Filled marks are training points, hollow "
        "ones test points; a dotted line leads from a training point to the curve: its error. The "
        "probe + is the input: left and right, h and l or the mouse move it, with Shift (or Home "
        "and End) farther. Up and down move its target ×, Space adds the two to the data; d takes "
        "the nearest training point (underlined) out, r gives it the target. + and - zoom, o draws "
        "other data."
    )
    KIND: ClassVar[str] = "number"
    NUMBERS: ClassVar[int] = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "relabel", N_("Relabel"), id="number.relabel",
                tooltip=N_("Give the nearest training point the target of the probe")),
    ]  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._curve_of: tuple[Any, ...] = ()
        self._curve: Array = np.zeros((0, 1))

    # Lines ------------------------------------------------------------------------------------
    def fit(self, lab: Lab) -> None:
        points = self.plane.points(lab)
        across, up = self.sights
        across.fit(points.inputs[:, 0])
        if points.targets.size:
            up.fit(points.targets.reshape(-1))
        else:  # no data: what the network says is in sight
            up.fit(self._read_curve(lab, across.axis, 64).reshape(-1))

    def followed(self, lab: Lab) -> Sequence[float]:
        middle = (self.sights[1].axis.low + self.sights[1].axis.high) / 2
        wanted = middle if lab.target is None else float(lab.target[0])
        return [float(self.probe[0]), wanted]

    def _read_curve(self, lab: Lab, x: Axis, dots: int) -> Array:
        """What the network says at each dot across, (dots, outputs); kept while it is the same."""
        key = (fingerprint(lab.network), x, dots)
        if key != self._curve_of:
            with np.errstate(all="ignore"):
                self._curve = lab.network.forward(x.centres(dots)[:, None]).reshape(dots, -1)
            self._curve_of = key
        return self._curve

    def rows(self, width: int, height: int) -> list[Row]:  # noqa: ARG002
        """The plot, the numbers of x below it, and a legend where there is room."""
        lab = self.lab
        if lab is None:
            return []
        plot = self.plot
        points = self.plane.points(lab)
        raster = Raster(plot.columns, plot.rows)
        self._draw(raster, plot, lab, points)
        signs = self._signs(plot, lab, points)
        at = -1 if self.covers_output(lab) else plot.row(float(lab.output[0]))
        rows: list[Row] = []
        for y in range(plot.rows):
            cells = joined(
                signs.get((x, y)) or (char, STYLES.get(owner) or f"class-{OUTPUTS[owner - CURVE]}")
                for x, (char, owner) in enumerate(raster.row(y))
            )
            rows.append([(plot.upright(y, here=y == at), "dim"), *cells])
        rows.append(self.below(plot, marked=True))
        if self.has_legend:
            rows.append(self._legend(lab, points))
        return rows

    # The picture ------------------------------------------------------------------------------
    def _draw(self, raster: Raster, plot: Plot, lab: Lab, points: Points) -> None:
        """Draw from the back to the front: y = 0, errors, the ruler of the probe, the curves."""
        across, down = raster.width * DOTS_X, raster.height * DOTS_Y
        if plot.y.holds(0.0):
            zero = down - 1 - plot.y.cell(0.0, down)
            for x in range(0, across, 4):
                raster.dot(x, zero, ZERO)
        curve = self._read_curve(lab, plot.x, across)
        if self.covers_output(lab):
            curve = np.full_like(curve, np.nan)
        if curve.shape[1] == 1 and 2 * lab.experiment.data.count <= plot.columns:
            self._draw_residuals(raster, plot, points, curve[:, 0])
        if plot.x.holds(self.probe[0]):
            ruler = plot.x.cell(float(self.probe[0]), across)
            for y in range(0, down, 3):
                raster.dot(ruler, y, RULER)
        for k in range(min(CURVES, curve.shape[1]) - 1, -1, -1):
            _draw_curve(raster, _heights(plot.y, curve[:, k], down), CURVE + k)

    @staticmethod
    def _draw_residuals(raster: Raster, plot: Plot, points: Points, curve: Array) -> None:
        across, down = raster.width * DOTS_X, raster.height * DOTS_Y
        train = ~points.test
        places = plot.x.cells(points.inputs[train, 0], across)
        targets = _heights(plot.y, points.targets[train, 0], down)
        said = _heights(plot.y, curve, down)
        for x, target in zip(places.tolist(), targets, strict=True):
            if x < 0 or target is None or said[x] is None:
                continue
            low, high = sorted((target, said[x]))
            for y in range(max(low, 0), min(high, down - 1) + 1, 2):
                raster.dot(x, y, RESIDUAL)

    def _signs(
        self, plot: Plot, lab: Lab, points: Points
    ) -> dict[tuple[int, int], tuple[str, str]]:
        """What stands on single cells: points, the target, and the probe on the curve."""
        signs: dict[tuple[int, int], tuple[str, str]] = {}
        marks = LETTERS if getattr(self.app, "ascii_only", False) else MARKS
        near = self.nearest() if self.has_focus else None
        columns = plot.x.cells(points.inputs[:, 0], plot.columns)
        for output in range(min(CURVES, points.targets.shape[1])):
            rows = plot.rows - 1 - plot.y.cells(points.targets[:, output], plot.rows)
            inside = np.flatnonzero((columns >= 0) & (rows < plot.rows))
            order = inside[np.argsort(~points.test[inside], kind="stable")]
            for i in order.tolist():
                mark = marks[int(points.test[i])]
                signs[int(columns[i]), int(rows[i])] = (
                    mark,
                    "class-4 near" if i == near else "class-4 strong",
                )
        x = float(self.probe[0])
        column = plot.column(x)
        if lab.target is not None:
            signs[column, plot.row(float(lab.target[0]))] = ("×", "here")
        said = float(lab.output[0])
        if math.isfinite(said) and not self.covers_output(lab):
            signs[column, plot.row(said)] = (plot.beyond(x, said) or "╋", "probe")
        return signs

    # What is written --------------------------------------------------------------------------
    def readout(self, lab: Lab) -> str:
        said = " ".join(precise(float(value), 8).strip() for value in lab.output[:CURVES])
        if self.covers_output(lab):
            said = "?"
        text = f"{super().readout(lab)} → {said}"
        if lab.target is not None:
            wanted = " ".join(precise(float(value), 8).strip() for value in lab.target[:CURVES])
            text += " · " + _("target {t}").format(t=wanted)
        return text

    def _legend(self, lab: Lab, points: Points) -> Row:
        marks = LETTERS if getattr(self.app, "ascii_only", False) else MARKS
        pieces: list[tuple[str, str]] = [(marks[0], "class-4 strong"), (" " + _("training"), "dim")]
        if points.test.any():
            pieces += [("  ", "dim"), (marks[1], "class-4 strong"), (" " + _("test"), "dim")]
        if lab.target is not None:
            pieces += [("  ", "dim"), ("×", "here"), (" " + _("target"), "dim")]
        if not len(points.inputs):
            pieces = [(_("no data"), "dim")]
        return pieces

    # Keys -------------------------------------------------------------------------------------
    def action_move(self, dx: int, dy: int) -> None:
        if dx:
            self.go([self.steps(0, dx)], together=self.recent())
        lab = self.lab
        if not dy or lab is None:
            return
        axis, now = self.sights[1].axis, lab.output if lab.target is None else lab.target
        start = axis.rounded(float(now[0]), 50) if lab.target is None else float(now[0])
        value = round(start + dy * axis.step, 10)
        if lab.target is None:
            rest = " ".join(f"{v:.10g}" for v in now[1:])
            self.post_message(self.Asked(f"target {value:.10g} {rest}".strip()))
        else:
            self.post_message(self.Asked(f"set target[1] {value:.10g}", merge=self.recent()))

    def action_relabel(self) -> None:
        lab, nearest = self.lab, self.nearest()
        number = 1 if nearest is None else nearest + 1
        if lab is None or lab.target is None:
            self.post_message(self.AskedLine(f"label {number} "))
        else:
            values = " ".join(f"{value:.10g}" for value in lab.target)
            self.action_execute(f"label {number} {values}")


def _heights(y: Axis, values: Array, down: int) -> list[int | None]:
    """The dot, from the top, at which each value stands; up to a plot's height beyond the edges."""
    with np.errstate(all="ignore"):
        share = np.clip((y.high - values) / y.span, -1.0, 2.0) * down
    return [None if math.isnan(s) else math.floor(s) for s in share.tolist()]


def _draw_curve(raster: Raster, heights: Sequence[int | None], owner: int) -> None:
    """Draw a curve dot by dot, without holes where it is steep."""
    down = raster.height * DOTS_Y
    before: int | None = None
    for x, y in enumerate(heights):
        if y is None:
            before = None
            continue
        start = y if before is None or abs(before - y) <= 1 else before + (1 if y > before else -1)
        for between in range(max(min(start, y), 0), min(max(start, y), down - 1) + 1):
            raster.dot(x, between, owner)
        before = y
