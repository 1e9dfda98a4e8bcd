"""From a key to the screen: painting a pixel, beside a bare Textual app that echoes a key.

    python benchmarks/latency.py [PRESSES]

Needs the extra ``bench``. Both programs run at the same time, each in a pseudo-terminal of 120×36,
and are pressed in turn. For nnsim the clock stops when the prediction has changed on the screen
(not only the pixel); for the bare app when its counter has.
"""

from __future__ import annotations

import re
import statistics
import sys

from terminal import BARE_APP, Program, python

VERDICT = re.compile(r"[01] [█▏▎▍▌▋▊▉·?]+ +(\S+)")


def outputs(text: str) -> list[str]:
    """The numbers beside the prediction bars."""
    return VERDICT.findall(text)


def press(program: Program, key: str, read: object) -> float:
    """Seconds from the key to the first screen on which what `read` finds is another."""
    before = read(program.text)  # type: ignore[operator]
    start = program.send(key)
    return program.until(lambda text: read(text) != before, 5) - start  # type: ignore[operator]


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    presses = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    bare = Program(python("-c", BARE_APP))
    ours = Program(python("-m", "nnsim", "digits-4x3"))
    times: dict[str, list[float]] = {"bare Textual app": [], "nnsim paints a pixel": []}
    try:
        bare.until(lambda text: "count 0" in text)
        ours.until(lambda text: "12-3-2" in text)
        ours.settle()
        for i in range(presses + 10):
            echo = press(bare, "x", lambda text: text.split("\n")[0])
            ours.settle(0.02)
            paint = press(ours, " ", outputs)
            ours.settle(0.02)
            if i >= 10:  # the first presses warm both up
                times["bare Textual app"].append(echo)
                times["nnsim paints a pixel"].append(paint)
    finally:
        bare.close()
        ours.close()
    rows = {
        name: (statistics.median(values), percentile(values, 0.95))
        for name, values in times.items()
    }
    base = rows["bare Textual app"]
    print(f"{'key to screen':<22} {'median':>9} {'ratio':>6} {'p95':>9} {'ratio':>6}   (≤ 2.5)")
    for name, (median, p95) in rows.items():
        print(
            f"{name:<22} {median * 1000:6.2f} ms {median / base[0]:6.2f} "
            f"{p95 * 1000:6.2f} ms {p95 / base[1]:6.2f}"
        )


if __name__ == "__main__":
    main()
