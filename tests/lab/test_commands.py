"""The command language on the bench: what each command does, its undo, and its refusals."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnsim.experiments import load
from nnsim.lab import COMMANDS, Lab, LabError, NoValueError

LINEAR = """
id = "linear-first"
title = "Two layers that are one"
input = { kind = "pixels", shape = [4, 3] }
classes = ["0", "1"]
network.layers = [
  { type = "dense", name = "hidden", units = 3, labels = ["A", "B", "C"] },
  { type = "dense", name = "output", units = 2, activation = "sigmoid" },
]
[data]
inputs = ["111/101/101/111", "010/010/010/010"]
targets = [[1, 0], [0, 1]]
[training]
batch_size = 1
"""


def load_any(name):
    """An experiment that ships, or one whose layers can be joined."""
    if name != "linear-first":
        return load(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "linear-first.toml"
        path.write_text(LINEAR, "utf-8")
        return load(path)


@pytest.fixture
def lab():
    return Lab(load("demons"), load=load_any)


def everything(lab):
    """All that a change could change, as values that can be compared."""
    return {
        "experiment": lab.experiment.id,
        "parameters": lab.network.parameters.tolist(),
        "input": lab.input.reshape(-1).tolist(),
        "target": None if lab.target is None else lab.target.tolist(),
        "sample": lab.sample,
        "focus": str(lab.focus),
        "epoch": lab.trainer.epoch,
        "rate": lab.trainer.learning_rate,
        "optimizer": lab.trainer.optimizer.name,
        "slots": {k: v.tolist() for k, v in lab.trainer.optimizer.slots.items()},
        "output": lab.output.tolist(),
        "l2": lab.network.l2,
        "batch": lab.trainer.batch_size,
        "bug": lab.network.bug,
        "muted": lab.network.muted,
        "layers": [(names.name, names.labels) for names in lab.names.layers],
        "position": lab.trainer.position,
        "updates": lab.trainer.updates,
        "stopped": lab.trainer.stopped,
        "start": lab.start.tolist(),
        "inputs": lab.experiment.data.inputs.tolist(),
        "targets": lab.experiment.data.targets.tolist(),
        "tests": lab.experiment.data.test_targets.tolist(),
        "run": lab.timeline.current,
        "runs": [(r.number, r.parent, r.fork, r.last, r.epochs) for r in lab.timeline.runs],
    }


# One line (or more) of every command that changes the bench.
LINES = [
    "paint 111/101/101/111",
    "paint 0.5 0 0/0 1 0/0 1 0/0 1 0.25",
    "input 0 1 0 0 1 0 0 1 0 0 1 0",
    "pixel 5",
    "pixel 5 0.5",
    "sample 64",
    "sample 80",
    'target "1"',
    "target 0.25 0.75",
    "set hidden[2].b 0.5",
    "set hidden[B].theta 1.5",
    "set hidden[2].w[5] -3",
    "set input[1,1] 0.25",
    "set learning_rate 0.5",
    "set l2 0.01",
    "focus output[1].a",
    "train 3",
    "until 5",
    "step",
    "rewind 1",
    "mute hidden[B]",
    "mute hidden[1]",
    "plant forgot_slope hidden",
    "plant wrong_sign output",
    "rate 0.05",
    "optimizer adam",
    "batch 10",
    "l2 0.02",
    "seed 7",
    "start constant 0.5",
    "start xavier",
    "add 1",
    "remove 3",
    "remove 70",
    "label 3 1",
    "label 79 0.25 0.75",
    "experiment digits-4x3",
]


# Commands that need something to be there first.
AFTER = [("mute hidden[2]", "unmute"), ("mute hidden[2]", "unmute hidden[B]"),
         ("plant no_bias output", "mend output"), ("landscape random", "place 0.5 -0.2"),
         ("experiment linear-first", "collapse")]  # fmt: skip


@pytest.mark.parametrize("line", [*LINES, "clear", "reset"])
def test_every_change_can_be_undone_and_done_again(lab, line):
    lab.run("sample 3")
    lab.run("train 2")
    before = everything(lab)
    message = lab.run(line)
    assert message
    after = everything(lab)
    assert after != before
    lab.run("undo")
    assert everything(lab) == before
    lab.run("redo")
    assert everything(lab) == after


READ = ["gradcheck.hidden", "gradcheck.output", "diverged", "epoch", "hidden.w.spread", "cost",
        "right", "test_accuracy", "loss", "learning_rate", "l2", "parameters", "output.a.sum",
        "prediction", "hidden[2].a", "hidden[2].delta", "hidden[1].w[1].grad"]  # fmt: skip


def numbers(lab):
    """What goals read, or the refusal."""
    found = {}
    for address in READ:
        try:
            found[address] = lab.read(address)
        except LabError as refusal:
            found[address] = str(refusal)
    return found


@pytest.mark.parametrize("line", [*LINES, "reset"])
def test_numbers_are_those_of_the_present_after_every_command(lab, line):
    lab.run("sample 3")
    lab.run("train 2")
    for command in (line, "undo", "redo"):
        numbers(lab)  # what was read before must not be what is read after
        lab.run(command)
        now = numbers(lab)
        lab.changed(parameters=True)
        assert numbers(lab) == now


@pytest.mark.parametrize(("first", "line"), AFTER)
def test_what_undoes_something_else_can_be_undone_as_well(lab, first, line):
    lab.run("train 2")
    lab.run(first)
    lab.run("sample 2")
    before = everything(lab)
    assert lab.run(line)
    after = everything(lab)
    assert after != before
    lab.run("undo")
    assert everything(lab) == before
    lab.run("redo")
    assert everything(lab) == after
    lab.run("undo 10")
    assert everything(lab) == everything(Lab(load("demons")))


def test_every_command_that_changes_the_bench_is_among_the_lines_or_walks():
    lines = [*LINES, "clear", "reset", *(line for _first, line in AFTER)]
    used = {line.split()[0] for line in lines}
    walks = {"forward", "backward", "next", "previous", "first", "last"}
    assert {c.name for c in COMMANDS.values() if c.changes} - used <= walks | CIRCUITS | ELSEWHERE


CIRCUITS = {"circuit", "fold", "unfold"}  # tested with the circuit bench
# They need a layer, or files, of their own: test_training_commands.py, test_data_commands.py.
ELSEWHERE = {"dropout", "points", "loaddata"}  # each has what it needs in a test of its own


def test_training_goes_on_with_the_same_numbers_after_undo(lab):
    lab.run("optimizer momentum")
    lab.run("train 5")
    lab.run("train 5")
    straight = lab.network.parameters.copy()
    lab.run("undo")
    lab.run("clear")
    lab.run("undo")
    lab.run("train 5")
    assert np.array_equal(lab.network.parameters, straight)


def test_reset_goes_back_to_the_same_start(lab):
    start = lab.network.parameters.copy()
    lab.run("train 10")
    lab.run("reset")
    assert np.array_equal(lab.network.parameters, start)
    lab.run("seed 4")
    seeded = lab.network.parameters.copy()
    lab.run("train 10")
    lab.run("reset")
    assert np.array_equal(lab.network.parameters, seeded)
    assert not np.array_equal(seeded, start)


def test_an_experiment_that_opens_trained_resets_to_its_start_parameters():
    trained, untrained = Lab(load("digits-4x3")), Lab(load("digits-4x3"), untrained=True)
    assert trained.trainer.epoch == 100
    assert untrained.trainer.epoch == 0
    trained.run("reset")
    assert np.array_equal(trained.network.parameters, untrained.network.parameters)


def test_seeds_repeat(lab):
    lab.run("seed 5")
    first = lab.network.parameters.copy()
    lab.run("train 3")
    lab.run("seed 5")
    assert np.array_equal(lab.network.parameters, first)


def test_an_undone_seed_is_not_drawn_from(lab):
    lab.run("start xavier")
    first = lab.network.parameters.copy()
    lab.run("seed 5")
    lab.run("undo")
    lab.run("start xavier")
    assert np.array_equal(lab.network.parameters, first)


def test_starts_are_what_they_say(lab):
    lab.run("start zeros")
    assert not lab.network.parameters.any()
    lab.run("start constant 0.5")
    assert (lab.network.layers[0].weight == 0.5).all()
    assert lab.read("hidden.w.spread") == 0
    lab.run("start xavier")
    # Glorot and Bengio (2010): uniform within ±√(6 / (n_in + n_out)).
    assert np.abs(lab.network.layers[0].weight).max() <= np.sqrt(6 / (12 + 3))
    assert lab.read("hidden.w.spread") > 0


def test_a_stroke_is_undone_as_one_and_looking_around_too(lab):
    lab.run("pixel 1 1")
    lab.run("pixel 4 1", merge=True)
    lab.run("pixel 7 1", merge=True)
    for unit in (1, 2, 3):
        lab.run(f"focus hidden[{unit}].z")
    lab.run("undo")
    assert str(lab.focus) == "hidden[1].z"
    lab.run("undo")
    assert not lab.input.any()
    with pytest.raises(LabError, match="nothing to undo"):
        lab.run("undo")


def test_undo_takes_back_several_at_once(lab):
    for pixel in range(1, 6):
        lab.run(f"pixel {pixel} 1")
    assert "3" in lab.run("undo 3")
    assert lab.read("input.count") == 2
    lab.run("redo 2")
    assert lab.read("input.count") == 4
    lab.run("undo 100")  # as many as there are
    assert lab.read("input.count") == 0


def test_a_target_belongs_to_its_sample(lab):
    lab.run("sample 33")
    assert lab.read("target[2]") == 1
    lab.run("pixel 1")  # the sample, changed
    assert lab.read("target[2]") == 1
    lab.run("paint 111/101/101/111")  # another picture
    with pytest.raises(NoValueError):
        lab.read("target[2]")
    lab.run('target "0"')
    lab.run("paint 010/010/010/010")  # a target that was said stays
    assert lab.read("target[1]") == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "type a command"),
        ("frobnicate", "the commands are"),
        ("pain 111", "did you mean paint"),
        ("paint", "paint ROWS"),
        ("paint 111/101/101", "too short: it has 3 rows and should have 4"),
        ("paint 111/101/101/1111", "too long"),
        ("paint 111/1x1/101/111", "not a number"),
        ("input 1 2", "too short"),
        ("input nan 0 0 0 0 0 0 0 0 0 0 0", "finite"),
        ("pixel 13", "1 to 12"),
        ("pixel 0", "1 to 12"),
        ("pixel 1 2", "between 0"),
        ("pixel 1 inf", "finite"),
        ("pixel one", "whole number"),
        ("sample 81", "1 to 80"),
        ("sample", "sample N"),
        ("target", "target NUMBERS"),
        ("target dog", "no class"),
        ("target 1 2 3", "should have 2"),
        ("set hidden[2].b", "set ADDRESS VALUE"),
        ("set hidden[2].z 1", "is a result"),
        ("set hidden[9].b 1", "from 1 to 3"),
        ("set hidden[2].b one", "not a number"),
        ("set hidden[2].b 1e999", "finite"),
        ("set learning_rate -1", "not negative"),
        ("set l2 -1", "not negative"),
        ("set target[1] 1", "no target yet"),
        ("set epoch 3", "is a result"),
        ("focus nothing", "there is no"),
        ("train", "train N"),
        ("train 0", "out of range"),
        ("train -5", "out of range"),
        ("train 1e3", "whole number"),
        ("train 99999999999", "out of range"),
        ("rate fast", "not a number"),
        ("optimizer sgdd", "sgd"),
        ("reset now", "reset"),
        ("seed -1", "out of range"),
        ("start", "start KIND"),
        ("start constant", "start zeros"),
        ("start zeros 3", "start zeros"),
        ("experiment nowhere", "no experiment"),
        ("redo", "nothing to redo"),
        ("undo zero", "whole number"),
        ("clear all", "clear"),
        ("step 3", "step"),
        ("rewind", "rewind EPOCH [RUN]"),
        ("rewind now", "whole number"),
        ("rewind -1", "out of range"),
        ("rewind 3", "run 1 has 0 to 0"),
        ("rewind 0 2", "the runs are 1"),
        ("rewind 0 1 1", "rewind EPOCH [RUN]"),
        ("collapse", "nothing to collapse"),
        ("collapse hidden", "collapse"),
        ("mute", "mute UNIT"),
        ("mute hidden", "one is hidden[1]"),
        ("mute hidden[2].a", "one is hidden[1]"),
        ("mute hidden[4]", "from 1 to 3"),
        ("mute hidden[D]", 'no "D"'),
        ("mute hiden[1]", "did you mean hidden"),
        ("mute input[1]", "one is hidden[1]"),
        ("mute output[1]", "nothing follows"),
        ("mute hidden[1] hidden[2]", "mute UNIT"),
        ("unmute", "nothing is muted"),
        ("unmute hidden[1]", "nothing is muted"),
        ("plant", "plant BUG LAYER"),
        ("plant wrong_sign", "plant BUG LAYER"),
        ("plant wrong hidden", "forgot_slope"),
        ("plant wrong_sign hiden", "the layers are hidden, output"),
        ("plant missing_mean hidden", "1/m"),
        ("mend", "mend LAYER"),
        ("mend hidden", "no planted mistake"),
        ("mend hiden", "the layers are hidden, output"),
    ],
)
def test_a_refused_command_says_why_and_changes_nothing(lab, line, said):
    lab.run("paint 010/010/010/010")
    before = everything(lab)
    with pytest.raises(ValueError, match=r".") as refusal:
        lab.run(line)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert everything(lab) == before
    lab.run("undo")  # and is not in the history
    assert not lab.input.any()


def test_other_experiments_can_be_out_of_reach():
    lab = Lab(load("demons"))
    with pytest.raises(LabError, match="can be reached"):
        lab.run("experiment digits-4x3")


def test_generated_points_can_be_undone_and_done_again():
    lab = Lab(load("planar"))
    lab.run("sample 3")
    before = everything(lab)
    assert lab.run("points circles 30 0.1 5").startswith("circles: ")
    after = everything(lab)
    assert after["inputs"] != before["inputs"]
    assert (after["sample"], after["target"]) == (None, None)
    lab.run("undo")
    assert everything(lab) == before
    lab.run("redo")
    assert everything(lab) == after


def test_divergence_is_said_and_kept_finite():
    lab = Lab(load("line"))
    lab.run("rate 1000")
    assert "the last finite parameters are kept" in lab.run("train 500")
    assert lab.read("diverged") == 1
    assert np.isfinite(lab.network.parameters).all()
    lab.run("undo")
    assert lab.read("diverged") == 0


def test_the_demons_read_as_published_in_the_story(lab):
    # Checked figures of the experiment: 56 of 64 right, C_T 8.464.
    assert lab.read("right") == 56
    assert lab.read("accuracy") == 56 / 64
    assert lab.read("cost") == pytest.approx(8.464, abs=5e-4)
    lab.run("paint 111/101/101/111")
    assert lab.read("prediction") == 1
    for unit in "AC":
        assert lab.read(f"hidden[{unit}].a") > 0.5


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *LINES,
                "clear",
                "reset",
                "undo",
                "redo",
                "unmute",
                "mend hidden",
                "collapse",
                "experiment linear-first",
                "rewind 0",
                "rewind 2 2",
                "next",
                "backward",
            ]
        ),
        max_size=12,
    )
)
def test_undoing_everything_leads_back_to_the_beginning(lines):
    lab = Lab(load("demons"), load=load_any)
    start = everything(lab)
    for line in lines:
        before = everything(lab)
        try:
            lab.run(line)
        except ValueError:  # such as undo where there is nothing to undo
            assert everything(lab) == before
    while lab.can_undo:
        lab.run("undo")
    assert everything(lab) == start


def test_memory_of_undo_is_bounded(lab):
    for i in range(2000):
        lab.run(f"pixel {i % 12 + 1}")
    steps = 0
    while lab.can_undo:
        lab.run("undo")
        steps += 1
    assert 100 <= steps <= 500
