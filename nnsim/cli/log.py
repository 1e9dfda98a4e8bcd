"""A log of training: one line of JSON per epoch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.cli.errors import CommandError
from nnsim.cli.output import finite
from nnsim.i18n import _

if TYPE_CHECKING:
    from types import TracebackType

    from nnsim.engine import Progress


class Log:
    """Writes ``{"epoch", "updates", "learning_rate", "loss", "cost", "accuracy", …}`` lines.

    Parameters
    ----------
    name : str
        The file, which is written anew.

    Raises
    ------
    CommandError
        If it can't be written.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            self.stream = Path(name).open("w", encoding="utf-8", buffering=1)  # noqa: SIM115
        except (OSError, ValueError) as error:
            raise self._refused(error) from None

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stream.close()
        except OSError as refused:
            if error is None:
                raise self._refused(refused) from None

    def write(self, progress: Progress) -> None:
        """Write the line of an epoch."""
        line = {
            "epoch": progress.epoch,
            "updates": progress.updates,
            "learning_rate": progress.learning_rate,
            "loss": finite(progress.loss),
            "cost": finite(progress.cost),
            "accuracy": progress.accuracy,
            "test_accuracy": progress.test_accuracy,
            "stopped": progress.stopped,
        }
        try:
            self.stream.write(json.dumps(line, allow_nan=False) + "\n")
        except OSError as error:
            raise self._refused(error) from None

    def _refused(self, error: Exception) -> CommandError:
        problem = _("{file}: the log can't be written ({reason})")
        reason = getattr(error, "strerror", None) or error
        return CommandError(problem.format(file=self.name, reason=reason))
