"""The experiments that ship: what they hold, and that they learn what they should."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nnsim.experiments import catalogue, load
from nnsim.resources import resource

IDS = [entry.id for entry in catalogue()]
# Row-octal: a digit per row of three pixels (4 left, 2 middle, 1 right), in the order of the file.
ZEROS = """7557 2552 7552 2557 3557 6557 7553 7556 3556 6553 3552 6552 2553 2556 3553 6556
7570 0757 2570 0257 7520 0752 3560 0653 5557 7555 7547 7157 7577 7757 2520 0252"""
ONES = """2222 6222 2227 6227 2622 2627 2226 2223 6226 1222 2224 1224 1122 2244 0222 2220
6220 0622 0227 2270 4222 2221 6666 3333 2662 2332 1111 4444 3111 1113 4446 0111"""
TEST_ZEROS = "5552 2555 7457 7517 0356 6530 3570 0756"
TEST_ONES = "6223 2623 0627 6270 1322 1124 2211 0444"
# lessons.md, checked with NumPy there: what the demons misread, and their cost.
MISREAD = "2520 0252 1111 4444 3111 1113 4446 0111"
DEMONS_COST = 8.464


def octal(images):
    return ["".join(str(int(row @ [4, 2, 1])) for row in image.reshape(4, 3)) for image in images]


def right(experiment, network):
    data = experiment.data
    return network.forward(data.inputs).argmax(axis=1) == data.labels


@pytest.mark.parametrize("entry", catalogue(), ids=IDS)
def test_every_one_is_sound(entry):
    assert entry.id == entry.path.stem
    experiment = load(entry.id)
    assert (experiment.id, experiment.title, experiment.input.kind) == (
        entry.id, entry.title, entry.kind,
    )  # fmt: skip
    network = experiment.build_network()
    assert network.parameters.size == experiment.network.parameter_count
    summary = [row.output_shape for row in network.summary()]
    assert summary == [layer.output_shape for layer in experiment.network.layers]
    output = network.forward(experiment.data.inputs)
    assert output.shape == experiment.data.targets.shape
    assert np.isfinite(output).all()


def test_the_digits_and_their_order():
    data = load("digits-4x3").data
    assert octal(data.inputs) == f"{ZEROS} {ONES}".split()
    assert data.labels.tolist() == [0] * 32 + [1] * 32
    assert octal(data.test_inputs) == f"{TEST_ZEROS} {TEST_ONES}".split()
    assert data.test_labels.tolist() == [0] * 8 + [1] * 8
    every = np.concatenate([data.inputs, data.test_inputs])
    assert len(np.unique(every, axis=0)) == 80


def test_digits_4x3_opens_trained_on_the_spot():
    experiment = load("digits-4x3")
    assert experiment.training.on_open
    network, trainer = experiment.open()
    assert right(experiment, network).all()
    assert trainer.epoch == experiment.training.epochs
    data = experiment.data
    assert network.accuracy(data.test_inputs, data.test_targets) == 1
    start, untrained = experiment.open(untrained=True)
    assert untrained.epoch == 0
    np.testing.assert_array_equal(start.parameters, experiment.build_network().parameters)
    assert not right(experiment, start).all()
    again, _trainer = experiment.open()
    np.testing.assert_array_equal(network.parameters, again.parameters)


def test_the_demons_read_56_of_64():
    experiment = load("demons")
    network, _trainer = experiment.open()
    data = experiment.data
    read = right(experiment, network)
    assert read.sum() == 56
    assert octal(data.inputs[~read]) == MISREAD.split()
    assert network.losses(data.inputs, data.targets).sum() == pytest.approx(DEMONS_COST, abs=5e-4)


def test_without_biases_of_the_heart_everything_reads_0():
    experiment = load("demons")
    network = experiment.build_network()
    network.layers[0].bias = np.zeros(3)
    assert (network.forward(experiment.data.inputs).argmax(axis=1) == 0).all()


def trained(name):
    experiment = load(name)
    network = experiment.build_network()
    data = experiment.data
    trainer = experiment.build_trainer(network)
    epochs = experiment.training.epochs
    progress = list(trainer.run(data.inputs, data.targets, epochs=epochs))[-1]
    return experiment, network, progress


def test_the_line_is_found():
    _experiment, network, _progress = trained("line")
    # y = 2x − 1
    np.testing.assert_allclose(network.parameters, [2, -1], atol=1e-4)
    np.testing.assert_allclose(network.forward([[10.0]]), [[19]], atol=0.05)


def test_the_curve_is_found_through_the_noise():
    experiment, network, _progress = trained("curve")
    data = experiment.data
    assert (data.count, data.test_count) == (45, 15)
    x = np.linspace(-3, 3, 101)[:, None]
    # Nearer to the true sin 2x than the noise of deviation 0.1 lies around it.
    assert np.mean((network.forward(x) - np.sin(2 * x)) ** 2) < 0.1**2
    assert np.mean((network.forward(data.test_inputs) - data.test_targets) ** 2) < 2 * 0.1**2
    start = experiment.build_network().forward(x)
    assert np.mean((start - np.sin(2 * x)) ** 2) > 0.3


def test_xor_is_learned():
    _experiment, _network, progress = trained("xor")
    assert progress.accuracy == 1
    assert progress.loss < 0.01


@pytest.mark.parametrize(("name", "least"), [("planar", 0.9), ("spiral", 0.97), ("score", 1)])
def test_planes_and_scores_are_learned(name, least):
    _experiment, _network, progress = trained(name)
    assert progress.accuracy >= least


def test_the_scores_are_those_of_the_hand_set_weights():
    experiment = load("score")
    x = experiment.parse_input("1 0.5 0 2")
    # From the file: sea = 1.5 + 0.25 + 0.5, forest = −1 − 1 + 3 + 2, desert = 2 + 0.5 − 2 − 2.5
    np.testing.assert_allclose(experiment.build_network().forward(x[None]), [[2.25, 3, -2]])


def test_digits_8x8():
    experiment = load("digits-8x8")
    data = experiment.data
    assert (data.count, data.test_count) == (1438, 359)
    # The distribution that the data set's description gives.
    counts = np.bincount(np.concatenate([data.labels, data.test_labels]))
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    grey = np.unique(data.inputs)
    np.testing.assert_array_equal(grey, np.arange(17) / 16)
    network, _trainer = experiment.open()
    assert right(experiment, network).mean() > 0.98
    assert network.accuracy(data.test_inputs, data.test_targets) > 0.95


def test_the_small_convolution_reads_most_digits():
    experiment = load("digits-8x8-cnn")
    network, _trainer = experiment.open()
    data = experiment.data
    assert network.accuracy(data.test_inputs, data.test_targets) > 0.9
    assert network.trace(data.inputs[:1])["conv"].a.shape == (1, 6, 6, 8)


def test_overfit_has_four_wrong_labels_and_l2_helps():
    experiment, digits = load("overfit"), load("digits-4x3").data
    every = np.concatenate([digits.inputs, digits.test_inputs])
    labels = np.concatenate([digits.labels, digits.test_labels])
    right_label = dict(zip(octal(every), labels, strict=True))
    data = experiment.data
    wrong = [right_label[o] != k for o, k in zip(octal(data.inputs), data.labels, strict=True)]
    assert (data.count, sum(wrong), data.test_count) == (24, 4, 56)
    names = octal(data.test_inputs)
    assert [right_label[o] for o in names] == data.test_labels.tolist()
    assert set(names) | set(octal(data.inputs)) == set(right_label)
    read = {}
    for l2 in (0.0, 0.05):
        network = experiment.build_network()
        network.l2 = l2
        trainer = experiment.build_trainer(network)
        list(trainer.run(data.inputs, data.targets, epochs=experiment.training.epochs))
        read[l2] = [
            network.accuracy(data.inputs, data.targets),
            network.accuracy(data.test_inputs, data.test_targets),
        ]
    assert read[0.0][0] == 1
    assert read[0.05][1] > read[0.0][1] + 0.1


def test_what_is_not_ours_is_named_with_source_and_licence():
    text = resource("assets/data/README.md").read_text(encoding="utf-8")
    for path in resource("assets/experiments/data").iterdir():
        assert f"`{path.name}`" in text
    assert re.search(r"digits-8x8\.txt.*CC BY 4\.0", text)


@pytest.mark.parametrize("entry", catalogue(), ids=IDS)
def test_a_list_says_what_the_file_says(entry):
    experiment = load(entry.path)
    assert entry.path.stem == entry.id == experiment.id
    assert entry.title == experiment.title
    assert entry.kind == experiment.input.kind
    assert entry.summary.startswith(str(experiment.input.count))
