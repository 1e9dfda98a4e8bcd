"""How a tape's calls are carried out: in order, whatever their number, and without a warning."""

from __future__ import annotations

import numpy as np
import pytest

from nnsim.engine import ACTIVATIONS, LOSSES, Dense, Network, Trainer, activation
from nnsim.engine.tape import quiet, straight

TRAINED = [name for name in ACTIVATIONS if name != "step"]


@pytest.fixture
def strict():
    """Let NumPy raise at every floating-point error but underflow."""
    with np.errstate(all="raise", under="ignore"):
        yield


def extreme(hidden: str, output: str, loss: str, dtype: str) -> Network:
    """Return a network whose scores are ±1e4 for inputs of ±1."""
    net = Network([Dense(2, hidden), Dense(2, output)], (1,), loss=loss, dtype=dtype)
    for layer in net.layers:
        layer.weight = np.full(layer.weight.shape, 1e4) * [1, -1]
    return net


def fill(plan, loss: str) -> None:
    plan.inputs[...] = [[-1], [1]]
    plan.targets[...] = [[1, 0], [0, 1]]


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TRAINED)
def test_plans_are_silent_at_large_scores(name, dtype):
    cases = [(name, "identity", "squared_error"), ("identity", name, "mean_squared_error")]
    for hidden, output, loss in cases:
        for training in (True, False):
            for way in ("run", "step"):
                plan = extreme(hidden, output, loss, dtype).plan(2, training=training)
                plan.inputs[...] = [[-1], [1]]
                if training:
                    plan.targets[...] = [[1, 0], [0, 1]]
                if way == "run":
                    plan.run()
                    plan.run()
                else:
                    assert [op.section for op in plan.step()]


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_silent_and_right_at_large_scores(loss, dtype):
    output = {"binary_cross_entropy": "sigmoid", "softmax_cross_entropy": "softmax"}
    net = Network([Dense(2, output.get(loss, "identity"))], (1,), loss=loss, dtype=dtype)
    net.layers[0].weight = [[1e4, -1e4]]
    x, wrong = [[1.0]], [[0.0, 1.0]]
    # −[0·ln a₁ + 1·ln(1 − a₁)] − ln a₂ = z₁ − z₂ for large scores; softmax the same; the others
    # as their formulas say.
    expected = {"squared_error": 0.5 * (1e8 + 10001.0**2),
                "mean_squared_error": 0.5 * (1e8 + 10001.0**2)}.get(loss, 2e4)  # fmt: skip
    expected += loss == "hinge"
    assert net.loss(x, wrong) == pytest.approx(expected, rel=1e-6)
    plan = net.plan(1, learning_rate=0.0)
    plan.inputs[...], plan.targets[...] = x, wrong
    plan.run()
    for _ in plan.step():
        pass
    if loss in output:  # δ = a − t, exactly
        assert plan.gradient[:2].tolist() == [1, 1]
        assert plan.gradient[2:].tolist() == [-1, -1]


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TRAINED)
def test_a_trainer_is_silent_at_large_scores(name, dtype):
    net = extreme(name, "sigmoid", "binary_cross_entropy", dtype)
    trainer = Trainer(net, "adam", batch_size=1)
    x, t = np.array([[-1.0], [1.0]]), np.eye(2)
    for progress in trainer.run(x, t, epochs=2):
        assert progress.loss >= 0
    assert trainer.step(x, t) in (None, "diverged")


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_curves_are_silent_at_large_scores(name):
    z = np.array([-1e4, -750.0, 0.0, 750.0, 1e4])
    f = activation(name)
    assert np.isfinite(f.f(z)).all()
    assert np.isfinite(f.derivative(z)).all()


def test_running_leaves_numpy_as_it_was():
    plan = extreme("sigmoid", "sigmoid", "squared_error", "float64").plan(2)
    before = np.geterr()
    plan.run()
    next(iter(plan.step()))
    assert np.geterr() == before
    with pytest.raises(FloatingPointError), np.errstate(over="raise"):
        np.exp(np.array([1e4]))


@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_calls_are_made_in_order(count):
    seen: list[tuple[int, ...]] = []
    calls = [(lambda *args: seen.append(args), tuple(range(i % 4))) for i in range(count)]
    run = straight(calls)
    run()
    run()
    assert seen == [args for _, args in calls] * 2


def test_tapes_of_one_form_keep_their_own_buffers():
    one, other = np.ones(3), np.full(3, 5.0)
    first, second = straight([(np.add, (one, one, one))]), straight([(np.add, (other,) * 3)])
    first()
    assert (one.tolist(), other.tolist()) == ([2, 2, 2], [5, 5, 5])
    second()
    assert (one.tolist(), other.tolist()) == ([2, 2, 2], [10, 10, 10])


def test_a_quiet_context_ignores_every_error():
    with np.errstate(all="raise"):
        assert quiet().run(np.exp, np.array([1e4])).tolist() == [np.inf]
