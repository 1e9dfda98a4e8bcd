"""When each training sample was first read right, and how often it was forgotten."""

import numpy as np
import pytest

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.reading.samples import Stories, Story, stories


def readings(lab, epochs):
    """By going to each epoch and asking the bench about each sample."""
    right = []
    for epoch in epochs:
        lab.run(f"rewind {epoch}")
        here = []
        for i in range(lab.experiment.data.count):
            lab.run(f"sample {i + 1}")
            here.append(lab.read("correct") == 1)
        right.append(here)
    return right


def told(epochs, right):
    """The stories by the definition, one sample after another."""
    found = []
    for i in range(len(right[0])):
        first, forgotten, before = None, 0, False
        for epoch, here in zip(epochs, right, strict=True):
            if here[i] and first is None:
                first = epoch
            forgotten += before and not here[i]
            before = here[i]
        found.append(Story(i, first, forgotten, before))
    return tuple(found)


@pytest.fixture
def lab():
    """A rate that is too large: what was learned is forgotten again and again."""
    lab = Lab(load("digits-4x3"), untrained=True)
    lab.run("rate 1.2")
    return lab


def test_stories_are_what_going_through_the_epochs_gives(lab):
    lab.run("train 40")
    epochs = list(range(41))
    expected = told(epochs, readings(lab, epochs))
    lab.run("rewind 40")
    assert stories(lab).samples == expected
    assert sum(story.forgotten for story in expected) > 10
    assert len({story.first_right for story in expected}) > 2
    assert stories(lab).last == 40
    assert stories(lab).complete


def test_they_go_up_to_the_epoch_on_the_bench(lab):
    lab.run("train 30")
    whole = stories(lab).samples
    lab.run("rewind 12")
    epochs = list(range(13))
    assert stories(lab).samples == told(epochs, readings(lab, epochs))
    lab.run("rewind 30")
    assert stories(lab).samples == whole


def test_asking_while_it_trains_gives_the_same_as_asking_at_the_end(lab):
    fresh = Lab(load("digits-4x3"), untrained=True)
    fresh.run("rate 1.2")
    for steps in (1, 1, 3, 1, 7, 2, 10):
        lab.run(f"train {steps}")
        stories(lab, seconds=0)
        stories(lab)
    fresh.run("train 25")
    assert stories(lab).samples == stories(fresh).samples


def test_asking_in_slices_comes_to_the_same(lab):
    lab.run("train 25")
    seen = []
    while not (found := stories(lab, seconds=0)).complete:
        seen.append(found.epochs)
        assert found.kept == 26
        assert found.last == found.epochs - 1
    assert seen == list(range(1, 26))  # one epoch at a time, where no time is given
    assert found.samples == stories(lab).samples
    assert stories(lab) is stories(lab)


def test_many_samples_are_read_a_part_at_a_time(lab, monkeypatch):
    lab.run("train 6")
    whole = stories(lab).samples
    monkeypatch.setattr("nnsim.lab.reading.samples.BLOCK", 25)
    other = Lab(load("digits-4x3"), untrained=True)
    other.run("rate 1.2")
    other.run("train 6")
    calls = 1
    while not stories(other, seconds=0).complete:
        calls += 1
    assert calls == 7 * 3  # 64 samples in three parts, at seven epochs
    assert stories(other).samples == whole


def test_a_branch_has_the_past_that_it_shares(lab):
    lab.run("train 20")
    before = stories(lab).samples
    lab.run("rewind 10")
    lab.run("rate 0.05")
    lab.run("train 10")
    assert lab.timeline.current == 2
    epochs = list(range(21))
    expected = told(epochs, readings(lab, epochs))
    lab.run("rewind 20")
    assert stories(lab).samples == expected
    lab.run("undo")
    lab.rewind(20, run=1)
    assert stories(lab).samples == before


def test_thinned_epochs_count_as_they_are_kept(monkeypatch):
    monkeypatch.setattr("nnsim.lab.training.timeline.MOST_FRAMES", 16)
    lab = Lab(load("digits-4x3"), untrained=True)
    lab.run("rate 1.2")
    for _poll in range(12):
        lab.run("train 5")
        found = stories(lab)
    epochs = list(lab.timeline.run.epochs)
    assert len(epochs) <= 16
    assert epochs[-1] == 60
    assert found.samples == told(epochs, readings(lab, epochs))


def test_other_data_are_looked_at_anew():
    lab = Lab(load("digits-4x3"))
    first = stories(lab)
    assert len(first.samples) == 64
    lab.experiment = load("overfit")  # as a change of the data does
    assert len(stories(lab).samples) == lab.experiment.data.count == 24


@pytest.mark.parametrize("name", ["line", "window-4x4"])
def test_where_nothing_is_right_or_wrong_there_are_none(name):
    lab = Lab(load(name), untrained=True)
    assert stories(lab) == Stories()
    assert stories(lab).samples == ()
    assert Stories().complete


def test_before_any_training_the_start_counts():
    lab = Lab(load("digits-4x3"), untrained=True)
    outputs = lab.network.forward(lab.experiment.data.inputs)
    right = outputs.argmax(axis=1) == lab.experiment.data.targets.argmax(axis=1)
    assert [story.right for story in stories(lab).samples] == right.tolist()
    assert {story.first_right for story in stories(lab).samples} == {0, None}
    assert not np.any([story.forgotten for story in stories(lab).samples])
