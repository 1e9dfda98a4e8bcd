"""Commands about training: until, batch, l2, dropout; and what is said where training diverges."""

from dataclasses import replace

import numpy as np
import pytest

from nnsim.engine import Trainer
from nnsim.experiments import load
from nnsim.lab import Lab, LabError
from nnsim.lab.training.runner import Runner


@pytest.fixture
def lab():
    return Lab(load("demons"))


@pytest.fixture
def dropping(random_labs):
    """A bench whose network has a dropout layer."""
    layers = [
        '{ type = "dense", name = "hidden", units = 6, activation = "tanh" }',
        '{ type = "dropout", name = "drop", rate = 0.5 }',
        '{ type = "dense", name = "out", units = 2, activation = "sigmoid" }',
    ]
    inputs = '{ kind = "vector", names = ["x", "y"] }'
    return random_labs.open(inputs, layers, "squared_error", np.random.default_rng(3), 2, 2)


def test_until_trains_to_an_epoch(lab):
    other = Lab(load("demons"))
    lab.run("train 3")
    assert "epoch 10 ·" in lab.run("until 10")
    other.run("train 10")
    assert np.array_equal(lab.network.parameters, other.network.parameters)
    lab.run("undo")
    assert lab.read("epoch") == 3


@pytest.mark.parametrize(("line", "sentence"), [
    ("until 3", "epoch 3 is not ahead, this is epoch 5; rewind 3 goes back"),
    ("until 5", "epoch 5 is not ahead, this is epoch 5; rewind 5 goes back"),
    ("until 0", "0 is out of range: 1 to 1000000000"),
    ("until 2.5", '"2.5" is not a whole number'),
    ("until", "say it like this: until N"),
    ("batch -1", "-1 is out of range: 0 to 64"),
    ("batch 65", "65 is out of range: 0 to 64"),
    ("batch all", '"all" is not a whole number'),
    ("l2 -0.1", "a penalty is not negative: -0.1"),
    ("l2 nan", '"nan" is not a finite number'),
    ("dropout hidden 0.5", "this network has no dropout layer"),
    ("dropout 0.5", "say it like this: dropout LAYER RATE"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_and_changes_nothing(lab, line, sentence):
    lab.run("train 5")
    before = lab.undo_state()
    with pytest.raises(LabError) as refusal:
        lab.run(line)
    assert str(refusal.value) == sentence
    assert lab.undo_state().training is before.training
    lab.run("undo")
    assert lab.read("epoch") == 0


@pytest.mark.parametrize(("line", "sentence"), [
    ("dropout hidden 0.5", "hidden is no dropout layer; there is drop"),
    ("dropout drop 1", "a dropout rate is at least 0 and below 1: 1"),
    ("dropout drop -0.1", "a dropout rate is at least 0 and below 1: -0.1"),
    ("dropout drop much", '"much" is not a number'),
])  # fmt: skip
def test_a_dropout_rate_that_makes_no_sense_is_refused(dropping, line, sentence):
    with pytest.raises(LabError) as refusal:
        dropping.run(line)
    assert str(refusal.value) == sentence
    assert dropping.network.layer("drop").rate == 0.5


def test_a_batch_is_what_one_update_takes(lab):
    assert lab.run("batch 10") == "an update takes 10 samples"
    lab.run("train 2")
    assert lab.trainer.updates == 14  # 64 samples in tens are 7 updates
    assert lab.run("batch 0") == "an update takes the whole set"
    lab.run("train 2")
    assert lab.trainer.updates == 16
    lab.run("undo 2")
    assert lab.trainer.batch_size == 10
    lab.run("undo 2")
    assert lab.trainer.batch_size is None


def test_the_penalty_is_part_of_the_gradient(lab):
    data, before = lab.experiment.data, lab.network.parameters.copy()
    plain = lab.network.gradients(data.inputs, data.targets)
    lab.run("l2 0.3")
    lab.run("train 1")
    weights = before.copy()  # ½·l2·Σw² has the slope l2·w, and biases have none
    for name, block in lab.network.blocks(weights).items():
        if name.endswith("bias"):
            block[:] = 0
    wanted = before - lab.trainer.learning_rate * (plain + 0.3 * weights)
    np.testing.assert_allclose(lab.network.parameters, wanted, rtol=1e-12)


def test_a_dropout_rate_is_undone_and_rewound(dropping):
    dropping.run("train 4")
    assert dropping.run("dropout drop 0.1") == "drop drops 0.1 of its inputs in training"
    dropping.run("train 4")
    after = dropping.network.parameters.copy()
    dropping.run("rewind 2")
    assert dropping.network.layer("drop").rate == 0.5
    dropping.run("rewind 4 1")
    dropping.run("train 4")  # the rate of 0.1 belongs to going on from epoch 4
    assert dropping.network.layer("drop").rate == 0.1
    assert np.array_equal(dropping.network.parameters, after)
    dropping.run("undo 4")
    assert dropping.network.layer("drop").rate == 0.1
    dropping.run("undo")
    assert dropping.network.layer("drop").rate == 0.5


def test_without_dropout_nothing_is_switched_off(dropping):
    data, net = dropping.experiment.data, dropping.network
    dropping.run("dropout drop 0")
    wanted = net.parameters - dropping.trainer.learning_rate * net.gradients(
        data.inputs, data.targets
    )
    dropping.run("train 1")
    np.testing.assert_allclose(net.parameters, wanted, rtol=1e-12)


def test_settings_go_with_the_epochs_of_the_timeline(lab):
    lab.run("train 3")
    lab.run("batch 16")
    lab.run("l2 0.01")
    lab.run("train 3")
    straight = lab.network.parameters.copy()
    lab.run("rewind 1")
    assert (lab.trainer.batch_size, lab.read("l2")) == (None, 0)
    lab.run("rewind 3 1")
    lab.run("train 3")
    assert np.array_equal(lab.network.parameters, straight)


# When it goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("threaded", [False, True])
def test_divergence_is_explained(threaded):
    lab = Lab(load("line"))
    run = finished(Runner(lab)) if threaded else lab.run
    lab.run("rate 1000")
    said = run("train 5000")
    epoch = lab.trainer.epoch
    assert f"training diverged in epoch {epoch + 1}, at learning rate 1000" in said
    assert said.endswith("the last finite parameters are kept; try reset, then rate 0.05")
    assert lab.experiment.training.learning_rate == 0.05  # what went well
    assert np.isfinite(lab.network.parameters).all()
    assert lab.read("diverged") == 1
    assert "the loss has overflowed" in said  # the square of an error that grows
    assert lab.timeline.run.last == epoch
    if threaded:
        assert lab.running.problem == said
        assert not lab.running.on


def finished(runner):
    def run(line):
        runner.run(line)
        assert runner.wait(30)
        return runner.lab.message

    return run


def test_which_number_overflowed_is_said(monkeypatch):
    monkeypatch.setattr(Trainer, "advance", lambda self, *_: setattr(self, "stopped", "diverged")
                        or "diverged")  # fmt: skip
    cases = {
        1e200: "the loss has overflowed",
        np.nan: "the loss has overflowed",
        0.5: "the next step would leave the finite numbers",
    }
    line = Lab(load("line"))
    # w·x = 1e153 is the error e; ½e² is finite, but the square of its slope e·x = 1e156 is not.
    data = replace(line.experiment.data, inputs=np.full((1, 1), 1e3), targets=np.zeros((1, 1)))
    line.experiment = replace(line.experiment, data=data)
    cases[1e150] = "the gradient is so large that its square overflows"
    for value, sentence in cases.items():
        line.network.parameters[:] = value
        line.changed(parameters=True)
        assert sentence in finished(Runner(line))("train 3")


def test_a_step_activation_is_refused_with_the_reason(random_labs):
    layers = ['{ type = "dense", name = "unit", units = 1, activation = "step" }']
    inputs = '{ kind = "vector", names = ["x", "y"] }'
    lab = random_labs.open(inputs, layers, "squared_error", np.random.default_rng(0), 2, 1)
    runner = Runner(lab)
    for run in (lab.run, runner.run):
        for line in ("train 3", "until 3"):
            with pytest.raises(ValueError, match="no gradient passes, so it can't be trained"):
                run(line)
    with pytest.raises(ValueError, match="step activation, whose slope is 0 everywhere"):
        runner.toggle()
    assert runner.live is None
    assert not lab.running.on


@pytest.mark.parametrize(("experiment", "line", "sentence"), [
    ("planar", "target 2", "target"),
    ("planar", "set target[1] -1", "target"),
    ("planar", "l2 1e300", "a penalty is at most 1e+100, not 1e300"),
    ("five-numbers", "batch 1", "norm takes the mean of each batch: give 2 samples or more"),
])  # fmt: skip
def test_the_bench_refuses_what_its_engine_would(experiment, line, sentence):
    lab = Lab(load(experiment), untrained=True)
    lab.run("sample 1")
    before = lab.target.copy()
    with pytest.raises(ValueError, match=sentence.replace("+", "[+]")):
        lab.run(line)
    np.testing.assert_array_equal(lab.target, before)
    assert lab.sample_loss >= 0


def test_a_number_that_32_bits_cannot_hold_is_refused():
    experiment = load("demons")
    lab = Lab(replace(experiment, network=replace(experiment.network, dtype="float32")))
    lab.run("set hidden[1].w[1] 1e30")
    with pytest.raises(LabError, match=r"1e[+]300 is too large for numbers of 32 bits"):
        lab.run("set hidden[1].b 1e300")
    assert np.isfinite(lab.network.parameters).all()


@pytest.mark.parametrize("threaded", [False, True])
def test_training_that_stops_early_says_so(lab, threaded):
    early = "stopped early, at the parameters of the lowest loss"
    assert early not in lab.run("train 1")
    lab.trainer.patience, lab.trainer.learning_rate = 1, 50.0
    run = finished(Runner(lab)) if threaded else lab.run
    assert run("train 500").endswith(early)
    assert lab.trainer.epoch < 500
    assert early not in lab.run("rewind 1")
