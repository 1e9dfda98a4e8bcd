"""The timeline: what is kept, going back, branches, and how much memory it takes."""

import contextlib
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnsim.experiments import load
from nnsim.lab import Lab, LabError
from nnsim.lab.training.timeline import MOST_BYTES, MOST_FRAMES, MOST_RUNS, is_kept


@pytest.fixture
def lab():
    lab = Lab(load("demons"))
    lab.run("sample 3")
    return lab


def mini_batches(lab):
    """Batches, dropout-free, with an optimiser that remembers: all that a state has to hold."""
    lab.trainer.batch_size = 10
    lab.run("optimizer adam")
    lab.run("rate 0.01")


# Going back -----------------------------------------------------------------------------------


def test_everything_is_of_the_epoch_gone_back_to(lab):
    read = ("epoch", "cost", "right", "output[1].a", "hidden[2].w[5]", "loss", "hidden[1].delta")
    then = {}
    for epoch in range(1, 6):
        lab.run("train 1")
        then[epoch] = {address: lab.read(address) for address in read}
        then[epoch]["why"] = lab.explain("output[1].a").worked
    for epoch in (2, 5, 1, 3):
        assert f"epoch {epoch}" in lab.run(f"rewind {epoch}")
        now = {address: lab.read(address) for address in read}
        assert now | {"why": lab.explain("output[1].a").worked} == then[epoch]
    assert lab.timeline.run.last == 5  # looking around starts no branch
    assert len(lab.timeline.runs) == 1


@pytest.mark.parametrize("line", ["train 20", "step"])
def test_training_from_there_gives_the_same_numbers(lab, line):
    mini_batches(lab)
    lab.run("train 10")
    lab.run(line)
    straight = lab.network.parameters.copy()
    lab.run("rewind 10")
    lab.run(line)
    assert np.array_equal(lab.network.parameters, straight)


def test_settings_are_those_of_the_epoch_and_of_going_on_from_it(lab):
    lab.run("train 10")
    lab.run("rate 0.5")
    lab.run("set l2 0.01")
    lab.run("optimizer momentum")
    lab.run("train 10")
    straight = lab.network.parameters.copy()
    lab.run("rewind 4")
    assert (lab.read("learning_rate"), lab.read("l2")) == (0.2, 0)
    assert lab.trainer.optimizer.name == "sgd"
    lab.run("rewind 10")  # from here the run went on with the new settings
    lab.run("train 10")
    assert np.array_equal(lab.network.parameters, straight)


def test_what_changes_while_training_goes_on_is_kept_too(lab, monkeypatch):
    monkeypatch.setattr("nnsim.lab.training.timeline.MOST_FRAMES", 12)
    steps = lab.training(100)
    rates = {}
    for line in ("rate 0.3", "optimizer adam", "rate 0.01", "optimizer sgd", "rate 0.1"):
        for _epoch in range(16):
            next(steps)
            rates[lab.trainer.epoch] = (lab.read("learning_rate"), lab.trainer.optimizer.name)
        lab.run(line)
    steps.close()
    for epoch in lab.timeline.run.epochs[1:-1]:
        lab.run(f"rewind {epoch}")
        assert (lab.read("learning_rate"), lab.trainer.optimizer.name) == rates[epoch]


def test_single_updates_make_epochs(lab):
    mini_batches(lab)
    for _step in range(6):
        lab.run("step")
    assert lab.read("epoch") == 0
    assert lab.timeline.run.epochs == (0,)
    assert "update 7 · epoch 1" in lab.run("step")  # 64 samples in tens are 7 batches
    assert lab.timeline.run.epochs == (0, 1)
    whole = Lab(load("demons"))
    mini_batches(whole)
    whole.run("train 1")
    assert np.array_equal(lab.network.parameters, whole.network.parameters)
    lab.run("step")
    lab.run("rewind 1")  # to the end of the epoch
    assert np.array_equal(lab.network.parameters, whole.network.parameters)
    lab.run("undo")
    assert lab.trainer.updates == 8


def test_divergence_is_behind_when_the_bench_is_rewound():
    lab = Lab(load("line"))
    lab.run("rate 1000")
    lab.run("train 500")
    assert lab.read("diverged") == 1
    lab.run("rewind 0")
    assert lab.read("diverged") == 0
    assert np.array_equal(lab.network.parameters, lab.start)


def test_an_experiment_that_opens_trained_has_its_epochs():
    lab = Lab(load("digits-4x3"))
    untrained = Lab(load("digits-4x3"), untrained=True)
    assert lab.read("epoch") == lab.timeline.run.last == 100
    lab.run("rewind 0")
    assert np.array_equal(lab.network.parameters, untrained.network.parameters)
    assert not lab.can_redo


# Branches -------------------------------------------------------------------------------------


def runs(lab):
    return [(run.number, run.parent, run.fork, run.last) for run in lab.timeline.runs]


def test_training_on_from_the_past_starts_a_branch(lab):
    lab.run("train 20")
    first = lab.network.parameters.copy()
    lab.run("rewind 8")
    assert runs(lab) == [(1, None, None, 20)]
    lab.run("rate 1")
    lab.run("train 4")
    assert runs(lab) == [(1, None, None, 20), (2, 1, 8, 12)]
    lab.run("train 1")
    assert runs(lab)[1] == (2, 1, 8, 13)
    one, two = lab.timeline.runs
    assert two.frames[:8] == one.frames[:8]  # shared, not copied
    assert two.curve()[:8] == one.curve()[:8]
    assert two.curve()[12] != one.curve()[12]
    lab.run("rewind 20 1")
    assert np.array_equal(lab.network.parameters, first)
    assert lab.timeline.current == 1
    lab.run("train 1")  # at its end: no branch
    assert runs(lab) == [(1, None, None, 21), (2, 1, 8, 13)]
    with pytest.raises(LabError, match="run 2 has 0 to 13"):
        lab.run("rewind 20 2")


def test_a_weight_set_by_hand_is_a_state_too(lab):
    lab.run("set hidden[1].b 1")  # nothing was trained: still the start
    assert runs(lab) == [(1, None, None, 0)]
    lab.run("train 10")
    lab.run("set hidden[1].b 2")
    lab.run("set hidden[1].b 3")
    assert runs(lab) == [(1, None, None, 10), (2, 1, 10, 10)]
    lab.run("train 5")
    lab.run("rewind 0")
    assert lab.read("hidden[1].b") == 1
    lab.run("rewind 10")
    assert lab.read("hidden[1].b") == 3
    lab.run("rewind 10 1")
    assert lab.read("hidden[1].b") not in (1, 3)
    lab.run("rewind 5 1")
    lab.run("set hidden[1].b 7")
    assert runs(lab)[2] == (3, 1, 5, 5)
    lab.run("undo")
    assert len(lab.timeline.runs) == 2


@pytest.mark.parametrize("line", ["reset", "seed 9", "start xavier"])
def test_a_new_start_is_a_run_of_its_own(lab, line):
    lab.run(line)
    assert runs(lab) == [(1, None, None, 0)]
    start = lab.network.parameters.copy()
    lab.run("train 6")
    lab.run(line)
    lab.run("train 2")
    assert runs(lab) == [(1, None, None, 6), (2, None, None, 2)]
    lab.run("seed 4")
    lab.run("rewind 6 1")
    lab.run("reset")  # to the start of that run
    assert np.array_equal(lab.network.parameters, start)


def test_a_run_from_before_a_collapse_can_be_gone_back_to(random_labs):
    layers = [
        '{ type = "dense", name = "one", units = 4 }',
        '{ type = "dense", name = "two", units = 2, activation = "sigmoid" }',
    ]
    inputs = '{ kind = "vector", names = ["a", "b"] }'
    lab = random_labs.open(inputs, layers, "squared_error", np.random.default_rng(0), 2, 2)
    lab.run("train 5")
    parameters, cost = lab.network.parameters.copy(), lab.read("cost")
    lab.run("collapse")
    lab.run("train 3")
    assert runs(lab) == [(1, None, None, 5), (2, None, None, 8)]
    one, two = lab.timeline.runs
    assert one.curve()[-1].cost == pytest.approx(cost, rel=1e-12)
    assert two.curve()[0].cost == pytest.approx(cost, rel=1e-12)
    with pytest.raises(LabError, match="run 2 has 5 to 8"):
        lab.run("rewind 4")
    lab.run("focus two[1].w[2]")
    lab.run("rewind 5 1")
    assert [names.name for names in lab.names.layers] == ["one", "two"]
    assert np.array_equal(lab.network.parameters, parameters)
    lab.run("undo")
    assert [names.name for names in lab.names.layers] == ["two"]
    assert lab.read("epoch") == 8


def test_another_experiment_has_a_timeline_of_its_own():
    lab = Lab(load("demons"), load=load)
    lab.run("train 3")
    lab.run("experiment xor")
    assert runs(lab) == [(1, None, None, 0)]
    lab.run("undo")
    assert runs(lab) == [(1, None, None, 3)]
    lab.run("rewind 1")


def test_only_the_last_runs_are_kept(lab):
    for _run in range(MOST_RUNS + 3):
        lab.run("reset")
        lab.run("train 1")
    assert len(lab.timeline.runs) == MOST_RUNS
    assert lab.timeline.run is lab.timeline.runs[-1]
    with pytest.raises(LabError, match="no run 1"):
        lab.run("rewind 0 1")


# Curves ---------------------------------------------------------------------------------------


def test_curves_are_what_the_bench_reads_and_leave_it_alone(lab):
    costs = [lab.read("cost")]
    for _epoch in range(4):
        lab.run("train 1")
        costs.append(lab.read("cost"))
    lab.run("mute hidden[1]")  # curves are of whole networks
    before = lab.network.parameters.copy()
    curve = lab.timeline.run.curve()
    assert [point.epoch for point in curve] == [0, 1, 2, 3, 4]
    assert [point.cost for point in curve] == pytest.approx(costs, rel=1e-12)
    assert curve[0].right == 56  # of the hand-set demons, as published with the experiment
    assert curve[0].accuracy == 56 / 64
    assert np.array_equal(lab.network.parameters, before)
    assert lab.timeline.run.curve()[2] is curve[2]  # computed once


def test_the_timeline_can_be_read_while_training_goes_on(lab):
    steps = lab.training(50)
    for epoch in range(1, 31):
        next(steps)
        assert lab.timeline.run.last == epoch
    assert [point.epoch for point in lab.timeline.run.curve()] == list(range(31))
    steps.close()
    assert lab.timeline.run.epochs == tuple(range(31))
    lab.run("rewind 12")
    assert lab.read("epoch") == 12


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(
    ["rate 1", "rewind 1", "rewind 0", "set hidden[1].b 1", "reset", "seed 2", "undo", "redo",
     "optimizer adam", "pixel 3", "rewind 999", "step", "train 2", "mute hidden[1]", "unmute",
     "experiment xor", "plant doubled hidden", ""]
), max_size=12))  # fmt: skip
def test_commands_can_be_run_while_training_goes_on(lines):
    lab = Lab(load("demons"), load=load)
    steps = lab.training(30)
    for line in lines:
        epoch, trainer, muted = lab.trainer.epoch, lab.trainer, bool(lab.network.muted)
        if next(steps, None) is not None:
            assert lab.trainer is trainer
            assert lab.trainer.epoch == epoch + 1
            assert not muted
        if line:
            with contextlib.suppress(ValueError):
                lab.run(line)
        run = lab.timeline.run
        assert list(run.epochs) == sorted(set(run.epochs))
        assert run.first <= lab.trainer.epoch <= run.last == run.epochs[-1]
    steps.close()
    for run in lab.timeline.runs:
        for frame in run.frames:
            lab.run(f"rewind {frame.epoch} {run.number}")
            assert np.array_equal(lab.network.parameters, frame.parameters)


# Thinning -------------------------------------------------------------------------------------


def test_fewer_digits_keep_fewer_epochs_and_early_ones_all():
    assert [e for e in range(40) if is_kept(e, 3)] == [
        *range(9), 10, 12, 14, 16, 20, 24, 28, 32,
    ]  # fmt: skip
    assert [e for e in range(70) if is_kept(e, 1)] == [0, 1, 2, 4, 8, 16, 32, 64]
    assert [e for e in range(70) if is_kept(e, 0)] == [0, 1, 4, 16, 64]
    assert [e for e in range(300) if is_kept(e, -1)] == [0, 1, 16, 256]


@given(st.integers(0, 10**9), st.integers(-8, 40))
def test_what_few_digits_keep_more_keep_too(epoch, digits):
    assert is_kept(epoch, digits + 1) or not is_kept(epoch, digits)
    assert is_kept(0, digits)
    assert is_kept(epoch, 64)


@pytest.mark.parametrize("batches", [False, True])
def test_memory_stays_within_its_bound(lab, batches, monkeypatch):
    most = 400_000
    monkeypatch.setattr("nnsim.lab.training.timeline.MOST_BYTES", most)
    if batches:
        mini_batches(lab)
    lab.run("train 2")
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    lab.run("train 1500")
    lab.timeline.run.curve()
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    run = lab.timeline.run
    assert run.size <= most
    assert held <= most * 1.25 + 100_000  # and the tapes of training and of reading
    assert run.size > most / 3  # and the room is used
    dense = 16 if batches else 60
    assert run.epochs[:dense] == tuple(range(dense))
    assert run.last == run.epochs[-1] == 1502


def test_large_numbers_of_epochs_are_bounded_too(lab, monkeypatch):
    monkeypatch.setattr("nnsim.lab.training.timeline.MOST_FRAMES", 100)
    lab.run("train 1000")
    lab.run("rewind 16")
    lab.run("train 1000")
    run = lab.timeline.run
    assert len(run.frames) <= 100
    assert {0, 16, 1016} <= set(run.epochs)
    gaps = np.diff(run.epochs)
    assert (gaps[:16] == 1).all()
    said = lab.run("rewind 1001")
    assert "epoch 1001 is not kept" in said
    nearest = min(run.epochs, key=lambda epoch: abs(epoch - 1001))
    assert lab.read("epoch") == nearest
    assert MOST_FRAMES * 500 < MOST_BYTES


@pytest.mark.parametrize("most", [0, 5_000, 9_000, 20_000])
def test_a_network_that_is_too_large_for_many_epochs(lab, monkeypatch, most):
    monkeypatch.setattr("nnsim.lab.training.timeline.MOST_BYTES", most)
    lab.run("reset")
    lab.run("train 40")
    straight = lab.network.parameters.copy()
    run = lab.timeline.run
    assert run.size <= most
    if not most:
        with pytest.raises(LabError, match="too large to keep"):
            lab.run("rewind 10")
        assert np.array_equal(lab.network.parameters, straight)
        return
    assert 40 in run.epochs
    lab.run("rewind 10")
    assert lab.read("epoch") in run.epochs
    lab.run("train 3")
    assert lab.timeline.run.size <= most


# Undo -----------------------------------------------------------------------------------------

LINES = ["train 3", "step", "rewind 2", "rewind 0", "rewind 1 1", "reset", "set hidden[1].b 0.5",
         "seed 3", "undo", "redo", "optimizer adam", "train 20"]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=14))
def test_every_epoch_that_is_kept_can_be_gone_back_to(lines):
    lab = Lab(load("demons"))
    lab.trainer.batch_size = 30
    for line in lines:
        try:
            lab.run(line)
        except LabError:
            continue
        timeline = lab.timeline
        assert timeline.run.first <= lab.trainer.epoch <= timeline.run.last
        for run in timeline.runs:
            assert list(run.epochs) == sorted(set(run.epochs))
            assert run.frames[-1].epoch == run.last
    for run in lab.timeline.runs:
        for frame in run.frames:
            lab.run(f"rewind {frame.epoch} {run.number}")
            assert np.array_equal(lab.network.parameters, frame.parameters)
            assert lab.trainer.epoch == frame.epoch
    while lab.can_undo:
        lab.run("undo")
    assert runs(lab) == [(1, None, None, 0)]
    assert np.array_equal(lab.network.parameters, lab.start)


def test_a_timeline_on_the_way_costs_undo_no_steps(lab):
    lab.run("train 3000")
    for i in range(300):
        lab.run(f"pixel {i % 12 + 1}")
    steps = 0
    while lab.can_undo:
        lab.run("undo")
        steps += 1
    assert steps == 302  # the sample, the training and the pixels
