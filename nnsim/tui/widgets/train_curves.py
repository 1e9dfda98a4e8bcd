"""Curves: loss and accuracy along the epochs, of this run and of one laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.reading.axis import Axis
from nnsim.lab.training.timeline import differences, now_measured, points_of
from nnsim.tui.draw.numbers import short
from nnsim.tui.draw.plot import (
    DASHED,
    DOTTED,
    LEAST_HEIGHT,
    SOLID,
    SPARSE,
    Chart,
    Series,
)
from nnsim.tui.draw.text import cut
from nnsim.tui.widgets.rows import Row
from nnsim.tui.widgets.train_view import TrainView, slice_of

if TYPE_CHECKING:
    from nnsim.experiments import DataSet
    from nnsim.lab import Lab
    from nnsim.lab.training.timeline import Point, Run, Timeline

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
        self._known: dict[int, _Known] = {}  # by the number of a run

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
        runs = [timeline.run, self.other(timeline)]
        now_measured(lab.timeline.run, lab.trainer, lab.metrics)
        self._known = {r.number: self._read(r, lab) for r in runs if r is not None}
        self.busy = not all(known.whole for known in self._known.values())
        known = [(n, len(known.points), known.points[-1:]) for n, known in self._known.items()]
        return (self.scale, lab.trainer.epoch, id(lab.experiment.data), id(lab.metrics), *known)

    def _read(self, run: Run, lab: Lab) -> _Known:
        """The points of a run; those of one that no longer changes are only read once."""
        data, before = run.setup.reader.experiment.data, self._known.get(run.number)
        same = before is not None and before.frames is run.frames and before.data is data
        if same and before is not None and before.whole:
            return before
        return _Known(run.frames, data, *points_of(run, slice_of(lab), training=lab.running.on))

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

    def _plots(self, lab: Lab, run: Run, other: Run | None) -> list[Chart]:
        runs = [which for which in (run, other) if which is not None]
        log, metrics = self.scale == 2, lab.metrics
        shift = 1.0 if log else 0.0  # epoch 0 has no logarithm
        here = lab.trainer.epoch + shift
        spans = [self._known[which.number].table[0] for which in runs]
        span = np.concatenate([*spans, [lab.trainer.epoch, run.last]]) + shift
        x = Axis.over(span, log=log, zero=False)
        now = (_per(metrics.cost, metrics.samples), _per(metrics.test_cost, metrics.test_samples))
        lines = self._lines(runs, 1, shift, now)
        values = np.concatenate([line.y for line in lines])
        plots = [
            Chart(
                _("loss per sample"), lines, x, Axis.over(values, log=self.scale > 0), here, shift
            )
        ]
        if metrics.accuracy is not None:
            lines = self._lines(runs, 3, shift, (metrics.accuracy, metrics.test_accuracy))
            plots.append(Chart(_("accuracy"), lines, x, Axis(0.0, 1.0), here, shift))
        return plots

    def _lines(
        self, runs: Sequence[Run], column: int, shift: float, now: tuple[float | None, float | None]
    ) -> list[Series]:
        """The lines of a column of `_Known.table`, and of the next, which is of the test data."""
        lines: list[Series] = []
        for run in runs:
            known = self._known[run.number]
            if run is not runs[0]:  # the one laid over is grey, and dotted
                name = _("run {n}").format(n=run.number)
                looks = [(name, "old", "×", DOTTED), (_("its test"), "old", "+", SPARSE)]
                now = (None, None)
            else:
                looks = [(_("train"), "train", "●", SOLID), (_("test"), "test", "○", DASHED)]
            for at, (name, style, marker, dash) in enumerate(looks[: 2 if known.tested else 1]):
                note = "" if (value := now[at]) is None else short(value, 7).strip()
                x, y = known.table[0] + shift, known.table[column + at]
                lines.append(Series(name, x, y, style, marker, dash, note))
        return lines


@dataclass(frozen=True)
class _Known:
    """What is known of the curve of a run: of these frames and data."""

    frames: Any
    data: DataSet
    points: list[Point]
    whole: bool

    @property
    def tested(self) -> bool:
        """Whether there are test data."""
        return self.data.test_count > 0

    @cached_property
    def table(self) -> Array:
        """Rows of epoch, loss per sample, that of the test data, accuracy, that of the test data.

        The cost over how many samples there are: so training and test data can be compared.
        """
        table = np.array(
            [(p.epoch, p.cost, p.test_cost, p.accuracy, p.test_accuracy) for p in self.points],
            np.float64,  # (None becomes NaN)
        ).reshape(-1, 5)
        table[:, 1] /= max(1, self.data.count)
        table[:, 2] /= max(1, self.data.test_count)
        return np.ascontiguousarray(table.T)


def _behind(text: str) -> str:
    return f" ({text})" if text else ""


def _per(cost: float | None, samples: int) -> float | None:
    return None if cost is None or not samples else cost / samples


def _side_by_side(left: Row, right: Row, width: int) -> Row:
    from rich.cells import cell_len

    used = sum(cell_len(text) for text, _style in left)
    return [*left, (" " * (max(0, width - used) + 2), ""), *right]
