"""The pane in which a lesson speaks, and the line in which it is answered."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from nnsim.i18n import N_, _
from nnsim.tui.lesson_page import Page
from nnsim.tui.widgets.command_bar import CommandBar, CommandInput


class LessonPane(VerticalScroll, can_focus=True):
    """The page of a lesson; while it has the keys, they choose an answer or scroll."""

    BINDING_GROUP_TITLE = N_("Lesson text")
    HELP = N_("Read here, and choose an answer. Tab goes to the bench and comes back.")
    DEFAULT_CSS = """
    LessonPane {
        border: round $border-blurred;
        border-title-style: bold;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        padding: 0 1;
        &:focus { border: heavy $border; border-title-style: bold underline; }
        #lesson-text { width: 1fr; height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", N_("Up"), id="lesson_text.up", show=False,
                tooltip=N_("The choice above, or a line up")),
        Binding("down,j", "move(1)", N_("Down"), id="lesson_text.down", show=False,
                tooltip=N_("The choice below, or a line down")),
        Binding("enter", "enter", N_("Go on"), id="lesson_text.enter",
                tooltip=N_("Take the choice, type the answer, or go on")),
        *(
            Binding(str(number), f"choose({number})", N_("Choose"),
                    id=f"lesson_text.choose_{number}", show=False,
                    tooltip=N_("Answer a quiz with this choice"))
            for number in range(1, 10)
        ),
    ]  # fmt: skip

    class Pressed(Message):
        """Enter was pressed here."""

    class Chose(Message):
        """A choice of a quiz was taken."""

        def __init__(self, number: int) -> None:
            self.number = number
            super().__init__()

    def __init__(self, *, id: str | None = None, classes: str = "") -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.page = Page()
        self.cursor = 0
        self.asking = False  # whether a quiz is open

    class Moved(Message):
        """The cursor went to another choice."""

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static(id="lesson-text", markup=False)

    def show(self, page: Page) -> None:
        """Show a page; it stays where it was scrolled to."""
        if page.lines == self.page.lines:
            self.page = page
            return
        self.page = page
        text = Text(no_wrap=True, overflow="ellipsis")
        for line in page.lines:
            for piece, style in line:
                text.append(piece, style or None)
            text.append("\n")
        self.query_one("#lesson-text", Static).update(text)

    @property
    def lines(self) -> list[str]:
        """What stands in the pane."""
        return self.page.text

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """The digits answer a quiz; else they lead to the panels, as everywhere."""
        return self.asking if action == "choose" else True

    def action_move(self, by: int) -> None:
        """Go to another choice, or scroll."""
        if not self.asking:
            self.scroll_relative(y=by, animate=False)
            return
        self.cursor = max(0, min(len(self.page.choices) - 1, self.cursor + by))
        self.post_message(self.Moved())
        self.scroll_to(y=self.page.choices[self.cursor] - 2, animate=False)

    def action_enter(self) -> None:
        """Take the choice, or let the screen know."""
        self.post_message(self.Chose(self.cursor + 1) if self.asking else self.Pressed())

    def action_choose(self, number: int) -> None:
        """Take a choice by its number."""
        if number <= len(self.page.choices):
            self.cursor = number - 1
            self.post_message(self.Chose(number))


class AnswerBar(CommandBar):
    """A command bar that takes the answer to a step."""

    DEFAULT_CSS = "AnswerBar { height: auto; }"

    class Answered(Message):
        """The person typed an answer."""

        def __init__(self, answer: str) -> None:
            self.answer = answer
            super().__init__()

    def __init__(self, asked: str) -> None:
        super().__init__([], setting=asked)

    def _usage(self, text: str) -> str:  # noqa: ARG002
        return _("type your answer; Enter checks it, Esc goes back")

    def clear(self) -> None:
        """Make room for the next answer."""
        self.query_one(CommandInput).value = ""

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the answer on."""
        event.stop()
        event.prevent_default()  # the command bar would take it for a new value
        text = event.value.strip()
        self.post_message(self.Answered(text) if text else self.Closed())
