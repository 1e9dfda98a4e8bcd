"""What a typed line may go on with: names of commands, and addresses behind those that take one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textual.suggester import Suggester

from nnsim.lab import Command, Lab

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
