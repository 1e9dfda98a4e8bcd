"""What training costs the screen, and the screen training: live training beside the bare trainer.

    python benchmarks/live.py [ROUNDS]

Needs the extra ``bench``. The app runs at 120×36 in a pseudo-terminal, with 12-3-2 on its bench,
once for each view. In every round, in turns: the same trainer trains without a screen, in this
process; the app trains flat out; and the key for the next sample is pressed, until the screen
names that sample, while the app trains and while it doesn't.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from terminal import Program, python

EXPERIMENT = "digits-4x3"
# The keys that bring a view to the front, and what must be seen then.
VIEWS = {
    "2 Network": ("2", "─ 2 Network"),
    "5 Train": ("5", "─ 5 Train"),
    "6 Data": ("6", "─ 6 Data"),
    "7 Map": ("7", "─ 7 Map"),
    "9 Landscape": ("9", "─ 9 Landscape"),
}
SECONDS = 1.0
PRESSES = 4
SAMPLES = 80  # of the experiment, tests included


def bare(seconds: float) -> float:
    """Updates per second of the trainer alone."""
    from nnsim.experiments import load
    from nnsim.lab import Lab

    lab = Lab(load(EXPERIMENT))
    data = lab.experiment.data
    run = lab.trainer.run(data.inputs, data.targets, epochs=10**9)
    for _warm in range(1000):
        next(run)
    start = time.perf_counter()
    updates = 0
    while time.perf_counter() - start < seconds:
        for _epoch in range(100):
            next(run)
        updates += 100
    return updates / (time.perf_counter() - start)


def app(log: str) -> None:
    """The app, which writes down at every poll how many updates were made."""
    from nnsim.experiments import load
    from nnsim.lab import Lab
    from nnsim.lab.training.runner import Runner
    from nnsim.tui.app import NnsimApp
    from nnsim.tui.screens.lab_training import Training

    with Path(log).open("w", buffering=1, encoding="utf-8") as file:
        poll = Runner.poll

        def noted(runner: Runner) -> bool:
            changed = poll(runner)
            file.write(json.dumps([time.time(), runner.lab.trainer.updates]) + "\n")
            return changed

        Runner.poll = noted  # type: ignore[method-assign]
        Training.UNHURRIED = None  # flat out
        NnsimApp(Lab(load(EXPERIMENT), load=load)).run()


class View:
    """The app with one view in front."""

    def __init__(self, name: str, folder: str) -> None:
        self.name = name
        self.log = Path(folder) / f"{name[0]}.jsonl"
        self.program = Program(python(__file__, "app", str(self.log)))
        keys, seen = VIEWS[name]
        self.program.until(lambda text: "1 Input" in text)
        self.program.settle()
        self.program.send(keys)
        self.program.until(lambda text: seen in text.replace("━", "─"))
        self.program.settle()
        self.program.send("1")
        self.program.settle()
        self.sample = 0
        self.ratios: list[float] = []
        self.idle: list[float] = []
        self.training: list[float] = []

    def speed(self) -> float:
        """Updates per second while the app trains."""
        self.program.send("t")
        self._watch(0.3)
        start = time.time()
        self._watch(SECONDS)
        end = time.time()
        self.program.send("t")
        self.program.settle()
        lines = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
        points = [point for point in lines if start <= point[0] <= end]
        (first, before), (last, after) = points[0], points[-1]
        return float((after - before) / (last - first))

    def keys(self, times: list[float]) -> None:
        """Press a key some times, and take how long it takes to be answered."""
        for _press in range(PRESSES):
            self.sample = self.sample % SAMPLES + 1
            times.append(self._answered("]", f"sample {self.sample} (".encode()))
            self._watch(0.07 + 0.01 * (self.sample % 7))  # anywhere between two pictures

    def round(self) -> None:
        """Measure everything once."""
        self.ratios.append(self.speed() / bare(SECONDS))
        self.keys(self.idle)
        self.program.send("t")
        self._watch(0.3)
        self.keys(self.training)
        self.program.send("t")
        self.program.settle()

    def _answered(self, key: str, mark: bytes) -> float:
        """Press a key; seconds until `mark` has come (looked for in the bytes, as they come)."""
        start, seen = self.program.send(key), b""
        while time.perf_counter() - start < 5:
            for when, data in self.program.read(0.1):
                seen += data
                if mark in seen:
                    return when - start
        raise TimeoutError(f"{mark!r} has not come")

    def _watch(self, seconds: float) -> None:
        """Let the app work, and take what it writes."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.program.read(left)


def main() -> None:
    if sys.argv[1:2] == ["app"]:
        app(sys.argv[2])
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    print(f"{'view':<14} {'of the bare speed':>18} {'key, idle':>12} {'training':>12} {'ratio':>7}")
    print(f"{'':<14} {'wanted ≥ 0.70':>18} {'':>12} {'':>12} {'≤ 3 ×':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for name in VIEWS:
            view = View(name, folder)
            try:
                for _round in range(rounds):
                    view.round()
            finally:
                view.program.close()
            idle, training = statistics.median(view.idle), statistics.median(view.training)
            print(
                f"{name:<14} {statistics.median(view.ratios):>18.2f} {idle * 1e3:>9.1f} ms "
                f"{training * 1e3:>9.1f} ms {training / idle:>6.1f} ×"
            )


if __name__ == "__main__":
    main()
