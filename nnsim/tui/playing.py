"""Steps that are taken by themselves, so many a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.message_pump import MessagePump
    from textual.timer import Timer

RATES = (0.5, 1.0, 2.0, 4.0, 8.0)  # steps a second


class Playing:
    """Takes steps, until it is stopped.

    Parameters
    ----------
    host : MessagePump
        The widget or screen whose steps they are.
    step : callable
        Takes one.
    rate : float
        How many a second at first: one of `RATES`.
    """

    def __init__(self, host: MessagePump, step: Callable[[], None], rate: float) -> None:
        self._host, self._step, self._place = host, step, RATES.index(rate)
        self._timer: Timer | None = None

    @property
    def on(self) -> bool:
        return self._timer is not None

    @property
    def rate(self) -> float:
        return RATES[self._place]

    def start(self) -> None:
        """Begin; the first step comes when the time of one has passed."""
        self.stop()
        self._timer = self._host.set_interval(1 / self.rate, self._step)

    def stop(self) -> bool:
        """Stop; say whether it was on."""
        if self._timer is None:
            return False
        self._timer.stop()
        self._timer = None
        return True

    def change(self, by: int) -> None:
        """Go slower or faster by so many places."""
        self._place = min(max(0, self._place + by), len(RATES) - 1)
        if self.on:
            self.start()
