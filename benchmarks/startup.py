"""How long until the first picture, beside a bare Textual app, in one run.

    python benchmarks/startup.py [ROUNDS]

Needs the extra ``bench``. Each round starts every program once, in turn, in a pseudo-terminal of
120×36; what counts is the time from the start of the process to the bytes that complete the first
picture.
"""

from __future__ import annotations

import compileall
import statistics
import sys
from pathlib import Path

from terminal import BARE_APP, Program, python

import nnsim

PROGRAMS = {
    "bare Textual app": (python("-c", BARE_APP), "count 0"),
    "nnsim (Home)": (python("-m", "nnsim"), "digits-4x3"),
    "nnsim digits-4x3": (python("-m", "nnsim", "digits-4x3"), "12-3-2"),
}
WANTED = {"nnsim (Home)": 1.3, "nnsim digits-4x3": 1.8}


def first_picture(argv: list[str], shows: str) -> float:
    """Seconds until `shows` is on the screen."""
    program = Program(argv)
    try:
        return program.until(lambda text: shows in text) - program.started
    finally:
        program.close()


def main() -> None:
    # As pip leaves an installed package: compiled (Textual is; an edited checkout may not be).
    compileall.compile_dir(Path(nnsim.__file__).parent, quiet=1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for round_ in range(rounds + 1):
        for name, (argv, shows) in PROGRAMS.items():
            seconds = first_picture(argv, shows)
            if round_:  # the first round fills the caches of the disk
                times[name].append(seconds)
    bare = statistics.median(times["bare Textual app"])
    print(f"{'first picture':<20} {'median':>9} {'ratio':>7} {'wanted':>8}   ({rounds} rounds)")
    for name, seconds in times.items():
        median = statistics.median(seconds)
        wanted = f"≤ {WANTED[name]}" if name in WANTED else ""
        print(f"{name:<20} {median * 1000:6.0f} ms {median / bare:7.2f} {wanted:>8}")


if __name__ == "__main__":
    main()
