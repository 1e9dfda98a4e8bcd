"""Files of data and the list of samples, beside NumPy's own readers and writers in the same run.

    python benchmarks/data.py [ROWS]

Files have two inputs and a class. Ours check every row (its length, numbers, classes, what is
finite) and read back to the last bit; NumPy's are given a format that does the same.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

from nnsim.experiments import Experiment, load
from nnsim.experiments.data_files import DataFiles
from nnsim.experiments.datasets import added
from nnsim.lab import Lab
from nnsim.lab.reading.samples import Choice, review

ROUNDS = 3


def made(rows: int) -> Experiment:
    """A plane with so many points of two classes."""
    experiment, rng = load("planar"), np.random.default_rng(0)
    inputs = rng.normal(size=(rows, 2))
    targets = (inputs[:, :1] * inputs[:, 1:] > 0).astype(float)
    data = replace(experiment.data, inputs=inputs, targets=targets, labels=None).labelled()
    return replace(experiment, data=data)


def in_turns(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of both, each run once in every round."""
    times: tuple[list[float], list[float]] = ([], [])
    for _round in range(ROUNDS):
        for program, taken in zip((ours, theirs), times, strict=True):
            start = perf_counter()
            program()
            taken.append(perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def files(rows: int) -> None:
    """Print a row for reading and writing each format."""
    experiment = made(rows)
    data = experiment.data
    table = np.column_stack([data.inputs, data.targets])
    print(f"{rows} rows            ours s   NumPy s   ratio")
    with tempfile.TemporaryDirectory() as folder:
        at, path = DataFiles(Path(folder)), Path(folder)

        def line(name: str, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
            mine, other = in_turns(ours, theirs)
            print(f"{name:18} {mine:10.2f} {other:9.2f} {mine / other:7.2f}")

        line(
            "write .csv",
            lambda: at.write("ours.csv", experiment, overwrite=True),
            lambda: np.savetxt(path / "theirs.csv", table, fmt="%.17g", delimiter=","),
        )
        line(
            "read .csv",
            lambda: at.read("ours.csv", experiment),
            lambda: np.loadtxt(path / "ours.csv", delimiter=",", skiprows=1),
        )
        line(
            "write .npz",
            lambda: at.write("ours.npz", experiment, overwrite=True),
            lambda: np.savez_compressed(path / "theirs.npz", x=data.inputs, t=data.targets),
        )

        def load_npz() -> None:
            with np.load(path / "theirs.npz") as arrays:
                _both = arrays["x"], arrays["t"]

        line("read .npz", lambda: at.read("ours.npz", experiment), load_npz)


def adding(samples: int, width: int) -> None:
    """Print what one more sample costs in a large set."""
    experiment = made(4)
    data = replace(
        experiment.data, inputs=np.zeros((samples, width)), targets=np.zeros((samples, 10)),
        labels=np.zeros(samples, np.intp),
    )  # fmt: skip
    grown = [added(data, data.inputs[0], data.targets[0], 0)]  # takes the room, once

    def one_more() -> None:
        grown.append(added(grown[-1], data.inputs[0], data.targets[0], 0))

    mine, other = in_turns(one_more, lambda: np.concatenate([data.inputs, data.inputs[:1]]))
    print(f"\nadd one to {samples} × {width}: {1e3 * mine:.3f} ms; a copy {1e3 * other:.1f} ms")


async def listing(samples: int) -> None:
    """Print what the panel costs with so many samples."""
    from nnsim.tui.app import NnsimApp
    from nnsim.tui.panels.data import DataPanel

    lab = Lab(made(samples), untrained=True)
    app = NnsimApp(lab)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("6")
        await pilot.pause(0.5)
        panel = app.screen.query_one(DataPanel)

        def draw() -> None:
            for y in range(panel.content_size.height):
                panel.render_line(y)

        found = review(lab)

        def anew() -> None:
            lab.changed(parameters=True)
            review(lab)

        programs = {
            "read all samples": anew,
            "a forward pass alone": lambda: lab.network.forward(lab.experiment.data.inputs),
            "worst first": lambda: Choice(order="worst").of(found),
            "wrong ones of a class": lambda: Choice(wanted=1, right=False).of(found),
            "a look while nothing changes": lambda: panel.show(app.screen.showing.scene()),
            "the lines in sight": draw,
        }
        print(f"\n{samples} samples in the list    ms")
        for name, program in programs.items():
            program()
            times = []
            for _round in range(9):
                start = perf_counter()
                program()
                times.append(perf_counter() - start)
            print(f"{name:30} {1e3 * statistics.median(times):8.2f}")


def main() -> None:
    """Files, adding, and the list."""
    files(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    adding(60_000, 784)
    asyncio.run(listing(100_000))


if __name__ == "__main__":
    main()
