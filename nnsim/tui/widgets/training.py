"""Training in numbers, and the keys that run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from nnsim.i18n import N_, _
from nnsim.tui.numbers import bar, short
from nnsim.tui.widgets.bench_panel import BenchPanel
from nnsim.tui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from nnsim.lab import Lab

NAME = 10  # cells for the name of a number


class TrainingPanel(RowList):
    """Epoch, cost, how many are right, and the settings of training."""

    BINDING_GROUP_TITLE = N_("Train")
    HELP = N_("Train the network and watch how many of the samples it reads right.")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "train(1)", N_("1 epoch"), id="train.one", tooltip=N_("Train one epoch")),
        Binding("T", "train(10)", N_("10"), id="train.ten", tooltip=N_("Train ten epochs")),
        Binding("y", "train(100)", N_("100"), id="train.hundred", tooltip=N_("Train 100 epochs")),
        Binding("r", "reset", N_("Reset"), id="train.reset",
                tooltip=N_("Back to the start parameters, epoch 0")),
    ]  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._rows: list[tuple[str, Row]] = []
        self._lab: Lab | None = None

    def show(self, lab: Lab) -> None:
        """Show how training stands."""
        metrics, trainer = lab.metrics, lab.trainer
        rows: list[tuple[str, Row]] = [
            (_("epoch"), [(f"{trainer.epoch}", "strong")]),
        ]
        if metrics.samples:
            rows.append((_("cost"), [(short(metrics.cost, self._room).strip(), "strong")]))
        if metrics.right is not None:
            rows.append((_("right"), self._share(metrics.right, metrics.samples)))
        if metrics.test_right is not None:
            rows.append((_("test"), self._share(metrics.test_right, metrics.test_samples)))
        batch = trainer.batch_size
        rows += [
            (_("rate"), [(f"{trainer.learning_rate:g}", "")]),
            (_("optimizer"), [(f"{trainer.optimizer.name}", "")]),
            (_("batch"), [(str(batch) if batch else _("the whole set"), "")]),
        ]
        if lab.diverged:
            rows.append((_("stopped"), [(_("the numbers left the finite"), "wrong")]))
        self._lab = lab
        if rows != self._rows:
            self._rows = rows
            self.rows_changed()

    def on_resize(self) -> None:
        """Fit the numbers into the new width."""
        super().on_resize()
        if self._lab is not None:
            self.show(self._lab)

    @property
    def _room(self) -> int:
        """Cells for a value, behind its name."""
        return max(6, min(12, self.line_width - NAME - 1))

    def _share(self, right: int, of: int) -> Row:
        text = f"{right}/{of} "
        room = min(10, self.line_width - NAME - 1 - len(text))
        filled, rest = bar(right, of, room if room > 3 else 0)  # a shorter bar tells nothing
        return [(text, "strong"), (filled, ""), (rest, "dim")]

    def row_count(self) -> int:
        """One row for each number."""
        return len(self._rows)

    def row(self, index: int) -> Row:
        """A name and its value."""
        name, pieces = self._rows[index]
        return [(f" {name:<{NAME}}", "dim"), *pieces]

    def address(self, index: int) -> str:
        """The address of the number in a row; of the cost, where a row has none."""
        name = self._rows[index][0] if index < len(self._rows) else ""
        return {
            _("epoch"): "epoch", _("right"): "accuracy", _("test"): "test_accuracy",
            _("rate"): "learning_rate", _("stopped"): "diverged",
        }.get(name, "cost")  # fmt: skip

    def action_train(self, epochs: int) -> None:
        """Train some epochs."""
        self.post_message(BenchPanel.Asked(f"train {epochs}"))

    def action_reset(self) -> None:
        """Go back to the start."""
        self.post_message(BenchPanel.Asked("reset"))
