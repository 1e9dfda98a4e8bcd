"""From a key to the screen: a step of a circuit's walk, beside a bare Textual app's echo of a key.

    python benchmarks/circuit_steps.py [PRESSES]

Needs the extra ``bench``. All programs run at the same time, each in a pseudo-terminal of 120×36,
and are pressed in turn: a bare app that counts keys, (x + y)·z, and the 12-3-2 network unrolled
into folded gates. The clock stops when the panel shows the next step.
"""

from __future__ import annotations

import re
import statistics
import sys

from terminal import BARE_APP, Program, python

RIGHT, LEFT = "\x1b[C", "\x1b[D"
STEP = re.compile(r"step (\d+) of (\d+) ·")
BARE = "bare Textual app"


def steps(text: str) -> list[tuple[str, str]]:
    """The step that the panel shows, and how many there are."""
    return STEP.findall(text)


def press(program: Program, key: str, read: object) -> float:
    """Seconds from the key to the first screen on which what `read` finds is another."""
    before = read(program.text)  # type: ignore[operator]
    start = program.send(key)
    return program.until(lambda text: read(text) != before, 5) - start  # type: ignore[operator]


def at_circuit(argv: list[str], first: str, *keys: str) -> Program:
    """Start nnsim and go to a circuit."""
    program = Program(argv)
    program.until(lambda text: first in text)
    for key in keys:
        program.settle()
        program.send(key)
    program.until(lambda text: "before the first" in text)
    program.settle()
    return program


def main() -> None:
    presses = int(sys.argv[1]) if len(sys.argv) > 1 else 150
    bare = Program(python("-c", BARE_APP))
    nnsim = python("-m", "nnsim")
    programs = {
        "(x + y)·z": at_circuit(nnsim, "Experiments", "c"),
        "12-3-2 network": at_circuit([*nnsim, "digits-4x3"], "12-3-2", "]", "g"),
    }
    times: dict[str, list[float]] = {BARE: [], **{name: [] for name in programs}}
    direction = dict.fromkeys(programs, RIGHT)
    try:
        bare.until(lambda text: "count 0" in text)
        for i in range(presses + 10):
            taken = {BARE: press(bare, "x", lambda text: text.split("\n")[0])}
            for name, program in programs.items():
                program.settle(0.02)
                for step, last in steps(program.text):
                    direction[name] = {"1": RIGHT, last: LEFT}.get(step, direction[name])
                taken[name] = press(program, direction[name], steps)
                program.settle(0.02)
            if i >= 10:  # the first presses warm all up
                for name, seconds in taken.items():
                    times[name].append(seconds)
    finally:
        for program in (bare, *programs.values()):
            program.close()
    base = statistics.median(times[BARE])
    print(f"{'key to screen':<18} {'median':>9} {'ratio':>6}   (≤ 2.5)")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:<18} {median * 1000:6.2f} ms {median / base:6.2f}")


if __name__ == "__main__":
    main()
