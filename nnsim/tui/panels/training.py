"""Training in a few numbers: where it stands, and whether it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from nnsim.i18n import N_, _
from nnsim.tui.draw.lines import Row, Table
from nnsim.tui.draw.numbers import bar, short
from nnsim.tui.draw.text import cut
from nnsim.tui.panels.panel import Panel, Scene

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.reading.signals import Watch

NAME = 9  # cells for the name of a number
KINDS = {"dead": N_("dead"), "saturated": N_("saturated")}  # units, and what they are called here
LOOK = 0.4  # seconds after which units are looked at that may have stopped learning


class TrainingPanel(Table, Panel):
    """Epoch, cost, how many are right, and how fast it goes."""

    BINDING_GROUP_TITLE = N_("Training")
    HELP = N_("How training stands. The panel Train has its curves and settings.")

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._watch: Watch | None = None
        self._look_is_due = False

    def show(self, scene: Scene) -> None:
        self.scene = scene
        self.update()
        if not self._look_is_due:
            self._look_is_due = True
            self.set_timer(LOOK, self._look)

    @property
    def numbers(self) -> list[tuple[str, str, Row]]:
        """The name of each number, its address and its value."""
        if self.scene is None:
            return []
        lab = self.scene.lab
        metrics, trainer, running = lab.metrics, lab.trainer, lab.running
        mark = " ▶" if running.on else ""
        found: list[tuple[str, str, Row]] = [
            (_("epoch"), "epoch", [(f"{trainer.epoch}{mark}", "strong")])
        ]
        if metrics.samples:
            cost = short(metrics.cost, self._room).strip()
            found.append((_("cost"), "cost", [(cost, "strong")]))
        if metrics.right is not None:
            found.append((_("right"), "accuracy", self._share(metrics.right, metrics.samples)))
        if metrics.test_right is not None:
            share = self._share(metrics.test_right, metrics.test_samples)
            found.append((_("test"), "test_accuracy", share))
        found.append((_("rate"), "learning_rate", [(f"{trainer.learning_rate:.6g}", "")]))
        if running.on:
            found.append((_("steps/s"), "epoch", [(f"{running.steps_per_second:.0f}", "")]))
        if lab.diverged:
            found.append((_("stopped"), "diverged", [(_("the numbers left the finite"), "wrong")]))
        return found + self._troubles(lab)

    def _troubles(self, lab: Lab) -> list[tuple[str, str, Row]]:
        """A mark for units that have stopped learning; the panel Train names them."""
        found = () if self._watch is None else self._watch.found
        counts = {kind: sum(len(t.units) for t in found if t.kind == kind) for kind in KINDS}
        rows: list[tuple[str, str, Row]] = []
        for kind, count in counts.items():
            if count:
                first = next(t for t in found if t.kind == kind)
                of = next((n for n in lab.names.layers if n.name == first.layer), None)
                flat = of is not None and len(of.output_shape) == 1
                address = f"{first.layer}[{first.units[0] + 1}].a" if flat else "cost"
                rows.append((_(KINDS[kind]), address, [(f"! {count}", "negative")]))
        return rows

    def _look(self) -> None:
        """Look at the units, later than what the person is waiting for."""
        from nnsim.lab.reading.signals import Watch  # late: the first picture needs none

        self._look_is_due = False
        self._watch = self._watch or Watch()
        if self.scene is not None and self.is_attached and self._watch.due(self.scene.lab):
            self._watch.look(self.scene.lab)
            self.update()

    @property
    def _room(self) -> int:
        """Cells for a value, behind its name."""
        return max(6, min(12, self.line_width - NAME - 2))

    def _share(self, right: int, of: int) -> Row:
        text = f"{right}/{of} "
        room = min(10, self.line_width - NAME - 2 - cell_len(text))
        filled, rest = bar(right, of, room if room > 3 else 0)  # a shorter bar tells nothing
        return [(text, "strong"), (filled, ""), (rest, "dim")]

    def row_count(self) -> int:
        return len(self.numbers)

    def row(self, index: int) -> Row:
        name, _address, pieces = self.numbers[index]
        return [(f" {cut(name, NAME)} ", "dim"), *pieces]

    def address(self) -> str | None:
        numbers = self.numbers
        return numbers[self.cursor][1] if self.cursor < len(numbers) else "epoch"

    def edits(self) -> str | None:
        """The learning rate."""
        return "learning_rate"
