"""Whatever an experiment file may say, the app opens it, shows it and trains it.

Every key that the page on the language has, every kind of layer, activation, loss, optimiser,
generator and input, stands in one of these files; a new one that stands in none fails here.
"""

from __future__ import annotations

import re
import struct
import tomllib
from pathlib import Path

import numpy as np
import pytest

from nnsim.engine import ACTIVATIONS, LOSSES, OPTIMIZERS
from nnsim.experiments import load
from nnsim.experiments.generators import GENERATORS
from nnsim.experiments.inputs import KINDS as INPUTS
from nnsim.experiments.loading import file_keys
from nnsim.lab import Lab
from nnsim.lab.session import pack, unpack
from tests.tui.conftest import until

pytestmark = pytest.mark.usefixtures("hasty")

PICTURES = """\
[0]
{zero}

[1]
{one}

[test 0]
{zero}
""".format(
    zero="\n".join(["######  ######  ######"] * 5 + ["#....#  #....#  #....#"]),
    one="\n".join(["......  #.....  .#...."] * 6),
)
TABLE = "a;b;c;right;one;two\n" + "".join(
    f"{i / 9};{1 - i / 9};{i % 3};{'yes' if i % 2 else 'no'};{i};{-i}\n" for i in range(9)
)
CONVOLVED = """
loss = "softmax_cross_entropy"
layers = [
  { type = "conv2d", name = "conv", filters = 2, kernel_size = 3, stride = 1, padding = 1, \
activation = "leaky_relu", slope = 0.1, labels = ["edge", "spot"], initializer = "he" },
  { type = "batch_norm", name = "norm", momentum = 0.8, epsilon = 0.001 },
  { type = "activation", name = "bend", activation = "leaky_relu", slope = 0.2 },
  { type = "max_pool2d", name = "most", size = 2, stride = 1 },
  { type = "average_pool2d", name = "mean", size = 2, stride = 2 },
  { type = "dropout", name = "drop", rate = 0.2 },
  { type = "flatten", name = "flat" },
  { type = "dense", name = "output", units = 2, activation = "softmax" },
]
"""
IMAGES = {
    dtype: f"""
classes = ["0", "1"]
input = {{ kind = "pixels", shape = [6, 6, 3] }}
[data]
file = "pictures.txt"
test_file = "pictures.txt"
[training]
optimizer = "adam"
batch_size = 1
epochs = 2
[network]
dtype = "{dtype}"
{CONVOLVED}
"""
    for dtype in ("float64", "float32")
}
VECTOR = """
id = "given"
title = "All is given"
classes = ["no", "yes"]
input = { kind = "vector", shape = [2], names = ["a", "b"] }
[network]
seed = 3
layers = [
  { type = "dense", name = "hidden", units = 3, activation = "sigmoid", labels = ["A", "B", "C"] },
  { type = "batch_norm", name = "norm" },
  { type = "dense", name = "output", units = 2, activation = "sigmoid" },
]
[network.parameters]
hidden.weight = [[1, 2, 3], [4, 5, 6]]
hidden.bias = [0, 0, 1]
norm.gamma = [1, 2, 1]
norm.beta = [0, 1, 0]
[data]
inputs = [[0, 1], [1, 0], [0, 0], [1, 1]]
labels = ["no", "yes", "no", "yes"]
test_fraction = 0.25
seed = 4
"""
NUMBER = """
input = { kind = "number" }
[network]
layers = [{ type = "dense", units = 4, initializer = "he", activation = "leaky_relu", \
slope = 0.2 }, { type = "dense", units = 1 }]
[data]
inputs = [0, 0.5, 1, 1.5]
targets = [0, 1, 0, 1]
[training]
learning_rate = 0.1
epochs = 20
seed = 1
l1 = 0.001
l2 = 0.01
schedule = "step:2:0.5"
clip = 1.0
train_biases = false
patience = 3
validation_fraction = 0.25
on_open = true
"""
COLUMNS = {
    "columns of inputs and labels": 'inputs = ["a", "b"]\nlabels = "right"',
    "columns of targets": 'inputs = ["c", "a"]\ntargets = ["one", "two"]',
}
BYTES = """
input = { kind = "pixels", shape = [3, 3] }
[network]
layers = [{ type = "dense", units = 2 }]
[data]
file = "images-idx3-ubyte"
labels = "labels-idx1-ubyte"
"""


def drawn(number: int, generator: str) -> str:
    """A network for generated data, with one after the other of what there is of each sort."""

    def each(names):
        return list(names)[number % len(list(names))]

    count, classes = GENERATORS[generator].inputs, len(GENERATORS[generator].classes)
    losses = list(LOSSES) if classes else ["squared_error", "mean_squared_error"]
    loss = each(losses)
    last = {"softmax_cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(
        loss, "identity"
    )
    outputs = 2 if classes else 1
    start = each(["zeros", "constant 0.5", "normal", "uniform", "xavier", "he", "normal 0.1"])
    schedule = each(["constant", "step:10:0.5", "cosine", "cosine:3"])
    return f"""
input = {{ kind = "{"point" if count == 2 else "number"}" }}
[network]
loss = "{loss}"
reduction = "{each(["sum", "mean"])}"
dtype = "{each(["float32", "float64", "float32"])}"
initializer = "{start}"
layers = [
  {{ type = "dense", units = 3, activation = "tanh" }},
  {{ type = "dense", units = {outputs}, activation = "{last}" }},
]
[data]
generator = "{generator}"
samples = 12
noise = 0.1
seed = 2
[training]
optimizer = "{each(OPTIMIZERS)}"
learning_rate = 0.01
batch_size = {each([0, 5])}
schedule = "{schedule}"
"""


def through(*names: str) -> str:
    """A network of points with these activations, one behind the other."""
    layers = ", ".join(f'{{ type = "dense", units = 2, activation = "{name}" }}' for name in names)
    return f"""
input = {{ kind = "point" }}
[network]
dtype = "float32"
layers = [{layers}]
[data]
generator = "xor"
"""


INNER = [name for name in ACTIVATIONS if name != "step"]
FILES = {
    **{f"images in {dtype}": text for dtype, text in IMAGES.items()},
    "all is given": VECTOR,
    "a number": NUMBER,
    "bytes": BYTES,
    **{name: f"""
input = {{ kind = "vector", names = ["x", "y"] }}
[network]
layers = [{{ type = "dense", units = 2 }}]
[data]
file = "table.csv"
{keys}
""" for name, keys in COLUMNS.items()},
    **{f"drawn: {name}": drawn(number, name) for number, name in enumerate(GENERATORS)},
    "every activation": through(*INNER[:-1], "softmax"),
    "a step": through("step", "identity"),
}  # fmt: skip


@pytest.fixture
def written(tmp_path: Path):
    def written(name: str) -> Path:
        rng = np.random.default_rng(0)
        (tmp_path / "pictures.txt").write_text(PICTURES)
        (tmp_path / "table.csv").write_text(TABLE)
        head = struct.pack(">HBBIII", 0, 8, 3, 4, 3, 3)
        (tmp_path / "images-idx3-ubyte").write_bytes(head + rng.bytes(36))
        (tmp_path / "labels-idx1-ubyte").write_bytes(struct.pack(">HBBI4B", 0, 8, 1, 4, 0, 1, 1, 0))
        path = tmp_path / "experiment.toml"
        path.write_text(FILES[name])
        return path

    return written


def said(key: str) -> set[str]:
    """What the files say of a key, wherever it stands."""
    return {value for text in FILES.values() for value in re.findall(rf'\b{key} = "([^"]+)"', text)}


def test_every_key_is_in_one_of_them():
    found: dict[str, set[str]] = {name: set() for name in file_keys()}
    for text in FILES.values():
        content = tomllib.loads(text)
        found[""] |= set(content)
        for name in ("input", "network", "data", "training"):
            found[name] |= set(content.get(name, {}))
        for layer in content["network"]["layers"]:
            found[f"layers.{layer['type']}"] |= set(layer)
    assert found == {name: set(keys) for name, keys in file_keys().items()}


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("activation", ACTIVATIONS), ("loss", LOSSES), ("optimizer", OPTIMIZERS),
        ("generator", GENERATORS), ("kind", INPUTS), ("dtype", ["float32", "float64"]),
        ("reduction", ["mean", "sum"]),
    ],
)  # fmt: skip
def test_every_value_is_in_one_of_them(key, values):
    assert said(key) >= set(values)


@pytest.mark.parametrize("name", FILES)
async def test_it_opens_and_steps(open_app, written, name):
    app = open_app(written(name))
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        await pilot.press("right_square_bracket", "right", "space")
        for panel in "23456789":
            await pilot.press(panel, "n", "down")
        await pilot.press("1", "t")
        if name != "a step":
            await until(lambda: lab.trainer.updates)
        await pilot.press("t", "u", "colon", *"train 1", "enter", "U")
        await pilot.pause()
        assert app.screen.lab is lab


@pytest.mark.parametrize("name", FILES)
def test_a_session_keeps_it(written, name):
    lab = Lab(load(written(name)))
    if name != "a step":
        lab.run("train 1")
    again = unpack(pack(lab), "my.nnsim").lab
    ours, theirs = lab.experiment, again.experiment
    assert (ours.id, ours.title, ours.input, ours.classes) == (
        theirs.id, theirs.title, theirs.input, theirs.classes,
    )  # fmt: skip
    assert ours.training == theirs.training
    assert ours.network.layers == theirs.network.layers
    assert np.array_equal(lab.network.parameters, again.network.parameters)
    assert lab.network.parameters.dtype == again.network.parameters.dtype
    assert (lab.trainer.patience, lab.trainer.validation_fraction) == (
        again.trainer.patience, again.trainer.validation_fraction,
    )  # fmt: skip
    for bench in (lab, again):
        if name != "a step":
            bench.run("train 1")
    assert np.array_equal(lab.network.parameters, again.network.parameters)
