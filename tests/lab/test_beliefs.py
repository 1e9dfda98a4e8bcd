"""Every form of a small picture: where it lies, what the network says of it, how surely."""

import itertools
import math

import numpy as np
import pytest

from nnsim.experiments import load
from nnsim.lab import Lab, LabError
from nnsim.lab.reading.beliefs import (
    RIGHT,
    TEST_RIGHT,
    TEST_WRONG,
    WRONG,
    Layout,
    Marks,
    beliefs,
    can_list,
    hidden_units,
    marks,
)  # fmt: skip

PICTURES = """
id = "small"
title = "small"
input = {{ kind = "pixels", shape = {shape} }}
{classes}
[network]
loss = "{loss}"
layers = [{layers}]
[data]
inputs = {inputs}
{answers}
"""


def open_small(folder, shape, layers, inputs, answers, classes="", loss="squared_error"):
    path = folder / "small.toml"
    path.write_text(
        PICTURES.format(
            shape=shape, layers=layers, inputs=inputs, answers=answers, classes=classes, loss=loss
        )
    )
    return Lab(load(path))


@pytest.mark.parametrize("pixels", range(1, 13))
def test_neighbours_on_the_map_differ_by_one_pixel(pixels):
    layout = Layout.of(pixels)
    rows, columns = layout.form.shape
    assert rows * columns == 2**pixels == layout.count
    assert columns in (rows, 2 * rows)
    assert sorted(layout.form.reshape(-1).tolist()) == list(range(2**pixels))
    for row, column in itertools.product(range(rows), range(columns)):
        here = int(layout.form[row, column])
        assert layout.place(here) == (row, column)
        # The ends of a row and of a column are neighbours too (with two of them, the same pair).
        for beside in (layout.form[(row + 1) % rows, column],
                       layout.form[row, (column + 1) % columns]):  # fmt: skip
            if int(beside) != here:
                assert (here ^ int(beside)).bit_count() == 1


def test_a_row_of_the_map_is_one_upper_half_of_the_picture():
    layout = Layout.of(12)
    for row in range(64):
        assert len({tuple(layout.bits(form)[:6]) for form in layout.form[row]}) == 1
    for column in range(64):
        assert len({tuple(layout.bits(form)[6:]) for form in layout.form[:, column]}) == 1


def test_a_form_is_a_binary_number_with_pixel_1_first():
    layout = Layout.of(12)
    for form in (0, 1, 6, 2048, 4095, 3000):
        digits = f"{form:012b}"
        assert layout.bits(form).tolist() == [d == "1" for d in digits]
        assert layout.pictures[form].tolist() == [float(d) for d in digits]
        assert layout.number(np.array([0.9 if d == "1" else 0.4 for d in digits])) == form
    with pytest.raises(LabError, match="12 is the most"):
        Layout.of(13)


def test_what_is_said_of_each_form_is_what_the_network_says_of_it_on_the_input():
    lab = Lab(load("digits-4x3"))
    lab.run("train 30")
    found = beliefs(lab)
    for form in range(0, 4096, 37):
        text = f"{form:012b}"
        lab.run("paint " + "/".join(text[i : i + 3] for i in (0, 3, 6, 9)))
        first, second = lab.output.tolist()
        assert found.outputs[form].tolist() == pytest.approx([first, second], rel=1e-12)
        assert found.reading[form] == (0 if first >= second else 1) == lab.prediction
        assert found.sureness[form] == pytest.approx(abs(first - second), abs=1e-12)


def test_logistic_regression_by_its_formula(tmp_path):
    """One sigmoid output: 1/(1 + exp(−(w·x + b))), read as the second class from .5 on."""
    lab = Lab(load("left-half"))
    lab.run("train 40")
    weight, bias = lab.network.layers[0].weight[:, 0], lab.network.layers[0].bias[0]
    found = beliefs(lab)
    assert found.names == ("right", "left")
    counts, total, border = [0, 0], 0.0, 0

    def value(picture):
        return 1 / (1 + math.exp(-(sum(w for w, on in zip(weight, picture, strict=True) if on)
                                   + bias)))  # fmt: skip

    for form, picture in enumerate(itertools.product((0, 1), repeat=8)):
        a = value(picture)
        assert found.outputs[form, 0] == pytest.approx(a, rel=1e-12)
        assert found.reading[form] == int(a >= 0.5)
        assert found.sureness[form] == pytest.approx(2 * abs(a - 0.5), abs=1e-12)
        counts[int(a >= 0.5)] += 1
        total += 2 * abs(a - 0.5)
        switched = (tuple(p ^ (i == k) for i, p in enumerate(picture)) for k in range(8))
        otherwise = any((value(other) >= 0.5) != (a >= 0.5) for other in switched)
        assert found.boundary[form] == otherwise
        border += otherwise
    assert found.counts == tuple(counts)
    assert found.mean_sureness == pytest.approx(total / 256)
    assert border


def test_three_classes_are_told_by_the_two_largest(tmp_path):
    lab = open_small(
        tmp_path, [1, 3], '{ type = "dense", units = 3, activation = "softmax" }',
        '["100", "010", "001"]', 'labels = ["a", "b", "c"]',
        'classes = ["a", "b", "c"]', "softmax_cross_entropy",
    )  # fmt: skip
    lab.network.layers[0].weight[:] = np.diag([1.0, 2.0, 3.0])
    lab.changed(parameters=True)
    found = beliefs(lab)
    for form, picture in enumerate(itertools.product((0, 1), repeat=3)):
        powers = [math.exp((k + 1) * on) for k, on in enumerate(picture)]
        shares = sorted(p / sum(powers) for p in powers)
        assert found.reading[form] == powers.index(max(powers))
        assert found.sureness[form] == pytest.approx(shares[-1] - shares[-2])
    assert found.names == ("a", "b", "c")
    assert found.layout.form.shape == (2, 4)


def test_a_demon_of_its_own_is_read_by_its_value(tmp_path):
    """One output and no classes: which side of .5, and how far from it, at most 1."""
    lab = open_small(
        tmp_path, [2, 2], '{ type = "dense", units = 1 }', '["0000"]', "targets = [[0.0]]"
    )
    lab.network.layers[0].weight[:, 0] = [1.0, 0.25, 0.0, -8.0]
    lab.network.layers[0].bias[:] = 0.0
    lab.changed(parameters=True)
    found = beliefs(lab)
    assert found.names == ("below .5", "from .5")
    assert found.reading[0b1000] == 1
    assert found.sureness[0b1000] == 1.0  # a = 1
    assert (found.reading[0b0100], found.sureness[0b0100]) == (0, 0.5)  # a = .25
    assert (found.reading[0b0001], found.sureness[0b0001]) == (0, 1.0)  # a = −8, cut at 1
    assert set(marks(lab).signs(found).tolist()) == {0, RIGHT}  # no answer counts as wrong


def test_numbers_that_are_none_are_not_sure():
    lab = Lab(load("digits-4x3"))
    lab.network.parameters[-1] = np.nan
    lab.changed(parameters=True)
    found = beliefs(lab)
    assert found.sureness.tolist() == [0.0] * 4096
    assert sum(found.counts) == 4096


def test_it_is_kept_until_something_changes():
    lab = Lab(load("digits-4x3"), untrained=True)
    first = beliefs(lab)
    lab.run("sample 3")
    assert beliefs(lab) is first
    lab.run("train 1")
    second = beliefs(lab)
    assert second is not first
    lab.run("mute hidden[B]")
    third = beliefs(lab)
    assert not np.array_equal(third.outputs, second.outputs)
    lab.run("unmute")
    assert np.array_equal(beliefs(lab).outputs, second.outputs)
    lab.run("rewind 0")
    assert np.array_equal(beliefs(lab).outputs, first.outputs)


def test_training_and_test_images_are_found_among_the_forms():
    lab = Lab(load("digits-4x3"))
    lab.run("train 20")
    found, where = beliefs(lab), marks(lab)
    signs, data = where.signs(found), lab.experiment.data
    expected = dict.fromkeys(range(4096), 0)
    for i in range(lab.sample_count):
        inputs, target = lab.sample_at(i)
        form = int("".join(str(int(p)) for p in inputs), 2)
        lab.run(f"sample {i + 1}")
        wrong = lab.prediction != int(target.argmax())
        test = i >= data.count
        sign = (TEST_WRONG if wrong else TEST_RIGHT) if test else (WRONG if wrong else RIGHT)
        expected[form] = max(expected[form], sign)
        assert i in where.samples_at(form)
    assert signs.tolist() == list(expected.values())
    assert {0, TEST_RIGHT, RIGHT} <= set(signs.tolist())
    assert where.trained.size == 64
    assert marks(lab) is where


def test_grey_samples_are_none_of_the_forms():
    where = Marks(np.array([3, -1, 3, 5]), 3, np.array([0, 1, 1, 0]))
    assert where.left_out == 1
    assert where.trained.tolist() == [3]
    assert where.samples_at(3).tolist() == [0, 2]


@pytest.mark.parametrize("name", ["digits-8x8", "smile", "xor", "score"])
def test_where_there_are_too_many_forms_it_says_so(name):
    lab = Lab(load(name), untrained=True)
    assert not can_list(lab.experiment)
    with pytest.raises(LabError, match="at most 12 pixels"):
        beliefs(lab)


def test_every_shape_of_at_most_twelve_pixels_has_a_map(tmp_path):
    for shape in ([1, 1], [3, 3], [1, 12], [2, 2, 3]):
        count = math.prod(shape)
        lab = open_small(
            tmp_path, shape, '{ type = "flatten" }, { type = "dense", units = 2 }'
            if len(shape) == 3 else '{ type = "dense", units = 2 }',
            f"[{[0.0] * count}]", "targets = [[0.0, 1.0]]",
        )  # fmt: skip
        found = beliefs(lab)
        assert found.outputs.shape == (2**count, 2)
        assert sum(found.counts) == 2**count


def test_a_hidden_unit_by_its_formula():
    """Each demon of the hand-made network: 1/(1 + exp(−(w·x + b))), awake from .5 on."""
    lab = Lab(load("demons"))
    assert hidden_units(lab.names) == ((0, 0), (0, 1), (0, 2))
    layer = lab.network.layers[0]
    for unit in range(3):
        found = beliefs(lab, (0, unit))
        assert found is beliefs(lab, (0, unit))
        awake = 0
        for form, picture in enumerate(itertools.product((0, 1), repeat=12)):
            z = sum(w for w, on in zip(layer.weight[:, unit], picture, strict=True) if on)
            a = 1 / (1 + math.exp(-(z + layer.bias[unit])))
            assert found.outputs[form, 0] == pytest.approx(a, rel=1e-12)
            assert found.reading[form] == int(a >= 0.5)
            assert found.sureness[form] == pytest.approx(2 * abs(a - 0.5), abs=1e-12)
            awake += a >= 0.5
        assert found.counts == (4096 - awake, awake)
    assert beliefs(lab).outputs.shape == (4096, 2)


def test_a_hidden_unit_without_a_sigmoid_is_awake_above_zero():
    lab = Lab(load("overfit"))  # tanh
    layer = lab.network.layers[0]
    found = beliefs(lab, (0, 7))
    z = Layout.of(12).pictures @ layer.weight[:, 7] + layer.bias[7]
    assert found.outputs[:, 0] == pytest.approx(np.tanh(z), abs=1e-12)
    assert found.reading.tolist() == (z > 0).astype(int).tolist()
    assert found.sureness == pytest.approx(np.abs(np.tanh(z)) / np.abs(np.tanh(z)).max())
    assert set(marks(lab, classes=False).signs(found).tolist()) == {0, TEST_RIGHT, RIGHT}
