"""From a key to the screen, beside a bare Textual app that echoes a key.

    python benchmarks/latency.py [PRESSES]

Needs the extra ``bench``. All programs run at the same time, each in a pseudo-terminal of 120×36,
and are pressed in turn. The clock stops when the screen shows what the key was for: the prediction
after a stroke of the brush (not only the pixel), the sentence of the next step of a walk, the
explanation of a number; for the bare app its counter.
"""

from __future__ import annotations

import re
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from terminal import BARE_APP, Program, python

VERDICT = re.compile(r"[01] [█▏▎▍▌▋▊▉·?]+ +(\S+)")
STEP = re.compile(r"step (\d+) of \d+")
RIGHT, LEFT, ESCAPE = "\x1b[C", "\x1b[D", "\x1b"


def outputs(text: str) -> object:
    """The numbers beside the prediction bars."""
    return VERDICT.findall(text)


def panel_step(text: str) -> object:
    """The step in the panel (the status line, at the bottom, says it too)."""
    return STEP.findall("\n".join(text.split("\n")[:-2]))


def explained(text: str) -> object:
    """Whether the inspector explains a number, with its causes."""
    return "Why " in text and "it came from" in text


@dataclass
class Row:
    """One key of one program: what is pressed before, each time, and what shows that it is done."""

    name: str
    program: Program
    key: str
    read: Callable[[str], object]
    wanted: str = "≤ 2.5 ×"
    undo: str = ""  # pressed untimed, to get back to where it was
    times: list[float] = field(default_factory=list)

    def press(self) -> float:
        """Seconds from the key to the first screen on which what `read` finds is another."""
        before = self.read(self.program.text)
        start = self.program.send(self.key)
        seconds = self.program.until(lambda text: self.read(text) != before, 5) - start
        self.program.settle(0.03)
        if self.undo:
            self.program.send(self.undo)
            self.program.until(lambda text: self.read(text) == before, 5)
            self.program.settle(0.03)
        return seconds


def opened(experiment: str, *keys: str) -> Program:
    """The app at an experiment, after some keys."""
    program = Program(python("-m", "nnsim", experiment))
    program.until(lambda text: "1 Input" in text)
    program.settle()
    for key in keys:
        program.send(key)
        program.settle(0.1)
    return program


def rows() -> list[Row]:
    """Everything that is measured."""
    bare = Program(python("-c", BARE_APP))
    bare.until(lambda text: "count 0" in text)
    made = [Row("bare Textual app", bare, "x", lambda text: text.split("\n")[0], "")]
    made.append(Row("paint a pixel, 12-3-2", opened("digits-4x3"), " ", outputs))
    for experiment, size in (("digits-4x3", "12-3-2"), ("digits-8x8", "64-32-10")):
        walks = (("3", "forward", ("term", "neuron")), ("4", "backward", ("term", "neuron")))
        for panel, direction, grains in walks:
            for grain in grains:
                # Neuron is the first grain, then comes term.
                keys = ["]", panel, RIGHT, *(["f"] if grain == "term" else [])]
                name = f"step {direction} by {grain}, {size}"
                walk = opened(experiment, *keys)
                made.append(Row(name, walk, RIGHT, panel_step, undo=LEFT))
        why = opened(experiment, "]", "2")
        made.append(Row(f"why, {size}", why, "w", explained, "≤ 50 ms", ESCAPE))
    return made


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    presses = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    measured = rows()
    try:
        for i in range(presses + 5):
            for row in measured:
                seconds = row.press()
                if i >= 5:  # the first presses warm them up
                    row.times.append(seconds)
    finally:
        for row in measured:
            row.program.close()
    base = statistics.median(measured[0].times), percentile(measured[0].times, 0.95)
    print(f"{'key to screen':<36} {'median':>9} {'ratio':>6} {'p95':>9} {'ratio':>6}   wanted")
    for row in measured:
        median, p95 = statistics.median(row.times), percentile(row.times, 0.95)
        print(
            f"{row.name:<36} {median * 1000:6.2f} ms {median / base[0]:6.2f} "
            f"{p95 * 1000:6.2f} ms {p95 / base[1]:6.2f}   {row.wanted}"
        )


if __name__ == "__main__":
    main()
