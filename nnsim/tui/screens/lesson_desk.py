"""A learner's place in a lesson in the app: what the keys of a lesson do, on whichever screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.lab import LabError
from nnsim.lab.hiding import masked, values_of
from nnsim.tui.panels.lesson import PageWriter
from nnsim.tui.screens.bar import AnswerBar
from nnsim.tutor.answers import AnswerError
from nnsim.tutor.stage import StageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnsim.tui.screens.lesson import LessonKeys
    from nnsim.tutor.lesson import Step
    from nnsim.tutor.player import Player

TYPED = ("predict", "blank", "expect", "label")
SOON = 0.02  # seconds until the goals are looked at: after what the key was about is drawn


class Desk:
    """Lets a player and the screen of its bench work together.

    Parameters
    ----------
    troubles : list of str
        Where whoever records the player's events says what went wrong; each is shown once.

    Attributes
    ----------
    screen : LessonKeys
        The screen that the learner sees: that of the network, or of the circuit that is up.
    on_network : bool
        Whether the learner wants to see the network while a circuit is up.
    """

    screen: LessonKeys

    def __init__(self, player: Player, troubles: list[str] | None = None) -> None:
        self.player = player
        self.on_network = False
        self._troubles = [] if troubles is None else troubles
        self._told = 0
        self._said = ""  # feedback, or what was revealed
        self._look_is_due = False

    def sit_at(self, screen: LessonKeys) -> None:
        """Let another screen be the one that the learner sees."""
        self.screen = screen
        self._look_is_due = False  # a timer of the other screen may never come

    # What stands in the pane --------------------------------------------------------------------
    @property
    def asked(self) -> Step:
        """The step that asks now: one of the lesson, or an earlier one that is asked again."""
        review = self.player.review
        return self.player.step if review is None else review.step

    @property
    def answered(self) -> bool:
        """Whether the step of the lesson is behind the learner."""
        return self.player.review is None and self.player.state.over

    @property
    def wants_circuit(self) -> bool:
        """Whether the circuit that is up belongs on the screen."""
        player = self.player
        shown = player.review is None and not player.at_end and not self.on_network
        return shown and player.lab.circuit is not None

    def without_secrets(self, message: str | None) -> str | None:
        """A message of the bench, with a mark for the numbers that are asked for."""
        if not message or not self.player.hidden:
            return message
        return masked(message, values_of(self.player.lab, self.player.hidden))

    def look_soon(self) -> None:
        """See whether the goals are met, once what has changed is drawn."""
        if not self._look_is_due:
            self._look_is_due = True
            self.screen.set_timer(SOON, self._look)

    def _look(self) -> None:
        self._look_is_due = False
        solved = self.player.update()
        self.write()
        if solved:
            self._to_the_end()

    def write(self) -> None:
        """Write the page of the pane anew."""
        player, pane = self.player, self.screen.pane
        over = player.at_end or player.free if player.review is None else False
        pane.asking = self.asked.kind == "quiz" and not over and not self.answered
        pane.show(lambda width: PageWriter(player, width, self._said, pane.choice).write())
        title = f"{player.lesson.title} · {self._place()}".replace("[", r"\[")
        if pane.border_title != title:
            pane.border_title = title
        self.screen.written()
        while self._told < len(self._troubles):
            self.screen.show(self._troubles[self._told], wrong=True)
            self._told += 1

    def _place(self) -> str:
        player = self.player
        if player.review is not None:
            return _("asked again")
        if player.at_end:
            return _("summary")
        return f"{player.index + 1}/{len(player.lesson.steps)}"

    def _to_the_end(self) -> None:
        """Bring what was said last into sight, once the page has its new length."""
        pane = self.screen.pane
        self.screen.set_timer(2 * SOON, lambda: pane.scroll_end(animate=False))

    def say(self, text: str) -> None:
        """Say something below the step."""
        self._said = text
        self.write()
        self._to_the_end()

    # From step to step --------------------------------------------------------------------------
    def move(self, act: Callable[[], object]) -> bool:
        """Let the player go somewhere else, and follow it."""
        screen = self.screen
        screen.stop_all()
        if screen.bar is not None:
            screen.close_bar()
        try:
            act()
        except (StageError, LabError) as problem:
            screen.show(str(problem), wrong=True)
            return False
        self._said = ""
        self.on_network = False
        self.follow()
        return True

    def follow(self) -> None:
        """Show the player's bench and its place, on the screen that it belongs on."""
        screen = self.screen
        if self.wants_circuit == screen.SHOWS_CIRCUIT:
            screen.follow()
        elif screen.app.screen is not screen:
            return  # help, or a palette: when that is closed, the screen asks again
        elif self.wants_circuit:
            screen.app.show_lesson_circuit(self)  # type: ignore[attr-defined]
        else:
            screen.app.leave_circuit()  # type: ignore[attr-defined]

    def pressed(self) -> None:
        """Enter in the text: whatever comes next here."""
        player, asked = self.player, self.asked
        if player.review is None and (player.at_end or player.state.over or not asked.asks):
            self.next()
        elif asked.kind in TYPED:
            self.open_answer()
        else:
            self.screen.bench_widget().focus()

    def next(self) -> None:
        """Go on, where that is allowed; at the end go Home."""
        player = self.player
        if player.review is not None:
            player.reviews.pop(0)
            self.move(lambda: None)
        elif player.at_end:
            self.screen.app.show_home()  # type: ignore[attr-defined]
        elif player.free:
            self.screen.show(_("free play: F comes back to the lesson"), wrong=True)
        elif player.step.asks and not player.state.over:
            text = _("not solved yet: H opens a hint, V shows the solution, S skips")
            self.screen.show(text, wrong=True)
        else:
            self.move(player.next)

    def skip(self) -> None:
        """Pass over a step."""
        if self.player.review is not None:
            self.next()
        else:
            self.move(self.player.skip)

    def reset(self) -> None:
        """Bring the bench back to where the step starts."""
        if self.move(self.player.reset):
            self.screen.show(_("the step starts again"))

    def free(self) -> None:
        """Leave the path, or come back to it."""
        player = self.player
        if player.at_end or player.review is not None:
            return
        if player.free:
            self.move(player.come_back)
            return
        player.play_freely()
        self.write()
        self.screen.show(_("free play: do what you like; F comes back"))
        self.screen.bench_widget().focus()

    # Help ---------------------------------------------------------------------------------------
    def hint(self) -> None:
        """Open the next hint."""
        if self.player.review is not None:
            return
        if self.player.hint() is None:
            self.screen.show(_("no more hints; V shows the solution"), wrong=True)
            return
        self.write()
        self._to_the_end()

    def reveal(self) -> None:
        if self.player.review is not None or not self.player.step.asks:
            self.screen.show(_("there is nothing to reveal here; n goes on"), wrong=True)
            return
        text: list[str] = []
        if self.move(lambda: text.append(self.player.reveal())):
            self._said = "\n\n".join(text[0].splitlines())
            self.screen.call_after_refresh(self.say, self._said)

    # Answers ------------------------------------------------------------------------------------
    def open_answer(self) -> None:
        player, screen = self.player, self.screen
        if player.review is None and (player.at_end or player.free):
            return
        if self.asked.kind == "quiz":
            screen.pane.focus()
        elif self.asked.kind not in TYPED or self.answered:
            text = _("this step takes no answer; do what it says on the bench")
            screen.show(text, wrong=True)
        else:
            addresses = player.asked if player.review is None else ()
            usage = _("type your answer; Enter checks it, Esc goes back")
            asked = addresses[0] if addresses else _("answer")
            screen.put_up(AnswerBar(asked, usage, self.answer))

    def answer(self, text: str) -> None:
        """Take an answer; one that is wrong can be mended."""
        player, screen = self.player, self.screen
        reviewing = player.review is not None
        try:
            feedback = player.answer_review(text) if reviewing else player.answer(text)
        except (AnswerError, LabError) as problem:
            screen.complain(str(problem))
            return
        if reviewing:
            self.move(lambda: None)
            self._said = feedback.text
            self.write()
            return
        mark = "✓" if feedback.right else "✗"
        if screen.bar is not None:
            if feedback.done:
                screen.close_bar()
            elif feedback.right:
                screen.close_bar()
                screen.call_after_refresh(self.open_answer)
            else:
                screen.complain(feedback.text)
        screen.show("")
        self.say(f"{mark} {feedback.text}")
