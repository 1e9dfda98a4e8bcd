"""The landscape of the cost: against formulas, and against the bench itself."""

import math

import numpy as np
import pytest

from nnsim.experiments import load
from nnsim.lab import AddressError, Lab, LabError
from nnsim.lab import landscape as module
from nnsim.lab.landscape import (
    CostMap,
    PathOnPlane,
    Surface,
    Window,
    parameter_names,
    path_plane,
    random_plane,
)


def bench(name, *lines):
    lab = Lab(load(name), untrained=True)
    for line in lines:
        lab.run(line)
    return lab


def line(*lines):
    return bench("line", "landscape output[1].w[1] output[1].b", *lines)


def cost_map(lab, window, columns=9, rows=7):
    found = CostMap(Surface(lab.network, lab.experiment.data), lab.landscape, window, columns, rows)
    assert found.work()
    return found


BATCH_NORM = """
id = "normed"
title = "normed"
input = { kind = "point" }
classes = ["0", "1"]
[network]
loss = "binary_cross_entropy"
layers = [
  { type = "dense", name = "hidden", units = 3 },
  { type = "batch_norm", name = "norm" },
  { type = "dense", name = "output", units = 1, activation = "sigmoid" },
]
[data]
generator = "moons"
samples = 20
"""


@pytest.fixture
def normed(tmp_path):
    path = tmp_path / "normed.toml"
    path.write_text(BATCH_NORM)
    lab = Lab(load(path))
    lab.run("train 5")
    return lab


# The line: y = 2x − 1 at x = −1 … 4, squared error, so the cost is Σ (w·x + b − y)².


def line_cost(w, b):
    x = np.array([-1.0, 0, 1, 2, 3, 4])
    return float(np.sum((w * x + b - (2 * x - 1)) ** 2))


def test_the_line_has_the_parabola_of_the_formula():
    found = cost_map(line("train 7"), Window(0, 4, -4, 2))
    for column, w in enumerate(np.linspace(0, 4, 9)):
        for row, b in enumerate(np.linspace(2, -4, 7)):
            assert found.at(column, row) == pytest.approx((w, b, line_cost(w, b)), abs=1e-12)
    assert found.lowest == (4, 3)
    assert found.at(4, 3) == (2, -1, 0)


def test_the_path_of_two_parameters_is_exact():
    lab = line("set output[1].w[1] 0.5", "train 20")
    frames = lab.timeline.run.frames
    assert len(frames) == 21
    path = PathOnPlane(lab.landscape).points(frames)
    expected = []
    for epoch in range(21):
        lab.run(f"rewind {epoch}")
        expected.append([lab.read("output[1].w[1]"), lab.read("output[1].b")])
    assert path.tolist() == expected
    # One step of gradient descent from (0.5, b): the mean of 2(w·x + b − y)·(x, 1), times the rate.
    x = np.array([-1.0, 0, 1, 2, 3, 4])
    w, b = path[0]
    error = 2 * (w * x + b - (2 * x - 1))
    step = 0.05 * np.array([np.mean(error * x), np.mean(error)])
    assert path[1] == pytest.approx(path[0] - step, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("digits-4x3", []),
        ("digits-4x3", ["mute hidden[2]"]),
        ("xor", []),
        ("score", []),
        ("overfit", []),
        ("rgb-4x4", []),  # a convolution
    ],
)
def test_the_surface_is_the_cost_of_the_bench(name, lines):
    lab = bench(name, "train 3", *lines)
    rng = np.random.default_rng(0)
    surface = Surface(lab.network, lab.experiment.data)
    assert surface.every == 1
    rows = rng.normal(size=(surface.at_once + 2, lab.network.parameters.size))
    found = surface.costs(rows)
    for i in (0, 1, -1):
        lab.network.parameters[:] = rows[i]
        lab.changed(parameters=True)
        assert found[i] == pytest.approx(lab.metrics.cost, rel=1e-12)


def test_batch_norm_reads_with_its_running_statistics(normed):
    found = Surface(normed.network, normed.experiment.data).costs(normed.network.parameters[None])
    assert found[0] == pytest.approx(normed.metrics.cost, rel=1e-12)


def test_much_data_is_read_in_parts(monkeypatch):
    lab = bench("planar")
    monkeypatch.setattr(module, "_MOST_WORK", 2e7)
    surface = Surface(lab.network, lab.experiment.data)
    assert 400 / surface.every >= 32
    assert surface.every > 1
    data = lab.experiment.data
    x, t = data.inputs[:: surface.every], data.targets[:: surface.every]
    expected = lab.network.losses(x, t).sum() * 400 / len(x)
    assert surface.costs(lab.network.parameters[None])[0] == pytest.approx(expected, rel=1e-12)
    monkeypatch.setattr(module, "_MOST_WORK", 1e5)
    with pytest.raises(LabError, match="too large"):
        Surface(lab.network, lab.experiment.data)


def test_an_overflow_is_an_infinite_cost():
    lab = line()
    surface = Surface(lab.network, lab.experiment.data)
    assert surface.costs(np.array([[1e200, 0.0], [np.nan, 0.0]])).tolist() == [math.inf] * 2


@pytest.mark.parametrize("name", ["digits-4x3", "rgb-4x4", "line"])
def test_every_parameter_has_an_address_and_a_place(name):
    lab = bench(name)
    names = parameter_names(lab.names)
    assert len(names) == lab.network.parameters.size == len(set(names))
    rng = np.random.default_rng(1)
    for i, j in [rng.choice(len(names), 2, replace=False) for _ in range(12)]:
        before = {address: lab.read(address) for address in names}
        lab.run(f"landscape {names[i]} {names[j]}")
        lab.run("place 1.5 -2.25")
        after = {**before, names[i]: 1.5, names[j]: -2.25}
        assert {address: lab.read(address) for address in names} == after
        assert lab.undo() == "place 1.5 -2.25"


def test_the_other_parameters_are_those_of_now():
    lab = bench("digits-4x3", "landscape hidden[1].w[1] output[2].b", "train 5")
    plane = lab.landscape.through(lab.network.parameters)
    x, y = plane.project(lab.network.parameters[None])[0]
    assert (x, y) == (lab.read("hidden[1].w[1]"), lab.read("output[2].b"))
    assert np.array_equal(plane.point(x, y), lab.network.parameters)


def test_random_directions_are_as_long_as_the_units(normed):
    for lab in (bench("digits-4x3"), bench("rgb-4x4"), normed):
        plane = random_plane(lab.network, 3)
        now = lab.network.blocks(lab.network.parameters)
        for direction in (plane.across, plane.up):
            parts = lab.network.blocks(direction)
            for layer in lab.names.layers:
                if not layer.kernel_shape:
                    assert not any(parts[n].any() for n in parts if n.startswith(layer.name))
                    continue
                for unit in range(layer.output_shape[-1]):
                    lengths = [
                        math.hypot(
                            *blocks[f"{layer.name}.weight"][..., unit].ravel(),
                            blocks[f"{layer.name}.bias"][unit],
                        )
                        for blocks in (parts, now)
                    ]
                    assert lengths[0] == pytest.approx(lengths[1], rel=1e-12)
        assert np.array_equal(random_plane(lab.network, 3).across, plane.across)
        assert not np.array_equal(random_plane(lab.network, 4).across, plane.across)
        assert not np.array_equal(plane.across, plane.up)


def test_random_directions_of_zeros_are_one_long():
    plane = random_plane(bench("digits-4x3", "start zeros").network, 0)
    assert np.linalg.norm(plane.across) == pytest.approx(math.sqrt(5))  # five units


def test_two_parameters_have_no_parallel_directions():
    for seed in range(40):
        plane = random_plane(bench("line").network, seed)
        cosine = plane.across @ plane.up
        cosine /= np.linalg.norm(plane.across) * np.linalg.norm(plane.up)
        assert abs(cosine) < 0.9


def test_main_directions_hold_the_most_of_the_path():
    lab = bench("digits-4x3", "train 60")
    plane = path_plane(lab.network, lab.timeline.run)
    frames = lab.timeline.run.frames
    away = np.stack([f.parameters for f in frames]) - lab.network.parameters
    pair = np.stack([plane.across, plane.up])
    assert np.allclose(pair @ pair.T, np.eye(2), atol=1e-12)
    # Their shares are those of the largest eigenvalues of AᵀA.
    values = np.linalg.eigvalsh(away.T @ away)[::-1]
    assert plane.shares == pytest.approx(values[:2] / values.sum(), rel=1e-9)
    path = PathOnPlane(plane).points(frames)
    assert np.allclose(path, away @ pair.T, atol=1e-9)
    assert path[-1] == pytest.approx([0, 0], abs=1e-12)
    assert path[0][0] < 0  # training goes to the right
    assert plane.distance(lab.network.parameters) == pytest.approx(0, abs=1e-12)
    beside = away[0] - path[0] @ pair
    assert plane.distance(frames[0].parameters) == pytest.approx(np.linalg.norm(beside))


def test_a_path_of_two_parameters_lies_in_its_plane():
    lab = bench("line", "train 30")
    plane = path_plane(lab.network, lab.timeline.run)
    assert sum(plane.shares) == pytest.approx(1)
    assert all(plane.distance(f.parameters) < 1e-12 for f in lab.timeline.run.frames)


def test_a_network_too_large_to_keep_its_epochs_has_no_path(monkeypatch):
    monkeypatch.setattr("nnsim.lab.training.timeline.MOST_BYTES", 500)
    lab = bench("digits-4x3", "train 2")
    assert not lab.timeline.run.frames
    with pytest.raises(LabError, match="too large to keep its epochs"):
        lab.run("landscape path")
    lab.run("landscape")
    assert lab.landscape.kind == "random"


def test_what_is_projected_once_is_not_projected_again(monkeypatch):
    lab = bench("xor", "landscape random", "train 10")
    path = PathOnPlane(lab.landscape)
    first = path.points(lab.timeline.run.frames)
    lab.run("train 5")
    more = path.points(lab.timeline.run.frames)
    assert np.array_equal(more[:11], first)
    assert len(more) == 16
    for _run in range(40):
        lab.run("reset")
        lab.run("train 10")
        path.points(lab.timeline.run.frames)
    assert len(path._known) < 150  # runs that are gone are forgotten


def test_bit_by_bit_is_the_same_as_at_once():
    lab = bench("planar", "landscape random 1")
    window = Window(-1, 1, -1, 1)
    whole = cost_map(lab, window, 21, 13)
    part = CostMap(Surface(lab.network, lab.experiment.data), lab.landscape, window, 21, 13)
    assert part.lowest is None
    part.work(1e-9)
    assert not part.done
    assert np.isfinite(part.values).any()
    assert np.isnan(part.values).any()
    while not part.work(0.0005):
        known = np.isfinite(part.values)
        assert np.array_equal(part.shown[known], part.values[known])
    assert np.array_equal(part.values, whole.values)
    assert np.array_equal(part.shown, whole.values)


def test_windows_zoom_about_a_point_and_find_cells():
    window = Window(0, 4, -4, 2)
    assert window.zoomed(0.5, 2, -1) == Window(1, 3, -2.5, 0.5)
    assert window.zoomed(2, 0, 2) == Window(0, 8, -10, 2)
    assert window.zoomed(1e-12, 2, -1) == window
    points = np.array([[0, 2], [4, -4], [2.2, -1], [4.3, 0], [0, 9], [np.nan, 0]])
    assert window.cells(points, 9, 7).tolist() == [
        [0, 0], [8, 6], [4, 3], [-1, -1], [-1, -1], [-1, -1],
    ]  # fmt: skip


def test_a_window_has_the_path_in_it():
    lab = line("train 50")
    plane, frames = lab.landscape, lab.timeline.run.frames
    path = PathOnPlane(plane).points(frames)
    window = Window.of(plane, path, tuple(path[-1]))
    assert (window.cells(path, 60, 40) >= 0).all()
    assert (window.cells(path, 60, 40) > 0).all()  # and some room around it
    still = Window.of(plane, path[:1], tuple(path[0]))
    assert still.left < path[0][0] - 0.9 < path[0][0] + 0.9 < still.right


@pytest.mark.parametrize(
    ("name", "command", "sentence"),
    [
        ("line", "landscape output[1].b output[1].b", "twice"),
        ("line", "landscape output[1].z output[1].b", "no weight or bias"),
        ("line", "landscape epoch cost", "no weight or bias; one is output"),
        ("line", "landscape output[1].b", "say it like this"),
        ("line", "landscape random 1.5", "whole number"),
        ("line", "landscape path", "train some epochs"),
        ("line", "place 1 2", "landscape first"),
    ],
)
def test_what_makes_no_sense_is_refused(name, command, sentence):
    lab = bench(name)
    with pytest.raises(LabError, match=sentence):
        lab.run(command)
    assert lab.landscape is None


def test_unknown_addresses_are_refused():
    with pytest.raises(AddressError):
        bench("line").run("landscape hidden[1].w[1] output[1].b")


def test_the_usual_landscape():
    lab = bench("line")
    assert "output[1].w[1] and output[1].b" in lab.run("landscape")
    lab = bench("digits-4x3")
    assert "random" in lab.run("landscape")
    lab.run("train 20")
    assert "path" in lab.run("landscape")
    assert "seed 0" in lab.run("landscape random")
    assert "seed 1" in lab.run("landscape random")
    assert "seed 7" in lab.run("landscape random 7")


def test_to_a_point_and_back():
    lab = line("train 3")
    before, runs = lab.network.parameters.copy(), len(lab.timeline.runs)
    assert "cost 0" in lab.run("place 2 -1")
    assert lab.metrics.cost == 0
    assert lab.trainer.epoch == 3
    assert len(lab.timeline.runs) == runs + 1  # a branch, as after any number set by hand
    lab.run("undo")
    assert np.array_equal(lab.network.parameters, before)
    assert lab.landscape is not None


def test_a_landscape_is_of_one_network():
    lab = bench("xor-linear", "landscape random")
    assert lab.landscape is not None
    lab.run("collapse")
    assert lab.landscape is None
    lab.run("undo")
    assert lab.landscape is not None


@pytest.mark.parametrize("lines", [
    ("train 20", "set output[1].b 1e308", "train 2", "rewind 5"),
    ("train 20", "start constant 1e308"),
])  # fmt: skip
def test_a_path_that_went_too_far_is_refused_in_a_sentence(lines):
    with pytest.raises(LabError, match="no two directions yet"):
        bench("digits-4x3", *lines).run("landscape path")
