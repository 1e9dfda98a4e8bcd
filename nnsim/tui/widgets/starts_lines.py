"""How panel 8 is laid out and drawn: settings, state, charts and list of many starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.strip import Strip

from nnsim.i18n import _, ngettext
from nnsim.lab.sweep.starts import COUNTS, LiveStarts, Snapshot
from nnsim.tui.draw.text import bar, wrap_cells
from nnsim.tui.panels.panel import Panel, Scene
from nnsim.tui.widgets import starts_view as view
from nnsim.tui.widgets.painter import Painter
from nnsim.tui.widgets.rows import Row
from nnsim.tui.widgets.starts_view import Choice

if TYPE_CHECKING:
    from nnsim.lab import Lab


class StartsLines(Panel, Painter):
    """Draws what `snapshot` and `choice` say; only the lines that are different."""

    PREFIX = "starts--"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "starts--cursor", "starts--dim", "starts--ends", "starts--fine", "starts--header",
        "starts--here", "starts--median", "starts--quarter", "starts--strong", "starts--wrong",
    }  # fmt: skip
    DEFAULT_CSS = """
    StartsLines {
        .starts--cursor { text-style: bold; }
        .starts--dim { color: $text-muted; }
        .starts--ends { color: $text-muted; }
        .starts--fine { color: $text-primary; }
        .starts--header { color: $text-muted; text-style: bold; }
        .starts--here { color: $text-accent; text-style: bold; }
        .starts--median { text-style: bold; }
        .starts--quarter { color: $text-primary; }
        .starts--strong { text-style: bold; }
        .starts--wrong { color: $text-error; text-style: bold; }
        &:focus .starts--cursor { text-style: bold reverse; }
        &:ansi .starts--dim, &:ansi .starts--ends { color: ansi_default; text-style: dim; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.count = COUNTS[2]
        self.first = 0
        self.epochs: int | None = None  # as the experiment says
        self.choice = Choice()
        self.live: LiveStarts | None = None
        self.snapshot: Snapshot | None = None
        self._lab: Lab | None = None
        self._said = ""  # a refusal, until the next key
        self._rows: list[Row] = []
        self._top = 0
        self._curves_of: tuple[object, ...] = ()
        self._curves_drawn: list[Row] = []
        self._list_at = (0, 0, 0)  # its first column and line, and how many rows are in sight

    # What is shown ------------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Show the starts; they are of the bench as it stood when they were trained."""
        self.scene, lab = scene, scene.lab
        self._lab = lab
        self._draw()

    @property
    def running(self) -> bool:
        """Whether starts are being trained now."""
        return self.live is not None

    def _wanted_epochs(self) -> int:
        if self.epochs is not None or self._lab is None:
            return self.epochs or 1
        return max(1, self._lab.experiment.training.epochs)

    def _draw(self) -> None:
        """Bring the lines in sight in line, those that are different."""
        width, height = self.content_size
        if not width or self._lab is None:
            return
        rows = self._lines(width, height)
        before, self._rows = self._rows, rows
        if len(before) != len(rows):
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(before, rows, strict=True)):
            if old != new:
                self.redraw(y, y)

    def _lines(self, width: int, height: int) -> list[Row]:
        rows = [self._settings(), *self._state(width)]
        snapshot = self.snapshot
        if snapshot is None:
            text = _(
                "How much does it matter where the weights start? Space trains this network from "
                "many seeds at once, as the bench would train each of them, and shows how far they "
                "come and which go wrong."
            )
            rows += [[], *([(line, "")] for line in wrap_cells(text, width))]
            return [view.fit(row, width) for row in rows[:height]]
        above, rest = len(rows), max(0, height - len(rows) - 1)
        rows += self._charts_and_list(snapshot, width, rest, above)
        rows = [*rows[: height - 1], *([[]] * (height - 1 - len(rows))), self._about(snapshot)]
        return [view.fit(row, width) for row in rows]

    def _settings(self) -> Row:
        """What Space would train."""
        assert self._lab is not None
        trainer = self._lab.trainer
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
        of = snapshot.recipe.epochs
        if self.running:
            text = _("epoch {epoch} of {of}").format(epoch=snapshot.epoch, of=of)
            filled, rest = bar(snapshot.progress, 1.0, max(4, min(20, width - len(text) - 14)))
            return [(filled, "fine"), (rest, "dim"), (f" {text} · ", ""), (_("Esc stops"), "dim")]
        n = len(snapshot.recipe.seeds)
        text = ngettext("{n} seed", "{n} seeds", n).format(n=n)
        epoch = _("epoch {epoch} of {of}").format(epoch=snapshot.epoch, of=of)
        went = view.outcome(snapshot)
        wrong = any(snapshot.verdicts)
        row: Row = [(f"{text} · {epoch} · ", ""), (went, "wrong" if wrong else "fine")]
        if not self._fits(snapshot):
            row.append((" · " + _("with other settings than now"), "dim"))
        return row

    def _fits(self, snapshot: Snapshot) -> bool:
        return self._lab is not None and snapshot.recipe.is_of(self._lab)

    def _charts_and_list(
        self, snapshot: Snapshot, width: int, height: int, above: int
    ) -> list[Row]:
        wide = width >= view.LEAST_WIDE
        room = width - view.LIST_WIDTH - 2 if wide else width
        tall = height if wide else max(0, height - max(5, height // 3))
        strip = min(9, max(4, tall * 2 // 5))
        charts: list[Row] = []
        if tall >= 4:
            charts += view.strip(snapshot, self.choice, room, strip)
        if tall - strip >= 4:
            charts += self._curves(snapshot, room, tall - strip)
        lines = height if wide else height - len(charts)
        self._list_at = (room + 2 if wide else 0, above + (0 if wide else len(charts)), lines - 1)
        self._follow(snapshot)
        table, _seeds = view.list_rows(snapshot, self.choice, self._top, lines)
        if wide:
            return view.beside(charts, table, room + 2)
        return [*charts, *table]

    def _curves(self, snapshot: Snapshot, width: int, height: int) -> list[Row]:
        """The curves; drawn anew only where something about them is different."""
        key = (snapshot, self.choice.accuracy, self.choice.log, width, height)
        if key != self._curves_of:
            self._curves_of = key
            self._curves_drawn = view.curves(snapshot, self.choice, width, height)
        return self._curves_drawn

    def _follow(self, snapshot: Snapshot) -> None:
        """Keep the cursor's row in sight."""
        place, lines = self._place(snapshot), max(1, self._list_at[2])
        most = max(0, len(snapshot.costs) - lines)
        self._top = min(max(self._top, place - lines + 1), place, most)
        self._top = max(0, self._top)

    def _place(self, snapshot: Snapshot) -> int:
        """The row of the list that the cursor is on."""
        return int((view.order(snapshot, self.choice) == self.choice.seed).argmax())

    def _about(self, snapshot: Snapshot) -> Row:
        """What the cursor is on, in a sentence."""
        wrong = bool(snapshot.verdicts[self.choice.seed])
        text = view.verdict_sentence(snapshot, self.choice.seed)
        return [(text, "wrong" if wrong else "dim")]

    def on_resize(self) -> None:
        """Lay everything out anew."""
        self._rows = []
        self._draw()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of text."""
        row = self._rows[y] if y < len(self._rows) else []
        return self.line(*((text, style or "plain") for text, style in row))
