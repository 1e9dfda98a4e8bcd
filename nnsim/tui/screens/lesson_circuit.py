"""The circuit of a lesson's step, beside the pane that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from nnsim.i18n import N_, _
from nnsim.lab.hiding import Hidden
from nnsim.tui.panels.circuit import CircuitGraph
from nnsim.tui.panels.lesson import LessonPane
from nnsim.tui.screens.circuit import CircuitScreen
from nnsim.tui.screens.lesson import LessonKeys

if TYPE_CHECKING:
    from nnsim.tui.screens.lesson_desk import Desk


class LessonCircuitScreen(CircuitScreen, LessonKeys):
    """A step of a lesson on the circuit that its bench has up.

    Parameters
    ----------
    desk : Desk
        At a step whose bench has a circuit.
    """

    SHOWS_CIRCUIT: ClassVar[bool] = True
    CSS_PATH = ["circuit.tcss", "lesson_circuit.tcss"]  # type: ignore[assignment]  # noqa: RUF012
    AUTO_FOCUS = "LessonPane"
    BINDING_GROUP_TITLE = N_("Lesson")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "network", N_("Network"), id="lesson.network", show=False,
                tooltip=N_("The network of the lesson, and back with g")),
    ]  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        assert desk.player.lab.circuit is not None
        super().__init__(desk.player.lab.circuit)
        self.desk = desk

    def compose(self) -> ComposeResult:
        yield LessonPane(id="lesson", classes="-lesson")
        yield from super().compose()

    def on_mount(self) -> None:
        self.desk.sit_at(self)
        self.place()

    def on_screen_resume(self) -> None:
        if self.query(LessonPane):
            self.desk.sit_at(self)
            self.desk.look_soon()

    @property
    def hidden(self) -> Hidden:
        return self.desk.player.hidden

    def show(self, message: str | None = None, *, wrong: bool = False) -> None:
        """Bring the screen in line with the bench, then look at the goals."""
        super().show(self.desk.without_secrets(message), wrong=wrong)
        self.desk.look_soon()

    def stop_all(self) -> None:
        self.stop()

    def follow(self) -> None:
        bench = self.desk.player.lab.circuit
        assert bench is not None
        self.show_bench(bench)
        self.query_one(CircuitGraph).scroll_home(animate=False)
        self.place()

    def action_network(self) -> None:
        self.desk.on_network = True
        self.desk.follow()

    def action_leave(self) -> None:
        if not self.stop():
            self.app.show_home()  # type: ignore[attr-defined]
        else:
            self.show(_("stopped; Space plays on"))
