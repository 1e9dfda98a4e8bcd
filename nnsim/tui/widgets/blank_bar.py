"""The line in which a learner types the number that is hidden."""

from __future__ import annotations

from textual.message import Message
from textual.widgets import Input

from nnsim.i18n import _
from nnsim.tui.widgets.command_bar import CommandBar


class BlankBar(CommandBar):
    """A command bar that takes the answer for one address instead of a command."""

    DEFAULT_CSS = "BlankBar { height: auto; }"

    class Answered(Message):
        """The person typed an answer."""

        def __init__(self, bar: BlankBar, address: str, answer: str) -> None:
            self.bar = bar
            self.address = address
            self.answer = answer
            super().__init__()

    def __init__(self, address: str) -> None:
        super().__init__([], setting=address)

    def _usage(self, text: str) -> str:  # noqa: ARG002
        return _("work {address} out and type it; Enter checks it, Esc shows it").format(
            address=self._setting
        )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the answer on."""
        event.stop()
        event.prevent_default()  # the command bar would take it for a new value
        text = event.value.strip()
        if text:
            self.post_message(self.Answered(self, self._setting, text))
        else:
            self.post_message(self.Closed())
