"""Training many starts in a thread of their own, beside a screen that looks at how they stand."""

from __future__ import annotations

import threading
from time import perf_counter

from nnsim.lab.live import short_turns
from nnsim.lab.starting import Starts
from nnsim.lab.starts import Recipe, Snapshot

SLICE = 0.03  # seconds of training between two looks whether it is to stop
LEAST_BETWEEN = 0.1  # seconds between two snapshots
SHARE = 6
"""At most one part in so many of the time goes into snapshots."""


class LiveStarts:
    """The starts of a recipe, trained in a thread that shares only snapshots with others.

    Attributes
    ----------
    recipe : Recipe
    latest : Snapshot or None
        How they stood last; each is another one, and none ever changes.
    read : int
        How many have been read as they start, where that takes its time.
    problem : str
        Why it ended before the end, where something went wrong; else nothing.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.latest: Snapshot | None = None
        self.read = 0
        self.problem = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="starts", daemon=True)

    def start(self) -> None:
        """Begin to train."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, with a last snapshot of how far it has come."""
        self._stop.set()

    @property
    def running(self) -> bool:
        """Whether it is at work."""
        return self._thread.is_alive()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; say whether it has come."""
        self._thread.join(seconds)
        return not self.running

    def _run(self) -> None:
        try:
            with short_turns():
                self._train()
        except (ValueError, MemoryError, ArithmeticError) as problem:
            self.problem = str(problem) or type(problem).__name__

    def _train(self) -> None:
        starts, due = Starts(self.recipe), 0.0
        while not (self._stop.is_set() or starts.train(SLICE)):
            now, self.read = perf_counter(), starts.read
            if starts.begun and now >= due:
                self.latest = starts.snapshot()
                taken = perf_counter() - now
                due = now + max(LEAST_BETWEEN, SHARE * taken)
        if starts.begun:
            self.latest = starts.snapshot()
