"""What a network says all over its plane: cells and coordinates, values, points, the cache."""

from __future__ import annotations

import numpy as np
import pytest

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.reading.axis import Axis, nearest_nice
from nnsim.lab.reading.beliefs import sureness
from nnsim.lab.reading.metrics import fingerprint
from nnsim.lab.reading.plane import Plane, nearest_sample, points_of, read_surface


def bench(name, *lines):
    lab = Lab(load(name), load=load, untrained=True)
    for line in lines:
        lab.run(line)
    return lab


# Axes -----------------------------------------------------------------------------------------


def test_the_middles_of_cells():
    # Four cells from 0 to 8 are 2 wide: their middles are 1, 3, 5, 7.
    axis = Axis(0.0, 8.0)
    assert axis.centres(4).tolist() == [1, 3, 5, 7]
    assert [axis.cell(value, 4) for value in (0, 1.9, 2, 7.9, 8, -3, 99)] == [0, 0, 1, 3, 3, 0, 3]


@pytest.mark.parametrize("cells", [1, 7, 40, 161])
def test_a_middle_falls_into_its_own_cell(cells):
    axis = Axis(-2.7, 3.1)
    middles = axis.centres(cells)
    assert axis.cells(middles, cells).tolist() == list(range(cells))
    assert [axis.cell(m, cells) for m in middles] == list(range(cells))
    rounded = np.array([axis.rounded(m, cells) for m in middles])
    assert axis.cells(rounded, cells).tolist() == list(range(cells))


def test_what_lies_outside_is_in_no_cell():
    values = np.array([-1.1, -1.0, 1.0, 1.1, np.nan, np.inf])
    assert Axis(-1.0, 1.0).cells(values, 5).tolist() == [-1, 0, 4, -1, -1, -1]


def test_an_axis_around_data_leaves_room():
    # 12 % of the reach, 10, on either side.
    assert Axis.around(np.array([0.0, 10.0, 4.0])) == Axis(-1.2, 11.2)
    assert Axis.around(np.array([3.0])) == Axis(2.0, 4.0)
    assert Axis.around(np.array([])) == Axis(-1.0, 1.0)
    assert Axis.around(np.array([np.nan, np.inf])) == Axis(-1.0, 1.0)
    for extreme in ([-1e308, 1e308], [1e300, 1e300], [5e-324, 1e-323], [1e15, 1e15 + 1]):
        axis = Axis.around(np.array(extreme))
        assert np.isfinite(axis.span)
        assert axis.span > 0
        assert axis.step > 0


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (-5.2, 5.2, 5, [-4, -2, 0, 2, 4]),
        (0.0, 1.0, 3, [0, 0.5, 1]),
        (-0.12, 1.12, 4, [0, 0.5, 1]),
        (-310, 410, 4, [-200, 0, 200, 400]),
        (0.031, 0.048, 2, [0.04]),
    ],
)
def test_round_numbers_along_an_axis(low, high, most, ticks):
    assert Axis(low, high).ticks(most) == pytest.approx(ticks)


def test_round_steps():
    assert [nearest_nice(x) for x in (0.124, 0.0248, 0.2, 3.9, 70)] == [0.1, 0.02, 0.2, 5, 50]


def test_an_axis_moves_as_little_as_it_must():
    axis = Axis(0.0, 10.0)
    assert axis.reaching(3.0) is axis
    assert axis.reaching(12.0) == Axis(3.0, 13.0)  # a tenth of it lies behind the value
    assert axis.reaching(-1.0) == Axis(-2.0, 8.0)
    assert axis.reaching(float("nan")) is axis
    assert axis.zoomed(0.5, 4.0) == Axis(1.5, 6.5)


# What the network says ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["planar", "spiral", "xor"])
def test_every_cell_is_what_the_network_says_there(name):
    lab = bench(name, "train 30")
    x, y = Axis(-2.0, 2.5), Axis(-1.0, 3.0)
    surface = read_surface(lab, x, y, 9, 8)
    assert surface.said.shape == surface.sure.shape == (8, 9)
    for row in range(8):
        for column in range(9):
            # Row 0 is at the top: half a cell below 3.0.
            place = [[-2.0 + (column + 0.5) * 0.5, 3.0 - (row + 0.5) * 0.5]]
            output = lab.network.forward(place)[0]
            if output.size == 1:
                said, sure = int(output[0] >= 0.5), abs(2 * output[0] - 1)
            else:
                said = int(output.argmax())
                sure = np.sort(output)[-1] - np.sort(output)[-2]
            assert surface.said[row, column] == said
            assert surface.sure[row, column] == pytest.approx(sure, abs=1e-12)


def test_the_boundary_of_one_neuron_is_its_line():
    # σ(2x − y + 1) is .5 or more exactly where y <= 2x + 1.
    lab = bench("xor-linear")
    lab.network.layers[0].weight[...] = 0
    lab.network.layers[0].bias[...] = 0
    lab.network.layers[0].weight[:, 0] = [2, -1]
    lab.network.layers[1].weight[...] = 0
    lab.network.layers[1].weight[0, 0] = 1
    lab.network.layers[1].bias[...] = 1
    x = y = Axis(-3.0, 3.0)
    surface = read_surface(lab, x, y, 40, 32)
    across, up = np.meshgrid(x.centres(40), y.centres(32)[::-1])
    np.testing.assert_array_equal(surface.said, up <= 2 * across + 1)


def test_sureness_by_hand():
    assert sureness(np.array([[0.5], [1.0], [0.0], [0.75], [3.0]])).tolist() == [0, 1, 1, 0.5, 1]
    scores = np.array([[0.2, 0.7, 0.1], [5.0, 5.0, 1.0], [9.0, 1.0, 2.0]])
    assert sureness(scores) == pytest.approx([0.5, 0.0, 1.0])


def test_numbers_that_are_not_finite_say_nothing():
    lab = bench("planar")
    lab.network.layers[0].weight[...] = np.nan
    surface = read_surface(lab, Axis(-1, 1), Axis(-1, 1), 3, 2)
    assert (surface.said == -1).all()
    assert (surface.sure == 0).all()


def test_a_surface_is_computed_again_only_when_something_changed():
    lab, plane = bench("planar"), Plane()
    window = (Axis(-1.0, 1.0), Axis(-1.0, 1.0), 8, 6)
    first = plane.surface(lab, *window)
    lab.run("input 0.3 0.4")
    assert plane.surface(lab, *window) is first
    lab.run("train 1")
    second = plane.surface(lab, *window)
    assert second is not first
    assert not np.array_equal(second.sure, first.sure)
    lab.run("undo")
    np.testing.assert_array_equal(plane.surface(lab, *window).sure, first.sure)
    lab.run("mute hidden[1]")
    muted = plane.surface(lab, *window)
    assert not np.array_equal(muted.sure, first.sure)
    assert plane.surface(lab, window[0], window[1], 9, 6).said.shape == (6, 9)


def test_a_surface_is_of_the_epoch_on_the_timeline():
    lab, plane = bench("planar"), Plane()
    window = (Axis(-4.0, 4.0), Axis(-4.0, 4.0), 12, 10)
    start = plane.surface(lab, *window)
    lab.run("train 40")
    trained = plane.surface(lab, *window)
    lab.run("rewind 0")
    np.testing.assert_array_equal(plane.surface(lab, *window).sure, start.sure)
    lab.run("rewind 40")
    np.testing.assert_array_equal(plane.surface(lab, *window).sure, trained.sure)
    assert not np.array_equal(start.sure, trained.sure)


def test_batch_norm_that_has_run_on_is_another_network():
    lab = bench("five-numbers")
    before = fingerprint(lab.network)
    assert lab.network.running.size
    lab.network.running[0] += 1
    assert fingerprint(lab.network) != before


# The points -----------------------------------------------------------------------------------


def test_points_are_the_data_and_what_is_read_wrongly():
    lab = bench("spiral", "train 3")
    points = Plane().points(lab)
    data = lab.experiment.data
    assert points.test.tolist() == [False] * data.count + [True] * data.test_count
    np.testing.assert_array_equal(points.labels, [*data.labels, *data.test_labels])
    readings = lab.network.forward(points.inputs).argmax(axis=1)
    np.testing.assert_array_equal(points.wrong, readings != points.labels)
    assert 0 < points.wrong.sum() < len(points.wrong)


def test_points_follow_training_and_data():
    lab, plane = bench("xor"), Plane()
    first = plane.points(lab)
    lab.run("input 0.2 0.3")
    assert plane.points(lab) is first
    lab.run('add "1"')
    assert plane.points(lab).inputs.tolist()[4] == [0.2, 0.3]
    assert plane.points(lab).labels.tolist() == [0, 1, 1, 0, 1]
    lab.run("train 400")
    wrong = lab.network.predict(lab.experiment.data.inputs) != plane.points(lab).labels
    np.testing.assert_array_equal(plane.points(lab).wrong, wrong)


def test_a_regression_has_no_wrong_points():
    points = points_of(bench("line"))
    assert not points.wrong.any()
    assert points.targets.ravel().tolist() == [-3, -1, 1, 3, 5, 7]


def test_the_nearest_sample_is_the_one_that_looks_nearest():
    lab = bench("xor")  # (0, 0), (0, 1), (1, 0), (1, 1)
    square = np.array([1.0, 1.0])
    assert nearest_sample(lab, np.array([0.1, 0.9]), square) == 1
    assert nearest_sample(lab, np.array([0.6, 0.55]), square) == 3
    # On a plot that is ten times as wide a reach as high, sideways distances look small.
    assert nearest_sample(lab, np.array([0.6, 0.45]), np.array([10.0, 1.0])) == 2
    assert nearest_sample(lab, np.array([np.inf, 0.0]), square) == 0


NO_DATA = """
input = {{ kind = "{kind}" }}
{classes}
[network]
loss = "{loss}"
layers = [{{ type = "dense", units = 2, activation = "{activation}" }}]
"""


@pytest.mark.parametrize("kind", ["point", "number"])
def test_a_bench_without_data(tmp_path, kind):
    path = tmp_path / "bare.toml"
    values = {"classes": 'classes = ["a", "b"]', "loss": "softmax_cross_entropy"}
    path.write_text(NO_DATA.format(kind=kind, activation="softmax", **values), "utf-8")
    lab = Lab(load(path))
    points = Plane().points(lab)
    assert points.inputs.shape == (0, lab.input.size)
    assert points.targets.shape == (0, 2)
    assert nearest_sample(lab, lab.input, np.ones(lab.input.size)) is None
    lab.run("add a")
    assert Plane().points(lab).labels.tolist() == [0]


def test_the_plane_of_a_regression_goes_from_its_least_to_its_largest_value(tmp_path):
    path = tmp_path / "regression.toml"
    values = {"classes": "", "loss": "mean_squared_error", "activation": "identity"}
    path.write_text(NO_DATA.format(kind="point", **values), "utf-8")
    lab = Lab(load(path))
    lab.network.layers[0].weight[...] = [[3, 0], [1, 0]]  # the first output is 3x + y
    surface = read_surface(lab, Axis(0.0, 4.0), Axis(0.0, 2.0), 4, 2)
    # In the middles x is 0.5 … 3.5 and y is 1.5 above 0.5: from 2 to 12.
    assert (surface.low, surface.high) == pytest.approx((2, 12))
    assert (surface.said == 0).all()
    expected = [[(3 * x + y - 2) / 10 for x in (0.5, 1.5, 2.5, 3.5)] for y in (1.5, 0.5)]
    np.testing.assert_allclose(surface.sure, expected)
