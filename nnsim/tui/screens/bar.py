"""The line at the bottom in which a command, a new value or an answer is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Label
from textual.widgets.input import Selection

from nnsim.i18n import N_, _
from nnsim.lab import COMMANDS, Command, Lab
from nnsim.tui.key_queue import hold_keys, release_keys

MOST = 20_000  # addresses to choose from
_TAKE_ADDRESSES = ("ADDRESS", "[WHAT]")
_WORDS = ("cost", "loss", "accuracy", "learning_rate", "l2", "input[1]")
_FIELDS = ("z", "a", "delta")


def completed(
    line: str, commands: Mapping[str, Command], addresses: Callable[[], Sequence[str]]
) -> str | None:
    """Return the line with its last word brought to its end; None where nothing begins like it."""
    head, space, word = line.rpartition(" ")
    if not space:
        return next((f"{name} " for name in commands if name.startswith(word)), None)
    command = commands.get(head.split(" ", 1)[0])
    if command is None or not word or not any(mark in command.usage for mark in _TAKE_ADDRESSES):
        return None
    found = next((address for address in addresses() if address.startswith(word)), None)
    return None if found is None else f"{head} {found}"


def addresses_of(lab: Lab) -> list[str]:
    """Return addresses on the bench: single words, weights and biases, what units compute."""
    from nnsim.lab.landscape import parameter_names

    units = [
        f"{layer.name}[{unit}].{field}"
        for layer in lab.names.layers
        if len(layer.output_shape) == 1
        for unit in range(1, layer.units + 1)
        for field in _FIELDS
        if field != "z" or layer.has_z
    ]
    return [*_WORDS, *parameter_names(lab.names, MOST), *units[:MOST]]


class LineSuggester(Suggester):
    """Suggests what `completed` says."""

    def __init__(
        self, commands: Mapping[str, Command], addresses: Callable[[], Sequence[str]]
    ) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._commands, self._addresses = commands, addresses

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line, as it may go on."""
        return completed(value, self._commands, self._addresses)


class CommandInput(Input):
    """One line of typing, with the lines typed before behind up and down."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(-1)", N_("Before"), show=False, id="bar.before"),
        Binding("down", "recall(1)", N_("After"), show=False, id="bar.after"),
        Binding(
            "tab",
            "complete",
            N_("Complete"),
            id="bar.complete",
            tooltip=N_("Take what is suggested in grey: a command, or an address"),
        ),
        Binding(
            "escape", "leave", N_("Back"), id="bar.leave", tooltip=N_("Close without a change")
        ),
    ]

    class Left(Message):
        """The person closed the line without a command."""

    def __init__(
        self,
        history: list[str],
        value: str,
        *,
        commands: Mapping[str, Command],
        addresses: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        super().__init__(
            value,
            select_on_focus=not commands,
            compact=True,
            suggester=LineSuggester(commands, addresses) if commands else None,
        )
        self._lines = history
        self._at = len(history)

    def action_recall(self, by: int) -> None:
        self._at = max(0, min(len(self._lines), self._at + by))
        self.value = self._lines[self._at] if self._at < len(self._lines) else ""
        self.cursor_position = len(self.value)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "complete":
            return self.suggester is not None
        return super().check_action(action, parameters)

    def action_complete(self) -> None:
        self.action_end()
        self.action_cursor_right()

    async def action_submit(self) -> None:
        hold_keys(self)
        await super().action_submit()

    def action_leave(self) -> None:
        hold_keys(self)
        self.post_message(self.Left())


class CommandBar(Vertical):
    """A prompt and a line; what is wrong with the line is said beside it, and the line stays."""

    DEFAULT_CSS = """
    CommandBar {
        dock: bottom;
        height: auto;
        background: $panel;
        #bar-help { width: 1fr; height: auto; color: $text-muted; padding: 0 1; }
        Horizontal { height: 1; }
        #bar-help.-wrong { color: $text-error; text-style: bold; }
        #bar-prompt { width: auto; padding: 0 0 0 1; text-style: bold; }
        CommandInput { height: 1; border: none; padding: 0; }
    }
    """

    class Entered(Message):
        """The person entered a line: a whole command."""

        def __init__(self, bar: CommandBar, line: str) -> None:
            self.bar = bar
            self.line = line
            super().__init__()

    class Closed(Message):
        """The person left without one."""

    def __init__(
        self,
        history: list[str],
        *,
        text: str = "",
        setting: str = "",
        table: Mapping[str, Command] = COMMANDS,
    ) -> None:
        super().__init__()
        self._table = table
        self._history = history
        self._text = text
        self._setting = setting
        self._known: list[str] | None = None

    def compose(self) -> ComposeResult:
        yield Label(self._usage(self._text), id="bar-help", markup=False)
        with Horizontal():
            prompt = f"{self._setting} = " if self._setting else ": "
            yield Label(prompt, id="bar-prompt", markup=False)
            yield CommandInput(
                [] if self._setting else self._history,
                self._text,
                commands={} if self._setting else self._table,
                addresses=self._addresses,
            )

    def _addresses(self) -> Sequence[str]:
        """The addresses on the bench; they are listed when one is first asked for."""
        if self._known is None:
            lab = getattr(self.screen, "lab", None)
            self._known = addresses_of(lab) if isinstance(lab, Lab) else []
        return self._known

    def on_mount(self) -> None:
        line = self.query_one(CommandInput)
        self.screen.set_focus(line)
        if not self._setting:  # a value that is proposed is replaced by what is typed
            start = self._text.rfind(" ") + 1
            line.selection = Selection(start or len(self._text), len(self._text))
        release_keys(self)

    def _usage(self, text: str) -> str:
        if self._setting:
            return _("a new value for {address}; Enter sets it").format(address=self._setting)
        word = text.split(" ", 1)[0]
        if word in self._table:
            command = self._table[word]
            return f"{command.usage} · {_(command.summary)}"
        near = [name for name in self._table if name.startswith(word)]
        return _("commands: {names}").format(names=" ".join(near or self._table))

    def complain(self, problem: str) -> None:
        label = self.query_one("#bar-help", Label)
        label.add_class("-wrong")
        label.update(problem)
        release_keys(self)

    def point_at(self, part: str, position: int | None) -> None:
        """Put the cursor on a character of a part of the line."""
        line = self.query_one(CommandInput)
        start = line.value.find(part) if part else -1
        if start >= 0 and position is not None:
            line.cursor_position = start + position

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        label = self.query_one("#bar-help", Label)
        label.remove_class("-wrong")
        label.update(self._usage(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if not text:
            self.post_message(self.Closed())
        elif self._setting:
            self.post_message(self.Entered(self, f"set {self._setting} {text}"))
        else:
            if text not in self._history[-1:]:
                self._history.append(text)
            self.post_message(self.Entered(self, text))

    def on_command_input_left(self) -> None:
        self.post_message(self.Closed())


class AnswerBar(CommandBar):
    """A line that takes an answer instead of a command.

    Parameters
    ----------
    asked : str
        What it is the answer to: an address, or a word.
    usage : str
        What is said above the line.
    take : callable
        Is given the answer; whoever takes it closes the line, or complains in it.
    """

    DEFAULT_CSS = "AnswerBar { height: auto; }"

    class Answered(Message):
        """The person typed an answer."""

        def __init__(self, bar: AnswerBar, answer: str) -> None:
            self.bar = bar
            self.answer = answer
            super().__init__()

    def __init__(self, asked: str, usage: str, take: Callable[[str], None]) -> None:
        super().__init__([], setting=asked)
        self.take = take
        self._said = usage

    def _usage(self, text: str) -> str:  # noqa: ARG002
        return self._said

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        event.prevent_default()  # the command bar would take it for a new value
        text = event.value.strip()
        self.post_message(self.Answered(self, text) if text else self.Closed())
