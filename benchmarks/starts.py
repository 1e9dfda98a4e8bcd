"""Many starts at once beside one after the other, and the landscape beside a loop over its points.

    python benchmarks/starts.py

In one process and in turns, on 12-3-2 with 64 samples. The starts are compared with those that the
bench trains from the same seeds, the landscape with the cost of the network at each point.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import perf_counter

import numpy as np

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.landscape import CostMap, Surface, Window, random_plane
from nnsim.lab.sweep import Recipe, Snapshot, Starts

ROUNDS = 5
SEEDS, COLUMNS, ROWS = 100, 60, 40


def timed(function: Callable[[], object]) -> tuple[float, object]:
    """The seconds that a call takes, and what it gives."""
    start = perf_counter()
    found = function()
    return perf_counter() - start, found


def at_once(lab: Lab) -> Snapshot:
    starts = Starts(Recipe.of(lab, SEEDS))
    starts.train()
    return starts.snapshot()


def one_by_one(lab: Lab, recipe: Recipe) -> list[float]:
    costs = []
    for seed in recipe.seeds:
        for line in recipe.commands(seed):
            lab.run(line)
        costs.append(lab.metrics.cost)
    return costs


def landscape(lab: Lab) -> np.ndarray:
    found = CostMap(
        Surface(lab.network, lab.experiment.data),
        random_plane(lab.network, 0),
        Window(-1, 1, -1, 1),
        COLUMNS,
        ROWS,
    )
    found.work()
    return found.values


def point_by_point(lab: Lab) -> np.ndarray:
    plane, window, data = random_plane(lab.network, 0), Window(-1, 1, -1, 1), lab.experiment.data
    network, now = lab.network, lab.network.parameters.copy()
    found = np.empty((ROWS, COLUMNS))
    for row, y in enumerate(window.down(ROWS)):
        for column, x in enumerate(window.across(COLUMNS)):
            network.parameters[...] = plane.point(x, y)
            found[row, column] = network.losses(data.inputs, data.targets).sum()
    network.parameters[...] = now
    return found


def report(name: str, fast: list[float], slow: list[float]) -> None:
    ratio = statistics.median(b / a for a, b in zip(fast, slow, strict=True))
    print(
        f"{name:<34} {statistics.median(fast) * 1e3:>8.1f} ms {statistics.median(slow) * 1e3:>8.1f}"
        f" ms {ratio:>6.1f} ×"
    )


def main() -> None:
    print(f"{'':<34} {'at once':>11} {'in turn':>11}  faster")
    lab = Lab(load("digits-4x3"), untrained=True)
    recipe = Recipe.of(lab, SEEDS)
    times: tuple[list[float], list[float]] = ([], [])
    for _round in range(ROUNDS):
        a, many = timed(lambda: at_once(lab))
        b, costs = timed(lambda: one_by_one(lab, recipe))
        assert np.allclose(many.costs, costs, rtol=1e-9)
        times[0].append(a)
        times[1].append(b)
    report(f"{SEEDS} starts, {recipe.epochs} epochs", *times)
    times = ([], [])
    for _round in range(ROUNDS):
        a, values = timed(lambda: landscape(lab))
        b, expected = timed(lambda: point_by_point(lab))
        assert np.allclose(values, expected, rtol=1e-9)
        times[0].append(a)
        times[1].append(b)
    report(f"landscape of {COLUMNS} × {ROWS} points", *times)


if __name__ == "__main__":
    main()
