"""The lesson: the lab with a pane that asks, hints, and looks at what the learner does."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from nnsim.i18n import N_, _
from nnsim.lab.hiding import Hidden
from nnsim.tui.panels import BY_ID, DOORS, TABBED
from nnsim.tui.panels.lesson import LessonPane
from nnsim.tui.screens.bar import AnswerBar
from nnsim.tui.screens.base import LineScreen
from nnsim.tui.screens.lab import LabScreen
from nnsim.tui.screens.lesson_desk import Desk

if TYPE_CHECKING:
    from nnsim.tutor.player import Player

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
        wide, high = BESIDE
        self.set_class(event.size.width >= wide and event.size.height >= high, "-beside")
        self.call_after_refresh(self.desk.write)

    def on_descendant_focus(self) -> None:
        """The pane is larger while it has the keys; else what is asked is in sight."""
        answering = isinstance(self.bar, AnswerBar) and self.bar.take == self.desk.answer
        reading = self.focused is self.pane or answering
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
        self.desk.next()

    def action_back(self) -> None:
        self.desk.move(self.desk.player.back)

    def action_skip(self) -> None:
        self.desk.skip()

    def action_reset_step(self) -> None:
        self.desk.reset()

    def action_free(self) -> None:
        self.desk.free()

    def action_read(self) -> None:
        self.pane.focus()

    def action_hint(self) -> None:
        self.desk.hint()

    def action_reveal(self) -> None:
        self.desk.reveal()

    def action_answer(self) -> None:
        self.desk.open_answer()

    # What the pane reports --------------------------------------------------------------------
    def on_lesson_pane_pressed(self) -> None:
        self.desk.pressed()

    def on_lesson_pane_moved(self) -> None:
        self.desk.write()

    def on_lesson_pane_chose(self, message: LessonPane.Chose) -> None:
        self.desk.answer(str(message.number))


ROOMY = 200  # columns that leave room for two panels of the bench
TOLD_BY_TRAINING = ("cost", "right", "accuracy", "test_accuracy", "epoch")
TOLD_BY_DATA = ("loss", "prediction", "correct", "right", "accuracy", "test_accuracy", "cost")


class LessonScreen(LabScreen, LessonKeys):
    """A lesson on its bench.

    Parameters
    ----------
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

    def __init__(self, player: Player, troubles: list[str] | None = None) -> None:
        super().__init__(player.lab)
        self.desk = Desk(player, troubles)
        self.desk.sit_at(self)
        self._built_for = player.lab.experiment

    @property
    def player(self) -> Player:
        """Who knows what is asked, and what was answered."""
        return self.desk.player

    # What is on the screen --------------------------------------------------------------------
    def beside(self) -> ComposeResult:
        """The pane, first in the order of the keys."""
        self._built_for = self.lab.experiment
        yield LessonPane(id="lesson", classes="-lesson")

    @property
    def side_by_side(self) -> bool:
        """Whether there is room for the network and a walk at the same time, beside the pane."""
        return self.size.width >= ROOMY and self.size.height >= BESIDE[1]

    @property
    def hidden(self) -> Hidden:
        """The numbers that are hidden until they are worked out."""
        return super().hidden | self.player.hidden

    def begin(self) -> None:
        """Show the bench and the step."""
        super().begin()
        self.place()
        if self.desk.wants_circuit:
            self.call_after_refresh(self.desk.follow)

    def on_screen_resume(self) -> None:
        if not self.query(LessonPane):
            return
        self.desk.sit_at(self)
        if self.desk.wants_circuit or self.lab is not self.player.lab:
            self.desk.follow()
        else:
            self.desk.look_soon()

    def show(self, message: str | None = None, *, wrong: bool = False) -> None:
        """Bring the screen in line with the bench, then look at the goals."""
        super().show(self.desk.without_secrets(message), wrong=wrong)
        self.desk.look_soon()

    def show_training(self) -> None:
        """Bring the screen in line with a bench that is being trained, then look at the goals."""
        super().show_training()
        self.desk.look_soon()

    def done(self, line: str, message: str) -> None:
        """Show what a command has done, then look at the goals."""
        super().done(line, self.desk.without_secrets(message) or "")
        self.desk.look_soon()

    def written(self) -> None:
        """Cover the numbers of training, or of the samples, while one of them is asked for."""
        told = self.player.hidden.asks(*TOLD_BY_TRAINING)
        self.query_one("#training").set_class(told, "-covered")
        self.query_one("#data").set_class(self.data_tells, "-covered")

    @property
    def data_tells(self) -> bool:
        """Whether the list of samples would answer: with their losses, or what is read."""
        hidden = self.player.hidden
        last = len(self.lab.names.layers) - 1
        return hidden.asks(*TOLD_BY_DATA) or hidden.asks("a", "z", layer=last)

    # From step to step --------------------------------------------------------------------------
    def stop_all(self) -> None:
        self.training.stop()

    def follow(self) -> None:
        """Show the player's bench and its place; another network has other panels."""
        self.why.close()
        self.asking.forget()
        self.lab = self.player.lab
        if self.lab.experiment.network is not self._built_for.network:
            self._built_for = self.lab.experiment
            self.call_later(self._rebuild)
            return
        if self.player.hidden and BY_ID[self.panels.chosen].late:
            self.action_panel(TABBED[0])  # a board may tell what is asked
        self.showing.away = True
        self.show(_("a circuit is up; g shows it") if self.lab.circuit is not None else "")
        self.place()

    async def _rebuild(self) -> None:
        """Put up what is another with another network; the rest of the screen stays in sight."""
        plotted = self.has_class("-plot")
        async with self.batch():
            late = [f"#{door.id}" for door in DOORS if door.late]  # of the network that was
            await self.query(", ".join(["#input", "#prediction", *late])).remove()
            left = self.query_one("#left")
            await left.mount(*self.panels.ends(), before=0)
            if self.has_class("-plot") != plotted:
                self.app.update_styles(self)
        self.begin()
        # To have the keys for a moment has scrolled the new input, before it knew its place.
        self.call_after_refresh(left.scroll_home, animate=False)

    def action_panel(self, name: str) -> None:
        if (BY_ID[name].late and self.player.hidden) or (name == "data" and self.data_tells):
            self.show(_("this panel tells more than is asked; answer first"), wrong=True)
        else:
            super().action_panel(name)

    def action_circuit(self) -> None:
        if self.lab.circuit is not None:
            self.desk.on_network = False
            self.desk.follow()
        elif self.player.hidden:
            self.show(_("the circuit tells more than is asked; answer first"), wrong=True)
        else:
            super().action_circuit()

    def action_again(self) -> None:
        self.desk.move(self.player.again)
