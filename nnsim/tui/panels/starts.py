"""Panel 8: many starts of the network on the bench, trained at once, to see how they spread."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.binding import Binding, BindingType
from textual.timer import Timer

from nnsim.engine.checks import LARGEST_SEED
from nnsim.i18n import N_, _, ngettext
from nnsim.lab.errors import LabError
from nnsim.lab.reading.axis import Axis
from nnsim.lab.sweep import COUNTS, DIVERGED, IS_STUCK, MOST_EPOCHS, LiveStarts, Recipe, Snapshot
from nnsim.tui.draw.lines import Lines, Piece, Row, joined
from nnsim.tui.draw.numbers import bar, short
from nnsim.tui.draw.plot import DASHED, DOTTED, SOLID, Chart, Series, along, label, marked
from nnsim.tui.draw.text import right, width_of, wrap_cells
from nnsim.tui.panels.panel import Panel, Scene

POLL = 0.1
MOST_SEED = LARGEST_SEED - COUNTS[-1]
FINE, WRONG, CURSOR = "●", "×", "▲"
LIST_WIDTH = 40
LEAST_WIDE = LIST_WIDTH + 42
"""From so many columns on, the list stands beside the charts."""


@dataclass(frozen=True)
class Choice:
    """What the person has chosen to see."""

    seed: int = 0  # position of the seed that the cursor is on
    log: bool = True  # whether the axes of costs are logarithmic
    accuracy: bool = False  # whether the curves are those of the accuracy
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
        stack = [(FINE, "right")] * fine + [(WRONG, "wrong")] * marks
        for y, mark in enumerate(stack[:tall]):
            cells[tall - 1 - y][column] = mark
    words = (
        _("{mark} one seed").format(mark=FINE)
        if each == 1
        else _("{mark} up to {n} seeds").format(mark=FINE, n=each)
    )
    head = [(f"{title}  ", "header"), (words, "right"), ("  ", "")]
    if any(snapshot.verdicts[seed] for seed in drawn.tolist()):
        head.append((_("{mark} stuck").format(mark=WRONG), "wrong"))
    here = int(columns[choice.seed]) if alive[choice.seed] else -1
    return [head, *(joined(line) for line in cells), axis_line(axis, width, here)]


def axis_line(axis: Axis, width: int, here: int = -1) -> Row:
    """A horizontal axis with the numbers of its ticks in it, and a mark at a column."""
    ticks = axis.ticks(max(2, width // 10))
    if axis.log and len(ticks) < 3:  # less than three decades: the ends say more
        ticks = sorted({axis.low, *ticks, axis.high})
    numbers = [(round(axis.share(tick) * (width - 1)), label(tick, 7)) for tick in ticks]
    return marked(along(width, numbers, here=here, beside=True), here, CURSOR)


def curves(snapshot: Snapshot, choice: Choice, width: int, height: int) -> list[Row]:
    """Least, quartiles and largest over the epochs."""
    accuracy = choice.accuracy and snapshot.accuracy_curve is not None
    words = (_("accuracy") if accuracy else _("cost"), _("median"), _("middle half"), _("all"))
    return list(_curves(snapshot, accuracy, choice.log, width, height, words))


@lru_cache(maxsize=1)  # they take 5 ms, and stay while the cursor moves and the bench is trained
def _curves(
    snapshot: Snapshot, accuracy: bool, log: bool, width: int, height: int, words: tuple[str, ...]
) -> list[Row]:
    table = snapshot.accuracy_curve if accuracy else snapshot.cost_curve
    assert table is not None
    x, last = snapshot.epochs.astype(np.float64), table[-1]
    title, median, quarter, ends = words
    series = [
        Series(median, x, table[:, 2], "strong", FINE, SOLID, short(last[2], 7).strip()),
        Series(quarter, x, table[:, 1], "class-0", "╎", DASHED),
        Series(quarter, x, table[:, 3], "class-0", "╎", DASHED),
        Series(ends, x, table[:, 0], "dim", "·", DOTTED),
        Series(ends, x, table[:, 4], "dim", "·", DOTTED),
    ]
    y = Axis(0.0, 1.0) if accuracy else Axis.over(table, log=log, zero=not log)
    plot = Chart(title, series, Axis(0.0, float(max(1, snapshot.recipe.epochs))), y)
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
    return "".join(right(f" {name}", width) for name, width in columns)


def list_row(snapshot: Snapshot, seed: int, style: str = "", *, here: bool) -> list[Piece]:
    """A start: its seed, cost, how many are right, and what went wrong."""
    sign = "▸ " if here else "  "
    wrong = verdict_word(snapshot, seed)
    text = f"{sign}{snapshot.recipe.seeds[seed]:>6} {short(float(snapshot.costs[seed]), 9)}"
    if snapshot.accuracies is not None:
        count = len(snapshot.recipe.x)
        hits = f"{round(float(snapshot.accuracies[seed]) * count)}/{count}"
        text += f" {hits:>9}"
    if snapshot.test_accuracies is not None:
        text += f" {100 * float(snapshot.test_accuracies[seed]):>4.0f} %"
    return [Piece(text, style, seed), Piece(f"  {wrong}" if wrong else "", "wrong", seed)]


def beside(left: list[Row], right: list[Row], width: int) -> list[Row]:
    """Two blocks of lines side by side; the left one is `width` cells wide."""
    rows: list[Row] = []
    for y in range(max(len(left), len(right))):
        row = list(left[y]) if y < len(left) else []
        used = sum(width_of(piece[0]) for piece in row)
        row.append((" " * max(0, width - used), ""))
        rows.append([*row, *(right[y] if y < len(right) else [])])
    return rows


# The panel ----------------------------------------------------------------------------------------
class StartsPanel(Panel, Lines):
    """A hundred starts: their costs and accuracies, and which of them went wrong."""

    BINDING_GROUP_TITLE = N_("Starts")
    HELP = N_(
        "The network, trained from many seeds at once with the settings and the data of the bench: "
        "how far does luck with the first weights matter? Each mark is a seed, at its cost; below "
        "are the median, the middle half and all of them over the epochs, and a list. A seed went "
        "wrong if it diverged (its numbers left the finite), or if it is stuck: it reads at least "
        "a tenth of the images fewer right than the best quarter of the seeds does; where there is "
        "nothing to read, its cost is above that of the best quarter by more than a tenth of the "
        "median cost at the start. Space starts and stops, Enter opens a seed on the bench: it "
        "runs 'seed' and 'until', so that the numbers are the same, and undo takes them back. "
        "+ and - change how many seeds, * and / how many epochs."
    )
    _ROWS = Binding.Group(N_("Seed"), compact=True)
    _COUNT = Binding.Group(N_("Seeds"), compact=True)
    _EPOCHS = Binding.Group(N_("Epochs"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "run", N_("Train"), id="starts.toggle",
                tooltip=N_("Train all of them; stop")),
        Binding("enter", "open", N_("Open"), id="starts.open",
                tooltip=N_("Open the seed under the cursor on the bench, trained as it was here")),
        Binding("escape", "stop", N_("Stop"), id="starts.stop", show=False,
                tooltip=N_("Stop training them")),
        Binding("up,k", "move(-1)", N_("Up"), id="starts.up", group=_ROWS,
                tooltip=N_("The seed above")),
        Binding("down,j", "move(1)", N_("Down"), id="starts.down", group=_ROWS,
                tooltip=N_("The seed below")),
        Binding("pageup", "page(-1)", N_("Page up"), id="starts.page_up", show=False),
        Binding("pagedown", "page(1)", N_("Page down"), id="starts.page_down", show=False),
        Binding("home", "edge(0)", N_("First"), id="starts.first", show=False,
                tooltip=N_("The first seed of the list")),
        Binding("end", "edge(1)", N_("Last"), id="starts.last", show=False,
                tooltip=N_("The last seed of the list")),
        Binding("x", "wrong", N_("Wrong"), id="starts.wrong",
                tooltip=N_("The next seed that went wrong")),
        Binding("plus,equals_sign", "count(1)", N_("More"), id="starts.more", group=_COUNT,
                tooltip=N_("More seeds")),
        Binding("minus", "count(-1)", N_("Fewer"), id="starts.fewer", group=_COUNT,
                tooltip=N_("Fewer seeds")),
        Binding("asterisk", "epochs(1)", N_("More"), id="starts.longer", group=_EPOCHS,
                tooltip=N_("Twice as many epochs")),
        Binding("slash", "epochs(-1)", N_("Fewer"), id="starts.shorter", group=_EPOCHS,
                tooltip=N_("Half as many epochs")),
        Binding("i", "others", N_("Others"), id="starts.others", show=False,
                tooltip=N_("Other seeds: those that follow")),
        Binding("v", "curves", N_("Accuracy"), id="starts.curves", show=False,
                tooltip=N_("Curves of the accuracy, or of the cost again")),
        Binding("o", "scale", N_("Log"), id="starts.scale", show=False,
                tooltip=N_("Costs on a logarithmic or on a linear axis")),
        Binding("r", "turn", N_("Turn"), id="starts.turn", show=False,
                tooltip=N_("The list from its other end")),
    ]  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.count = COUNTS[2]
        self.first = 0
        self.epochs: int | None = None  # as the experiment says
        self.choice = Choice()
        self.live: LiveStarts | None = None
        self.snapshot: Snapshot | None = None
        self._top = self._seen = 0  # the first row of the list in sight, and how many are
        self._said = ""  # a refusal, until the next key
        self._touched = False  # whether the person has moved the cursor
        self._polls: Timer | None = None

    # What is shown ------------------------------------------------------------------------------
    def show(self, scene: Scene) -> None:
        """Show the starts; they are of the bench as it stood when they were trained."""
        self.scene = scene
        self.update()

    @property
    def running(self) -> bool:
        """Whether starts are being trained now."""
        return self.live is not None

    def _wanted_epochs(self) -> int:
        if self.epochs is not None or self.scene is None:
            return self.epochs or 1
        return max(1, self.scene.lab.experiment.training.epochs)

    def rows(self, width: int, height: int) -> list[Row]:
        """Settings and state; below them charts and list, and what the cursor is on."""
        if self.scene is None:
            return []
        rows = [self._settings(self.scene), *self._state(width)]
        snapshot = self.snapshot
        if snapshot is None:
            text = _(
                "How much does it matter where the weights start? Space trains this network from "
                "many seeds at once, as the bench would train each of them, and shows how far they "
                "come and which go wrong."
            )
            return [*rows, [], *([(line, "")] for line in wrap_cells(text, width))]
        rows += self._charts_and_list(snapshot, width, max(0, height - len(rows) - 1))
        about = verdict_sentence(snapshot, self.choice.seed)
        wrong = bool(snapshot.verdicts[self.choice.seed])
        blank: list[Row] = [[]] * (height - 1 - len(rows))
        return [*rows[: height - 1], *blank, [(about, "wrong" if wrong else "dim")]]

    def _settings(self, scene: Scene) -> Row:
        trainer = scene.lab.trainer
        count = _("{n} seeds").format(n=self.count)
        if self.first:
            count = _("{n} seeds from {first}").format(n=self.count, first=self.first)
        epochs = self._wanted_epochs()
        batch = trainer.batch_size
        return [
            (count, "strong"),
            (" · ", "dim"),
            (ngettext("{n} epoch", "{n} epochs", epochs).format(n=epochs), "strong"),
            (f" · {trainer.optimizer.name} {trainer.learning_rate:g}", ""),
            (" · " + _("batch {n}").format(n=batch) if batch else "", ""),
        ]

    def _state(self, width: int) -> list[Row]:
        """How far training has come, or why there is none."""
        if self._said:
            return [[(line, "wrong")] for line in wrap_cells(f"! {self._said}", width, 4)]
        return [self._progress(width)]

    def _progress(self, width: int) -> Row:
        snapshot = self.snapshot
        if snapshot is None:
            if self.live is None:
                return [(_("Space starts"), "dim")]
            text = _("reading data with each start: {n} of {of}; Esc stops")
            return [(text.format(n=self.live.read, of=len(self.live.recipe.seeds)), "dim")]
        epoch = _("epoch {epoch} of {of}").format(epoch=snapshot.epoch, of=snapshot.recipe.epochs)
        if self.running:
            filled, rest = bar(snapshot.progress, 1.0, max(4, min(20, width - len(epoch) - 14)))
            return [(filled, "right"), (rest, "dim"), (f" {epoch} · ", ""), (_("Esc stops"), "dim")]
        n = len(snapshot.recipe.seeds)
        text = ngettext("{n} seed", "{n} seeds", n).format(n=n)
        went = (outcome(snapshot), "wrong" if any(snapshot.verdicts) else "right")
        other = "" if self._fits(snapshot) else " · " + _("with other settings than now")
        return [(f"{text} · {epoch} · ", ""), went, (other, "dim")]

    def _fits(self, snapshot: Snapshot) -> bool:
        return self.scene is not None and snapshot.recipe.is_of(self.scene.lab)

    def _charts_and_list(self, snapshot: Snapshot, width: int, height: int) -> list[Row]:
        wide = width >= LEAST_WIDE
        room = width - LIST_WIDTH - 2 if wide else width
        tall = height if wide else max(0, height - max(5, height // 3))
        high = min(9, max(4, tall * 2 // 5))
        charts: list[Row] = []
        if tall >= 4:
            charts += strip(snapshot, self.choice, room, high)
        if tall - high >= 4:
            charts += curves(snapshot, self.choice, room, tall - high)
        table = self._list(snapshot, height if wide else height - len(charts))
        return beside(charts, table, room + 2) if wide else [*charts, *table]

    def _list(self, snapshot: Snapshot, height: int) -> list[Row]:
        """The header, and the rows around the cursor."""
        ordered, seen = order(snapshot, self.choice), height - 1
        self._seen = max(1, seen)
        top = self._first(snapshot)
        cursor = "cursor" if self.has_focus else "strong"
        rows: list[Row] = [[(list_header(snapshot), "header")]]
        for seed in ordered[top : top + max(0, seen)].tolist():
            here = seed == self.choice.seed
            rows.append(list_row(snapshot, seed, cursor if here else "", here=here))
        return rows

    def _first(self, snapshot: Snapshot) -> int:
        """The first row in sight: such that the cursor's is, too."""
        place = self._place(snapshot)
        top = min(max(self._top, place - self._seen + 1), place)
        return max(0, min(top, len(snapshot.costs) - self._seen))

    def _place(self, snapshot: Snapshot) -> int:
        return int((order(snapshot, self.choice) == self.choice.seed).argmax())

    # Training -----------------------------------------------------------------------------------
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        if action == "stop":
            return self.running
        if action in ("count", "epochs", "others"):
            return not self.running
        return True

    def action_run(self) -> None:
        if self.running:
            self.action_stop()
            return
        if self.scene is None:
            return
        self._said = ""
        try:
            recipe = Recipe.of(self.scene.lab, self.count, self._wanted_epochs(), self.first)
        except LabError as problem:
            self._refuse(str(problem))
            return
        self.snapshot, self._touched, self._top = None, False, 0
        self.choice = replace(self.choice, seed=0)
        self.live = LiveStarts(recipe)
        self.live.start()
        self._polls = self.set_interval(POLL, self.poll)
        self.refresh_bindings()
        # Small ones are done before anybody can see that they ran.
        self.live.wait(0.03)
        self.poll()

    def poll(self) -> None:
        """Take the latest snapshot of what is trained."""
        live = self.live
        if live is None:
            return
        over = not live.running
        if live.latest is not None and live.latest is not self.snapshot:
            self.snapshot = live.latest
            if not self._touched:
                best = int(order(self.snapshot, self.choice)[0])
                self.choice = replace(self.choice, seed=best)
        if over:
            self._end()
            if live.problem:
                self._said = live.problem
        self.update()

    def _end(self) -> None:
        self.live = None
        if self._polls is not None:
            self._polls.stop()
            self._polls = None
        self.refresh_bindings()

    def action_stop(self) -> None:
        if self.live is not None:
            self.live.stop()
            self.live.wait(0.2)
            self.poll()

    def on_unmount(self) -> None:
        if self.live is not None:
            self.live.stop()

    def _refuse(self, problem: str) -> None:
        self._said = problem
        self.update()

    # Keys ---------------------------------------------------------------------------------------
    def action_open(self) -> None:
        snapshot = self.snapshot
        if self.running:
            self._refuse(_("they are still being trained; Esc stops them"))
            return
        if snapshot is None:
            self.action_run()
            return
        if not self._fits(snapshot):
            self._refuse(_("the settings or the data are others now; Space trains them with those"))
            return
        recipe = snapshot.recipe
        if not snapshot.done and recipe.settings["schedule"] == "cosine":
            self._refuse(_("the learning rate falls by the number of epochs: let them end first"))
            return
        epoch = snapshot.epoch
        gone = int(snapshot.diverged[self.choice.seed])
        seed, until = recipe.commands(
            recipe.seeds[self.choice.seed], recipe.epochs if gone else epoch
        )
        # (Training would go on from the new start, past the epoch that is wanted.)
        self.post_message(self.Asked(seed, paused=True))
        if epoch:
            self.post_message(self.Asked(until))

    def _go(self, seed: int) -> None:
        self._said, self._touched = "", True
        self.choice = replace(self.choice, seed=seed)
        if self.snapshot is not None:
            self._top = self._first(self.snapshot)
        self.update()

    def action_move(self, by: int) -> None:
        snapshot = self.snapshot
        if snapshot is not None:
            ordered = order(snapshot, self.choice)
            place = min(max(self._place(snapshot) + by, 0), len(ordered) - 1)
            self._go(int(ordered[place]))

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self._seen - 1))

    def action_edge(self, end: int) -> None:
        self.action_move(COUNTS[-1] if end else -COUNTS[-1])

    def action_wrong(self) -> None:
        """Move the cursor to the next seed that went wrong; after the last comes the first."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        ordered = order(snapshot, self.choice).tolist()
        place = self._place(snapshot)
        for seed in [*ordered[place + 1 :], *ordered[: place + 1]]:
            if snapshot.verdicts[seed]:
                self._go(seed)
                return
        self._refuse(outcome(snapshot))

    def action_count(self, by: int) -> None:
        place = min(max(COUNTS.index(self.count) + by, 0), len(COUNTS) - 1)
        self.count, self._said = COUNTS[place], ""
        self.update()

    def action_epochs(self, by: int) -> None:
        now = self._wanted_epochs()
        self.epochs = min(MOST_EPOCHS, now * 2) if by > 0 else max(1, now // 2)
        self._said = ""
        self.update()

    def action_others(self) -> None:
        self.first = (self.first + self.count) % MOST_SEED
        self._said = ""
        self.update()

    def action_curves(self) -> None:
        if self.snapshot is not None and self.snapshot.accuracy_curve is None:
            self._refuse(_("there is no accuracy: the network gives numbers, not classes"))
            return
        self.choice = replace(self.choice, accuracy=not self.choice.accuracy)
        self.update()

    def action_scale(self) -> None:
        self.choice = replace(self.choice, log=not self.choice.log)
        self.update()

    def action_turn(self) -> None:
        self.choice = replace(self.choice, worst_first=not self.choice.worst_first)
        self._top = 0
        self.update()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the seed under the mouse; a second click opens it."""
        seed = self.under(event)
        if seed is not None:
            if seed == self.choice.seed:
                self.action_open()
            else:
                self._go(seed)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_move(-3)
