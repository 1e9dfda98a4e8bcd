"""Training in a thread: the same numbers as without one, and any command meanwhile."""

import contextlib
import gc
import itertools
import sys
import threading
import time
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnsim.engine import Trainer
from nnsim.experiments import load
from nnsim.lab import Lab, LabError
from nnsim.lab.reading.metrics import measure
from nnsim.lab.training.live import PACES, Live
from nnsim.lab.training.runner import Runner

LAYERS = [
    '{ type = "dense", name = "hidden", units = 5, activation = "tanh" }',
    '{ type = "batch_norm", name = "norm" }',
    '{ type = "dropout", name = "drop", rate = 0.3 }',
    '{ type = "dense", name = "out", units = 2, activation = "softmax" }',
]


@pytest.fixture
def lab():
    return Lab(load("demons"))


@pytest.fixture
def drawing(random_labs):
    """Benches whose training draws: shuffled batches, dropout; and has running statistics."""

    def make() -> Lab:
        inputs = '{ kind = "vector", names = ["x", "y"] }'
        loss, rng = "softmax_cross_entropy", np.random.default_rng(5)
        lab = random_labs.open(inputs, LAYERS, loss, rng, 2, 2)
        lab.run("batch 2")  # of 3 samples
        lab.run("optimizer adam")
        return lab

    return make


def finish(runner: Runner, line: str) -> str:
    """Run a line to its end."""
    runner.run(line)
    assert runner.wait(60)
    return runner.lab.message


def poll_until(runner: Runner, condition) -> None:
    """Poll as a screen does, until the bench is as wanted."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        runner.poll()
        time.sleep(0.001)


def same(one: Lab, other: Lab) -> None:
    """Both have the same numbers, and the same past."""
    assert np.array_equal(one.network.parameters, other.network.parameters)
    assert np.array_equal(one.network.running, other.network.running)
    assert one.trainer.epoch == other.trainer.epoch
    assert one.trainer.updates == other.trainer.updates
    for name, slot in one.trainer.optimizer.slots.items():
        assert np.array_equal(slot, other.trainer.optimizer.slots[name])
    run, wanted = one.timeline.run, other.timeline.run
    assert run.epochs == wanted.epochs
    for frame, twin in zip(run.frames, wanted.frames, strict=True):
        assert np.array_equal(frame.parameters, twin.parameters)
        assert str(frame.state()) == str(twin.state())


# The same numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["demons", "line", "digits-4x3"])
def test_numbers_are_those_of_training_without_a_thread(name):
    lab, plain = (Lab(load(name), untrained=True) for _copy in range(2))
    assert finish(Runner(lab), "train 50") == plain.run("train 50")
    same(lab, plain)
    assert lab.read("cost") == plain.read("cost")


def test_what_training_draws_is_drawn_as_without_a_thread(drawing):
    lab, plain = drawing(), drawing()
    finish(Runner(lab), "train 40")
    plain.run("train 40")
    same(lab, plain)


def test_a_schedule_spans_what_was_asked_for(lab):
    plain = Lab(load("demons"))
    for bench in (lab, plain):
        bench.trainer.schedule = "cosine"
    finish(Runner(lab), "train 20")
    plain.run("train 20")
    same(lab, plain)


def test_pausing_and_going_on_changes_no_number(drawing):
    lab, plain = drawing(), drawing()
    runner = Runner(lab)
    runner.run("until 3000")
    pauses = 0
    while lab.trainer.epoch < 3000:
        pauses += 1
        if runner.live is None:
            runner.toggle()
        assert runner.live is not None
        runner.live._trainer.interrupt()  # in the midst of an epoch, now and then
        runner.live.wait(0.02)
        runner.pause()
    assert pauses > 2
    plain.run("until 3000")
    assert np.array_equal(lab.network.parameters, plain.network.parameters)
    assert lab.trainer.updates == plain.trainer.updates
    assert str(lab.trainer.state()) == str(plain.trainer.state())


def test_update_by_update_is_the_same_too(drawing):
    lab, plain = drawing(), drawing()
    runner = Runner(lab)
    runner.change_pace(-1)
    assert runner.lab.running.pace == 1000
    finish(runner, "train 20")
    plain.run("train 20")
    same(lab, plain)


def test_a_snapshot_never_changes(lab):
    live = Live(lab.experiment, lab.trainer, lab.timeline)
    live.start()
    taken = []
    while len(taken) < 5:
        snapshot = live.poll()
        if snapshot is not None:
            parameters, line = snapshot.state["parameters"].copy(), snapshot.timeline
            taken.append((snapshot, parameters, len(line.runs), line.run.epochs))
    live.stop()
    for snapshot, parameters, runs, epochs in taken:
        assert np.array_equal(snapshot.state["parameters"], parameters)
        assert len(snapshot.timeline.runs) == runs
        assert snapshot.timeline.run.epochs == epochs
        assert epochs[-1] == snapshot.epoch
    assert [snapshot.epoch for snapshot, *_rest in taken] == sorted(
        snapshot.epoch for snapshot, *_rest in taken
    )


@pytest.mark.parametrize("name", ["demons", "line", "score"])
def test_metrics_are_those_of_the_network_on_the_bench(name):
    lab = Lab(load(name))
    runner = Runner(lab)
    runner.toggle()
    poll_until(runner, lambda: lab.trainer.epoch > 20)
    found = lab.metrics
    lab.changed(parameters=True)
    wanted = lab.metrics
    for field in ("cost", "accuracy", "right", "samples", "test_accuracy", "test_cost"):
        assert getattr(found, field) == getattr(wanted, field)
    assert np.array_equal(found.readings, wanted.readings)
    runner.pause()
    assert lab.metrics is not found


def test_snapshots_take_a_share_of_the_time_only(lab, monkeypatch):
    calls = []

    def slow(network, experiment):
        calls.append(time.monotonic())
        time.sleep(0.05)
        return measure(network, experiment)

    monkeypatch.setattr("nnsim.lab.training.live.measure", slow)
    runner = Runner(lab)
    runner.toggle()
    poll_until(runner, lambda: len(calls) > 3)
    runner.pause()
    assert min(b - a for a, b in itertools.pairwise(calls)) > 4 * 0.05


def test_the_bench_stays_as_it_is_between_two_polls(lab):
    runner = Runner(lab)
    runner.toggle()
    poll_until(runner, lambda: lab.trainer.epoch > 10)
    before = lab.trainer.state()
    time.sleep(0.05)
    assert str(lab.trainer.state()) == str(before)
    assert lab.timeline.run.last == before["epoch"]
    runner.pause()


# Along the timeline -----------------------------------------------------------------------------


def test_training_on_after_a_rewind_is_a_branch(lab):
    plain = Lab(load("demons"))
    runner = Runner(lab)
    finish(runner, "train 30")
    runner.run("rewind 10")
    runner.run("rate 0.5")
    finish(runner, "until 30")
    for line in ("train 30", "rewind 10", "rate 0.5", "train 20"):
        plain.run(line)
    same(lab, plain)
    assert [(run.number, run.parent, run.fork) for run in lab.timeline.runs] == [
        (1, None, None), (2, 1, 10),
    ]  # fmt: skip


def test_going_back_while_it_runs_pauses(lab):
    runner = Runner(lab)
    runner.toggle()
    poll_until(runner, lambda: lab.trainer.epoch > 100)
    assert "training is paused" in runner.run("rewind 50")
    assert runner.live is None
    assert lab.trainer.epoch == 50
    runner.toggle()
    poll_until(runner, lambda: lab.trainer.epoch > 100)
    runner.pause()
    assert lab.timeline.run.fork == 50


@pytest.mark.parametrize("line", ["reset", "seed 4", "start xavier"])
def test_training_goes_on_from_a_new_start(lab, line):
    plain = Lab(load("demons"))
    runner = Runner(lab)
    runner.toggle()
    poll_until(runner, lambda: lab.trainer.epoch > 100)
    runner.run(line)
    assert lab.running.on
    poll_until(runner, lambda: lab.trainer.epoch > 0)
    runner.pause()
    plain.run("train 1")
    plain.run(line)
    plain.run(f"train {lab.trainer.epoch}")
    assert np.array_equal(lab.network.parameters, plain.network.parameters)
    assert len(lab.timeline.runs) == 2


def test_only_so_much_is_kept(lab, monkeypatch):
    monkeypatch.setattr("nnsim.lab.training.timeline.MOST_FRAMES", 100)
    runner = Runner(lab)
    runner.toggle()
    poll_until(runner, lambda: lab.trainer.epoch > 3000)
    assert len(lab.timeline.run.frames) <= 100
    runner.pause()
    run = lab.timeline.run
    assert len(run.frames) <= 100
    assert run.epochs[:2] == (0, 1)
    assert run.epochs[-1] == lab.trainer.epoch
    for frame in run.frames[:: len(run.frames) // 7]:
        runner.run(f"rewind {frame.epoch}")
        assert np.array_equal(lab.network.parameters, frame.parameters)


# Commands meanwhile -----------------------------------------------------------------------------


@pytest.mark.parametrize(("line", "read", "value"), [
    ("rate 0.05", lambda lab: lab.trainer.learning_rate, 0.05),
    ("set learning_rate 0.07", lambda lab: lab.trainer.learning_rate, 0.07),
    ("optimizer sgd", lambda lab: lab.trainer.optimizer.name, "sgd"),
    ("batch 3", lambda lab: lab.trainer.batch_size, 3),
    ("l2 0.01", lambda lab: lab.network.l2, 0.01),
    ("dropout drop 0.6", lambda lab: lab.network.layer("drop").rate, 0.6),
    ("set hidden[1].w[1] 0.25", lambda lab: lab.timeline.current, 2),
    ("plant doubled out", lambda lab: lab.network.bug, ("doubled", 3)),
])  # fmt: skip
def test_what_is_set_meanwhile_counts_from_then_on(drawing, line, read, value):
    lab, plain = drawing(), drawing()
    runner = Runner(lab)
    runner.run("until 100000")
    poll_until(runner, lambda: lab.trainer.epoch > 20)
    runner.run(line)
    at = lab.timeline.run.frames[-1].updates
    assert read(lab) == value
    assert lab.running.on
    poll_until(runner, lambda: lab.trainer.updates > at + 20)
    runner.pause()
    assert read(lab) == value
    # The same without a thread: so many updates, the command, so many more.
    change = runner_history(lab)
    for count, between in change:
        for _update in range(count):
            plain.run("step")
        if between:
            plain.run(between)
    assert np.array_equal(lab.network.parameters, plain.network.parameters)


def runner_history(lab: Lab) -> list[tuple[int, str]]:
    """How many updates were made before and after the last command, from what undo knows."""
    end = lab.trainer.updates
    trained = lab.run("undo").removeprefix("undid: ")
    assert trained.startswith("train ")
    middle = lab.trainer.updates
    line = lab.run("undo").removeprefix("undid: ")
    lab.run("redo 2")
    return [(middle, line), (end - middle, "")]


def test_the_input_and_a_walk_leave_training_alone(lab):
    runner = Runner(lab)
    runner.toggle()
    live = runner.live
    poll_until(runner, lambda: lab.trainer.epoch > 10)
    epoch = lab.trainer.epoch
    for line in ("paint 111/101/101/111", "pixel 1", "sample 3", 'target "1"', "focus hidden[2].z",
                 "set input[2] 0.5", "set target[1] 0.2", "forward", "next", "last", "clear",
                 'circuit "x*y" x=2 y=3', "set x 4", "next"):  # fmt: skip
        runner.run(line)
        assert runner.live is live
        assert lab.trainer.epoch == epoch
    runner.pause()


def test_what_was_trained_between_two_commands_is_one_change(lab):
    runner = Runner(lab)
    runner.toggle()
    poll_until(runner, lambda: lab.trainer.epoch > 10)
    runner.run("pixel 1 1")
    first = lab.trainer.epoch
    poll_until(runner, lambda: lab.trainer.epoch > first)
    runner.run("rate 0.5")
    second = lab.timeline.run.frames[-1].epoch
    poll_until(runner, lambda: lab.trainer.epoch > second)
    assert runner.run("undo").startswith("undid: train ")  # it pauses first
    assert runner.live is None
    assert lab.read("learning_rate") == 0.5
    runner.run("undo")
    assert lab.read("learning_rate") == 0.2
    middle = lab.trainer.epoch
    assert first < middle <= second
    runner.run("undo")
    assert (lab.trainer.epoch, lab.input[0]) == (first, 1)
    runner.run("undo")
    assert (lab.trainer.epoch, lab.input[0]) == (first, 0)
    runner.run("undo")
    assert lab.trainer.epoch == 0
    assert not lab.can_undo
    runner.run("redo 5")
    assert lab.read("learning_rate") == 0.5
    assert lab.trainer.epoch > middle


def test_the_strokes_of_a_drag_are_one_change_while_it_trains(lab):
    runner = Runner(lab)
    runner.toggle()
    poll_until(runner, lambda: lab.trainer.epoch > 10)
    runner.run("pixel 1 1")
    for pixel in range(2, 6):
        epoch = lab.trainer.epoch
        poll_until(runner, lambda epoch=epoch: lab.trainer.epoch > epoch)
        runner.run(f"pixel {pixel} 1", merge=True)
    runner.pause()
    painted = lab.input.copy()
    runner.run("undo")
    assert np.array_equal(lab.input, painted)
    runner.run("undo")
    assert not lab.input.any()
    runner.run("undo")
    assert lab.trainer.epoch == 0
    runner.run("redo 3")
    assert np.array_equal(lab.input, painted)


def test_training_that_was_given_up_can_be_undone(lab):
    start = lab.network.parameters.copy()
    runner = Runner(lab)
    runner.run("train 10000000")
    poll_until(runner, lambda: lab.trainer.epoch > 7)
    runner.pause()
    end = lab.network.parameters.copy()
    lab.run("undo")
    assert np.array_equal(lab.network.parameters, start)
    assert lab.read("epoch") == 0
    lab.run("redo")
    assert np.array_equal(lab.network.parameters, end)


def test_a_command_that_is_refused_changes_nothing_and_training_goes_on(lab):
    runner = Runner(lab)
    runner.run("until 10000000")
    poll_until(runner, lambda: lab.trainer.epoch > 10)
    for line in ("rate -1", "optimizer fastest", "until 3", "train 0", "pixel 99", "nonsense",
                 "set", "set hidden[9].b 1", "rewind 999999999"):  # fmt: skip
        with pytest.raises(ValueError, match=r"\w"):
            runner.run(line)
        assert lab.running.on
        assert lab.running.target == 10000000
        assert runner.live is not None
        assert runner.live.until == 10000000
    epoch = lab.trainer.epoch
    poll_until(runner, lambda: lab.trainer.epoch > epoch)
    runner.pause()
    runner.run("undo")
    assert lab.trainer.epoch == 0


def test_training_to_another_epoch_takes_the_place_of_what_runs(lab):
    runner = Runner(lab)
    runner.toggle()
    assert lab.running.target is None
    poll_until(runner, lambda: lab.trainer.epoch > 10)
    before = lab.trainer.epoch
    finish(runner, "train 20")
    assert lab.trainer.epoch >= before + 20
    plain = Lab(load("demons"))
    plain.run(f"train {lab.trainer.epoch}")
    assert np.array_equal(lab.network.parameters, plain.network.parameters)
    assert not lab.running.on
    assert lab.running.target is None


def test_a_paused_training_goes_on_to_its_epoch(lab):
    runner = Runner(lab)
    runner.run("until 5000000")
    runner.pause()
    assert 0 <= lab.trainer.epoch < 5000000
    assert lab.running.target == 5000000
    runner.toggle()
    assert runner.live.until == 5000000
    runner.pause()
    finish(runner, f"until {lab.trainer.epoch + 5}")
    runner.toggle()  # that one is behind: without end
    assert runner.live.until is None
    runner.pause()


@pytest.mark.parametrize("line", ["reset", "rate 0.1", "undo", "rewind 0", "experiment line"])
def test_after_another_command_training_has_no_end_of_before(line):
    lab = Lab(load("demons"), load=load)
    runner = Runner(lab)
    runner.run("until 5000000")
    poll_until(runner, lambda: lab.trainer.epoch > 10)
    runner.pause()
    runner.run("pixel 3")
    assert lab.running.target == 5000000
    runner.run(line)
    assert lab.running.target is None


def test_muting_a_unit_pauses_with_the_reason(lab):
    runner = Runner(lab)
    runner.toggle()
    poll_until(runner, lambda: lab.trainer.epoch > 10)
    message = runner.run("mute hidden[2]")
    assert "hidden[2] would not count in training; type unmute first" in message
    assert runner.live is None
    with pytest.raises(LabError, match="would not count in training"):
        runner.toggle()
    with pytest.raises(LabError, match="would not count in training"):
        runner.run("train 5")
    assert lab.network.muted == {0: (1,)}


def test_another_experiment_pauses():
    lab = Lab(load("demons"), load=load)
    runner = Runner(lab)
    runner.toggle()
    poll_until(runner, lambda: lab.trainer.epoch > 10)
    assert "training is paused" in runner.run("experiment line")
    assert lab.experiment.id == "line"
    finish(runner, "train 3")
    assert lab.trainer.epoch == 3
    runner.run("undo 2")
    assert lab.experiment.id == "demons"
    assert lab.trainer.epoch > 10


def test_without_data_there_is_no_training(tmp_path):
    path = tmp_path / "bare.toml"
    path.write_text("""
input = { kind = "vector", names = ["x"] }
[network]
layers = [{ type = "dense", name = "unit", units = 1 }]
""", encoding="utf-8")  # fmt: skip
    runner = Runner(Lab(load(path)))
    with pytest.raises(ValueError, match="no data to train on"):
        runner.toggle()
    with pytest.raises(ValueError, match="no data to train on"):
        runner.run("train 3")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(
    ["rate 1", "rewind 1", "rewind 0", "set hidden[1].b 1", "reset", "seed 2", "undo", "redo",
     "optimizer adam", "pixel 3", "rewind 999", "step", "train 2", "until 9", "mute hidden[1]",
     "unmute", "experiment xor", "plant doubled hidden", "focus hidden[1].z", "focus loss",
     "sample 3", "collapse", "batch 7", "l2 0.1", "toggle", "toggle", "poll", "poll", "wait",
     "slower", "faster"]
), max_size=14))  # fmt: skip
def test_any_commands_while_training_keep_the_past_in_order(lines):
    lab = Lab(load("demons"), load=load)
    runner = Runner(lab)
    for line in lines:
        with contextlib.suppress(ValueError):
            if line == "wait":
                runner.wait(0.003)
            elif line in ("slower", "faster"):
                runner.change_pace(-3 if line == "slower" else 3)
            elif line in ("toggle", "poll"):
                getattr(runner, line)()
            else:
                runner.run(line)
        assert lab.running.on == (runner.live is not None)
        run = lab.timeline.run
        assert list(run.epochs) == sorted(set(run.epochs))
        assert run.first <= lab.trainer.epoch <= run.last == run.epochs[-1]
    runner.pause()
    for run in lab.timeline.runs:
        for frame in run.frames[:: max(1, len(run.frames) // 5)]:
            lab.run(f"rewind {frame.epoch} {run.number}")
            assert np.array_equal(lab.network.parameters, frame.parameters)
    while lab.can_undo:
        lab.run("undo")
    fresh = Lab(load("demons"))
    assert lab.experiment.id == "demons"
    assert np.array_equal(lab.network.parameters, fresh.network.parameters)
    assert (lab.trainer.epoch, lab.read("learning_rate")) == (0, 0.2)
    assert np.array_equal(lab.input, fresh.input)


def test_memory_of_undo_counts_what_was_trained_once(lab):
    runner = Runner(lab)
    runner.toggle()
    for pixel in range(1, 10):
        epoch = lab.trainer.epoch
        poll_until(runner, lambda epoch=epoch: lab.trainer.epoch > epoch + 100)
        runner.run(f"pixel {pixel} 1")
    runner.pause()
    kept = lab.timeline.run.size
    moments = [step.state for step in lab._history._done]
    assert sum(moment.grown for moment in moments) < 3 * kept + 10**5


# Threads ----------------------------------------------------------------------------------------


def trainings() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "nnsim training"]


def test_starting_and_stopping_often_leaves_no_thread_and_no_garbage(lab):
    runner = Runner(lab)
    usual = sys.getswitchinterval()
    gc.collect()
    gc.disable()
    try:
        refs = []
        for cycle in range(50):
            runner.toggle()
            refs.append(weakref.ref(runner.live))
            if cycle % 3:
                runner.poll()
            runner.pause()
            assert not trainings()
        assert sum(ref() is not None for ref in refs) <= 1  # without the collector
    finally:
        gc.enable()
    assert sys.getswitchinterval() == pytest.approx(usual)


def test_threads_take_short_turns_only_while_training(lab):
    usual = sys.getswitchinterval()
    first, second = Runner(lab), Runner(Lab(load("line")))
    first.toggle()
    second.toggle()
    poll_until(first, lambda: lab.trainer.epoch > 0)
    assert sys.getswitchinterval() == pytest.approx(0.001)
    first.pause()
    assert sys.getswitchinterval() == pytest.approx(0.001)
    second.pause()
    assert sys.getswitchinterval() == pytest.approx(usual)


def test_an_error_in_the_thread_is_told_and_leaves_the_bench_whole(lab, monkeypatch):
    advance, calls = Trainer.advance, []

    def failing(self, samples, updates=None):
        calls.append(1)
        if len(calls) > 20:
            self.network.parameters[:] = np.nan  # in the midst of something
            raise MemoryError("no room for 3 numbers")
        return advance(self, samples, updates)

    monkeypatch.setattr(Trainer, "advance", failing)
    runner = Runner(lab)
    runner.run("train 1000")
    assert runner.wait(60)
    problem = "training was stopped by an error: MemoryError: no room for 3 numbers"
    assert lab.message == problem
    assert lab.running.problem == problem
    assert not lab.running.on
    assert np.isfinite(lab.network.parameters).all()
    assert lab.timeline.run.last == lab.trainer.epoch
    monkeypatch.undo()
    finish(runner, "train 5")
    assert lab.running.problem == ""


def test_snapshots_of_another_stretch_are_stale(lab):
    runner = Runner(lab)
    runner.toggle()
    old = runner.live
    poll_until(runner, lambda: lab.trainer.epoch > 10)
    runner.run("reset")
    stale = old.stop()
    before = lab.trainer.epoch
    assert stale.epoch > 10
    runner._take(stale)
    assert lab.trainer.epoch == before
    assert runner.live is not None
    runner.pause()


def test_stopping_does_not_wait_for_a_long_update(lab, monkeypatch):
    advance, running, end = Trainer.advance, threading.Event(), threading.Event()

    def slow(self, samples, updates=None):
        if self.epoch >= 5:
            running.set()
            end.wait(60)
        return advance(self, samples, updates)

    monkeypatch.setattr(Trainer, "advance", slow)
    monkeypatch.setattr("nnsim.lab.training.live.UPDATE_ENDS", 0.01)
    runner = Runner(lab)
    runner.toggle()
    assert running.wait(60)
    runner.pause()  # while the thread is still in its update
    assert runner.live is None
    assert trainings()
    assert lab.trainer.epoch <= 5
    lab.run("pixel 1")
    end.set()
    trainings_end = time.monotonic() + 60
    while trainings():
        assert time.monotonic() < trainings_end
        time.sleep(0.005)
    assert lab.trainer.epoch <= 5  # what it came to was dropped
    assert lab.input[0] == 1


def test_a_long_epoch_is_seen_from_its_midst(lab, monkeypatch):
    runner = Runner(lab)
    runner.run("batch 1")
    update = Trainer._update

    def slow(self, samples):
        time.sleep(0.005)
        return update(self, samples)

    monkeypatch.setattr(Trainer, "_update", slow)
    runner.toggle()  # an epoch of 64 updates lasts for a third of a second
    poll_until(runner, lambda: lab.trainer.updates > 3)
    assert lab.trainer.epoch == 0
    runner.pause()
    assert lab.trainer.position == lab.trainer.updates
    monkeypatch.undo()
    done = lab.trainer.updates
    finish(runner, "until 2")
    plain = Lab(load("demons"))
    plain.run("batch 1")
    plain.run("train 2")
    assert np.array_equal(lab.network.parameters, plain.network.parameters)
    assert 3 < done < 128


# Pace -------------------------------------------------------------------------------------------


def test_pace_goes_from_one_update_a_second_to_flat_out(lab):
    runner = Runner(lab)
    assert lab.running.pace is None
    for pace in reversed(PACES[:-1]):
        runner.change_pace(-1)
        assert lab.running.pace == pace
    runner.change_pace(-1)
    assert lab.running.pace == 1
    for pace in PACES[1:]:
        runner.change_pace(1)
        assert lab.running.pace == pace
    runner.change_pace(1)
    assert lab.running.pace is None


def test_one_update_a_second_is_slow_and_stops_at_once(lab):
    runner = Runner(lab)
    runner.change_pace(-len(PACES))
    runner.toggle()
    start = time.monotonic()
    poll_until(runner, lambda: lab.trainer.epoch >= 1)
    runner.pause()  # not only when the next one is due
    assert lab.trainer.epoch <= 1 + time.monotonic() - start


def test_the_pace_can_change_while_it_runs(lab):
    runner = Runner(lab)
    runner.change_pace(-len(PACES))
    runner.run("until 500")
    poll_until(runner, lambda: lab.trainer.epoch >= 1)
    runner.change_pace(len(PACES))
    assert runner.wait(60)
    assert lab.trainer.epoch == 500
    plain = Lab(load("demons"))
    plain.run("train 500")
    same(lab, plain)


def test_speed_is_that_of_the_pace(lab):
    runner = Runner(lab)
    runner.change_pace(-2)
    assert lab.running.pace == 100
    finish(runner, "train 60")
    # The first of 60 comes at once, the others at least 10 ms apart from where they are due.
    assert 10 < lab.running.steps_per_second < 150


def test_giving_way_is_for_a_moment_only(lab):
    runner = Runner(lab)
    runner.toggle()
    runner.live.give_way(60)
    runner.live.go_on()
    epoch = lab.trainer.epoch
    poll_until(runner, lambda: lab.trainer.epoch > epoch)
    runner.live.give_way(0.01)
    epoch = lab.trainer.epoch
    poll_until(runner, lambda: lab.trainer.epoch > epoch + 1000)
    runner.live.give_way(60)
    runner.pause()  # doesn't wait for it
    assert not trainings()
