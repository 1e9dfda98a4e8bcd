"""Generated data for an experiment that is open."""

from __future__ import annotations

import numpy as np
import pytest

from nnsim.experiments import ExperimentError, load
from nnsim.experiments.generators import GENERATORS, drawn, fitting, generate

TWO = {"moons", "circles", "spiral", "xor", "blobs", "flower"}


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("planar", TWO),
        ("xor", TWO),
        ("spiral", {"spiral", "blobs"}),
        ("line", {"line", "sine"}),
        ("curve", {"line", "sine"}),
        ("score", set()),
        ("digits-4x3", set()),
    ],
)
def test_which_kinds_a_network_can_learn(name, kinds):
    assert set(fitting(load(name))) == kinds


def test_every_generator_is_reached_from_an_experiment_that_ships():
    assert {*fitting(load("planar")), *fitting(load("line"))} == set(GENERATORS)


@pytest.mark.parametrize("kind", sorted(TWO))
def test_the_samples_are_those_of_the_generator(kind):
    data = drawn(load("planar"), kind, 50, 0.05, 7)
    same = generate(kind, 50, noise=0.05, seed=7, classes=("0", "1"))
    assert data.test_count == 0
    np.testing.assert_array_equal(data.inputs, same.inputs)
    np.testing.assert_array_equal(data.labels, same.labels)
    assert data.targets.ravel().tolist() == same.labels.tolist()


def test_the_same_share_is_kept_to_test_on():
    data = drawn(load("spiral"), "blobs", 100, 0.1, 3)  # spiral keeps a fifth
    assert (data.count, data.test_count) == (80, 20)
    same = generate("blobs", 100, noise=0.1, seed=3, classes=("0", "1", "2"))
    every = np.concatenate([data.inputs, data.test_inputs])
    assert sorted(map(tuple, every)) == sorted(map(tuple, same.inputs))
    assert data.targets.shape == (80, 3)
    assert drawn(load("spiral"), "blobs", 1).count == 1


@pytest.mark.parametrize(
    ("name", "kind", "more", "said"),
    [
        ("spiral", "moons", (), "moons is not for this network; what is: spiral, blobs"),
        ("planar", "moon", (), '"moon"; did you mean "moons"'),
        ("planar", "line", (), "line is not for this network"),
        ("score", "moons", (), "no generated data has what this network reads"),
        ("planar", "moons", (0,), "0 samples are out of range: 1 to 1000000"),
        ("planar", "moons", (10, -1.0), "a noise of -1 is out of range"),
        ("planar", "moons", (10, float("nan")), "a noise of nan is out of range"),
    ],
)
def test_what_makes_no_sense_is_refused(name, kind, more, said):
    with pytest.raises(ExperimentError) as refusal:
        drawn(load(name), kind, *more)
    assert said in str(refusal.value)
