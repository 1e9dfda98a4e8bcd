"""Every command of the bench in the command palette."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon

from nnsim.i18n import N_, _

if TYPE_CHECKING:
    from nnsim.lab import Command
    from nnsim.tui.app import NnsimApp
    from nnsim.tui.screens.circuit import CircuitScreen
    from nnsim.tui.screens.lab import LabScreen


# Textual's own commands, which it names in English alone.
SYSTEM = (
    N_("Theme"), N_("Change the current theme"),
    N_("Quit"), N_("Quit the application as soon as possible"),
    N_("Keys"), N_("Hide the keys and widget help panel"),
    N_("Show help for the focused widget and a summary of available keys"),
    N_("Minimize"), N_("Minimize the widget and restore to normal size"),
    N_("Maximize"), N_("Maximize the focused widget"),
    N_("Screenshot"), N_("Save an SVG 'screenshot' of the current screen"),
)  # fmt: skip


def system_commands(app: NnsimApp, commands: Iterable[SystemCommand]) -> Iterator[SystemCommand]:
    """Go through Textual's own commands in the chosen language, and those that choose another."""
    from nnsim.tui import settings

    for title, text, callback, discover in commands:
        yield SystemCommand(_(title), _(text), callback, discover)
    for code in settings.others():
        yield SystemCommand(
            # In both, for those who can't read the present one.
            f"Language: {settings.NAMES[code]}",
            _("Use this language, from now on or from the next start on"),
            partial(settings.choose, app, code),
        )


class Palette(CommandPalette):
    """Textual's palette, with a plain sign for its search line, and in the chosen language.

    It also closes only once: two quick clicks beside Textual's own close the screen below it too,
    and end the app where that is the last.
    """

    _done = False

    def __init__(
        self, providers: list[type[Provider]] | None = None, placeholder: str = ""
    ) -> None:
        super().__init__(
            providers,
            placeholder=placeholder or _("Search for commands…"),
            id=None if providers else "--command-palette",
        )

    def on_mount(self) -> None:
        """The usual sign is two cells wide and not in every font."""
        self.query_one(SearchIcon).icon = ">"

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close, unless it is closed already."""
        if self._done or not self.is_current:
            return AwaitComplete()
        self._done = True
        return super().dismiss(result)


class BenchCommands(Provider):
    """Runs a command that needs nothing more, or opens the command line with its name."""

    @property
    def _bench(self) -> LabScreen | CircuitScreen | None:
        from nnsim.tui.screens.circuit import CircuitScreen
        from nnsim.tui.screens.lab import LabScreen

        return self.screen if isinstance(self.screen, LabScreen | CircuitScreen) else None

    @property
    def _table(self) -> list[Command]:
        bench = self._bench
        reference = None if bench is None else bench.reference()
        return [] if reference is None else list(reference[0].values())

    def _run(self, command: Command) -> None:
        bench = self._bench
        if bench is None:
            return
        takes_words = command.usage != command.name and not command.usage.startswith(
            f"{command.name} ["
        )
        if takes_words:
            bench.action_command(f"{command.name} ")
        else:
            bench.execute(command.name)

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for command in self._table:
            yield DiscoveryHit(
                _plain(command.usage),
                partial(self._run, command),
                text=command.usage,
                help=_plain(_(command.summary)),
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._table:
            score = max(matcher.match(command.usage), matcher.match(_(command.summary)))
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(_plain(command.usage)),
                    partial(self._run, command),
                    text=command.usage,
                    help=_plain(_(command.summary)),
                )


def _plain(text: str) -> str:
    """Escape `text` for the palette, which reads brackets as markup."""
    return text.replace("[", r"\[")
