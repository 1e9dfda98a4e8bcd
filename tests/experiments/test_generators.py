"""Data that are drawn: their shape, their seed, their geometry."""

from __future__ import annotations

import numpy as np
import pytest

from nnsim.experiments import ExperimentError, load
from nnsim.experiments.generators import GENERATORS, generate

PLANE = sorted(name for name, generator in GENERATORS.items() if generator.inputs == 2)


def draw(kind, samples=120, noise=0.0, seed=0, classes=("0", "1")):
    return generate(kind, samples, noise=noise, seed=seed, classes=classes)


def test_all_that_the_issue_names():
    named = {"line", "moons", "circles", "spiral", "xor", "blobs", "flower"}
    assert set(GENERATORS) == named | {"sine"}


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_seed_gives_the_same_samples(kind):
    first, again, other = (draw(kind, noise=0.1, seed=seed) for seed in (5, 5, 6))
    values = "targets" if kind in ("line", "sine") else "inputs"
    np.testing.assert_array_equal(getattr(first, values), getattr(again, values))
    assert not np.array_equal(getattr(first, values), getattr(other, values))
    assert np.isfinite(first.inputs).all()


@pytest.mark.parametrize("kind", PLANE)
@pytest.mark.parametrize("samples", [1, 2, 3, 7, 100])
def test_classes_are_even_in_number(kind, samples):
    drawn = draw(kind, samples, noise=0.1)
    assert drawn.inputs.shape == (samples, 2)
    counts = np.bincount(drawn.labels, minlength=2)
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("kind", ["spiral", "blobs"])
def test_more_than_two_classes(kind):
    drawn = draw(kind, 90, classes=("a", "b", "c"))
    assert np.bincount(drawn.labels).tolist() == [30, 30, 30]
    assert drawn.classes == ("a", "b", "c")


def test_the_line():
    drawn = draw("line", 6)
    assert drawn.inputs.ravel().tolist() == [-1, 0, 1, 2, 3, 4]
    assert drawn.targets.ravel().tolist() == [-3, -1, 1, 3, 5, 7]


def test_the_sine():
    drawn = draw("sine", 7)
    assert drawn.inputs.ravel().tolist() == [-3, -2, -1, 0, 1, 2, 3]
    np.testing.assert_allclose(drawn.targets.ravel(), np.sin([-6, -4, -2, 0, 2, 4, 6]))


def test_geometry_without_noise():
    radius = np.hypot(*draw("circles").inputs.T)
    np.testing.assert_allclose(radius[0::2], 1)
    np.testing.assert_allclose(radius[1::2], 0.5)
    np.testing.assert_array_equal(draw("xor", 4).inputs, [[0, 0], [0, 1], [1, 1], [1, 0]])
    np.testing.assert_allclose(np.hypot(*draw("blobs").inputs.T), 1)
    moons = draw("moons").inputs + np.array([0.5, 0.25])
    np.testing.assert_allclose(np.hypot(*moons[0::2].T), 1)
    np.testing.assert_allclose(np.hypot(moons[1::2, 0] - 1, moons[1::2, 1] - 0.5), 1)
    flower = draw("flower", 400).inputs
    assert np.hypot(*flower.T).max() == pytest.approx(4, abs=1e-3)
    spiral = np.hypot(*draw("spiral").inputs.T)
    assert (spiral.min(), spiral.max()) == (0, 1)


def test_noise_has_the_deviation_it_says():
    quiet, noisy = draw("blobs", 4000), draw("blobs", 4000, noise=0.3)
    assert (noisy.inputs - quiet.inputs).std() == pytest.approx(0.3, rel=0.05)


GENERATED = """\
input = { kind = "point" }
classes = ["0", "1"]
[network]
layers = [{ type = "dense", units = 2 }]
[data]
generator = "moons"
"""


def test_in_an_experiment_file(write):
    data = load(write(GENERATED + "samples = 50\nnoise = 0.2\nseed = 3\n")).data
    np.testing.assert_array_equal(data.inputs, draw("moons", 50, 0.2, 3).inputs)
    assert load(write(GENERATED)).data.count == GENERATORS["moons"].samples


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("moons", "moon", ':6: unknown generator "moon"; did you mean "moons"?'),
        ("moons", "line", ":6: line gives 1 number per sample, and the input has 2"),
        ('"point"', '"number"', ":6: moons gives 2 numbers per sample, and the input has 1"),
        ('"moons"', '"moons"\nsamples = 0', ":7: samples is 0; it should be a whole number from 1"),
        ('"moons"', '"moons"\nsamples = 10000000', ":7: samples is 10000000"),
        ('"moons"', '"moons"\nnoise = -1', ":7: noise is -1"),
        ('"moons"', '"moons"\nnoise = nan', ":7: noise is nan"),
        ('"moons"', '"moons"\nseed = -1', ":7: seed is -1"),
    ],
)
def test_refusals(write, old, new, said):
    with pytest.raises(ExperimentError) as caught:
        load(write(GENERATED.replace(old, new)))
    assert said in str(caught.value)


def test_three_classes_of_two_moons(write):
    text = GENERATED.replace('["0", "1"]', '["0", "1", "2"]').replace("units = 2", "units = 3")
    with pytest.raises(ExperimentError, match="moons gives 2 classes, and the experiment has 3"):
        load(write(text))
