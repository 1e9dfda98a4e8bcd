"""What every bench shares: commands are run whole or not at all, and can be undone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, Generic

from nnsim.lab.commands.table import Command, parse
from nnsim.lab.undo import History, T


class Bench(ABC, Generic[T]):
    """Runs lines of the command language and remembers states of type `T` for undo.

    `message` is what the last command did, in a sentence.
    """

    commands: ClassVar[Mapping[str, Command]]
    # writes the session to a file (or over it); the bench itself touches no files
    keep: Callable[[str, bool], str] | None = None

    def __init__(self) -> None:
        self._history: History[T] = History()
        self.message = ""

    @abstractmethod
    def undo_state(self) -> T:
        """The bench as it stands."""

    @abstractmethod
    def restore(self, state: T) -> None: ...

    def perform(self, command: Command, rest: str) -> str:
        """Do what a command says; undo knows nothing of it."""
        return command.run(self, rest)

    def run(self, line: str, *, merge: bool = False) -> str:
        """Run one line of the command language, such as ``set hidden[2].b 0.5``.

        Returns what was done, in a sentence. With `merge` it is undone together with the command
        before it, if that was of the same kind (the strokes of one drag).

        Raises LabError with nothing changed.
        """
        command, rest = parse(line, self.commands)
        before = self.undo_state() if command.changes else None
        try:
            self.message = self.perform(command, rest)
        except Exception:
            if before is not None:
                self.restore(before)
            raise
        if before is not None:
            self._history.push(
                before, line.strip(), merge=merge or command.merges, group=command.undone_with
            )
        return self.message

    def remember(self, before: T, line: str, group: str) -> None:
        """Let undo know of a change that no command has made."""
        self._history.push(before, line, merge=False, group=group)

    @property
    def changes(self) -> int:
        return len(self._history)

    def forget(self, changes: int) -> None:
        """Let undo know nothing of the last so many changes."""
        for _change in range(changes):
            self._history.drop()

    def joins(self, line: str, *, merge: bool = False) -> bool:
        """Whether a command would be undone together with the change before it."""
        command, _rest = parse(line, self.commands)
        same = self._history.last_group == command.undone_with
        return same and (merge or command.merges)

    def undo(self) -> str:
        """Take the last command back and return what it was."""
        state, line = self._history.undo(self.undo_state)
        self.restore(state)
        return line

    def redo(self) -> str:
        """Do again what was undone and return what it was."""
        state, line = self._history.redo(self.undo_state)
        self.restore(state)
        return line

    @property
    def can_undo(self) -> bool:
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        return self._history.can_redo
