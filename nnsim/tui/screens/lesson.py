"""The lesson: the lab with a pane that asks, hints, and looks at what the learner does."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from nnsim.i18n import N_, _
from nnsim.lab import LabError
from nnsim.lab.hiding import masked, values_of
from nnsim.tui.lesson_page import PageWriter
from nnsim.tui.screens.lab import LabScreen
from nnsim.tui.widgets.lesson_pane import AnswerBar, LessonPane
from nnsim.tutor.answers import AnswerError
from nnsim.tutor.stage import StageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnsim.tutor.player import Player

BESIDE = (112, 34)  # columns and rows from which on the pane stands beside the bench
ROOMY = 200  # columns that leave room for two panels of the bench
TYPED = ("predict", "blank", "expect", "label")
TOLD_BY_TRAINING = ("cost", "right", "accuracy", "test_accuracy", "epoch")
SOON = 0.02  # seconds until the goals are looked at: after what the key was about is drawn


class LessonScreen(LabScreen):
    """A lesson on its bench.

    Parameters
    ----------
    player : Player
    troubles : list of str
        Where whoever records the player's events says what went wrong; each is shown once.
    """

    CSS_PATH = ["lab.tcss", "lesson.tcss"]  # type: ignore[assignment]  # noqa: RUF012
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 (as in Screen)
        (0, "-small"),
        (80, "-medium"),
        (ROOMY, "-huge"),
    ]
    BINDING_GROUP_TITLE = N_("Lesson")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next", N_("Next"), id="lesson.next",
                tooltip=N_("The next step, when this one is solved")),
        Binding("N,p", "back", N_("Step before"), id="lesson.back", show=False,
                tooltip=N_("The step before")),
        Binding("a", "answer", N_("Answer"), id="lesson.answer",
                tooltip=N_("Type the answer to this step")),
        Binding("H", "hint", N_("Hint"), id="lesson.hint", tooltip=N_("The next hint")),
        Binding("V", "reveal", N_("Reveal"), id="lesson.reveal", show=False,
                tooltip=N_("Show the solution of this step")),
        Binding("R", "reset_step", N_("Reset step"), id="lesson.reset", show=False,
                tooltip=N_("The bench as this step starts")),
        Binding("S", "skip", N_("Skip"), id="lesson.skip", show=False,
                tooltip=N_("Pass over this step")),
        Binding("F", "free", N_("Free play"), id="lesson.free", show=False,
                tooltip=N_("Play off the path, or come back to your place")),
        Binding("L", "read", N_("Text"), id="lesson.read", show=False,
                tooltip=N_("Give the keys to the text of the lesson")),
    ]  # fmt: skip

    def __init__(self, player: Player, troubles: list[str] | None = None) -> None:
        super().__init__(player.lab)
        self.player = player
        self._troubles = [] if troubles is None else troubles
        self._told = 0
        self._said = ""  # feedback, or what was revealed
        self._look_is_due = False
        self._built_for = player.lab.experiment

    # What is on the screen --------------------------------------------------------------------

    def beside(self) -> ComposeResult:
        """The pane, first in the order of the keys."""
        self._built_for = self.lab.experiment
        yield LessonPane(id="lesson")

    @property
    def pane(self) -> LessonPane:
        """The pane of the lesson."""
        return self.query_one(LessonPane)

    @property
    def side_by_side(self) -> bool:
        """Whether there is room for the network and a walk at the same time, beside the pane."""
        return self.size.width >= ROOMY and self.size.height >= BESIDE[1]

    @property
    def hidden(self) -> frozenset[str]:
        """The addresses of the numbers that are hidden until they are worked out."""
        return super().hidden | self.player.hidden

    def begin(self) -> None:
        """Show the bench and the step."""
        super().begin()
        self._place()

    def on_resize(self, event: events.Resize) -> None:
        """Put the pane where there is room for it."""
        wide, high = BESIDE
        self.set_class(event.size.width >= wide and event.size.height >= high, "-beside")
        self.call_after_refresh(self._write)

    def on_descendant_focus(self) -> None:
        """The pane is larger while it has the keys; else what is asked is in sight."""
        reading = self.focused is self.pane or isinstance(self._bar, AnswerBar)
        if reading != self.has_class("-reading"):
            self.set_class(reading, "-reading")
            self.call_after_refresh(self._scroll)

    def on_screen_resume(self) -> None:
        """The learner may have changed the circuit, which has a screen of its own."""
        if self.query(LessonPane):
            self._look_soon()

    def show(self, message: str | None = None, *, wrong: bool = False) -> None:
        """Bring the screen in line with the bench, then look at the goals."""
        super().show(self._without_secrets(message), wrong=wrong)
        self._look_soon()

    def show_training(self) -> None:
        """Bring the screen in line with a bench that is being trained, then look at the goals."""
        super().show_training()
        self._look_soon()

    def done(self, line: str, message: str) -> None:
        """Show what a command has done, then look at the goals."""
        super().done(line, self._without_secrets(message) or "")
        self._look_soon()

    def _without_secrets(self, message: str | None) -> str | None:
        """A message of the bench, with a mark for the numbers that are asked for."""
        if not message or not self.player.hidden:
            return message
        return masked(message, values_of(self.lab, self.player.hidden))

    def _look_soon(self) -> None:
        if not self._look_is_due:
            self._look_is_due = True
            self.set_timer(SOON, self._look)

    def _look(self) -> None:
        """See whether the goals are met, and show how they stand."""
        self._look_is_due = False
        solved = self.player.update()
        self._write()
        if solved:
            self._to_the_end()

    def _write(self) -> None:
        """Write the page of the pane anew."""
        player, pane = self.player, self.pane
        asked = player.step if player.review is None else player.review.step
        over = player.at_end or player.free if player.review is None else False
        pane.asking = asked.kind == "quiz" and not over and not self._answered
        width = pane.scrollable_content_region.width or 40
        cursor = pane.cursor if pane.asking else -1
        pane.show(PageWriter(player, width, self._said, cursor).write())
        title = player.lesson.title
        if player.review is not None:
            place = _("asked again")
        elif player.at_end:
            place = _("summary")
        else:
            place = f"{player.index + 1}/{len(player.lesson.steps)}"
        pane.border_title = f"{title} · {place}".replace("[", r"\[")
        pane.border_subtitle = _("n next · H hint · a answer · L text · ? keys")
        told = not player.hidden.isdisjoint(TOLD_BY_TRAINING)
        self.query_one("#training").set_class(told, "-covered")
        while self._told < len(self._troubles):
            super().show(self._troubles[self._told], wrong=True)
            self._told += 1

    @property
    def _answered(self) -> bool:
        return self.player.review is None and self.player.state.over

    def _scroll(self) -> None:
        """Show the start of the page to a reader, else what is asked."""
        pane = self.pane
        if self.focused is pane:
            pane.scroll_home(animate=False)
        else:
            self._show_task()

    def _show_task(self) -> None:
        self.pane.scroll_to(y=max(0, self.pane.page.task), animate=False)

    def _to_the_end(self) -> None:
        """Bring what was said last into sight, once the page has its new length."""
        self.set_timer(2 * SOON, lambda: self.pane.scroll_end(animate=False))

    def _say(self, text: str) -> None:
        self._said = text
        self._write()
        self._to_the_end()

    # From step to step --------------------------------------------------------------------------

    def _move(self, act: Callable[[], object]) -> bool:
        """Let the player go somewhere else, and follow it."""
        self.stop_training()
        if self._bar is not None:
            self.close_bar()
        try:
            act()
        except (StageError, LabError) as problem:
            self.show(str(problem), wrong=True)
            return False
        self._said = ""
        self.follow()
        return True

    def follow(self) -> None:
        """Show the player's bench and its place; another experiment has other panels."""
        self.close_why()
        self._blanks = None
        self.lab = self.player.lab
        if self.lab.experiment.network is not self._built_for.network:
            self.call_later(self.recompose)
            self.call_after_refresh(self.begin)
        else:
            self.showing.away = True
            self.show("")
            self._place()

    def _place(self) -> None:
        """Open the step's page, with the keys where they are needed first."""
        self.pane.cursor = 0
        self._write()
        self.pane.focus()
        self.call_after_refresh(self.pane.scroll_home, animate=False)
        if self.lab.circuit is not None:
            self.show(_("a circuit is up; g shows it"))

    def on_lesson_pane_pressed(self) -> None:
        """Enter in the text: whatever comes next here."""
        player = self.player
        asked = player.step if player.review is None else player.review.step
        if player.review is None and (player.at_end or player.state.over or not asked.asks):
            self.action_next()
        elif asked.kind in TYPED:
            self.action_answer()
        else:
            self.query_one("#input").focus()

    def on_lesson_pane_moved(self) -> None:
        """The cursor of a quiz."""
        self._write()

    def action_next(self) -> None:
        """Go on, where that is allowed; at the end go Home."""
        player = self.player
        if player.review is not None:
            player.reviews.pop(0)
            self._move(lambda: None)
        elif player.at_end:
            self.app.show_home()  # type: ignore[attr-defined]
        elif player.free:
            self.show(_("free play: F comes back to the lesson"), wrong=True)
        elif player.step.asks and not player.state.over:
            text = _("not solved yet: H opens a hint, V shows the solution, S skips")
            self.show(text, wrong=True)
        else:
            self._move(player.next)

    def action_back(self) -> None:
        """Go back a step."""
        self._move(self.player.back)

    def action_skip(self) -> None:
        """Pass over a step."""
        if self.player.review is not None:
            self.action_next()
        else:
            self._move(self.player.skip)

    def action_reset_step(self) -> None:
        """Bring the bench back to where the step starts."""
        if self._move(self.player.reset):
            self.show(_("the step starts again"))

    def action_free(self) -> None:
        """Leave the path, or come back to it."""
        player = self.player
        if player.at_end or player.review is not None:
            return
        if player.free:
            self._move(player.come_back)
            return
        player.play_freely()
        self._write()
        self.show(_("free play: do what you like; F comes back"))
        self.query_one("#input").focus()

    def action_again(self) -> None:
        """Start the lesson anew, from its first step."""
        self._move(lambda: self.player.go(0))

    def action_read(self) -> None:
        """Give the keys to the text."""
        self.pane.focus()

    # Help ---------------------------------------------------------------------------------------

    def action_hint(self) -> None:
        """Open the next hint."""
        if self.player.review is not None:
            return
        if self.player.hint() is None:
            self.show(_("no more hints; V shows the solution"), wrong=True)
            return
        self._write()
        self._to_the_end()

    def action_reveal(self) -> None:
        """Show the solution."""
        if self.player.review is not None or not self.player.step.asks:
            self.show(_("there is nothing to reveal here; n goes on"), wrong=True)
            return
        text: list[str] = []
        if self._move(lambda: text.append(self.player.reveal())):
            self._said = "\n\n".join(text[0].splitlines())
            self.call_after_refresh(self._say, self._said)

    # Answers ------------------------------------------------------------------------------------

    def action_answer(self) -> None:
        """Open the line for the answer."""
        player = self.player
        asked = player.step if player.review is None else player.review.step
        if player.review is None and (player.at_end or player.free):
            return
        if asked.kind == "quiz":
            self.pane.focus()
        elif asked.kind not in TYPED or self._answered:
            self.show(_("this step takes no answer; do what it says on the bench"), wrong=True)
        else:
            addresses = player.asked if player.review is None else ()
            self.put_up(AnswerBar(addresses[0] if addresses else _("answer")))

    def on_lesson_pane_chose(self, message: LessonPane.Chose) -> None:
        """A choice of a quiz."""
        self._answer(str(message.number))

    def on_answer_bar_answered(self, message: AnswerBar.Answered) -> None:
        """An answer was typed; one that is wrong can be mended."""
        message.stop()
        self._answer(message.answer)

    def _answer(self, text: str) -> None:
        player = self.player
        reviewing = player.review is not None
        try:
            feedback = player.answer_review(text) if reviewing else player.answer(text)
        except (AnswerError, LabError) as problem:
            self.complain(str(problem))
            return
        if reviewing:
            self._move(lambda: None)
            self._said = feedback.text
            self._write()
            return
        mark = "✓" if feedback.right else "✗"
        if self._bar is not None:
            if feedback.done:
                self.close_bar()
            elif feedback.right:
                self.close_bar()
                self.call_after_refresh(self.action_answer)
            else:
                self.complain(feedback.text)
        self.show("")
        self._say(f"{mark} {feedback.text}")
