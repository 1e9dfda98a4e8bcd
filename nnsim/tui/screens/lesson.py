"""The lesson: the lab with a pane that asks, hints, and looks at what the learner does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult

from nnsim.i18n import N_, _
from nnsim.lab.hiding import Hidden
from nnsim.tui.lesson_desk import Desk
from nnsim.tui.panels import BY_ID, TABBED
from nnsim.tui.screens.lab import LabScreen
from nnsim.tui.screens.lesson_keys import BESIDE, LessonKeys
from nnsim.tui.widgets.lesson_pane import LessonPane

if TYPE_CHECKING:
    from nnsim.tutor.player import Player

ROOMY = 200  # columns that leave room for two panels of the bench
TOLD_BY_TRAINING = ("cost", "right", "accuracy", "test_accuracy", "epoch")
TOLD_BY_DATA = ("loss", "prediction", "correct", "right", "accuracy", "test_accuracy", "cost")


class LessonScreen(LabScreen, LessonKeys):
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
        """The learner comes back: from the circuit, or from Home."""
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
        """Stop training."""
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
            await self.query("#input, #prediction, #below > Panel").remove()
            left = self.query_one("#left")
            await left.mount(*self.panels.ends(), before=0)
            if self.has_class("-plot") != plotted:
                self.app.update_styles(self)
        self.begin()
        # To have the keys for a moment has scrolled the new input, before it knew its place.
        self.call_after_refresh(left.scroll_home, animate=False)

    def action_panel(self, name: str) -> None:
        """Go to a panel; not to a board that may tell what is asked."""
        if (BY_ID[name].late and self.player.hidden) or (name == "data" and self.data_tells):
            self.show(_("this panel tells more than is asked; answer first"), wrong=True)
        else:
            super().action_panel(name)

    def action_circuit(self) -> None:
        """Show the circuit that is up; or else the network as one, if nothing of it is asked."""
        if self.lab.circuit is not None:
            self.desk.on_network = False
            self.desk.follow()
        elif self.player.hidden:
            self.show(_("the circuit tells more than is asked; answer first"), wrong=True)
        else:
            super().action_circuit()

    def action_again(self) -> None:
        """Start the lesson anew, from its first step."""
        self.desk.move(self.player.again)
