"""Curves that are read a little at a time, and what tells runs apart."""

import pytest

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.training.timeline import described, differences, now_measured, points_of


@pytest.fixture
def lab():
    return Lab(load("digits-4x3"), untrained=True)


def test_a_curve_is_read_bit_by_bit_and_ends_as_the_whole_one(lab):
    lab.run("train 300")
    run = lab.timeline.run
    known, whole = points_of(run, 0.0)
    assert [point.epoch for point in known] == [300]  # the last one first
    assert not whole
    counts = []
    while not whole:
        known, whole = points_of(run, 0.0)
        counts.append(len(known))
        assert [p.epoch for p in known] == sorted(p.epoch for p in known)
    assert counts == list(range(2, 302))
    assert tuple(known) == run.curve()


def test_the_second_points_lie_far_apart(lab):
    lab.run("train 600")
    for _more in range(4):
        known, _whole = points_of(lab.timeline.run, 0.0)
    assert [point.epoch for point in known] == [0, 256, 512, 600]


def test_the_cost_of_the_test_data_is_that_of_the_network_then(lab):
    lab.run("train 20")
    data, run = lab.experiment.data, lab.timeline.run
    for epoch in (0, 7, 20):
        lab.run(f"rewind {epoch}")
        (point,) = (p for p in run.curve() if p.epoch == epoch)
        losses = lab.network.losses(data.test_inputs, data.test_targets)
        assert point.test_cost == pytest.approx(losses.sum(), rel=1e-12)
        assert lab.metrics.test_cost == point.test_cost


def test_what_the_bench_measures_is_not_measured_again(lab):
    lab.run("train 20")
    run = lab.timeline.run
    now_measured(lab.timeline.run, lab.trainer, lab.metrics)
    known, _whole = points_of(run, 0.0, training=True)
    assert known[-1] == run.frames[-1].measured(run.setup.reader)
    assert known[-1].cost == lab.metrics.cost
    lab.run("rewind 7")
    now_measured(lab.timeline.run, lab.trainer, lab.metrics)
    (point,) = (p for p in run.curve() if p.epoch == 7)
    assert point.cost == pytest.approx(lab.metrics.cost, rel=1e-12)


def test_a_muted_network_is_not_taken_for_that_of_its_epoch(lab):
    lab.run("train 3")
    lab.run("mute hidden[1]")
    now_measured(lab.timeline.run, lab.trainer, lab.metrics)
    point = lab.timeline.run.curve()[-1]
    assert point.cost != lab.metrics.cost
    lab.run("unmute")
    assert point.cost == pytest.approx(lab.metrics.cost, rel=1e-12)


def test_data_that_are_slow_to_read_wait_while_training_goes_on(lab):
    lab.run("train 20")
    run = lab.timeline.run
    run.setup.reader.took = 1.0
    assert points_of(run, 1.0, training=True) == ([], False)
    known, whole = points_of(run, 10.0)
    assert (len(known), whole) == (21, True)


def test_what_tells_two_runs_apart(lab):
    lab.run("train 5")
    lab.run("seed 3")
    lab.run("rate 0.5")
    lab.run("optimizer adam")
    lab.run("train 5")
    first, second = lab.timeline.runs
    assert differences(second, first) == ("seed 3 · rate 0.5 · adam", "seed 0 · rate 0.2 · sgd")
    assert differences(first, first) == ("", "")
    lab.run("start constant 0.5")
    lab.run("train 1")
    assert described(lab.timeline.run)["start"] == "constant 0.5"


def test_a_start_that_the_experiment_gives_has_no_seed():
    assert "seed" not in described(Lab(load("demons"), untrained=True).timeline.run)
