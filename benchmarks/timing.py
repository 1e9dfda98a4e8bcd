"""Times of several programs, taken in turns, so that a busy machine is unfair to none of them."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from time import perf_counter


def interleaved(
    programs: dict[str, Callable[[], object]], rounds: int = 25, slice_seconds: float = 0.02
) -> dict[str, list[float]]:
    """Return seconds per call of each program, one number per round.

    In every round each program runs for about `slice_seconds`, one after the other.
    """
    calls = {name: calls_in(program, slice_seconds) for name, program in programs.items()}
    times: dict[str, list[float]] = {name: [] for name in programs}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, program in programs.items():
                repeat = range(calls[name])
                start = perf_counter()
                for _ in repeat:
                    program()
                times[name].append((perf_counter() - start) / calls[name])
    finally:
        gc.enable()
    return times


def calls_in(program: Callable[[], object], seconds: float) -> int:
    """Return how many calls fit into so many seconds, after a few to warm up."""
    for _ in range(3):
        program()
    calls = 1
    while True:
        start = perf_counter()
        for _ in range(calls):
            program()
        taken = perf_counter() - start
        if taken > seconds / 4:
            return max(1, round(calls * seconds / taken))
        calls *= 2


def median(times: list[float]) -> float:
    """Return the median in microseconds."""
    return statistics.median(times) * 1e6


def ratio(slow: list[float], fast: list[float]) -> float:
    """Return how many times faster `fast` is: the median over the rounds of the ratio in each."""
    return statistics.median(a / b for a, b in zip(slow, fast, strict=True))
