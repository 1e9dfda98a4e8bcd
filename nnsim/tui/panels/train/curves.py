"""What a view of training is; the curves: loss and accuracy, of this run and one laid over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from nnsim.i18n import _
from nnsim.lab.reading.axis import Axis
from nnsim.lab.training.timeline import differences, now_measured, points_of
from nnsim.tui.draw.lines import Row
from nnsim.tui.draw.numbers import short
from nnsim.tui.draw.plot import DASHED, DOTTED, LEAST_HEIGHT, SOLID, SPARSE, Chart, Series
from nnsim.tui.draw.text import cut

if TYPE_CHECKING:
    from nnsim.experiments import DataSet
    from nnsim.lab import Lab
    from nnsim.lab.training.timeline import Point, Run, Timeline

Array = NDArray[np.float64]

# Seconds that a view may compute at a time what it shows of past epochs.
WHILE_TRAINING, AT_REST = 0.002, 0.015
BESIDE = 76  # from this width the two plots stand side by side, where they would be low
HIGH = 20  # and from this height one above the other, unless there is much width
ENOUGH = 9  # rows that two plots need at least
NONE, AUTOMATIC = 0, -1  # beside the number of a run
SCALES = 3  # linear; logarithmic loss; epochs logarithmic too


def no_data() -> list[Row]:
    return [[(_("this experiment has no data to train on"), "")]]


def slice_of(lab: Lab) -> float:
    """How long a view may compute now."""
    return WHILE_TRAINING if lab.running.on else AT_REST


class View:
    """Rows that show something of training.

    Attributes
    ----------
    busy : bool
        Whether there is more to compute: the view wants to `look` again soon.
    first : int
        The layer that is on top, where not all of them fit.
    """

    def __init__(self) -> None:
        self.busy = False
        self.first = 0

    def look(self, lab: Lab) -> None:
        """Compute some of what is missing of past epochs."""

    def rows(self, lab: Lab, width: int, height: int) -> list[Row]:
        """What to show in so many cells, of what is known."""
        raise NotImplementedError

    def layers(self, lab: Lab) -> int:  # noqa: ARG002
        """How many layers there are to go through."""
        return 1

    def scroll(self, lab: Lab, by: int) -> None:
        """Begin at another layer."""
        self.first = max(0, min(self.layers(lab) - 1, self.first + by))


class Curves(View):
    """Loss per sample and accuracy over the epochs."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = 0
        self._chosen = AUTOMATIC
        self._known: dict[int, _Known] = {}  # by the number of a run

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

    def next_other(self, timeline: Timeline) -> None:
        """Lay the next run over the current one, after the last none."""
        numbers = [r.number for r in timeline.runs if r.number != timeline.run.number]
        now = self.other(timeline)
        order = [NONE, *numbers]
        at = order.index(now.number) if now is not None else 0
        self._chosen = order[(at + 1) % len(order)]

    def stand_in_for(self, left: int) -> None:
        """The bench has gone to the run that was laid over; the one it left is, now."""
        self._chosen = left

    def look(self, lab: Lab) -> None:
        """Read more points of both runs."""
        now_measured(lab.timeline.run, lab.trainer, lab.metrics)
        self._known = {run.number: self._read(run, lab) for run in self._runs(lab)}
        self.busy = not all(known.whole for known in self._known.values())

    def _runs(self, lab: Lab) -> list[Run]:
        runs = (lab.timeline.run, self.other(lab.timeline))
        return [run for run in runs if run is not None]

    def _read(self, run: Run, lab: Lab) -> _Known:
        """The points of a run; those of one that no longer changes are only read once."""
        data, before = run.setup.reader.experiment.data, self._known.get(run.number)
        if before and before.frames is run.frames and before.data is data and before.whole:
            return before
        return _Known(run.frames, data, *points_of(run, slice_of(lab), training=lab.running.on))

    def rows(self, lab: Lab, width: int, height: int) -> list[Row]:
        """Both plots, above or beside one another, and a line that says which runs they are."""
        if not lab.experiment.data.count:
            return no_data()
        about = self._about(lab.timeline, width)
        room = height - len(about)
        charts = self._charts(lab)
        if len(charts) == 1 or (room < ENOUGH and width < BESIDE):
            return [*charts[0].rows(width, room), *about]
        if width >= BESIDE and (room < HIGH or width > 5 * room):
            half = (width - 2) // 2
            left, right = (chart.rows(half, room) for chart in charts)
            return [*(_side_by_side(a, b, half) for a, b in zip(left, right, strict=True)), *about]
        upper = room - max(LEAST_HEIGHT, room * 2 // 5)
        return [*charts[0].rows(width, upper), *charts[1].rows(width, room - upper), *about]

    def _about(self, timeline: Timeline, width: int) -> list[Row]:
        """Which runs there are, and what tells the two apart."""
        if len(timeline.runs) < 2:
            return []
        run, other = timeline.run, self.other(timeline)
        mine = _("run {n}").format(n=run.number)
        if other is None:
            count = _("{n} runs, o lays one over this").format(n=len(timeline.runs))
            return [[(cut(f"{mine} · {count}", width), "dim")]]
        here, there = differences(run, other)
        if run.parent == other.number and run.fork is not None:
            there = " · ".join(filter(None, (there, _("left at {n}").format(n=run.fork))))
        both = f"{mine}{_behind(here)}  ×  {_('run {n}').format(n=other.number)}{_behind(there)}"
        return [[(cut(both, width), "dim")]]

    def _charts(self, lab: Lab) -> list[Chart]:
        runs = self._runs(lab)
        for run in runs:
            if run.number not in self._known:
                self._known[run.number] = self._read(run, lab)
        log, metrics = self.scale == 2, lab.metrics
        shift = 1.0 if log else 0.0  # epoch 0 has no logarithm
        here = lab.trainer.epoch + shift
        spans = [self._known[run.number].table[0] for run in runs]
        span = np.concatenate([*spans, [lab.trainer.epoch, runs[0].last]]) + shift
        x = Axis.over(span, log=log, zero=False)
        now = (_per(metrics.cost, metrics.samples), _per(metrics.test_cost, metrics.test_samples))
        lines = self._lines(runs, 1, shift, now)
        y = Axis.over(np.concatenate([line.y for line in lines]), log=self.scale > 0)
        charts = [Chart(_("loss per sample"), lines, x, y, here, shift)]
        if metrics.accuracy is not None:
            lines = self._lines(runs, 3, shift, (metrics.accuracy, metrics.test_accuracy))
            charts.append(Chart(_("accuracy"), lines, x, Axis(0.0, 1.0), here, shift))
        return charts

    def _lines(
        self, runs: Sequence[Run], column: int, shift: float, now: tuple[float | None, float | None]
    ) -> list[Series]:
        """The lines of a column of `_Known.table`, and of the next, which is of the test data."""
        lines: list[Series] = []
        for run in runs:
            known = self._known[run.number]
            if run is not runs[0]:  # the one laid over is grey, and dotted
                name = _("run {n}").format(n=run.number)
                looks = [(name, "dim", "×", DOTTED), (_("its test"), "dim", "+", SPARSE)]
                now = (None, None)
            else:
                looks = [(_("train"), "positive", "●", SOLID), (_("test"), "negative", "○", DASHED)]
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
    used = sum(cell_len(piece[0]) for piece in left)
    return [*left, (" " * (max(0, width - used) + 2), ""), *right]
