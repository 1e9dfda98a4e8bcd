"""The keys of a lesson and its pane, on a screen of any bench."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from nnsim.i18n import N_
from nnsim.tui.screens.base import LineScreen
from nnsim.tui.widgets.lesson_pane import AnswerBar, LessonPane

if TYPE_CHECKING:
    from nnsim.tui.lesson_desk import Desk

BESIDE = (112, 34)  # columns and rows from which on the pane stands beside the bench
FIRST = ("lesson.next", "lesson.answer", "lesson.hint")


class LessonKeys(LineScreen):
    """A screen with a `LessonPane`; what its keys do is up to the lesson's `Desk`.

    (As a base it comes second: Textual takes the styles of the first alone.)
    """

    SHOWS_CIRCUIT: ClassVar[bool] = False
    BINDING_GROUP_TITLE = N_("Lesson")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next", N_("Next"), id="lesson.next",
                tooltip=N_("The next step, when this one is solved")),
        Binding("a", "answer", N_("Answer"), id="lesson.answer",
                tooltip=N_("Type the answer to this step")),
        Binding("H", "hint", N_("Hint"), id="lesson.hint", tooltip=N_("The next hint")),
        Binding("V", "reveal", N_("Reveal"), id="lesson.reveal",
                tooltip=N_("Show the solution of this step")),
        Binding("N,p", "back", N_("Step before"), id="lesson.back",
                tooltip=N_("The step before")),
        Binding("S", "skip", N_("Skip"), id="lesson.skip", tooltip=N_("Pass over this step")),
        Binding("R", "reset_step", N_("Reset step"), id="lesson.reset",
                tooltip=N_("The bench as this step starts")),
        Binding("F", "free", N_("Free play"), id="lesson.free",
                tooltip=N_("Play off the path, or come back to your place")),
        Binding("L", "read", N_("Text"), id="lesson.read",
                tooltip=N_("Give the keys to the text of the lesson")),
    ]  # fmt: skip

    desk: Desk

    @property
    def pane(self) -> LessonPane:
        """The pane of the lesson."""
        return self.query_one(LessonPane)

    def key_rank(self, binding: Binding) -> int:
        """How far to the front of the line of keys a key belongs.

        To a reader the keys of the lesson matter; on the bench three of them, and then those of the
        panel.
        """
        reading = self.focused is not None and self.focused.has_class("-lesson")
        group = (binding.id or "").partition(".")[0]
        if group == "lesson":
            return 1 if binding.id in FIRST else 2 if reading else 4
        return 3 if group in ("lab", "circuit", "app") else 0 if reading else 2

    @abstractmethod
    def follow(self) -> None:
        """Show the player's bench."""

    @abstractmethod
    def stop_all(self) -> None:
        """Stop what runs by itself."""

    def written(self) -> None:
        """The page was written anew: show or cover what goes with it."""

    def place(self) -> None:
        """Open the step's page, with the keys where they are needed first."""
        self.pane.cursor = 0
        self.desk.write()
        self.pane.focus()
        self.call_after_refresh(self.pane.scroll_home, animate=False)

    def on_resize(self, event: events.Resize) -> None:
        """Put the pane where there is room for it."""
        wide, high = BESIDE
        self.set_class(event.size.width >= wide and event.size.height >= high, "-beside")
        self.call_after_refresh(self.desk.write)

    def on_descendant_focus(self) -> None:
        """The pane is larger while it has the keys; else what is asked is in sight."""
        reading = self.focused is self.pane or isinstance(self.bar, AnswerBar)
        if reading != self.has_class("-reading"):
            self.set_class(reading, "-reading")
            self.call_after_refresh(self._scroll)

    def _scroll(self) -> None:
        """Show the start of the page to a reader, else what is asked."""
        pane = self.pane
        if self.focused is pane:
            pane.scroll_home(animate=False)
        else:
            pane.scroll_to(y=max(0, pane.page.task), animate=False)

    # Keys -------------------------------------------------------------------------------------

    def action_next(self) -> None:
        """Go on, where that is allowed; at the end go Home."""
        self.desk.next()

    def action_back(self) -> None:
        """Go back a step."""
        self.desk.move(self.desk.player.back)

    def action_skip(self) -> None:
        """Pass over a step."""
        self.desk.skip()

    def action_reset_step(self) -> None:
        """Bring the bench back to where the step starts."""
        self.desk.reset()

    def action_free(self) -> None:
        """Leave the path, or come back to it."""
        self.desk.free()

    def action_read(self) -> None:
        """Give the keys to the text."""
        self.pane.focus()

    def action_hint(self) -> None:
        """Open the next hint."""
        self.desk.hint()

    def action_reveal(self) -> None:
        """Show the solution."""
        self.desk.reveal()

    def action_answer(self) -> None:
        """Open the line for the answer."""
        self.desk.open_answer()

    # What the pane reports --------------------------------------------------------------------

    def on_lesson_pane_pressed(self) -> None:
        """Enter in the text."""
        self.desk.pressed()

    def on_lesson_pane_moved(self) -> None:
        """The cursor of a quiz."""
        self.desk.write()

    def on_lesson_pane_chose(self, message: LessonPane.Chose) -> None:
        """A choice of a quiz."""
        self.desk.answer(str(message.number))

    def on_answer_bar_answered(self, message: AnswerBar.Answered) -> None:
        """An answer was typed."""
        message.stop()
        self.desk.answer(message.answer)
