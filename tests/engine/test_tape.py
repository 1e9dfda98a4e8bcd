"""The tape: recording, stepping, and the program it writes."""

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
    Tape,
    Trainer,
)
from nnsim.engine.layers.base import batch_first


def filled(net: Network, m: int, **options: object):
    rng = np.random.default_rng(0)
    plan = net.plan(m, **options)
    plan.inputs[:] = rng.normal(size=plan.inputs.shape)
    n = net.output_shape[0]
    plan.targets[:] = np.eye(n)[rng.integers(0, n, m)]
    return plan


def dense(dtype: str = "float64", **options: object) -> Network:
    layers = [Dense(3, "sigmoid", name="hidden"), Dense(2, "sigmoid", name="output")]
    return Network(layers, (12,), dtype=dtype, **options)


NETWORKS = {
    "dense": dense,
    "penalty": lambda: dense(l2=0.1, l1=0.01),
    "float32": lambda: dense("float32"),
    "one_sample_shape": lambda: Network([Dense(2, "softmax")], (1,), "softmax_cross_entropy"),
    "activations": lambda: Network(
        [Dense(3, name) for name in ("relu", "leaky_relu", "elu", "gelu", "swish", "softplus")]
        + [Dense(2, "tanh")],
        (4,),
        loss="hinge",
    ),
    "images": lambda: Network(
        [Conv2D(2, 3, 2, 1, "relu"), BatchNorm(), MaxPool2D(2, 1), Conv2D(3, 2, padding=1),
         AveragePool2D(2), Dropout(0.3), Flatten(), Dense(4, "tanh"), Dropout(0.1),
         Dense(2, "softmax")],
        (6, 7, 2), "softmax_cross_entropy", dtype="float32",
    ),
    "class": lambda: Network([Dense(2, "sigmoid", name="class")], (2,), "binary_cross_entropy"),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_the_program_trains_to_the_same_numbers(name, capsys):
    plan = filled(NETWORKS[name](), 5)
    program = plan.source(steps=7)
    for _ in range(7):
        plan.run()
    space: dict[str, object] = {}
    exec(program, space)
    assert "parameters:" in capsys.readouterr().out
    assert space["parameters"].dtype == plan.stack.dtype
    assert np.array_equal(space["parameters"], plan.stack.theta)
    if "running" in space:
        assert np.array_equal(space["running"], plan.stack.running)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_program_of_every_optimizer(optimizer):
    plan = filled(dense(), 6, optimizer=optimizer, learning_rate=0.05)
    for _ in range(3):
        plan.run()  # the slots are not empty any more
    program = plan.source(steps=5)
    for _ in range(5):
        plan.run()
    space: dict[str, object] = {}
    exec(program, space)
    assert np.array_equal(space["parameters"], plan.stack.theta)


def test_the_program_runs_by_itself(tmp_path):
    net, other = dense(), dense()
    plan = filled(net, 64)
    path = tmp_path / "program.py"
    path.write_text(plan.source() + 'np.save("trained.npy", parameters)\n', encoding="utf-8")
    # -I: an isolated interpreter; the program must not need nnsim.
    text = path.read_text(encoding="utf-8")
    assert "nnsim" not in text.replace("written by nnsim", "")
    environment = {**os.environ, "PYTHONUTF8": "1"}
    subprocess.run([sys.executable, "-I", path], cwd=tmp_path, check=True, env=environment,
                   capture_output=True, timeout=60)  # fmt: skip
    trained = np.load(tmp_path / "trained.npy")
    x, t = plan.inputs.copy(), plan.targets.copy()
    list(Trainer(other).run(x, t))  # both 50 steps of sgd at .2
    assert np.allclose(trained, other.parameters, rtol=0, atol=1e-13)
    for _ in range(50):
        plan.run()
    assert np.array_equal(trained, net.parameters)


def test_step_carries_out_one_op_at_a_time():
    net, other = dense(), dense()
    plan, whole = filled(net, 5), filled(other, 5)
    whole.run()
    ops = list(plan.step())
    assert np.array_equal(net.parameters, other.parameters)
    sections = [op.section for op in ops]
    assert sections == sorted(sections, key=["forward", "backward", "update"].index)
    first = ops[0]
    assert first.note == "z = W x + b"
    assert first.text == "hidden_W.dot(x1, out=hidden_z)"
    assert first.writes == ("hidden.z", (3, 5))
    assert all(op.note for op in ops)
    assert plan.buffers["hidden.z"].shape == (3, 5)
    one = filled(dense(), 5)
    steps = one.step()
    next(steps)
    z = one.inputs @ dense().layers[0].weight
    assert np.allclose(one.buffers["hidden.z"].T, z, rtol=0, atol=1e-14)
    assert not one.buffers["output.z"].any()


@pytest.mark.parametrize("name", NETWORKS)
def test_lines_compute_what_the_trace_shows(name):
    net = NETWORKS[name]()
    plan = filled(NETWORKS[name](), 5)
    x, t = plan.inputs.copy(), plan.targets.copy()
    before, running = net.parameters.copy(), net.running.copy()
    trace = net.trace(x, t)
    lines = list(net.lines(x, t))
    assert np.array_equal(net.parameters, before)
    assert np.array_equal(net.running, running)
    assert [op.section for op in lines] == sorted(
        (op.section for op in lines), key=["forward", "loss", "backward"].index
    )
    held = {}
    for op in lines:
        assert op.writes is not None
        assert op.after.shape == op.writes[1]
        assert op.text
        assert op.note
        held[op.writes[0]] = op.after
    for layer in trace.layers:
        named = [op for op in lines if op.layer == layer.name]
        assert {op.section for op in named} == {"forward", "backward"}
        assert np.array_equal(batch_first(held[f"{layer.name}.a"]), layer.a)
    assert [op.section for op in net.lines(x)] == ["forward"] * sum(
        op.section == "forward" for op in lines
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_lines_of_a_trainer_are_one_update_that_changes_nothing(optimizer):
    net, other = dense(l2=0.1), dense(l2=0.1)
    plan = filled(dense(), 6)
    x, t = plan.inputs.copy(), plan.targets.copy()
    trainer, whole = (
        Trainer(net, optimizer, 0.05, clip=1.0),
        Trainer(other, optimizer, 0.05, clip=1.0),
    )
    for one in (trainer, whole):
        list(one.run(x, t, epochs=2))
    before = net.parameters.copy()
    lines = list(trainer.lines(x, t))
    assert np.array_equal(net.parameters, before)
    whole.step(x, t)
    last = [op for op in lines if op.writes[0] == "parameters"]
    assert np.allclose(last[-1].after, other.parameters, rtol=0, atol=1e-15)
    assert lines[-1].section == "update"
    trainer.step(x, t)  # goes on as if nothing had been
    assert np.array_equal(net.parameters, other.parameters)


def test_recording_does_not_train():
    net = dense()
    before = net.parameters.copy()
    plan = net.plan(4)
    plan.source()
    assert np.array_equal(net.parameters, before)
    plan.learning_rate[...] = 0
    plan.run()
    assert np.array_equal(net.parameters, before)


def test_a_prediction_is_a_plan_too():
    net = dense()
    plan = net.plan(1, training=False)
    plan.inputs[:] = 1
    plan.run()
    assert np.array_equal(plan.outputs, net.forward(np.ones((1, 12))))
    net.forward(np.zeros((1, 12)))
    assert (plan.inputs == 1).all()
    assert net.plan(1, training=False) is plan
    with pytest.raises(EngineError, match="200,000,000 are allowed"):
        Network([Dense(10_000)], (1,)).plan(10_000_000)
    with pytest.raises(EngineError, match="m is 0"):
        net.plan(0)
    with pytest.raises(EngineError, match="steps is -1"):
        plan.source(-1)


def test_inputs_are_batch_first():
    plan = NETWORKS["images"]().plan(3)
    assert plan.inputs.shape == (3, 6, 7, 2)
    assert plan.targets.shape == plan.outputs.shape == (3, 2)


def test_a_tape_by_hand():
    tape = Tape()
    x = tape.new((3,), "x", fill=2.0)
    rate = tape.const(0.5, "rate")
    y = tape.do(np.multiply, x, rate, out=tape.new((3,), "y"), note="half")
    assert y.tolist() == [1, 1, 1]
    rate[...] = 2
    tape.run()
    assert y.tolist() == [4, 4, 4]
    assert [op.text for op in tape.step()] == ["np.multiply(x, rate, out=y)"]
    assert tape.ops[0].out is y


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("seeds", [(0, None), (7, None), (7, 3)])
def test_dropout_draws_what_a_trainer_of_the_same_seed_draws(optimizer, seeds):
    of_network, told = seeds

    def network() -> Network:
        layers = [Dense(6, "tanh"), Dropout(0.4), Dense(4, "tanh"), Dropout(0.2), Dense(2)]
        return Network(layers, (3,), seed=of_network)

    options = {} if told is None else {"seed": told}
    net = network()
    plan = filled(net, 5, optimizer=optimizer, learning_rate=0.05, **options)
    space: dict[str, object] = {}
    exec(plan.source(steps=6), space)
    for _ in range(6):
        plan.run()
    assert np.array_equal(space["parameters"], net.parameters)
    other = network()
    trainer = Trainer(other, optimizer, 0.05, seed=of_network if told is None else told)
    for _ in trainer.run(plan.inputs, plan.targets, epochs=6):
        pass
    assert np.array_equal(other.parameters, net.parameters)
    assert not np.array_equal(network().parameters, net.parameters)


def test_a_plan_is_kept_and_starts_like_a_new_one():
    layers = [Dense(6, "tanh"), Dropout(0.5), Dense(2)]
    net = Network(layers, (12,))
    start = net.parameters.copy()
    plan = filled(net, 4)
    plan.run()
    after = net.parameters.copy()
    plan.learning_rate[...] = 7
    net.parameters[...] = start
    again = net.plan(4)
    assert again is plan
    assert again.learning_rate == 0.2
    again.run()
    assert np.array_equal(net.parameters, after)


def test_plans_that_differ_are_apart():
    net = dense()
    plan = net.plan(4)
    others = [net.plan(3), net.plan(4, learning_rate=0.1), net.plan(4, seed=5),
              net.plan(4, training=False), net.plan(4, optimizer="adam")]  # fmt: skip
    assert all(other is not plan for other in others)
    assert plan.learning_rate == 0.2
    adam = filled(net, 4, optimizer="adam")
    adam.run()
    new = net.plan(4, optimizer="adam")
    assert new is not adam
    assert not new.buffers["moment1"].any()
    assert adam.buffers["moment1"].any()
