"""Questions about one number: why it is what it is, and what a learner makes of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.widget import Widget

from nnsim.i18n import _
from nnsim.lab.hiding import NOTHING, Hidden
from nnsim.lab.values import settable
from nnsim.tui.key_queue import release_keys
from nnsim.tui.panels.panel import Panel
from nnsim.tui.panels.why import Inspector
from nnsim.tui.screens.base import LineScreen
from nnsim.tui.screens.frame import StatusLine

if TYPE_CHECKING:
    from nnsim.lab.blanks import Blanks
    from nnsim.tui.screens.lab_showing import Showing


class Why:
    """The inspector of a bench's screen, in sight while it is displayed."""

    def __init__(self, screen: LineScreen, showing: Showing) -> None:
        self._screen, self._showing = screen, showing
        self._before: Widget | None = None

    @property
    def _inspector(self) -> Inspector:
        return self._screen.query_one(Inspector)

    @property
    def is_open(self) -> bool:
        """Whether the inspector is in sight."""
        return bool(self._inspector.display)

    def here(self) -> str:
        """The address of the number under the cursor, else of the one that is looked at."""
        focused = self._screen.focused
        found = focused.address() if isinstance(focused, Panel) else None
        return found or str(self._showing.lab.focus)

    def open(self, address: str) -> None:
        inspector, screen = self._inspector, self._screen
        try:
            inspector.open(self._showing.scene(), address)
        except ValueError as problem:
            screen.show(str(problem), wrong=True)
            return
        self.look_at(address)
        if not inspector.display:
            self._before = screen.focused
            inspector.display = True
        inspector.focus()
        self._showing.why_first()

    def close(self) -> None:
        """Close it; the keys go back to where they were."""
        inspector, screen = self._inspector, self._screen
        if inspector.display:
            inspector.display = False
            back = self._before
            if screen.focused is None or isinstance(screen.focused, Inspector):
                here = back if back is not None and back.is_attached else screen.bench_widget()
                here.focus()
            screen.call_after_refresh(screen.show)

    def look_at(self, address: str) -> None:
        """Look at a number without leaving the walk."""
        screen = self._screen
        away = self._showing.away
        if address != str(self._showing.lab.focus):
            screen.execute(f"focus {address}")
            self._showing.away = away

    def editable(self) -> str | None:
        """The address of what can be edited where the keys are."""
        lab, focused = self._showing.lab, self._screen.focused
        if isinstance(focused, Panel) and (address := focused.edits()) is not None:
            return address
        quantity = lab.names.resolve(lab.focus)
        if settable(quantity):
            return str(lab.focus)
        if quantity.layer >= 0 and quantity.unit >= 0:
            layer = lab.names.layers[quantity.layer]
            if layer.has_bias:
                return f"{layer.name}[{quantity.unit + 1}].b"
        return None


class Asking:
    """The number on a bench that a learner works out before it is shown."""

    def __init__(self, screen: LineScreen, showing: Showing) -> None:
        self._screen, self._showing = screen, showing
        self._blanks: Blanks | None = None

    @property
    def hidden(self) -> Hidden:
        """The numbers that are hidden until they are worked out."""
        if self._blanks is None:
            return NOTHING
        return Hidden.of(self._showing.lab, self._blanks.hidden)

    def forget(self) -> None:
        """Ask for nothing any more."""
        self._blanks = None

    def give_up(self) -> None:
        if self._blanks is not None and self._blanks.hidden:
            self._blanks.hidden.clear()
            self._screen.show(_("shown; b asks for it again"))

    def ask_for(self, address: str) -> None:
        """Hide a number and take answers, until one is right or the learner gives up."""
        from nnsim.lab.blanks import Blanks
        from nnsim.tui.screens.bar import AnswerBar

        screen = self._screen
        if self._blanks is None:
            self._blanks = Blanks()
        kind = self._showing.lab.names.resolve(address).kind
        if kind in ("input", "target", "w", "b", "learning_rate", "l2", "gamma", "beta"):
            text = _("{address} is given, not worked out; choose a result and press b")
            screen.show(text.format(address=address), wrong=True)
            return
        try:
            self._blanks.hide(self._showing.lab, address)
        except ValueError as problem:
            screen.show(str(problem), wrong=True)
            return
        usage = _("work {address} out and type it; Enter checks it, Esc shows it")
        usage = usage.format(address=address)
        screen.put_up(AnswerBar(address, usage, partial(self.answer, address)))
        screen.show(_("{address} is hidden: work it out").format(address=address))

    def answer(self, address: str, text: str) -> None:
        """Check an answer; say what is wrong with it, or show the number."""
        from nnsim.lab.commands import number

        screen = self._screen
        assert self._blanks is not None
        try:
            verdict = self._blanks.answer(self._showing.lab, address, number(text))
        except ValueError as problem:
            screen.complain(str(problem))
            release_keys(screen)
            return
        if verdict.right:
            screen.close_bar()
            screen.show(verdict.sentence)
        else:
            screen.query_one(StatusLine).say(verdict.sentence, "", wrong=True)
            release_keys(screen)
