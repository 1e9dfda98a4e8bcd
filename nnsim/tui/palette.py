"""Every command of the bench in the command palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from nnsim.i18n import _
from nnsim.lab import COMMANDS, Command

if TYPE_CHECKING:
    from nnsim.tui.screens.lab import LabScreen


class BenchCommands(Provider):
    """Runs a command that needs nothing more, or opens the command line with its name."""

    @property
    def _bench(self) -> LabScreen | None:
        from nnsim.tui.screens.lab import LabScreen

        return self.screen if isinstance(self.screen, LabScreen) else None

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
        if self._bench is not None:
            for command in COMMANDS.values():
                yield DiscoveryHit(
                    command.usage, partial(self._run, command), help=_(command.summary)
                )

    async def search(self, query: str) -> Hits:
        """Those that match."""
        if self._bench is None:
            return
        matcher = self.matcher(query)
        for command in COMMANDS.values():
            score = max(matcher.match(command.usage), matcher.match(_(command.summary)))
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(command.usage),
                    partial(self._run, command),
                    help=_(command.summary),
                )
