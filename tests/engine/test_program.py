"""The training program: it trains to the numbers of the trainer, bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from nnsim.engine import (
    OPTIMIZERS,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    EngineError,
    Flatten,
    MaxPool2D,
    Network,
    Trainer,
    steps,
)
from nnsim.engine.optimizers import Momentum
from nnsim.engine.program import training_program


def data(m: int = 23, shape: tuple[int, ...] = (4,), n: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(m, *shape)), np.eye(n)[rng.integers(0, n, m)]


def dense(**options: object) -> Network:
    layers = [Dense(5, "tanh", name="hidden"), Dense(2, "softmax", name="output")]
    return Network(layers, (4,), "softmax_cross_entropy", **options)


def noisy(**options: object) -> Network:
    layers = [Dense(6, "relu"), BatchNorm(), Dropout(0.3), Dense(2, "sigmoid")]
    return Network(layers, (4,), "binary_cross_entropy", **options)


def images(**options: object) -> Network:
    layers = [Conv2D(2, 3, 2, 1, "relu"), MaxPool2D(2, 1), Conv2D(3, 2, padding=1), BatchNorm(),
              AveragePool2D(2), Flatten(), Dropout(0.1), Dense(2, "softmax")]  # fmt: skip
    return Network(layers, (6, 7, 2), "softmax_cross_entropy", dtype="float32", **options)


def executed(program: str) -> dict[str, object]:
    space: dict[str, object] = {}
    exec(program, space)
    return space


def check(trainer: Trainer, x: np.ndarray, t: np.ndarray, epochs: int = 6) -> dict[str, object]:
    before = trainer.network.parameters.copy()
    space = executed(training_program(trainer, x, t, epochs))
    assert np.array_equal(trainer.network.parameters, before)
    assert trainer.epoch == space["epoch"] - epochs or space["stopped"] != "finished"
    list(trainer.run(x, t, epochs))
    assert np.array_equal(space["parameters"], trainer.network.parameters)
    assert space["parameters"].dtype == trainer.network.dtype
    if trainer.network.running.size:
        assert np.array_equal(space["running"], trainer.network.running)
    assert (space["epoch"], space["stopped"]) == (trainer.epoch, trainer.stopped)
    assert not np.array_equal(trainer.network.parameters, before)
    return space


@pytest.mark.parametrize("batch_size", [None, 5, 23, 40])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_with_and_without_batches(optimizer, batch_size):
    check(Trainer(dense(), optimizer, 0.05, batch_size, seed=3), *data())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("schedule", ["constant", "step:2:0.5", "cosine", "cosine:4"])
def test_every_setting(dtype, reduction, schedule):
    net = noisy(dtype=dtype, reduction=reduction, l2=0.01, l1=0.001)
    settings = {"schedule": schedule, "clip": 0.5, "train_biases": False}
    check(Trainer(net, Momentum(0.7), 0.02, 6, seed=9, **settings), *data())


@pytest.mark.parametrize("batch_size", [None, 4])
def test_networks_that_read_images(batch_size):
    check(Trainer(images(), "adam", 0.01, batch_size), *data(11, (6, 7, 2)))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("batch_size", [None, 11, 23])
def test_large_batches_in_parts(reduction, batch_size, monkeypatch):
    monkeypatch.setattr(steps, "_AT_ONCE", 5)
    monkeypatch.setattr(steps, "_NUMBERS_AT_ONCE", 1)
    net = dense(reduction=reduction, l2=0.1, l1=0.01)
    check(Trainer(net, "adam", 0.02, batch_size), *data())


@pytest.mark.parametrize("make", [dense, noisy, images])
@pytest.mark.parametrize("batch_size", [None, 4])
@pytest.mark.parametrize("fraction", [0.0, 0.3])
def test_early_stopping_and_the_validation_split(make, batch_size, fraction):
    net = make(l2=0.01)
    x, t = data(23, net.input_shape)
    trainer = Trainer(net, "adam", 0.1, batch_size, patience=3, validation_fraction=fraction)
    space = check(trainer, x, t, 200)
    assert space["stopped"] == ("early" if fraction else space["stopped"])


def test_it_goes_on_from_where_the_trainer_stands():
    trainer = Trainer(noisy(), "adam", 0.02, 6, schedule="cosine:9", patience=4)
    x, t = data()
    list(trainer.run(x, t, 3))
    check(trainer, x, t, 5)


def test_divergence():
    net = Network([Dense(2)], (4,), dtype="float32")
    space = check(Trainer(net, "sgd", 3.0, 9), *data(), 200)
    assert space["stopped"] == "diverged"


def test_it_runs_by_itself_and_reads_the_data_from_a_file(tmp_path):
    trainer = Trainer(dense(), "adam", 0.05, 8)
    x, t = data()
    text = training_program(trainer, x, t, 4, data_file="data.npz")
    assert "nnsim" not in text.replace("written by nnsim", "")
    np.savez(tmp_path / "data.npz", x=x, target=t)
    path = tmp_path / "program.py"
    path.write_text(text + 'np.save("trained.npy", parameters)\n', encoding="utf-8")
    environment = {**os.environ, "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-I", path], cwd=tmp_path, check=True, env=environment,
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.stdout.startswith("stopped: finished\nepochs: 4\n")
    list(trainer.run(x, t, 4))
    assert np.allclose(np.load(tmp_path / "trained.npy"), trainer.network.parameters, atol=1e-13)


def test_what_is_no_start_or_too_much_is_refused():
    trainer, (x, t) = Trainer(dense(), batch_size=5), data()
    trainer.step(x, t)
    with pytest.raises(EngineError, match="within an epoch"):
        training_program(trainer, x, t)
    with pytest.raises(EngineError, match="read them from a file"):
        training_program(
            Trainer(dense()), np.zeros((500_000, 4)), np.tile([[0.0, 1]], (500_000, 1))
        )
