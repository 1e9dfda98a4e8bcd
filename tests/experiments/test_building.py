"""Each key of an experiment file does something in the engine."""

from __future__ import annotations

import numpy as np
import pytest

from nnsim.engine import Network, Trainer
from nnsim.experiments import ExperimentError, load


def start(path, seed=None):
    return load(path).build_network(seed)


def trained(path):
    experiment = load(path)
    network = experiment.build_network()
    trainer = experiment.build_trainer(network)
    for _progress in trainer.run(experiment.data.inputs, experiment.data.targets, epochs=3):
        pass
    return network, trainer


def test_layers_loss_and_numbers(plain):
    network = start(plain('loss = "squared_error"', 'loss = "hinge"\nreduction = "sum"'))
    assert isinstance(network, Network)
    assert [(layer.name, layer.activation) for layer in network.layers] == [
        ("hidden", "sigmoid"),
        ("output", "sigmoid"),
    ]
    assert (network.loss_name, network.reduction) == ("hinge", "sum")
    assert network.dtype == np.float64
    assert start(plain('loss = "squared_error"', 'dtype = "float32"')).dtype == np.float32


def test_seeds(plain):
    first = start(plain("", "seed = 5\n"))
    np.testing.assert_array_equal(first.parameters, start(plain("", "seed = 5\n")).parameters)
    np.testing.assert_array_equal(first.parameters, start(plain(), seed=5).parameters)
    assert not np.array_equal(first.parameters, start(plain()).parameters)


def test_exact_parameters_and_the_rest_from_the_initializer(plain):
    exact = "hidden.weight = [[1, 2, 3], [4, 5, 6]]\nhidden.bias = [7, 8, 9]\n"
    network = start(plain("[data]", f"[network.parameters]\n{exact}[data]"))
    assert network.layers[0].weight.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert network.layers[0].bias.tolist() == [7, 8, 9]
    np.testing.assert_array_equal(network.layers[1].weight, start(plain()).layers[1].weight)


@pytest.mark.parametrize("text", ["constant:0.5", "constant 0.5"])
def test_initializers_of_the_network_and_of_a_layer(plain, text):
    network = start(plain('loss = "squared_error"', f'initializer = "{text}"'))
    assert all((layer.weight == 0.5).all() for layer in network.layers)
    network = start(plain('name = "output"', f'name = "output", initializer = "{text}"'))
    assert (network.layers[1].weight == 0.5).all()
    assert len(np.unique(network.layers[0].weight)) == 6


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ('initializer = "constant"', 'initializer "constant" needs a value'),
        ('initializer = "glorot"', "unknown initializer 'glorot'"),
        ('loss = "binary_cross_entropy"', "binary_cross_entropy"),
    ],
)
def test_what_the_engine_refuses_has_its_line(plain, key, said):
    path = plain('loss = "squared_error"', key)
    if "cross" in key:
        path = plain('activation = "sigmoid" },\n]', 'activation = "relu" },\n]')
        path.write_text(path.read_text().replace('loss = "squared_error"', key))
    with pytest.raises(ExperimentError) as caught:
        load(path)
    assert f"experiment.toml:7: {said}" in str(caught.value)


def test_a_schedule_that_is_none(plain):
    with pytest.raises(ExperimentError, match=r"toml:19: unknown schedule 'exponential'"):
        load(plain("", 'schedule = "exponential"\n'))


def test_every_key_of_training_reaches_the_trainer(plain):
    more = (
        'optimizer = "adam"\nbatch_size = 1\nepochs = 7\nseed = 3\nl1 = 0.1\nl2 = 0.2\n'
        'schedule = "step:10:0.5"\nclip = 1.5\ntrain_biases = false\non_open = true\n'
        "patience = 9\nvalidation_fraction = 0.5\n"
    )
    experiment = load(plain("", more))
    network, trainer = experiment.open()
    assert isinstance(trainer, Trainer)
    assert (trainer.optimizer.name, trainer.learning_rate) == ("adam", 0.5)
    assert (trainer.batch_size, trainer.seed, trainer.clip) == (1, 3, 1.5)
    assert (trainer.patience, trainer.validation_fraction) == (9, 0.5)
    assert str(trainer.schedule) == "step:10:0.5"
    assert (network.l1, network.l2) == (0.1, 0.2)
    assert (trainer.epoch, trainer.updates) == (7, 7)  # one of the two samples is held back
    assert all((layer.bias == 0).all() for layer in network.layers)


def test_whole_batches_and_trained_biases_are_the_default(plain):
    network, trainer = trained(plain())
    assert (trainer.batch_size, trainer.updates, trainer.optimizer.name) == (None, 3, "sgd")
    assert all((layer.bias != 0).any() for layer in network.layers)


def test_without_patience_training_goes_on_to_the_end(plain):
    experiment = load(plain("", "patience = 0\n"))
    assert experiment.open()[1].patience is None


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("patience = -1", "patience is -1; it should be a whole number from 0"),
        ("validation_fraction = 1", "validation_fraction is 1; it should be below 1"),
        ("validation_fraction = 1.5", "validation_fraction is 1.5; it should be a number from 0"),
        ("validation_fraction = 0.1", "validation_fraction holds back 0 of 2 samples"),
        ("validation_fraction = 0.9", "validation_fraction holds back 2 of 2 samples"),
    ],
)
def test_what_early_stopping_can_not_go_by(plain, key, said):
    with pytest.raises(ExperimentError, match=rf"toml:19: {said}"):
        load(plain("", f"{key}\n"))


def test_clipping_bounds_the_step(plain):
    experiment = load(plain("", "clip = 0.001\n"))
    network = experiment.build_network()
    before = network.parameters.copy()
    data = experiment.data
    experiment.build_trainer(network).step(data.inputs, data.targets)
    # One step of plain gradient descent: at most learning rate × clip long.
    assert np.linalg.norm(network.parameters - before) == pytest.approx(0.0005, rel=1e-4)


def test_every_type_of_layer_is_built(write):
    path = write("""
input = { kind = "pixels", shape = [8, 9, 3] }
[network]
loss = "softmax_cross_entropy"
layers = [
  { type = "conv2d", name = "conv", filters = 4, kernel_size = 3, stride = 2, padding = 1, activation = "leaky_relu", slope = 0.2, initializer = "he" },
  { type = "batch_norm", name = "norm", momentum = 0.8, epsilon = 1e-4 },
  { type = "activation", activation = "leaky_relu", slope = 0.3 },
  { type = "max_pool2d", size = 2, stride = 1 },
  { type = "average_pool2d", size = 2 },
  { type = "flatten" },
  { type = "dropout", rate = 0.25 },
  { type = "dense", units = 5, activation = "softmax" },
]
[network.parameters]
conv.bias = [1, 2, 3, 4]
norm.gamma = [5, 6, 7, 8]
""")  # noqa: E501
    experiment = load(path)
    network = experiment.build_network()
    shapes = [layer.output_shape for layer in network.layers]
    assert shapes == [layer.output_shape for layer in experiment.network.layers]
    counts = [layer.parameter_count for layer in network.layers]
    assert counts == [layer.parameters for layer in experiment.network.layers]
    assert [layer.kind for layer in network.layers] == [
        layer.type for layer in experiment.network.layers
    ]
    conv, norm, activation, dropout = (network.layers[k] for k in (0, 1, 2, 6))
    assert conv.bias.tolist() == [1, 2, 3, 4]
    assert norm.gamma.tolist() == [5, 6, 7, 8]
    assert (norm.momentum, norm.epsilon, dropout.rate) == (0.8, 1e-4, 0.25)
    assert (conv.function.leak, activation.function.leak) == (0.2, 0.3)
    assert network.forward(np.zeros((2, 8, 9, 3))).shape == (2, 5)
    assert experiment.parse_input("0 " * 216).shape == (8, 9, 3)


def test_a_step_neuron_opens_and_only_training_is_refused(write):
    path = write("""
input = { kind = "vector", names = ["a", "b"] }
[network]
layers = [{ type = "dense", units = 1, activation = "step" }]
[network.parameters]
layer1.weight = [[0.5], [0.5]]
layer1.bias = [-0.7]
[data]
inputs = [[0, 0], [0, 1], [1, 0], [1, 1]]
targets = [0, 0, 0, 1]
""")
    experiment = load(path)
    network, trainer = experiment.open()
    data = experiment.data
    assert network.forward(data.inputs).tolist() == data.targets.tolist()
    with pytest.raises(ValueError, match="step activation"):
        trainer.run(data.inputs, data.targets, epochs=1)


def test_without_classes_there_is_no_accuracy_even_for_targets_of_0_and_1(write):
    text = """
        id = "heights"
        title = "Heights"
        input = { kind = "number" }
        {classes}
        [network]
        loss = "squared_error"
        layers = [{ type = "dense", units = 1 }]
        [data]
        inputs = [[0], [1]]
        targets = [[0], [1]]
    """
    for classes, told in (("", False), ('classes = ["low", "high"]', True)):
        experiment = load(write(text.replace("{classes}", classes)))
        network = experiment.build_network()
        assert network.classes is told
        data = experiment.data
        assert (network.accuracy(data.inputs, data.targets) is not None) is told
