"""The trainer: batches, metrics, early stopping, divergence, interruption, resumption."""

from __future__ import annotations

import _thread
import math
import signal

import numpy as np
import pytest

from nnsim.engine import (
    OPTIMIZERS,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    EngineError,
    Ensemble,
    Flatten,
    MaxPool2D,
    Network,
    Trainer,
    steps,
)
from nnsim.engine.optimizers import Optimizer, schedule


def data(m: int = 23, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(m, 4))
    return x, np.eye(2)[(x[:, 0] + x[:, 1] > 0).astype(int)]


def network(seed: int = 0, **options: object) -> Network:
    layers = [Dense(5, "tanh"), BatchNorm(), Dropout(0.2), Dense(2, "softmax")]
    return Network(layers, (4,), loss="softmax_cross_entropy", seed=seed, **options)


def plain(**options: object) -> Network:
    return Network([Dense(5, "tanh"), Dense(2, "sigmoid")], (4,), seed=2, **options)


def test_full_batch_is_gradient_descent():
    net, (x, t) = plain(l2=0.01), data()
    theta = net.parameters.copy()
    for _ in range(10):
        net.parameters[:] = theta
        theta -= 0.3 * net.gradients(x, t)
    net.initialize()
    progress = list(Trainer(net, learning_rate=0.3).run(x, t, epochs=10))
    assert np.allclose(net.parameters, theta, rtol=0, atol=1e-14)
    assert [p.epoch for p in progress] == list(range(1, 11))
    assert [p.stopped for p in progress] == [None] * 9 + ["finished"]


def test_mini_batches_take_every_sample_once_the_last_batch_included():
    """Each sample has an input of its own, so the weights tell who was seen, and how often."""
    net = Network([Dense(1)], (7,), seed=0, reduction="sum", loss="squared_error")
    net.initialize("zeros")
    trainer = Trainer(net, learning_rate=1e-9, batch_size=3, train_biases=False)
    x, t = np.eye(7), np.ones((7, 1))
    for epoch in range(1, 4):
        next(trainer.run(x, t, epochs=1))
        assert trainer.updates == 3 * epoch
        assert net.layers[0].weight[:, 0] == pytest.approx([epoch * 1e-9] * 7, rel=1e-6)


def test_mini_batches_by_hand():
    net, (x, t) = plain(), data()
    reference = plain()
    order = np.random.default_rng(np.random.SeedSequence(5).spawn(2)[0])
    for _ in range(3):
        rows = order.permutation(len(x))
        for i in range(0, len(x), 10):
            part = rows[i : i + 10]
            reference.parameters[:] -= 0.1 * reference.gradients(x[part], t[part])
    list(Trainer(net, learning_rate=0.1, batch_size=10, seed=5).run(x, t, epochs=3))
    assert np.allclose(net.parameters, reference.parameters, rtol=0, atol=1e-13)


def test_same_seed_same_numbers_another_seed_others():
    x, t = data()

    def trained(seed: int) -> np.ndarray:
        net = network()
        list(Trainer(net, "adam", 0.01, batch_size=4, seed=seed).run(x, t, epochs=3))
        return net.parameters

    assert np.array_equal(trained(1), trained(1))
    assert not np.array_equal(trained(1), trained(2))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("batch_size", [None, 11])
def test_large_batches_go_through_the_tape_in_parts(reduction, batch_size, monkeypatch):
    x, t = data()
    options = {"reduction": reduction, "l2": 0.1, "l1": 0.01}
    whole, parted = plain(**options), plain(**options)
    list(Trainer(whole, "momentum", 0.02, batch_size, clip=1.0).run(x, t, epochs=4))
    monkeypatch.setattr(steps, "_AT_ONCE", 5)
    monkeypatch.setattr(steps, "_NUMBERS_AT_ONCE", 1)
    trainer = Trainer(parted, "momentum", 0.02, batch_size, clip=1.0)
    list(trainer.run(x, t, epochs=4))
    assert trainer.updates == 4 * (1 if batch_size is None else 3)
    assert np.allclose(whole.parameters, parted.parameters, rtol=0, atol=1e-14)
    normalized = Trainer(network(), batch_size=11)
    assert normalized.steps.at_once > 10**9  # batch norm needs the batch as a whole


def test_a_large_epoch_begun_in_batches_ends_with_the_samples_that_are_left(monkeypatch):
    x, t = data()

    def trained():
        trainer = Trainer(plain(), "sgd", 0.02, 5)
        trainer.step(x, t)
        trainer.batch_size = None
        trainer.step(x, t)
        assert (trainer.epoch, trainer.updates) == (1, 2)
        return trainer.network.parameters

    whole = trained()
    monkeypatch.setattr(steps, "_AT_ONCE", 5)
    monkeypatch.setattr(steps, "_NUMBERS_AT_ONCE", 1)
    assert np.allclose(whole, trained(), rtol=0, atol=1e-14)


def test_metrics_are_those_of_the_network():
    net, (x, t) = plain(l2=0.1), data()
    xt, tt = data(9, seed=1)
    for p in Trainer(net, batch_size=8).run(x, t, epochs=2, test=(xt, tt), validation=(x, t)):
        assert p.loss == pytest.approx(net.loss(x, t), rel=1e-13)
        assert p.cost == pytest.approx(net.losses(x, t).sum(), rel=1e-13)
        assert p.accuracy == net.accuracy(x, t)
        assert p.right == round(p.accuracy * len(x))
        assert p.test_accuracy == net.accuracy(xt, tt)
        assert p.test_loss == pytest.approx(net.loss(xt, tt), rel=1e-13)
        assert p.validation_loss == pytest.approx(p.loss, rel=1e-13)


def test_metrics_speak_of_their_own_epoch_however_late_they_are_read():
    x, t = data()
    early = [p.loss for p in Trainer(network(), "adam", 0.05).run(x, t, epochs=4)]
    late = [p.loss for p in list(Trainer(network(), "adam", 0.05).run(x, t, epochs=4))]
    assert early == late
    assert len(set(early)) == 4


def test_metrics_are_not_computed_unless_read(monkeypatch):
    from nnsim.engine import progress

    calls = []
    original = progress.Evaluation

    def counting(*args: object) -> object:
        calls.append(args)
        return original(*args)

    monkeypatch.setattr(progress, "Evaluation", counting)
    x, t = data()
    *_, last = Trainer(plain()).run(x, t, epochs=5)
    assert calls == []
    assert math.isfinite(last.loss + last.cost + last.accuracy)
    assert len(calls) == 1


@pytest.mark.parametrize(("classes", "accuracy"), [(False, None), (None, 0.5), (True, 0.5)])
def test_who_says_that_targets_are_quantities_gets_no_accuracy(classes, accuracy, tmp_path):
    # Heights of 0 and 1: a quantity, although it looks like classes.
    x, t = np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]])
    net = Network([Dense(1)], (1,), classes=classes)
    net.parameters[...] = 0
    last = list(Trainer(net, learning_rate=0.0).run(x, t, epochs=1, validation=(x, t)))[-1]
    assert last.accuracy == last.validation_accuracy == accuracy
    assert last.right == (None if accuracy is None else 1)
    assert net.accuracy(x, t) == accuracy
    ensemble = Ensemble(net, range(2)).accuracies(x, t)
    assert (ensemble is None) == (accuracy is None)
    net.save(tmp_path / "net.npz")
    assert Network.load(tmp_path / "net.npz").accuracy(x, t) == accuracy


def test_classes_are_said_with_yes_or_no():
    with pytest.raises(EngineError, match="classes is 'cat': give True, False or None"):
        Network([Dense(1)], (1,), classes="cat")


def test_regression_has_no_accuracy():
    net = Network([Dense(1)], (1,), loss="mean_squared_error")
    x = np.arange(-1.0, 5)[:, None]
    *_, last = Trainer(net, learning_rate=0.05).run(x, 2 * x - 1, epochs=500)
    assert last.accuracy is None
    assert last.right is None
    assert net.forward([[10.0]])[0, 0] == pytest.approx(19, abs=0.05)


def test_learning_rate_can_change_while_it_runs():
    net, (x, t) = plain(), data()
    trainer = Trainer(net, learning_rate=0.5)
    run = trainer.run(x, t, epochs=2)
    next(run)
    trainer.learning_rate = 0
    before = net.parameters.copy()
    next(run)
    assert np.array_equal(net.parameters, before)


def test_optimizer_batch_size_and_penalty_can_change():
    net, (x, t) = plain(), data()
    trainer = Trainer(net)
    next(trainer.run(x, t, epochs=1))
    trainer.optimizer, trainer.batch_size, net.l2 = "adam", 5, 0.5
    next(trainer.run(x, t, epochs=1))
    assert trainer.updates == 1 + 5
    other = plain()
    list(Trainer(other).run(x, t, epochs=1))
    other.l2 = 0.5
    list(Trainer(other, "adam", batch_size=5).run(x, t, epochs=1))
    assert np.array_equal(net.parameters, other.parameters)


def test_schedules():
    assert [schedule("step:2:0.5").scale(e, 0) for e in range(5)] == [1, 1, 0.5, 0.5, 0.25]
    cosine = [schedule("cosine:4").scale(e, 0) for e in range(6)]
    assert cosine == pytest.approx(
        [1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2, 0, 0]
    )
    assert schedule("cosine").scale(5, 10) == pytest.approx(0.5)
    assert schedule("constant").scale(99, 10) == 1
    for bad in ("linear", "step:0", "step:2:0", "step:2:2", "cosine:x", "cosine:1:2", 3):
        with pytest.raises(EngineError, match="schedule"):
            schedule(bad)
    net, (x, t) = plain(), data()
    trainer = Trainer(net, learning_rate=0.4, schedule="step:1:0.5")
    assert [p.learning_rate for p in trainer.run(x, t, epochs=3)] == [0.4, 0.2, 0.1]


def test_early_stopping_goes_back_to_the_best():
    net, (x, t) = plain(), data()
    flipped = 1 - t
    trainer = Trainer(net, learning_rate=0.5, patience=3)
    # On validation data with the opposite labels every step makes it worse.
    progress = list(trainer.run(x, t, epochs=100, validation=(x, flipped)))
    assert trainer.stopped == progress[-1].stopped == "early"
    assert len(progress) == 4
    assert np.array_equal(net.parameters, progress[0].parameters)


def test_validation_split():
    net, (x, t) = plain(), data(40)
    trainer = Trainer(net, batch_size=7, validation_fraction=0.25, seed=3)
    *_, last = trainer.run(x, t, epochs=2)
    assert trainer.updates == 2 * math.ceil(30 / 7)
    assert last.validation_loss is not None
    # The two sets together are all there is.
    assert 30 * last.loss + 10 * last.validation_loss == pytest.approx(40 * net.loss(x, t))
    whole = Trainer(plain(), validation_fraction=0.25, seed=3)
    *_, last = whole.run(x, t, epochs=2)
    assert whole.updates == 2
    with pytest.raises(EngineError, match="no sample on one side"):
        Trainer(plain(), validation_fraction=0.01).run(x, t)


@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_divergence_keeps_the_last_finite_parameters(batch_size, optimizer):
    net = Network([Dense(1)], (1,), loss="mean_squared_error")
    x = np.arange(-1.0, 5)[:, None]
    rate = 1e200 if optimizer == "adam" else 10.0
    trainer = Trainer(net, optimizer, rate, batch_size)
    progress = list(trainer.run(x, 2 * x - 1, epochs=2000))
    assert trainer.stopped == progress[-1].stopped == "diverged"
    assert len(progress) < 2000
    assert np.isfinite(net.parameters).all()
    assert trainer.epoch == len(progress) - 1


def test_the_line_diverges_above_its_limit_only():
    # For the mean squared error of a line through x = −1 … 4 descent is stable up to
    # 2 / (largest eigenvalue of the Hessian): 2/m · [[Σx², Σx], [Σx, m]].
    x = np.arange(-1.0, 5)[:, None]
    design = np.hstack([x, np.ones_like(x)])
    limit = 2 / np.linalg.eigvalsh(2 / 6 * design.T @ design).max()
    assert limit == pytest.approx(0.177, abs=1e-3)
    for factor, stopped in ((0.98, "finished"), (1.02, "diverged")):
        net = Network([Dense(1)], (1,), loss="mean_squared_error", dtype="float32")
        trainer = Trainer(net, learning_rate=limit * factor)
        list(trainer.run(x, 2 * x - 1, epochs=5000))
        assert trainer.stopped == stopped


def test_float32_overflow_is_divergence():
    net = Network([Dense(2, "relu"), Dense(1)], (1,), dtype="float32", seed=1)
    trainer = Trainer(net, learning_rate=1e10)
    list(trainer.run([[1.0], [2.0]], [[5.0], [1.0]], epochs=100))
    assert trainer.stopped == "diverged"
    assert np.isfinite(net.parameters).all()


def images() -> tuple[Network, np.ndarray, np.ndarray]:
    layers = [Conv2D(2, 3, padding=1, activation="relu"), BatchNorm(), MaxPool2D(2), Flatten(),
              Dropout(0.3), Dense(2, "softmax")]  # fmt: skip
    rng = np.random.default_rng(0)
    net = Network(layers, (5, 4, 1), loss="softmax_cross_entropy")
    return net, rng.random((13, 5, 4, 1)), np.eye(2)[rng.integers(0, 2, 13)]


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam"])
@pytest.mark.parametrize("when", [1, 2, 5, 7])
def test_interrupted_anywhere_and_resumed_gives_the_same_numbers(optimizer, when, tmp_path):
    whole, x, t = images()
    list(Trainer(whole, optimizer, 0.05, batch_size=5, schedule="cosine").run(x, t, epochs=4))
    net, *_ = images()
    trainer = Trainer(net, optimizer, 0.05, batch_size=5, schedule="cosine")
    trainer.run(x, t, epochs=4)  # says how long the cosine is
    for _ in range(when):
        assert trainer.step(x, t) is None
    trainer.save(tmp_path / "half.npz")
    state = trainer.state()
    for run in ("on", "restored", "loaded"):
        if run == "restored":
            trainer.restore(state)
        if run == "loaded":
            trainer = Trainer.load(tmp_path / "half.npz")
            net = trainer.network
        list(trainer.run(x, t, epochs=4 - trainer.epoch))
        assert trainer.epoch == 4
        assert np.array_equal(net.parameters, whole.parameters), run
        assert np.array_equal(net.running, whole.running), run


def test_interrupt_stops_within_the_epoch():
    net, (x, t) = plain(), data()
    trainer = Trainer(net, batch_size=5)
    run = trainer.run(x, t, epochs=10)
    next(run)
    trainer.interrupt()
    last = next(run)
    assert last.stopped == trainer.stopped == "interrupted"
    assert list(run) == []
    assert trainer.epoch == 1
    list(trainer.run(x, t, epochs=2))
    assert trainer.epoch == 3


def test_run_trains_so_many_more():
    net, (x, t) = plain(), data()
    trainer = Trainer(net)
    list(trainer.run(x, t, epochs=3))
    list(trainer.run(x, t, epochs=2))
    other = plain()
    list(Trainer(other).run(x, t, epochs=5))
    assert trainer.epoch == 5
    assert np.array_equal(net.parameters, other.parameters)
    assert list(trainer.run(x, t, epochs=0)) == []


def test_reset_begins_anew():
    net, (x, t) = network(), data()
    trainer = Trainer(net, "adam", batch_size=4)
    list(trainer.run(x, t, epochs=3))
    first = net.parameters.copy()
    net.initialize()
    trainer.reset()
    list(trainer.run(x, t, epochs=3))
    assert np.array_equal(net.parameters, first)


def test_other_data_of_the_same_size():
    net, (x, t), (y, u) = plain(), data(), data(seed=9)
    trainer = Trainer(net)
    list(trainer.run(x, t, epochs=1))
    list(trainer.run(y, u, epochs=1))
    other = plain()
    for inputs, targets in ((x, t), (y, u)):
        other.parameters[:] -= 0.2 * other.gradients(inputs, targets)
    assert np.allclose(net.parameters, other.parameters, rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, bool])
def test_data_in_other_kinds_of_numbers(dtype):
    x = (np.random.default_rng(0).random((20, 4)) > 0.5).astype(dtype)
    t = np.eye(2)[x[:, 0].astype(int)].astype(dtype)
    net, other = plain(), plain()
    list(Trainer(net, batch_size=6).run(x, t, epochs=2))
    list(Trainer(other, batch_size=6).run(x.astype(float), t.astype(float), epochs=2))
    assert np.array_equal(net.parameters, other.parameters)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"learning_rate": -1}, "learning_rate is -1"),
        ({"learning_rate": math.nan}, "finite"),
        ({"batch_size": -3}, "batch_size is -3"),
        ({"batch_size": 2.5}, "whole number"),
        ({"seed": -1}, "seed is -1"),
        ({"clip": 0}, "more than 0"),
        ({"validation_fraction": 1}, "nothing would be left"),
        ({"patience": 0}, "patience is 0"),
        ({"schedule": "warm"}, "unknown schedule"),
    ],
)
def test_settings_that_make_no_sense(options, sentence):
    with pytest.raises(EngineError, match=sentence):
        Trainer(plain(), **options)


class Struck:
    """Makes an optimiser whose every update is struck by Ctrl+C after each of its calls."""

    def __init__(self, name: str) -> None:
        self.kind = OPTIMIZERS[name]

    def __call__(self) -> Optimizer:
        class Rule(self.kind):
            def emit(self, tape, theta, grad, free=None):
                do = tape.do

                def struck(*args, **keywords):
                    do(*args, **keywords)
                    do(_thread.interrupt_main)

                tape.do = struck
                super().emit(tape, theta, grad, free)
                tape.do = do

        return Rule()


@pytest.fixture
def ctrl_c_is_heard():
    """Python's own handler of Ctrl+C, which a shell in the background switches off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_is_heard")
@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_ctrl_c_leaves_no_update_half_done(optimizer, batch_size):
    x, t = data(5)

    def trainer(rule) -> Trainer:
        layers = [Dense(3, "tanh"), BatchNorm(), Dense(t.shape[1], "sigmoid")]
        net = Network(layers, x.shape[1:], seed=1)
        return Trainer(net, rule, 0.05, batch_size, train_biases=False)

    calm, struck = trainer(optimizer), trainer(Struck(optimizer)())
    for _ in range(7):
        calm.step(x, t)
        with pytest.raises(KeyboardInterrupt):
            struck.step(x, t)
        assert (struck.updates, struck.epoch, struck.position) == (
            calm.updates, calm.epoch, calm.position,
        )  # fmt: skip
    strikes = 0
    calm.reset()
    struck.reset()
    list(calm.run(x, t, epochs=2))
    while struck.epoch < 2:
        try:
            list(struck.run(x, t, epochs=2 - struck.epoch))
        except KeyboardInterrupt:
            strikes += 1
    assert strikes == struck.updates == calm.updates > 1
    assert np.array_equal(struck.network.parameters, calm.network.parameters)
    assert np.array_equal(struck.network.running, calm.network.running)
    for name, slot in calm.optimizer.slots.items():
        assert np.array_equal(struck.optimizer.slots[name], slot)
