"""The first and the last lines of the Train panel: views, settings and state; the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.cells import cell_len, set_cell_size

from nnsim.i18n import N_, _, ngettext
from nnsim.tui.draw.lines import Piece, Row, joined
from nnsim.tui.draw.plot import whole
from nnsim.tui.panels.train.settings import Setting

if TYPE_CHECKING:
    from nnsim.lab import Lab

VIEWS = (N_("Curves"), N_("Weights"), N_("Gradients"), N_("Histograms"))


class Press(NamedTuple):
    """What a click means: a ``"view"`` or a ``"setting"``, and which."""

    kind: str
    number: int


class Head:
    """Views and settings, to be clicked, and what runs."""

    def __init__(self) -> None:
        self._widest = 0  # the state while it runs: lines must not come and go with its digits

    def rows(
        self, lab: Lab, view: int, settings: list[Setting], chosen: int, width: int
    ) -> list[Row]:
        state = _state(lab)
        told = [
            _choice(f"{setting.name} {setting.value}", n == chosen, ("cursor", ""), "setting", n)
            for n, setting in enumerate(settings)
        ]
        lines = _flowing(_views(view, width), width)
        self._widest = max(self._widest if lab.running.on else 0, _wide(state))
        if _wide(lines[-1]) + self._widest <= width:
            gap = width - _wide(lines[-1]) - _wide(state)
            lines[-1] = [*lines[-1], Piece(" " * gap), *state]
        else:
            lines += _flowing(state, width)
        return [*lines, *_flowing(told, width)]


def _views(view: int, width: int) -> list[Piece]:
    """The names of the views; those that are not in sight are cut where there is no room."""
    names = [_(name) for name in VIEWS]
    room = width - 2 * len(names)
    others = max(1, (room - cell_len(names[view])) // (len(names) - 1))
    if sum(map(cell_len, names)) > room:
        names = [
            name if n == view else set_cell_size(name, min(others, cell_len(name)))
            for n, name in enumerate(names)
        ]
    return [_choice(name, n == view, ("strong", "dim"), "view", n) for n, name in enumerate(names)]


def _state(lab: Lab) -> list[Piece]:
    running, trainer = lab.running, lab.trainer
    sign = Piece("▶ ", "strong") if running.on else Piece("■ ", "dim")
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
    return [sign, Piece(epoch, "strong"), Piece(f" · {updates}"), Piece(f" · {speed}")]


def _choice(text: str, chosen: bool, styles: tuple[str, str], kind: str, number: int) -> Piece:
    """One of several, in brackets if it is the chosen one."""
    return Piece(f"[{text}]" if chosen else f" {text} ", styles[not chosen], Press(kind, number))


def _grouped(number: int) -> str:
    return f"{number}" if number < 100_000 else whole(number)


def _wide(pieces: list[Piece]) -> int:
    return sum(cell_len(piece.text) for piece in pieces)


def _flowing(pieces: list[Piece], width: int) -> list[list[Piece]]:
    """Put pieces into lines; none is broken."""
    lines: list[list[Piece]] = [[]]
    for piece in pieces:
        if lines[-1] and _wide(lines[-1]) + cell_len(piece.text.rstrip()) > width:
            lines.append([])
            piece = piece._replace(text=piece.text.removeprefix(" · "))
        if _wide(lines[-1]) + cell_len(piece.text) > width:
            piece = piece._replace(text=piece.text.rstrip())
        lines[-1].append(piece)
    return lines


KEPT, GAP, LEFT, CAME, HERE = "─", "·", "┬", "┴", "●"
SHORTEST = 8  # cells of the line itself


def drawn(
    width: int, first: int, last: int, epochs: Sequence[int], left: Sequence[int], fork: int | None
) -> str:
    """The line: where epochs are kept, where other runs leave it, where it left another."""
    cells = [GAP] * width
    share = (np.array(epochs, np.float64) - first) / max(1, last - first)
    for cell in np.unique(np.rint(np.clip(share, 0, 1) * (width - 1)).astype(int)).tolist():
        cells[cell] = KEPT
    for epoch in left:
        if first <= epoch <= last:
            cells[cell_of(epoch, first, last, width)] = LEFT
    if fork is not None and first <= fork <= last:
        cells[cell_of(fork, first, last, width)] = CAME
    return "".join(cells)


def cell_of(epoch: int, first: int, last: int, width: int) -> int:
    return round((epoch - first) * (width - 1) / (last - first)) if last > first else 0


def epoch_of(cell: int, first: int, last: int, width: int) -> int:
    return first + round((last - first) * min(max(cell, 0), width - 1) / max(1, width - 1))


@dataclass(frozen=True)
class Timeline:
    """The timeline as a line: the epochs that are kept, branches, and where the bench stands."""

    # first, last: epochs at its ends
    first: int
    last: int
    # start, width: where the line itself stands among the cells
    start: int
    width: int
    row: Row  # its pieces stand for ``Press("epoch", …)``, but for those behind it

    @classmethod
    def of(cls, lab: Lab, width: int) -> Timeline:
        """Lay the timeline out in `width` cells."""
        run, runs = lab.timeline.run, lab.timeline.runs
        first, last = run.first, run.last
        before, behind = f"{whole(first)} ", f" {whole(last)}"
        about = ""
        if len(runs) > 1:
            about = " · " + _("run {n} of {count}").format(n=run.number, count=len(runs))
        if width - cell_len(before + behind + about) < 2 * SHORTEST:
            about = ""
        room = max(1, width - cell_len(before + behind + about))
        left = [r.fork for r in runs if r.parent == run.number and r.fork is not None]
        text = drawn(room, first, last, run.epochs, left, run.fork)
        here = cell_of(min(max(lab.trainer.epoch, first), last), first, last, room)
        cells = [(char, "positive strong" if char in (LEFT, CAME) else "dim") for char in text]
        cells[here] = HERE, "here reverse"
        press = Press("epoch", 0)
        line = [Piece(char, style, press) for char, style in joined(cells)]
        ends = Piece(before, "strong", press), Piece(behind, "strong", press)
        return cls(first, last, cell_len(before), room, [ends[0], *line, ends[1], (about, "dim")])

    def epoch(self, x: int) -> int:
        """The epoch at a cell, or at the nearer end."""
        return epoch_of(x - self.start, self.first, self.last, self.width)
