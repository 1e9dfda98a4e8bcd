"""The lines on top of the Train panel: its views, how training goes, and its settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from textual import events
from textual.message import Message

from nnsim.i18n import N_, _, ngettext
from nnsim.tui.draw.plot import whole
from nnsim.tui.draw.styles import Sheet
from nnsim.tui.widgets.board import Board
from nnsim.tui.widgets.rows import Row
from nnsim.tui.widgets.train_settings import Setting

if TYPE_CHECKING:
    from nnsim.lab import Lab

VIEWS = (N_("Curves"), N_("Weights"), N_("Gradients"), N_("Histograms"))


class TrainLines(Board, can_focus=False):
    """Lines of the Train panel, in its colours."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "board--train",
        "board--test",
        "board--old",
        "board--wrong",
        "board--name",
        "board--label",
        "board--selected",
        "board--muted",
    }
    DEFAULT_CSS = """
    TrainLines {
        height: 1fr;
        width: 1fr;
        .board--train { color: $text-primary; }
        .board--test { color: $text-warning; }
        .board--old { color: $text-muted; }
        .board--wrong { color: $text-error; text-style: bold; }
        .board--name { text-style: bold; }
        .board--label { color: $text-muted; }
        .board--selected { text-style: bold reverse; }
        .board--muted { color: $text-muted; }
    }
    """

    class Resized(Message):
        """The lines have another width or height now."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._sheet = Sheet(self)

    def on_resize(self) -> None:
        """What stands on them no longer fits."""
        super().on_resize()
        self.post_message(self.Resized())

    def style(self, name: str = "plain") -> Style:
        """The style of a component class; the weights have theirs from the style sheet."""
        return super().style(name) if name.isidentifier() else self._sheet[name]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._sheet.clear()


@dataclass(frozen=True)
class Chunk:
    """A piece of text that is not broken, and what a click on it means."""

    text: str
    style: str = ""
    kind: str = ""
    number: int = 0


class TrainHead(TrainLines):
    """Views and settings, to be clicked, and what runs."""

    class Pressed(Message):
        """A view (``"view"``) or a setting (``"setting"``) was clicked."""

        def __init__(self, kind: str, number: int) -> None:
            self.kind, self.number = kind, number
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._hits: list[tuple[int, int, int, Chunk]] = []
        self._widest = 0  # the state while it runs: lines must not come and go with its digits

    def show(self, lab: Lab, view: int, settings: list[Setting], chosen: int) -> None:
        """Show them; the height of the widget follows."""
        width = self.content_size.width
        views = self._views(view, width)
        state = self._state(lab)
        told = [
            _chunk(f"{setting.name} {setting.value}", n == chosen, ("cursor", ""), "setting", n)
            for n, setting in enumerate(settings)
        ]
        lines = _flowing(views, width)
        self._widest = max(self._widest if lab.running.on else 0, _wide(state))
        if _wide(lines[-1]) + self._widest <= width:
            gap = width - _wide(lines[-1]) - _wide(state)
            lines[-1] = [*lines[-1], Chunk(" " * gap), *state]
        else:
            lines += _flowing(state, width)
        lines += _flowing(told, width)
        self._hits = [
            (y, x, x + cell_len(chunk.text), chunk)
            for y, line in enumerate(lines)
            for x, chunk in _placed(line)
        ]
        rows: list[Row] = [[(chunk.text, chunk.style) for chunk in line] for line in lines]
        if self.styles.height is None or self.styles.height.value != len(rows):
            self.styles.height = len(rows)
        self.set_rows(rows)

    @staticmethod
    def _views(view: int, width: int) -> list[Chunk]:
        """The names of the views; those that are not in sight are cut where there is no room."""
        names = [_(name) for name in VIEWS]
        room = width - 2 * len(names)
        others = max(1, (room - cell_len(names[view])) // (len(names) - 1))
        if sum(map(cell_len, names)) > room:
            names = [
                name if n == view else set_cell_size(name, min(others, cell_len(name)))
                for n, name in enumerate(names)
            ]
        return [
            _chunk(name, n == view, ("strong", "dim"), "view", n) for n, name in enumerate(names)
        ]

    @staticmethod
    def _state(lab: Lab) -> list[Chunk]:
        running, trainer = lab.running, lab.trainer
        sign = Chunk("▶ ", "strong") if running.on else Chunk("■ ", "dim")
        epoch = _("epoch {n}").format(n=_grouped(trainer.epoch))
        if running.on and running.target is not None:
            epoch = _("epoch {n} of {target}").format(
                n=_grouped(trainer.epoch), target=_grouped(running.target)
            )
        updates = ngettext("{n} update", "{n} updates", trainer.updates).format(
            n=_grouped(trainer.updates)
        )
        per_second = running.steps_per_second if trainer.updates else 0.0  # not of what was undone
        speed = _("{n} steps/s").format(n=_grouped(round(per_second)))
        return [sign, Chunk(epoch, "strong"), Chunk(f" · {updates}"), Chunk(f" · {speed}")]

    def on_click(self, event: events.Click) -> None:
        """Choose what is under the mouse."""
        place = event.get_content_offset(self)
        if place is None:
            return
        for y, start, end, chunk in self._hits:
            if place.y == y and start <= place.x < end and chunk.kind:
                self.post_message(self.Pressed(chunk.kind, chunk.number))


def _chunk(text: str, chosen: bool, styles: tuple[str, str], kind: str, number: int) -> Chunk:
    """One of several, in brackets if it is the chosen one."""
    return Chunk(f"[{text}]" if chosen else f" {text} ", styles[not chosen], kind, number)


def _grouped(number: int) -> str:
    return f"{number}" if number < 100_000 else whole(number)


def _wide(chunks: list[Chunk]) -> int:
    return sum(cell_len(chunk.text) for chunk in chunks)


def _flowing(chunks: list[Chunk], width: int) -> list[list[Chunk]]:
    """Put chunks into lines; none is broken."""
    lines: list[list[Chunk]] = [[]]
    for chunk in chunks:
        if lines[-1] and _wide(lines[-1]) + cell_len(chunk.text.rstrip()) > width:
            lines.append([])
            chunk = replace(chunk, text=chunk.text.removeprefix(" · "))
        if _wide(lines[-1]) + cell_len(chunk.text) > width:
            chunk = replace(chunk, text=chunk.text.rstrip())
        lines[-1].append(chunk)
    return lines


def _placed(line: list[Chunk]) -> list[tuple[int, Chunk]]:
    placed, x = [], 0
    for chunk in line:
        placed.append((x, chunk))
        x += cell_len(chunk.text)
    return placed
