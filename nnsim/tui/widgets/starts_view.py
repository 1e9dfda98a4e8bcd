"""How many starts are drawn: the spread of their costs, over the epochs and at the end, and a list.

No widget: lines of text with style names, from a snapshot and a size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from nnsim.i18n import _, ngettext
from nnsim.lab.sweep.starts import DIVERGED, IS_STUCK, Snapshot
from nnsim.tui.draw.text import cut, short
from nnsim.tui.widgets.rows import Row, joined
from nnsim.tui.widgets.train_axes import Axis, label
from nnsim.tui.widgets.train_plot import DASHED, DOTTED, SOLID, Plot, Series

FINE, WRONG, CURSOR = "●", "×", "▲"
LIST_WIDTH = 40
LEAST_WIDE = LIST_WIDTH + 42
"""From so many columns on, the list stands beside the charts."""


@dataclass(frozen=True)
class Choice:
    """What the person has chosen to see.

    Attributes
    ----------
    seed : int
        Position of the seed that the cursor is on.
    log : bool
        Whether the axes of costs are logarithmic.
    accuracy : bool
        Whether the curves are those of the accuracy.
    worst_first : bool
    """

    seed: int = 0
    log: bool = True
    accuracy: bool = False
    worst_first: bool = False


def order(snapshot: Snapshot, choice: Choice) -> NDArray[np.int64]:
    """The positions of the seeds as the list has them."""
    found = snapshot.order()
    return found[::-1] if choice.worst_first else found


# Words --------------------------------------------------------------------------------------------


def verdict_word(snapshot: Snapshot, seed: int) -> str:
    """What went wrong with a start, in a word or two; nothing if nothing did."""
    verdict = snapshot.verdicts[seed]
    if verdict == DIVERGED:
        return _("diverged in {epoch}").format(epoch=snapshot.diverged[seed])
    return _("stuck") if verdict == IS_STUCK else ""


def verdict_sentence(snapshot: Snapshot, seed: int) -> str:
    """The same in a sentence, with what it means."""
    number = snapshot.recipe.seeds[seed]
    verdict = snapshot.verdicts[seed]
    if verdict == DIVERGED:
        text = _("seed {seed} diverged: in epoch {epoch} its numbers left the finite")
        return text.format(seed=number, epoch=snapshot.diverged[seed])
    if verdict != IS_STUCK:
        loss = short(float(snapshot.losses[seed]), 9).strip()
        text = _("Enter opens seed {seed} on the bench · loss {loss}")
        return text.format(seed=number, loss=loss)
    if snapshot.accuracies is None:
        text = _("seed {seed} is stuck: a tenth of the first cost or more above the best quarter")
    else:
        text = _("seed {seed} is stuck: a tenth or more fewer right than the best quarter")
    return text.format(seed=number)


def outcome(snapshot: Snapshot) -> str:
    """How many went wrong, in a few words."""
    stuck, gone = snapshot.verdicts.count(IS_STUCK), snapshot.verdicts.count(DIVERGED)
    if not stuck and not gone:
        return _("none went wrong")
    words = [
        ngettext("{n} stuck", "{n} stuck", stuck).format(n=stuck) if stuck else "",
        ngettext("{n} diverged", "{n} diverged", gone).format(n=gone) if gone else "",
    ]
    return ", ".join(word for word in words if word)


# The spread of the costs --------------------------------------------------------------------------


def strip(snapshot: Snapshot, choice: Choice, width: int, height: int) -> list[Row]:
    """One mark for each start, by its cost: a title, the marks, and the axis."""
    costs, alive = snapshot.costs, snapshot.diverged == 0
    drawn = np.flatnonzero(alive & np.isfinite(costs))
    title = _("cost now") if not snapshot.done else _("final cost")
    tall = max(1, height - 2)
    if not drawn.size:
        blank: list[Row] = [[] for _line in range(tall + 1)]
        return [[(title, "header")], *blank]
    axis = Axis.over(costs[drawn], log=choice.log, zero=False)
    columns = np.rint(axis.shares(costs) * (width - 1)).astype(int)
    counts = np.bincount(columns[drawn], minlength=width)
    each = max(1, math.ceil(counts.max() / tall))
    cells = [[(" ", "")] * width for _line in range(tall)]
    for column in np.flatnonzero(counts).tolist():
        inside = drawn[columns[drawn] == column]
        wrong = sum(1 for seed in inside.tolist() if snapshot.verdicts[seed])
        marks = math.ceil(wrong / each)
        fine = math.ceil((len(inside) - wrong) / each)
        stack = [(FINE, "fine")] * fine + [(WRONG, "wrong")] * marks
        for y, mark in enumerate(stack[:tall]):
            cells[tall - 1 - y][column] = mark
    words = (
        _("{mark} one seed").format(mark=FINE)
        if each == 1
        else _("{mark} up to {n} seeds").format(mark=FINE, n=each)
    )
    head: Row = [(f"{title}  ", "header"), (words, "fine"), ("  ", "")]
    if any(snapshot.verdicts[seed] for seed in drawn.tolist()):
        head.append((_("{mark} stuck").format(mark=WRONG), "wrong"))
    here = int(columns[choice.seed]) if alive[choice.seed] else -1
    return [head, *(joined(line) for line in cells), axis_line(axis, width, here)]


def axis_line(axis: Axis, width: int, here: int = -1) -> Row:
    """A horizontal axis with the numbers of its ticks in it, and a mark at a column."""
    line = ["─"] * width
    free = 0
    ticks = axis.ticks(max(2, width // 10))
    if axis.log and len(ticks) < 3:  # less than three decades: the ends say more
        ticks = sorted({axis.low, *ticks, axis.high})
    for tick in ticks:
        text = label(tick, 7)
        column = round(axis.share(tick) * (width - 1))
        start = min(max(0, column - len(text) // 2), max(0, width - len(text)))
        if start <= here < start + len(text):  # beside the mark
            start = here + 1 if here + 1 + len(text) <= width else here - len(text)
        if start >= free:
            line[start : start + len(text)] = text
            free = start + len(text) + 1
    text = "".join(line)[:width]
    if not 0 <= here < width:
        return [(text, "dim")]
    return [(text[:here], "dim"), (CURSOR, "here"), (text[here + 1 :], "dim")]


def curves(snapshot: Snapshot, choice: Choice, width: int, height: int) -> list[Row]:
    """Least, quartiles and largest over the epochs."""
    table = snapshot.accuracy_curve if choice.accuracy else snapshot.cost_curve
    accuracy = choice.accuracy and table is not None
    if table is None:
        table = snapshot.cost_curve
    x = snapshot.epochs.astype(np.float64)
    last = table[-1]
    median, quarter, ends = _("median"), _("middle half"), _("all")
    series = [
        Series(median, x, table[:, 2], "median", FINE, SOLID, short(last[2], 7).strip()),
        Series(quarter, x, table[:, 1], "quarter", "╎", DASHED),
        Series(quarter, x, table[:, 3], "quarter", "╎", DASHED),
        Series(ends, x, table[:, 0], "ends", "·", DOTTED),
        Series(ends, x, table[:, 4], "ends", "·", DOTTED),
    ]
    over = Axis(0.0, float(max(1, snapshot.recipe.epochs)))
    if accuracy:
        plot = Plot(_("accuracy"), series, over, Axis(0.0, 1.0))
    else:
        y = Axis.over(table, log=choice.log, zero=not choice.log)
        plot = Plot(_("cost"), series, over, y)
    rows = plot.rows(width, height)
    # Each pair of lines means one thing; the legend says it once.
    once = replace(plot, series=[series[0], series[1], series[3]])
    count = len(plot.legend(width, 2 if height >= 8 else 1))
    legend = once.legend(width, count)
    return [*legend, *([[]] * (count - len(legend))), *rows[count:]]


# The list -----------------------------------------------------------------------------------------


def list_header(snapshot: Snapshot) -> str:
    """The names of the columns."""
    columns = [(_("seed"), 8), (_("cost"), 10)]
    if snapshot.accuracies is not None:
        columns.append((_("right"), 10))
    if snapshot.test_accuracies is not None:
        columns.append((_("test"), 7))
    return "".join(" " * max(1, width - cell_len(name)) + name for name, width in columns)


def list_row(snapshot: Snapshot, seed: int, *, here: bool) -> Row:
    """A start: its seed, cost, how many are right, and what went wrong."""
    sign = "▸ " if here else "  "
    wrong = verdict_word(snapshot, seed)
    text = f"{sign}{snapshot.recipe.seeds[seed]:>6} {short(float(snapshot.costs[seed]), 9)}"
    if snapshot.accuracies is not None:
        count = len(snapshot.recipe.x)
        right = f"{round(float(snapshot.accuracies[seed]) * count)}/{count}"
        text += f" {right:>9}"
    if snapshot.test_accuracies is not None:
        text += f" {100 * float(snapshot.test_accuracies[seed]):>4.0f} %"
    return [(text, "cursor" if here else ""), (f"  {wrong}" if wrong else "", "wrong")]


def list_rows(
    snapshot: Snapshot, choice: Choice, top: int, height: int
) -> tuple[list[Row], list[int]]:
    """The header and the rows from `top` on, in `height` lines; and the seed on each row."""
    ordered = order(snapshot, choice)
    shown = [int(seed) for seed in ordered[top : top + max(0, height - 1)]]
    rows: list[Row] = [[(list_header(snapshot), "header")]]
    rows += [list_row(snapshot, seed, here=seed == choice.seed) for seed in shown]
    return rows, shown


def beside(left: list[Row], right: list[Row], width: int) -> list[Row]:
    """Two blocks of lines side by side; the left one is `width` cells wide."""
    rows: list[Row] = []
    for y in range(max(len(left), len(right))):
        row = list(left[y]) if y < len(left) else []
        used = sum(cell_len(text) for text, _style in row)
        row.append((" " * max(0, width - used), ""))
        rows.append([*row, *(right[y] if y < len(right) else [])])
    return rows


def fit(row: Row, width: int) -> Row:
    """A row that is not wider than `width`."""
    used, found = 0, []
    for text, style in row:
        room = width - used
        if room <= 0:
            break
        text = text if cell_len(text) <= room else cut(text, room)
        found.append((text, style))
        used += cell_len(text)
    return found
