"""What the timeline costs: training on the bench, which keeps epochs, beside the bare trainer.

    python benchmarks/timeline.py

Both train in turns in this process, 12-3-2 on 64 samples, one step per epoch; their parameters are
compared at the end. Most of what it costs falls on the first 2048 epochs, which are all kept; then
the curve is read, and the bench rewound.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from time import perf_counter

import numpy as np

from nnsim.experiments import load
from nnsim.lab import Lab

ROUNDS = 9
LENGTHS = (1000, 10_000, 50_000)


def seconds(items: Iterable[object]) -> float:
    """The time that it takes to go through all items."""
    start = perf_counter()
    for _item in items:
        pass
    return perf_counter() - start


def main() -> None:
    print(f"{'epochs':>8} {'bare':>10} {'bench':>10} {'speed':>7} {'kept':>6} {'memory':>9}")
    for epochs in LENGTHS:
        bare_times, bench_times, ratios = [], [], []
        for _round in range(ROUNDS if epochs < LENGTHS[-1] else 3):
            bare, lab = (Lab(load("digits-4x3"), untrained=True) for _copy in range(2))
            data = bare.experiment.data
            bare_times.append(seconds(bare.trainer.run(data.inputs, data.targets, epochs=epochs)))
            bench_times.append(seconds(lab.training(epochs)))
            ratios.append(bare_times[-1] / bench_times[-1])
            assert np.array_equal(bare.network.parameters, lab.network.parameters)
        run = lab.timeline.run
        print(
            f"{epochs:>8} {statistics.median(bare_times) / epochs * 1e6:>7.1f} µs "
            f"{statistics.median(bench_times) / epochs * 1e6:>7.1f} µs "
            f"{statistics.median(ratios):>6.0%} {len(run.frames):>6} {run.size / 2**20:>6.2f} MB"
        )
    for name in ("first read", "read again"):
        start = perf_counter()
        points = run.curve()
        print(f"curve of {len(points)} epochs, {name}: {(perf_counter() - start) * 1e3:.1f} ms")
    start = perf_counter()
    for epoch in range(0, LENGTHS[-1], LENGTHS[-1] // 100):
        lab.run(f"rewind {epoch}")
    print(f"rewind, and the cost read: {(perf_counter() - start) / 100 * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
