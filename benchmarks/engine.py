"""The engine beside its peers, in one run: medians, and ratios against what is wanted.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/engine.py [W1 W2 … memory linear] [--rounds N]

Peers are those of the extra ``bench`` that are installed; a plain NumPy textbook version and the
same calls inlined by hand are always there. Everything in a workload runs in turns. A ratio is the
median over the rounds of (peer / ours). Before anything is timed, programs that can show their
parameters make ten steps from the same start, and must agree with ours.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tracemalloc
from collections.abc import Callable
from types import ModuleType

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402  (reads the variables above)
from peers import Step, Workload, inlined, textbook  # noqa: E402
from timing import interleaved, median, ratio  # noqa: E402

from nnsim.engine import (  # noqa: E402
    Conv2D,
    Dense,
    Ensemble,
    Flatten,
    MaxPool2D,
    Network,
    Plan,
    Trainer,
)

Programs = dict[str, Callable[[], object]]
OURS = "nnsim"


def peer(name: str) -> ModuleType | None:
    """Return a peer's module if its library is installed."""
    try:
        return importlib.import_module(f"peers.{name}")
    except ImportError:
        return None


TORCH, JAX, SKLEARN = peer("torch_peer"), peer("jax_peer"), peer("sklearn_peer")


# --- our side --------------------------------------------------------------------------------


def network(work: Workload) -> Network:
    output = "softmax" if work.loss == "softmax_cross_entropy" else "sigmoid"
    (n_in, n1), n2 = work.start[0].shape, work.start[2].shape[1]
    net = Network(
        [Dense(n1, work.hidden), Dense(n2, output)],
        (n_in,),
        loss=work.loss,
        reduction="sum" if work.loss == "squared_error" else "mean",
        dtype=work.x.dtype.name,
    )
    first, second = net.layers
    first.weight, first.bias, second.weight, second.bias = work.start
    return net


def filled(plan: Plan, x: np.ndarray, target: np.ndarray) -> Plan:
    plan.inputs[...], plan.targets[...] = x, target
    return plan


def ours(work: Workload) -> Step:
    net = network(work)
    plan = net.plan(len(work.x), optimizer=work.optimizer, learning_rate=work.rate)
    first, second = net.layers
    run = filled(plan, work.x, work.target).run
    return Step(run, lambda: [first.weight, first.bias, second.weight, second.bias])


def workload(
    sizes: tuple[int, int, int], m: int, hidden: str, loss: str, dtype: str, optimizer: str = "sgd"
) -> Workload:
    rng = np.random.default_rng(0)
    n_in, n1, n2 = sizes
    shapes = [(n_in, n1), (n1,), (n1, n2), (n2,)]
    start = [rng.normal(0, 0.3 / np.sqrt(shape[0]), shape).astype(dtype) for shape in shapes]
    x = rng.random((m, n_in)).astype(dtype)
    classes = rng.integers(0, max(2, n2), m)
    target = np.eye(n2)[classes] if n2 > 1 else classes[:, None]
    rate = 0.001 if optimizer == "adam" else 0.05
    return Workload(x, target.astype(dtype), start, hidden, loss, rate, optimizer)


def agree(steps: dict[str, Step], tolerance: float) -> None:
    """Let every program make ten steps, and see that they have arrived where ours has."""
    for step in steps.values():
        for _ in range(10):
            step.run()
    for name, step in steps.items():
        for mine, theirs in zip(steps[OURS].parameters(), step.parameters(), strict=False):
            gap = float(np.abs(np.squeeze(mine) - np.squeeze(theirs)).max())
            if gap > tolerance:
                sys.exit(f"{name} computes something else: parameters differ by {gap:g}")


# --- what is compared ------------------------------------------------------------------------

ROUNDS = 25

# What was wanted and is not reached in this run, in words; printed again at the end.
missed: list[str] = []


def show(
    title: str, programs: Programs, wanted: dict[str, float], per: float = 1, unit: str = "µs"
) -> bool:
    """Time the programs, print a row each, and say whether the wanted ratios hold.

    A wanted ratio above 0 is (peer / ours) at least; below 0, (ours / peer) at most.
    """
    times = interleaved(programs, ROUNDS)
    print(f"\n{title}")
    good = True
    for name, values in times.items():
        line = f"  {name:34}{median(values) / per:10.2f} {unit}"
        if name != OURS:
            faster = ratio(values, times[OURS])
            line += f"   {faster:7.2f} ×"
            if name in wanted:
                limit = wanted[name]
                holds = faster >= limit if limit > 0 else 1 / faster <= -limit
                good = good and holds
                rule = f"at least {limit:g} ×" if limit > 0 else f"ours within {-limit:g} ×"
                line += f"   {rule}: {'holds' if holds else 'MISSED'}"
                if not holds:
                    reached = f"{faster:.2f} × as fast" if limit > 0 else f"{1 / faster:.2f} ×"
                    missed.append(f"{title}, beside {name}: {reached}, wanted {rule}")
        print(line)
    return good


def dense(title: str, work: Workload, wanted: dict[str, float], **options: object) -> bool:
    """Compare a network of two dense layers with everybody."""
    steps = {OURS: ours(work)}
    if work.optimizer == "sgd":
        steps["NumPy, textbook"] = textbook.step(work)
    if "inlined by hand" in wanted:
        steps["inlined by hand"] = inlined.step(work)
    if TORCH:
        steps["torch eager"] = TORCH.step(work)
    if JAX and work.optimizer == "sgd":
        steps["jax, per call"] = JAX.step(work)
    agree(steps, 1e-12 if work.x.dtype == np.float64 else 2e-5)
    programs: Programs = {name: step.run for name, step in steps.items()}
    if "matrix products alone" in wanted:
        programs["matrix products alone"] = inlined.gemms(work).run
    if SKLEARN:
        programs["scikit-learn"] = SKLEARN.step(work)
    return show(title, programs, wanted, **options)  # type: ignore[arg-type]


def w1() -> bool:
    work = workload((12, 3, 2), 64, "sigmoid", "squared_error", "float64")
    wanted = {"torch eager": 25, "NumPy, textbook": 3, "inlined by hand": -1.15}
    return dense("W1  12-3-2, 64 samples, one full-batch step, f64", work, wanted)


def w2() -> bool:
    work = workload((2, 4, 1), 400, "tanh", "binary_cross_entropy", "float64")
    return dense("W2  2-4-1, 400 samples, f64", work, {"torch eager": 20})


def w3() -> bool:
    title = "W3  784-128-10, batch 128, f32, {}, per sample"
    sizes, loss = (784, 128, 10), "softmax_cross_entropy"
    sgd = workload(sizes, 128, "relu", loss, "float32")
    adam = workload(sizes, 128, "relu", loss, "float32", "adam")
    wanted = {"torch eager": 1.3, "matrix products alone": -1.25}
    good = dense(title.format("SGD"), sgd, wanted, per=128)
    return dense(title.format("Adam"), adam, {"torch eager": 1.3}, per=128) and good


def w4() -> bool:
    work = workload((64, 32, 10), 32, "relu", "softmax_cross_entropy", "float32")
    return dense("W4  64-32-10, batch 32, f32", work, {"torch eager": 12})


def cnn() -> Network:
    layers = [
        Conv2D(16, 5, activation="relu"), MaxPool2D(2),
        Conv2D(32, 5, activation="relu"), MaxPool2D(2),
        Flatten(), Dense(10, "softmax"),
    ]  # fmt: skip
    return Network(layers, (28, 28, 1), loss="softmax_cross_entropy", dtype="float32")


def w5() -> bool:
    rng = np.random.default_rng(0)
    x = rng.random((64, 28, 28, 1)).astype(np.float32)
    target = np.eye(10, dtype=np.float32)[rng.integers(0, 10, 64)]
    programs: Programs = {OURS: filled(cnn().plan(64, learning_rate=0.01), x, target).run}
    if TORCH:
        programs["torch eager"] = TORCH.cnn(x, target, 0.01)
    title = "W5  CNN 28x28, batch 64, f32, forward, backward and SGD, per sample"
    return show(title, programs, {"torch eager": 1.2}, per=64)


def w6() -> bool:
    many, sizes, m, rate = 1000, (12, 3, 2), 64, 0.2
    rng = np.random.default_rng(0)
    x, target = rng.random((m, 12)), np.eye(2)[rng.integers(0, 2, m)]
    net = Network([Dense(3, "sigmoid"), Dense(2, "sigmoid")], (12,))
    ensemble = Ensemble(net, range(many), rate)
    starts = [[*(layer for layer in ensemble.network(r).layers)] for r in range(many)]
    first = [
        np.stack([layers[0].weight for layers in starts]),
        np.stack([layers[0].bias for layers in starts])[:, None],
        np.stack([layers[1].weight for layers in starts]),
        np.stack([layers[1].bias for layers in starts])[:, None],
    ]
    training = ensemble.run(x, target, epochs=10**9)

    def parameters() -> list[np.ndarray]:
        nets = [ensemble.network(r).layers for r in range(many)]
        return [np.stack([layers[0].weight for layers in nets])]

    steps = {OURS: Step(lambda: next(training), parameters)}
    steps["NumPy, textbook, stacked"] = textbook.many(first, x, target, rate)
    wanted: dict[str, float] = {}
    if TORCH:
        steps["torch eager, baddbmm"] = TORCH.many(first, x, target, rate)
        steps["torch, backward by hand"] = TORCH.many_by_hand(first, x, target, rate)
        wanted = {"torch eager, baddbmm": 2.5, "torch, backward by hand": 2.5}
    agree(steps, 1e-12)
    programs: Programs = {name: step.run for name, step in steps.items()}
    title = f"W6  {many} networks {'-'.join(map(str, sizes))} at once, f64, per network and step"
    return show(title, programs, wanted, per=many)


def w8() -> bool:
    work = workload((12, 3, 2), 1, "sigmoid", "squared_error", "float64")
    net = network(work)
    plan = net.plan(1, training=False)
    x, inputs, run = work.x, plan.inputs, plan.run

    def predict() -> None:
        inputs[...] = x
        run()

    programs: Programs = {
        OURS: run,
        "nnsim, input filled in too": predict,
        "nnsim, forward() with its checks": lambda: net.forward(x),
        "NumPy, textbook": textbook.predict(work),
    }
    predict()
    assert np.allclose(plan.outputs, programs["NumPy, textbook"](), rtol=0, atol=1e-15)
    if TORCH:
        programs["torch functional"] = TORCH.predict(work)
        programs["torch functional, no guard"] = TORCH.predict_bare(work)
        assert np.allclose(plan.outputs, programs["torch functional"]().numpy(), atol=1e-15)
    if SKLEARN:
        predictor = SKLEARN.step(work)
        predictor()
    return show("W8  one prediction, 12-3-2, f64", programs, {"torch functional": 2.5})


# --- memory and growth -----------------------------------------------------------------------


def memory() -> bool:
    """Peak memory of training, beside the data, against 8 × parameters + 6 × activations."""
    rng = np.random.default_rng(0)
    print("\nPeak memory of Trainer.run (network included), beside the data")
    good = True
    cases: list[tuple[str, Callable[[], Network], int]] = [
        ("784-128-10, f32, adam", lambda: network(w3_work()), 128),
        ("CNN of W5, f32, adam", cnn, 64),
        ("64-512-512-10, f64, adam", big, 256),
    ]
    for title, make, batch in cases:
        probe = make()
        x = rng.random((1000, *probe.input_shape)).astype(probe.dtype)
        t = np.eye(10, dtype=probe.dtype)[rng.integers(0, 10, 1000)]
        item = probe.dtype.itemsize
        activations = batch * item * sum(int(np.prod(la.output_shape)) for la in probe.layers)
        allowed = 8 * probe.parameters.nbytes + 6 * activations
        del probe
        for _ in range(2):  # the first run also pays for imports and caches
            tracemalloc.start()
            net = make()
            for progress in Trainer(net, "adam", 0.001, batch).run(x, t, epochs=2):
                assert np.isfinite(progress.loss)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        holds = peak <= allowed
        good = good and holds
        if not holds:
            missed.append(f"memory of {title}: {peak / allowed:.2f} of what is allowed")
        print(
            f"  {title:28} batch {batch:4}  {peak / 1e6:8.2f} MB of {allowed / 1e6:8.2f} MB "
            f"({peak / allowed:.2f})  {'holds' if holds else 'MISSED'}"
        )
    return good


def w3_work() -> Workload:
    return workload((784, 128, 10), 1, "relu", "softmax_cross_entropy", "float32")


def big() -> Network:
    layers = [Dense(512, "relu"), Dense(512, "relu"), Dense(10, "softmax")]
    return Network(layers, (64,), loss="softmax_cross_entropy")


def linear() -> bool:
    """Time per epoch from 64 to 100,000 samples: it should grow as they do."""
    print("\nTime per epoch of Trainer.run, 12-3-2, f64, and per sample")
    rng = np.random.default_rng(0)
    good = True
    for title, batch in (("one full batch", None), ("batches of 32", 32), ("batches of 256", 256)):
        per_sample = {}
        for count in (64, 256, 1024, 4096, 16384, 100_000):
            x, t = rng.random((count, 12)), np.eye(2)[rng.integers(0, 2, count)]
            net = Network([Dense(3, "sigmoid"), Dense(2, "sigmoid")], (12,))
            epochs = Trainer(net, batch_size=batch).run(x, t, epochs=10**9)
            times = interleaved({"": lambda e=epochs: next(e)}, rounds=7)[""]
            per_sample[count] = median(times) / count
            steps = -(-count // batch) if batch else 1
            print(
                f"  {title:16}{count:9,} samples{steps:7,} steps{median(times):14.1f} µs"
                f"{per_sample[count] * 1000:10.1f} ns per sample"
            )
        # From where the overhead of a call no longer counts, the cost per sample stays, but for
        # the caches: a full batch of 100,000 is worked on in main memory.
        growth = per_sample[100_000] / per_sample[4096]
        holds = growth < 2.5
        good = good and holds
        if not holds:
            missed.append(f"growth, {title}: {growth:.2f} × per sample, wanted below 2.5 ×")
        print(f"  {'':16}100,000 against 4,096 samples: {growth:.2f} × per sample")
    return good


NOTE = """
The ratios that are wanted were set on another machine, where torch eager took 235 µs for W1, 260
for W2 and 236 for W4. Its fixed cost per call is most of that: where it is lower, so is the ratio
in these rows."""


PARTS: dict[str, Callable[[], bool]] = {
    "W1": w1, "W2": w2, "W3": w3, "W4": w4, "W5": w5, "W6": w6, "W8": w8,
    "memory": memory, "linear": linear,
}  # fmt: skip


def main() -> None:
    global ROUNDS
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all unless told")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    ROUNDS = options.rounds
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    installed = [
        f"{name} {importlib.import_module(name).__version__}"
        for name, module in (("torch", TORCH), ("jax", JAX), ("sklearn", SKLEARN))
        if module
    ]
    print(
        f"NumPy {np.__version__}, {', '.join(installed) or 'no peers installed'}; {cores} core(s)"
    )
    results = [PARTS[name]() for name in options.parts or PARTS]
    print("\nAll that is wanted holds." if all(results) else "\nMissed in this run:")
    for note in missed:
        print(f"  {note}")
    if missed:
        print(NOTE)


if __name__ == "__main__":
    main()
