"""Lessons in the real app: how long a lesson takes to open, and a step to be on the screen.

    python benchmarks/lessons.py [COLUMNSxROWS] [LESSON ...]

Needs the extra ``bench``. One program in a pseudo-terminal opens every lesson (or those named)
from Home with Enter and goes through its steps with the key that passes over a step. The clock
stops when the page of the step is on the screen. Its progress goes into a folder of its own.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile

from terminal import Program, python

from nnsim.tutor.catalogue import shipped

OPEN, STEP = 0.300, 0.150  # seconds that a lesson may take to open, and a step to be there
READING = 1.5  # seconds that somebody looks at Home before the first lesson is opened
ENTER, DOWN, ESCAPE, SKIP = "\r", "\x1b[B", "\x1b", "S"


def timed(program: Program, key: str, shows: str) -> float:
    """Seconds from a key to a screen with a text."""
    program.settle(0.15)
    start = program.send(key)
    return program.until(lambda text: shows in text, 10) - start


def measure(columns: int, rows: int, wanted: list[str]) -> tuple[list[float], list[list[float]]]:
    """For each lesson the time to open it, and the times of its further steps."""
    program = Program(python("-m", "nnsim", "--lang", "en"), columns, rows)
    program.until(lambda text: "01 " in text)
    program.settle(READING)
    opened, steps = [], []
    for entry in shipped():
        if not wanted or entry.id in wanted:
            opened.append(timed(program, ENTER, f"· 1/{entry.steps}"))
            times = [
                timed(program, SKIP, f"· {number}/{entry.steps}")
                for number in range(2, entry.steps + 1)
            ]
            steps.append(times)
            print(
                f"{entry.id:22} opens {opened[-1] * 1e3:4.0f} ms   "
                f"steps: median {statistics.median(times) * 1e3:4.0f} ms, "
                f"worst {max(times) * 1e3:4.0f} ms (step {times.index(max(times)) + 2})",
                flush=True,
            )
            timed(program, ESCAPE, "Experiments")
        program.settle(0.1)
        program.send(DOWN)
    program.close()
    return opened, steps


def main() -> None:
    """Measure, and compare with what is promised."""
    words = sys.argv[1:]
    columns, rows = 80, 24
    if words and words[0][0].isdecimal():
        columns, rows = (int(part) for part in words.pop(0).split("x"))
    with tempfile.TemporaryDirectory() as folder:
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "HOME"):
            os.environ[name] = folder
        opened, steps = measure(columns, rows, words)
    every = [time for times in steps for time in times]
    for name, times, bound in (("a lesson opens", opened, OPEN), ("a step is shown", every, STEP)):
        late = sum(time > bound for time in times)
        print(
            f"{name}: median {statistics.median(times) * 1e3:.0f} ms, "
            f"worst {max(times) * 1e3:.0f} ms of {len(times)}; "
            f"promised {bound * 1e3:.0f} ms, later {late}"
        )


if __name__ == "__main__":
    main()
