"""Curves: loss and accuracy along the epochs, of this run and of one laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.curves import differences, points_of
from nnsim.tui.numbers import short
from nnsim.tui.widgets.rows import Row
from nnsim.tui.widgets.train_axes import Axis
from nnsim.tui.widgets.train_plot import (
    DASHED,
    DOTTED,
    LEAST_HEIGHT,
    SOLID,
    SPARSE,
    Plot,
    Series,
)
from nnsim.tui.widgets.train_view import TrainView, slice_of
from nnsim.tui.widgets.wrapping import cut

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.frames import Point
    from nnsim.lab.timeline import Run, Timeline

Array = NDArray[np.float64]

BESIDE = 76  # from this width the two plots stand side by side, where they would be low
HIGH = 20  # and from this height one above the other, unless there is much width
ENOUGH = 9  # rows that two plots need at least
NONE, AUTOMATIC = 0, -1  # beside the number of a run
SCALES = 3  # linear; logarithmic loss; epochs logarithmic too


class CurvesView(TrainView):
    """Loss per sample and accuracy over the epochs."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = 0
        self._chosen = AUTOMATIC
        self._points: dict[int, list[Point]] = {}

    # What is laid over it -----------------------------------------------------------------------

    def other(self, timeline: Timeline) -> Run | None:
        """The run that is laid over the current one: the chosen one, or the one before."""
        run = timeline.run
        others = {other.number: other for other in timeline.runs if other.number != run.number}
        if self._chosen == NONE or not others:
            return None
        if self._chosen in others:
            return others[self._chosen]
        if run.parent in others:
            return others[run.parent]
        trained = [other for other in others.values() if other.trained]
        return trained[-1] if trained else None

    def next_other(self, timeline: Timeline) -> Run | None:
        """Lay the next run over the current one, after the last none; returns it."""
        numbers = [r.number for r in timeline.runs if r.number != timeline.run.number]
        now = self.other(timeline)
        order = [NONE, *numbers]
        at = order.index(now.number) if now is not None else 0
        self._chosen = order[(at + 1) % len(order)]
        return self.other(timeline)

    def stand_in_for(self, left: int) -> None:
        """The bench has gone to the run that was laid over; the one it left is, now."""
        self._chosen = left

    # Drawing ------------------------------------------------------------------------------------

    def key(self, lab: Lab, width: int) -> Any:  # noqa: ARG002
        """The points that are known, of both runs."""
        timeline = lab.timeline
        run, other = timeline.run, self.other(timeline)
        self._points = {}
        known: list[Any] = []
        self.busy = False
        for which in (run, other):
            if which is not None:
                points, whole = points_of(which, slice_of(lab))
                self._points[which.number] = points
                self.busy |= not whole
                last = points[-1] if points else None
                known.append((which.number, len(points), last))
        data = lab.experiment.data
        return (self.scale, lab.trainer.epoch, id(data), id(lab.metrics), *known)

    def draw(self, lab: Lab, width: int, height: int) -> list[Row]:
        """Both plots, above or beside one another, and a line that says which runs they are."""
        if not lab.experiment.data.count:
            return [[(_("this experiment has no data to train on"), "")]]
        timeline = lab.timeline
        run, other = timeline.run, self.other(timeline)
        about = self._about(timeline, run, other, width)
        room = height - len(about)
        plots = self._plots(lab, run, other)
        if len(plots) == 1 or (room < ENOUGH and width < BESIDE):
            return [*plots[0].rows(width, room), *about]
        if width >= BESIDE and (room < HIGH or width > 5 * room):
            half = (width - 2) // 2
            left, right = (plot.rows(half, room) for plot in plots)
            return [*(_side_by_side(a, b, half) for a, b in zip(left, right, strict=True)), *about]
        upper = room - max(LEAST_HEIGHT, room * 2 // 5)
        return [*plots[0].rows(width, upper), *plots[1].rows(width, room - upper), *about]

    def _about(self, timeline: Timeline, run: Run, other: Run | None, width: int) -> list[Row]:
        """Which runs there are, and what tells the two apart."""
        if len(timeline.runs) < 2:
            return []
        mine = _("run {n}").format(n=run.number)
        if other is None:
            count = _("{n} runs, o lays one over this").format(n=len(timeline.runs))
            return [[(cut(f"{mine} · {count}", width), "dim")]]
        here, there = differences(run, other)
        if run.parent == other.number and run.fork is not None:
            there = " · ".join(filter(None, (there, _("left at {n}").format(n=run.fork))))
        both = f"{mine}{_behind(here)}  ×  {_('run {n}').format(n=other.number)}{_behind(there)}"
        return [[(cut(both, width), "dim")]]

    def _plots(self, lab: Lab, run: Run, other: Run | None) -> list[Plot]:
        runs = [which for which in (run, other) if which is not None]
        epochs = [p.epoch for which in runs for p in self._points[which.number]]
        span = np.array([*epochs, lab.trainer.epoch, run.last], np.float64)
        log = self.scale == 2
        x = Axis.over(span + 1 if log else span, log=log, zero=False)
        shift = 1.0 if log else 0.0  # epoch 0 has no logarithm
        metrics, here = lab.metrics, lab.trainer.epoch + shift
        lines = _losses(runs, self._points, shift, _per(metrics.cost, metrics.samples),
                        _per(metrics.test_cost, metrics.test_samples))  # fmt: skip
        y = Axis.over(_values(lines), log=self.scale > 0)
        plots = [Plot(_("loss per sample"), lines, x, y, here)]
        if metrics.accuracy is not None:
            lines = _accuracies(runs, self._points, shift, metrics.accuracy, metrics.test_accuracy)
            plots.append(Plot(_("accuracy"), lines, x, Axis(0.0, 1.0), here))
        return plots


def _behind(text: str) -> str:
    return f" ({text})" if text else ""


def _per(cost: float | None, samples: int) -> float | None:
    return None if cost is None or not samples else cost / samples


def _losses(
    runs: Sequence[Run],
    known: dict[int, list[Point]],
    shift: float,
    now: float | None,
    test_now: float | None,
) -> list[Series]:
    """Cost over how many samples there are, so that training and test data can be compared."""
    lines: list[Series] = []
    for run in runs:
        data, points = run.setup.experiment.data, known[run.number]
        train = np.array([p.cost for p in points]) / max(1, data.count)
        test = None
        if data.test_count:
            costs = [np.nan if p.test_cost is None else p.test_cost for p in points]
            test = np.array(costs) / data.test_count
        lines += _pair(run, runs, points, shift, (train, test), (now, test_now))
    return lines


def _accuracies(
    runs: Sequence[Run],
    known: dict[int, list[Point]],
    shift: float,
    now: float | None,
    test_now: float | None,
) -> list[Series]:
    lines: list[Series] = []
    for run in runs:
        points = known[run.number]
        train = np.array([np.nan if p.accuracy is None else p.accuracy for p in points])
        test = None
        if run.setup.experiment.data.test_count:
            test = np.array(
                [np.nan if p.test_accuracy is None else p.test_accuracy for p in points]
            )
        lines += _pair(run, runs, points, shift, (train, test), (now, test_now))
    return lines


def _pair(
    run: Run,
    runs: Sequence[Run],
    points: list[Point],
    shift: float,
    values: tuple[Array, Array | None],
    now: tuple[float | None, float | None],
) -> list[Series]:
    """The lines of one run; those of the one laid over are grey, and dotted."""
    x = np.array([p.epoch for p in points], np.float64) + shift
    if run is not runs[0]:
        name = _("run {n}").format(n=run.number)
        looks = [(name, "old", "×", DOTTED), (_("its test"), "old", "+", SPARSE)]
        now = (None, None)
    else:
        looks = [(_("train"), "train", "●", SOLID), (_("test"), "test", "○", DASHED)]
    return [
        Series(name, x, y, style, marker, dash, "" if n is None else short(n, 7).strip())
        for (name, style, marker, dash), y, n in zip(looks, values, now, strict=True)
        if y is not None
    ]


def _values(lines: list[Series]) -> Array:
    return np.concatenate([line.y for line in lines]) if lines else np.zeros(0)


def _side_by_side(left: Row, right: Row, width: int) -> Row:
    from rich.cells import cell_len

    used = sum(cell_len(text) for text, _style in left)
    return [*left, (" " * (max(0, width - used) + 2), ""), *right]
