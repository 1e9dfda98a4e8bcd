"""How long it takes to open the explanation of a number, and to make a step of a walk.

    python benchmarks/explain.py [EXPERIMENT …]

Without a screen: what the inspector and the panels ask of the bench before they draw. Every kind
of number is opened, and steps all along every walk; the slowest is what counts (50 ms for any
number of the 8×8 digits).
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator
from time import perf_counter

import numpy as np

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.walk import GRAINS, Walk

STEPS = 300
ALONE = ("input[1]", "target[1]", "prediction", "correct", "loss", "cost", "accuracy", "right")


def addresses(lab: Lab) -> Iterator[str]:
    """Some of every kind of number: the first and last unit, place and weight of each layer."""
    yield from ALONE
    for layer in lab.names.layers:
        for *place, unit in {
            (0,) * len(layer.output_shape),
            tuple(np.subtract(layer.output_shape, 1)),
        }:
            where = f"[{','.join(str(i + 1) for i in place)}]" if place else ""
            for kind in ("z", "a", "delta", "slope") if layer.has_z else ("a", "delta"):
                yield f"{layer.name}[{unit + 1}].{kind}{where}"
        for tap in (
            {(0,) * len(layer.kernel_shape), tuple(np.subtract(layer.kernel_shape, 1))}
            if layer.kernel_shape
            else ()
        ):
            weight = f"{layer.name}[{layer.units}].w[{','.join(str(i + 1) for i in tap)}]"
            yield from (weight, f"{weight}.grad", f"{layer.name}[1].b", f"{layer.name}[1].b.grad")
            for statistic in ("min", "mean", "variance", "spread"):
                yield f"{layer.name}.w.{statistic}"


def timed(task: Callable[[], object]) -> float:
    """Milliseconds of the best of three."""
    times = []
    for _again in range(3):
        start = perf_counter()
        task()
        times.append(perf_counter() - start)
    return min(times) * 1000


def opened(lab: Lab, address: str) -> None:
    """What the inspector shows."""
    explanation = lab.explain(address)
    _shown = explanation.worked, explanation.causes, explanation.role_words


def main() -> None:
    names = sys.argv[1:] or ["digits-4x3", "digits-8x8", "digits-8x8-cnn"]
    print(f"{'':<16} {'':<28} {'median':>9} {'slowest':>9}")
    for name in names:
        lab = Lab(load(name), untrained=True)
        lab.run("sample 1")
        rows = {
            "open an explanation": {
                a: timed(lambda a=a, lab=lab: opened(lab, a)) for a in addresses(lab)
            }
        }
        for direction in ("forward", "backward"):
            for grain in GRAINS:
                walk = Walk(lab, direction, grain)
                some = np.unique(np.linspace(0, len(walk) - 1, STEPS).astype(int))
                rows[f"{direction} {grain} ({len(walk)} steps)"] = {
                    walk[int(i)].address: timed(lambda i=i, walk=walk: walk[int(i)]) for i in some
                }
        for title, times in rows.items():
            slowest = max(times, key=lambda address, times=times: times[address])
            print(
                f"{name:<16} {title:<28} {statistics.median(times.values()):6.2f} ms "
                f"{times[slowest]:6.2f} ms  {slowest}"
            )


if __name__ == "__main__":
    main()
