"""Many starts in a thread: the same numbers, and an end when asked for."""

import numpy as np

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.sweep import LiveStarts, Recipe, Starts


def recipe(count=5, epochs=40, name="xor"):
    return Recipe.of(Lab(load(name), untrained=True), count, epochs)


def test_the_thread_gives_the_same_numbers():
    live, starts = LiveStarts(recipe()), Starts(recipe())
    live.start()
    starts.train()
    assert live.wait(30)
    here, there = starts.snapshot(), live.latest
    assert there.done
    assert there.epoch == 40
    assert np.array_equal(here.costs, there.costs)
    assert np.array_equal(here.cost_curve, there.cost_curve)
    assert live.problem == ""


def test_it_stops_when_asked_and_says_how_far_it_came():
    live = LiveStarts(recipe(100, 1_000_000))
    live.start()
    while live.latest is None:
        assert live.running
        live.wait(0.01)
    live.stop()
    assert live.wait(30)
    assert not live.latest.done
    assert live.latest.epoch < 1_000_000


def test_what_goes_wrong_is_said(monkeypatch):
    def fail(_starts, _seconds):
        raise MemoryError

    monkeypatch.setattr(Starts, "train", fail)
    live = LiveStarts(recipe())
    live.start()
    assert live.wait(30)
    assert live.problem == "MemoryError"


def test_stopped_before_anything_was_read_there_is_nothing_to_show():
    live = LiveStarts(recipe())
    live.stop()
    live.start()
    assert live.wait(30)
    assert live.latest is None
    assert live.problem == ""
