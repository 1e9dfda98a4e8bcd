"""Benches with random networks, one for each kind of layer, activation and loss."""

import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import strategies as st

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.addresses import Quantity

ACTIVATIONS = (
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "swish",
    "softmax", "step",
)  # fmt: skip
LOSSES = {
    "squared_error": ACTIVATIONS,
    "mean_squared_error": ACTIVATIONS,
    "binary_cross_entropy": ("sigmoid",),
    "softmax_cross_entropy": ("softmax", "identity", "tanh"),
    "hinge": ("identity", "relu", "softmax"),
}
ALONE = (
    "input.count", "prediction", "correct", "loss", "loss.squared_error", "loss.cross_entropy",
    "cost", "accuracy", "right", "parameters", "epoch", "learning_rate", "l2", "diverged",
)  # fmt: skip


def open_lab(inputs: str, layers: list[str], loss: str, rng, n_in: int, n_out: int, **more) -> Lab:
    """A bench with random parameters, one random sample and its target."""
    samples = rng.normal(size=(3, n_in)).round(2).tolist()
    targets = np.eye(n_out)[rng.integers(n_out, size=3)].tolist()
    if n_out == 1:
        targets = [[0.0], [1.0], [1.0]]
    text = f"""
id = "random"
title = "random"
input = {inputs}
classes = {[str(k) for k in range(max(2, n_out))]}
[network]
loss = "{loss}"
reduction = "{more.get("reduction", "mean")}"
layers = [{", ".join(layers)}]
[data]
inputs = {samples}
targets = {targets}
[training]
l2 = {more.get("l2", 0.0)}
l1 = {more.get("l1", 0.0)}
"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.toml"
        path.write_text(text, encoding="utf-8")
        lab = Lab(load(path))
    lab.network.parameters[:] = rng.normal(size=lab.network.parameters.size) * 0.7
    lab.network.running[:] = rng.uniform(0.3, 2, size=lab.network.running.size)
    lab.run("sample 1")
    lab.changed(parameters=True)
    return lab


def quantities(lab: Lab):
    """Every number of a trace."""
    names = lab.names
    for i in range(names.input_size):
        yield Quantity("input", position=(i,))
    for k in range(names.layers[-1].units):
        yield Quantity("target", position=(k,))
    for layer, of in enumerate(names.layers):
        for *place, unit in np.ndindex(*of.output_shape):
            for kind in ("z", "a", "delta", "slope") if of.has_z else ("a", "delta"):
                yield Quantity(kind, layer, unit, tuple(place))
        parameters = ("b", "b.grad", "theta") if of.has_bias else ()
        if of.kind == "batch_norm":
            parameters = ("gamma", "beta", "gamma.grad", "beta.grad", "mean", "variance")
        for unit in range(of.units):
            for kind in parameters:
                yield Quantity(kind, layer, unit)
            for tap in np.ndindex(*of.kernel_shape) if of.kernel_shape else ():
                yield Quantity("w", layer, unit, tap)
                yield Quantity("w.grad", layer, unit, tap)
        fields = ("w", "b", "z", "a", "delta") if of.kernel_shape else ("a",)
        for field in fields:
            for statistic in ("min", "max", "mean", "variance", "sum", "spread"):
                yield Quantity("statistic", layer, field=field, statistic=statistic)
    for kind in ALONE:
        yield Quantity(kind)


@st.composite
def dense_networks(draw):
    loss = draw(st.sampled_from(sorted(LOSSES)))
    outputs = draw(st.integers(2 if loss in ("softmax_cross_entropy", "hinge") else 1, 4))
    widths = draw(st.lists(st.integers(1, 4), max_size=2))
    hidden = [draw(st.sampled_from(ACTIVATIONS)) for _width in widths]
    last = draw(st.sampled_from(LOSSES[loss]))
    layers = [
        f'{{ type = "dense", units = {n}, activation = "{f}" }}'
        for n, f in zip([*widths, outputs], [*hidden, last], strict=True)
    ]
    n_in = draw(st.integers(1, 4))
    return layers, loss, n_in, outputs, draw(st.sampled_from(["mean", "sum"]))


@st.composite
def image_networks(draw):
    def conv(name):
        return (
            f'{{ type = "conv2d", name = "{name}", filters = {draw(st.integers(1, 2))}, '
            f"kernel_size = {draw(st.integers(1, 2))}, stride = {draw(st.integers(1, 2))}, "
            f"padding = {draw(st.integers(0, 2))}, "
            f'activation = "{draw(st.sampled_from(["relu", "tanh", "identity"]))}" }}'
        )

    pool = (
        f'{{ type = "{draw(st.sampled_from(["max_pool2d", "average_pool2d"]))}", name = "pool", '
        f"size = 2, stride = {draw(st.integers(1, 2))} }}"
    )
    between = draw(
        st.permutations(
            [
                '{ type = "batch_norm", name = "norm" }',
                '{ type = "dropout", name = "drop", rate = 0.4 }',
                '{ type = "activation", name = "act", activation = "leaky_relu" }',
                pool,
            ]
        )
    )
    layers = [conv("conv"), *between[: draw(st.integers(1, 4))]]
    layers.append('{ type = "flatten", name = "flat" }')
    if draw(st.booleans()):
        layers.append('{ type = "batch_norm", name = "flatnorm" }')
    layers.append('{ type = "dense", name = "scores", units = 3 }')
    return [*layers, '{ type = "activation", name = "out", activation = "softmax" }']


@st.composite
def dense_labs(draw):
    """Benches with dense networks."""
    layers, loss, n_in, n_out, reduction = draw(dense_networks())
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    l2, l1 = draw(st.sampled_from([(0, 0), (0.1, 0), (0.1, 0.02)]))
    inputs = f'{{ kind = "vector", names = {[f"x{i}" for i in range(n_in)]} }}'
    return open_lab(inputs, layers, loss, rng, n_in, n_out, reduction=reduction, l2=l2, l1=l1)


@st.composite
def image_labs(draw):
    """Benches with networks for images."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    inputs = '{ kind = "pixels", shape = [4, 5] }'
    return open_lab(inputs, draw(image_networks()), "softmax_cross_entropy", rng, 20, 3)


_MAZUR = """
id = "mazur"
title = "A step by step backpropagation example"
input = { kind = "vector", names = ["i1", "i2"] }
[network]
loss = "squared_error"
layers = [
  { type = "dense", name = "hidden", units = 2, activation = "sigmoid" },
  { type = "dense", name = "output", units = 2, activation = "sigmoid" },
]
[network.parameters]
hidden.weight = [[0.15, 0.25], [0.20, 0.30]]
hidden.bias = [0.35, 0.35]
output.weight = [[0.40, 0.50], [0.45, 0.55]]
output.bias = [0.60, 0.60]
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
[training]
learning_rate = 0.5
train_biases = false
"""


@pytest.fixture
def mazur_file(tmp_path):
    """Matt Mazur, "A Step by Step Backpropagation Example" (2015); its biases stay as they are."""
    path = tmp_path / "mazur.toml"
    path.write_text(_MAZUR, encoding="utf-8")
    return path


@pytest.fixture
def mazur(mazur_file):
    """The bench of that example, with its one sample on the input."""
    lab = Lab(load(mazur_file))
    lab.run("sample 1")
    return lab


@pytest.fixture(scope="session")
def random_labs():
    """Strategies `dense` and `images`, `open` for one bench, and `quantities` of a bench."""
    return SimpleNamespace(
        dense=dense_labs(), images=image_labs(), open=open_lab, quantities=quantities
    )
