"""Commands that change the data: what they do, what they refuse, and that undo takes them back."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnsim.experiments import load
from nnsim.experiments.data_files import DataFiles
from nnsim.lab import Lab, LabError
from nnsim.lab.commands import data as lab_data
from nnsim.lab.undo import LARGEST

LINEAR = """
id = "linear-first"
title = "Two layers that are one"
input = { kind = "vector", names = ["x", "y"] }
classes = ["no", "yes"]
network.layers = [
  { type = "dense", name = "hidden", units = 3 },
  { type = "dense", name = "output", units = 1, activation = "sigmoid" },
]
[data]
inputs = [[0, 1], [1, 0], [1, 1], [2, 1], [3, 0]]
labels = ["no", "yes", "yes", "no", "no"]
[training]
batch_size = 2
"""


@pytest.fixture
def lab():
    return Lab(load("digits-4x3"), load=load)


@pytest.fixture
def small(tmp_path):
    """Five samples in mini-batches of two, and layers that can be joined."""
    path = tmp_path / "linear-first.toml"
    path.write_text(LINEAR, "utf-8")
    return Lab(load(path), load=load, files=DataFiles(tmp_path))


def contents(lab):
    """The data on the bench, as values that can be compared."""
    data = lab.experiment.data
    arrays = (data.inputs, data.targets, data.labels,
              data.test_inputs, data.test_targets, data.test_labels)  # fmt: skip
    return [None if array is None else array.tolist() for array in arrays]


# Adding -----------------------------------------------------------------------------------------


def test_a_picture_that_was_painted_is_added_behind_the_others(lab):
    before = contents(lab)
    lab.run("paint 111/001/010/010")
    lab.run("add 1")
    data = lab.experiment.data
    assert (data.count, data.test_count) == (65, 16)
    assert data.inputs[64].tolist() == [1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0]
    assert data.targets[64].tolist() == [0, 1]
    assert (lab.sample, lab.edited, lab.target.tolist()) == (64, False, [0, 1])
    # What was there is as it was, and the first test sample is number 66 now.
    assert [part[:64] for part in contents(lab)[:3]] == before[:3]
    assert contents(lab)[3:] == before[3:]
    assert lab.sample_at(65)[0].tolist() == before[3][0]


def test_without_a_target_it_is_what_the_bench_says(lab):
    lab.run("paint 111/001/010/010")
    with pytest.raises(LabError, match=r"say what it is, as in: add [01] \(the classes are 0, 1\)"):
        lab.run("add")
    lab.run("target 0.25 0.75")
    lab.run("add")
    data = lab.experiment.data
    assert data.targets[-1].tolist() == [0.25, 0.75]
    assert data.labels[-1] == 1  # the larger one


def test_a_sample_that_is_there_already_is_not_added_by_mistake(lab):
    lab.run("sample 3")
    with pytest.raises(LabError, match="this is sample 3 already"):
        lab.run("add")
    lab.run("pixel 5")
    lab.run("add")  # it is another picture now, of the same class
    assert lab.experiment.data.count == 65
    with pytest.raises(LabError, match="this is sample 65 already"):
        lab.run("add")
    lab.run("add 1")  # said expressly
    assert lab.experiment.data.count == 66


@pytest.mark.parametrize("line", ["add x", "add 1 0 0", "add nan 0", "label 3", "label 3 x",
                                  "label 0 1", "label 81 1", "label x 1", "remove 0", "remove 81",
                                  "remove", "remove 1 2"])  # fmt: skip
def test_what_makes_no_sense_changes_nothing(lab, line):
    lab.run("paint 111/001/010/010")
    data = lab.experiment.data
    with pytest.raises(ValueError, match=r"\w"):
        lab.run(line)
    assert lab.experiment.data is data


def test_targets_that_the_loss_makes_no_sense_for_are_refused():
    lab = Lab(load("digits-8x8"))
    assert lab.experiment.network.loss == "softmax_cross_entropy"
    with pytest.raises(ValueError, match="sum 1"):
        lab.run("add 1 1 0 0 0 0 0 0 0 0")


def test_numbers_are_added_for_a_regression():
    lab = Lab(load("line"))
    count = lab.experiment.data.count
    lab.run("input 0.5")
    with pytest.raises(LabError, match=r"say what it is, as in: add -?\d"):
        lab.run("add")
    lab.run("add 7.25")
    data = lab.experiment.data
    assert (data.count, data.inputs[-1, 0], data.targets[-1, 0]) == (count + 1, 0.5, 7.25)
    assert data.labels is None


def test_a_bench_without_data_gets_some(tmp_path):
    path = tmp_path / "none.toml"
    path.write_text(LINEAR.replace(LINEAR[LINEAR.index("[data]") : LINEAR.index("[training]")], ""))
    lab = Lab(load(path))
    assert lab.sample_count == 0
    with pytest.raises(LabError, match="no samples"):
        lab.run("remove 1")
    lab.run("input 1 2")
    lab.run("add yes")
    lab.run("input 2 1")
    lab.run("add no")
    assert lab.experiment.data.targets.tolist() == [[1], [0]]
    lab.run("train 2")
    assert lab.trainer.epoch == 2


def test_what_is_added_takes_the_room_of_one_sample(lab):
    """Undo keeps every state; they must not each have a copy of all samples."""
    lab.run("paint 111/001/010/010")
    lab.run("add 1")
    first = lab.experiment.data
    for _time in range(10):
        lab.run("add 1")
    last = lab.experiment.data
    assert np.shares_memory(first.inputs, last.inputs)
    assert last.grown == first.inputs[0].nbytes + first.targets[0].nbytes
    assert not last.inputs.flags.writeable
    # A branch of the history writes over nobody's samples.
    lab.run("undo 5")
    kept = lab.experiment.data
    lab.run("paint 000/000/000/000")
    lab.run("add 0")
    assert last.inputs[len(kept.inputs)].sum() == 6
    assert lab.experiment.data.inputs[-1].sum() == 0


def test_no_more_is_added_than_fits(lab, monkeypatch):
    monkeypatch.setattr(lab_data, "MOST_SAMPLES", 65)
    lab.run("paint 111/001/010/010")
    lab.run("add 1")
    with pytest.raises(LabError, match="there are 65 samples to train on; more do not fit"):
        lab.run("add 1")


# Removing and relabelling -------------------------------------------------------------------------


def test_samples_are_numbered_anew_where_one_is_removed(lab):
    before = contents(lab)
    lab.run("sample 10")
    lab.run("remove 3")
    assert (lab.sample, lab.experiment.data.count) == (8, 63)
    assert lab.sample_at(8)[0].tolist() == lab.input.tolist() == before[0][9]
    lab.run("remove 20")
    assert lab.sample == 8
    lab.run("remove 9")  # the one on the input: it stays there, as one that is in no data
    assert (lab.sample, lab.input.tolist()) == (None, before[0][9])
    lab.run("add")
    assert lab.experiment.data.inputs[-1].tolist() == before[0][9]


def test_test_samples_can_be_removed_and_relabelled(lab):
    lab.run("label 65 1")
    assert lab.experiment.data.test_targets[0].tolist() == [0, 1]
    assert lab.experiment.data.test_labels[0] == 1
    for _time in range(16):
        lab.run("remove 65")
    assert lab.experiment.data.test_count == 0
    with pytest.raises(LabError):
        lab.read("test_accuracy")


def test_the_last_sample_to_train_on_stays(small):
    for _time in range(4):
        small.run("remove 1")
    with pytest.raises(LabError, match="last sample to train on"):
        small.run("remove 1")
    assert small.experiment.data.count == 1


def test_another_label_is_another_target(small):
    small.run("sample 2")
    message = small.run("label 2 no")
    assert small.experiment.data.targets[:, 0].tolist() == [0, 0, 1, 0, 0]
    assert small.experiment.data.labels.tolist() == [0, 0, 1, 0, 0]
    assert small.target.tolist() == [0]
    assert message == "sample 2 is no now; it was yes"
    small.run("set target[1] 0.5")  # of the bench, not of the data
    assert small.experiment.data.targets[1, 0] == 0


# What rests on the data ---------------------------------------------------------------------------


def test_everything_is_measured_on_the_data_that_is_there(lab):
    lab.run("train 30")
    right = lab.read("right")
    wrong = next(i for i in range(64) if lab.metrics.readings[i] == 0)
    lab.run(f"label {wrong + 1} 1")
    assert lab.read("right") == right - 1
    assert lab.timeline.run.curve()[-1].cost == lab.metrics.cost
    lab.run("undo")
    assert lab.read("right") == right
    assert lab.timeline.run.curve()[-1].cost == lab.metrics.cost
    outputs = lab.network.forward(lab.experiment.data.inputs)
    losses = ((outputs - lab.experiment.data.targets) ** 2).sum(axis=1) / 2
    assert lab.read("cost") == pytest.approx(losses.sum(), rel=1e-12)


def test_data_stays_along_the_timeline_and_after_a_new_start(lab):
    lab.run("train 5")
    lab.run("paint 111/001/010/010")
    lab.run("add 1")
    now = contents(lab)
    for line in ("rewind 2", "train 2", "rewind 5 1", "reset", "seed 3", "start zeros", "step",
                 "set hidden[1].b 1", "optimizer adam", "rewind 0"):  # fmt: skip
        lab.run(line)
        assert contents(lab) == now, line
    costs = [run.curve()[-1].cost for run in lab.timeline.runs]
    data = lab.experiment.data
    for run, cost in zip(lab.timeline.runs, costs, strict=True):
        lab.network.parameters[:] = run.frames[-1].parameters
        assert np.sum(lab.network.losses(data.inputs, data.targets)) == pytest.approx(cost)


def test_data_stays_when_another_network_comes_back(small):
    small.run("train 2")
    small.run("collapse")
    small.run("remove 1")
    now = contents(small)
    small.run("rewind 1 1")
    assert len(small.network.layers) == 2
    assert contents(small) == now
    small.run("undo 2")
    assert len(contents(small)[0]) == 5


def test_an_epoch_that_has_begun_begins_anew(small):
    small.run("step")
    small.run("step")
    assert small.trainer.position == 4
    small.run("remove 1")
    small.run("remove 1")
    assert small.trainer.position == 0
    small.run("step")
    assert (small.trainer.position, small.trainer.epoch) == (2, 0)
    small.run("step")
    assert (small.trainer.position, small.trainer.epoch) == (0, 1)
    small.run("undo 4")
    assert small.trainer.position == 4


def test_another_label_leaves_the_epoch_as_it_is(small):
    small.run("step")
    small.run("label 1 yes")
    assert small.trainer.position == 2


def test_training_ends_where_the_data_changes_in_between(lab):
    before = lab.trainer.epoch
    for epoch, _progress in enumerate(lab.training(50), start=1):
        if epoch == 3:
            lab.run("remove 1")
    assert lab.trainer.epoch == before + 3
    lab.run("train 2")
    assert lab.trainer.epoch == before + 5


def test_another_experiment_brings_its_own_data(lab):
    lab.run("remove 1")
    lab.run("experiment digits-4x3")
    assert lab.experiment.data.count == 64
    lab.run("undo")
    assert lab.experiment.data.count == 63


LINES = st.one_of(
    st.sampled_from([
        "add", "add yes", "add no", "add 0.5", "input 1 1", "clear", "train 2", "step", "reset",
        "undo", "undo 3", "redo", "redo 2", "rewind 1", "collapse", "set hidden[1].b 1", "seed 2",
        "savedata kept.csv !", "loaddata kept.csv", "loaddata kept.npz", "savedata kept.npz !",
    ]),
    st.integers(1, 8).map(lambda n: f"remove {n}"),
    st.integers(1, 8).map(lambda n: f"sample {n}"),
    st.tuples(st.integers(1, 8), st.sampled_from(["yes", "no", "0.25", "2"])).map(
        lambda pair: f"label {pair[0]} {pair[1]}"
    ),
)  # fmt: skip


def everything(lab):
    """All that these commands could change."""
    return (
        contents(lab),
        lab.network.parameters.tolist(),
        lab.input.tolist(),
        None if lab.target is None else lab.target.tolist(),
        (lab.sample, lab.edited, lab.trainer.epoch, lab.trainer.position, lab.metrics.cost),
        [(run.number, run.epochs, run.curve()[-1].cost) for run in lab.timeline.runs],
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(LINES, max_size=25))
def test_undo_and_redo_go_through_the_same_states(tmp_path, lines):
    path = tmp_path / "linear-first.toml"
    path.write_text(LINEAR, "utf-8")
    lab = Lab(load(path), files=DataFiles(tmp_path))
    # A model of the two stacks: every state that undo and redo must come back to.
    done, undone = [], []
    for line in lines:
        before = everything(lab)
        word, *rest = line.split()
        try:
            lab.run(line)
        except ValueError:
            assert everything(lab) == before, line
            continue
        if word in ("undo", "redo"):
            source, other = (done, undone) if word == "undo" else (undone, done)
            state = before
            for _time in range(min(int(rest[0]) if rest else 1, len(source))):
                other.append(state)
                state = source.pop()
            assert everything(lab) == state, line
        elif word != "savedata":
            done.append(before)
            undone.clear()
        data = lab.experiment.data
        assert data.count == len(data.inputs) == len(data.targets)
        assert data.labels is None or data.labels.tolist() == (data.targets[:, 0] >= 0.5).tolist()
        if lab.sample is not None and not lab.edited:
            assert np.array_equal(lab.sample_at(lab.sample)[0], lab.input)
    while done:
        lab.run("undo")
        assert everything(lab) == done.pop()


def test_undo_gives_large_data_up_before_memory_ends():
    """Ten steps are kept whatever they take, but no ten copies of the largest set."""
    from nnsim.lab.undo import History

    class Large:
        size = LARGEST // 2 + 1

    history = History()
    for number in range(8):
        history.push(Large(), f"remove {number}", merge=False, group="remove")
    assert history.undo(Large)[1] == "remove 7"
    assert not history.can_undo


# Files --------------------------------------------------------------------------------------------


def test_data_is_saved_and_loaded(small, tmp_path):
    small.run("input 0.1 -3e-200")
    small.run("add yes")
    now = contents(small)
    assert small.run("savedata my set.csv").startswith("6 samples are in ")
    small.run("remove 1")
    small.run("sample 2")
    assert small.run("loaddata my set.csv") == "6 samples to train on from my set.csv, 0 to test on"
    assert contents(small) == now
    assert (small.sample, small.target) == (None, None)
    small.run("undo")
    assert (small.experiment.data.count, small.sample) == (5, 1)
    assert (tmp_path / "my set.csv").read_text().splitlines()[:2] == ["x,y,class", "0.0,1.0,no"]


def test_a_file_is_not_replaced_unless_one_says_so(small, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="there is such a file already; to replace it, end the"):
        small.run("savedata notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "mine"
    small.run("savedata notes.txt !")
    assert (tmp_path / "notes.txt").read_text().startswith("x,y,class")


def test_test_samples_stay_where_a_file_has_none(tmp_path):
    lab = Lab(load("digits-4x3"), files=DataFiles(tmp_path))
    tests = contents(lab)[3:]
    said = lab.run("savedata a.csv")
    assert said.endswith("; the 16 to test on are not: .npz holds both")
    lab.run("loaddata a.csv")
    assert contents(lab)[3:] == tests
    lab.run("remove 70")
    lab.run("savedata b.npz")
    lab.run("undo")
    lab.run("loaddata b.npz")
    assert lab.experiment.data.test_count == 15


@pytest.mark.parametrize("line", ["loaddata a.csv", "savedata a.csv", "savedata a.csv !"])
def test_without_files_there_is_nothing_to_reach(lab, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("mine")
    with pytest.raises(LabError, match="no files can be reached from here"):
        lab.run(line)
    assert (tmp_path / "a.csv").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_undo_counts_the_points_that_are_generated():
    lab = Lab(load("planar"), untrained=True)
    lab.run("points moons 500")
    data = lab.experiment.data
    held = data.inputs.nbytes + data.targets.nbytes
    held += data.test_inputs.nbytes + data.test_targets.nbytes
    assert data.grown == held > 500 * 2 * 8
    assert lab.undo_state().size >= held


def test_undo_counts_a_set_once_whatever_is_refused_or_taken_back():
    lab = Lab(load("planar"), untrained=True)
    lab.run("points moons 20000")
    held = lab.experiment.data.grown
    assert held > 2**18
    for _time in range(10):
        lab.run("sample 1")
        with pytest.raises(ValueError, match="nonsense"):
            lab.run("label 1 nonsense")
        lab.run("sample 2")
        lab.run("undo")
        lab.run("redo")
    assert held <= lab._history._held < 2 * held
    lab.run("undo 100")
    assert lab._history._held == 0
    lab.run("redo 100")
    lab.run("sample 3")
    assert held <= lab._history._held < 2 * held


def test_undo_counts_the_samples_of_another_experiment():
    lab = Lab(load("line"), untrained=True, load=load)
    lab.run("experiment planar")
    data = lab.experiment.data
    assert lab.undo_state().size > data.inputs.nbytes + data.targets.nbytes
    assert lab.undo_state().size < data.inputs.nbytes  # once
