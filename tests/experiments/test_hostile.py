"""Whatever stands in a file: it is read, or refused with a sentence; nothing else comes out."""

from __future__ import annotations

import gzip
import io
import random
import re
import struct

import numpy as np
import pytest

from nnsim.experiments import ExperimentError, catalogue, load
from nnsim.experiments.pictures import read_pictures
from nnsim.resources import resource

VALUES = [
    "nan", "inf", "-inf", "-1", "0", "1", "0.5", "1e308", "9" * 40, "true", '""', '"x"', "[]",
    "[[]]", "[1]", "[nan]", "[[1, 2], [3]]", "{}", "{ a = 1 }", '["a", "b"]', "1979-05-27",
    '"\\u0000"', '"../x"', '"."', '"data"', '"\\u001b[31m"', "[[[[1]]]]", "[true]", '[""]',
]  # fmt: skip
SMALL = """\
id = "all"
title = "All"
input = { kind = "pixels", shape = [6, 5], names = [] }
classes = ["0", "1"]
[network]
loss = "softmax_cross_entropy"
reduction = "mean"
initializer = "xavier"
dtype = "float64"
seed = 0
layers = [
  { type = "conv2d", name = "c", filters = 2, kernel_size = 3, stride = 1, padding = 1 },
  { type = "batch_norm", momentum = 0.9, epsilon = 1e-5 },
  { type = "max_pool2d", size = 2, stride = 2 },
  { type = "flatten" },
  { type = "dropout", rate = 0.5 },
  { type = "dense", units = 2, activation = "softmax", labels = ["A", "B"] },
]
[network.parameters]
c.bias = [1, 2]
[data]
inputs = ["00000/11111/00000/11111/00000/11111", "11111/00000/11111/00000/11111/00000"]
labels = ["0", "1"]
test_fraction = 0.0
seed = 0
[training]
optimizer = "adam"
learning_rate = 0.1
batch_size = 0
epochs = 1
l1 = 0.0
l2 = 0.0
schedule = "constant"
clip = 1.0
train_biases = true
on_open = true
"""


def attempt(path):
    """Load and open a file; it may only be refused with one sentence that names the file."""
    try:
        experiment = load(path)
        if experiment.network.parameter_count < 10_000:
            experiment.open(untrained=experiment.training.epochs > 100)
    except ExperimentError as error:
        text = str(error)
        assert "\n" not in text
        assert path.parent.name in text or "/" not in text
        return text
    return None


def test_the_small_file_is_sound(write):
    assert attempt(write(SMALL)) is None


@pytest.mark.parametrize("value", VALUES)
def test_every_key_with_every_kind_of_value(write, value):
    refusals = []
    for found in re.finditer(r'= ("[^"]*"|\[[^][]*\]|[\w.-]+)(?=[ ,\n}])', SMALL):
        text = f"{SMALL[: found.start()]}= {value}{SMALL[found.end() :]}"
        refusals.append(attempt(write(text)))
    assert len(refusals) > 35
    assert sum(refusal is not None for refusal in refusals) > 5


@pytest.mark.parametrize("seed", range(8))
def test_files_with_random_damage(write, seed):
    rng = random.Random(seed)
    texts = [entry.path.read_text(encoding="utf-8") for entry in catalogue()] + [SMALL]
    refused = 0
    for _round in range(60):
        text = rng.choice(texts)
        for _change in range(rng.randint(1, 4)):
            at = rng.randrange(len(text))
            kind = rng.randrange(4)
            if kind == 0:
                text = text[:at] + text[at + rng.randint(1, 12) :]
            elif kind == 1:
                text = text[:at] + rng.choice("[]{}\"'#=,.\n\t0-9x\0\x1b") + text[at:]
            elif kind == 2:
                text = text[:at] + rng.choice(VALUES) + text[at:]
            else:
                other = rng.randrange(len(text))
                text = text[:at] + text[other : other + 40] + text[at:]
        refused += attempt(write(text)) is not None
    assert refused > 30


@pytest.mark.parametrize("seed", range(4))
def test_pictures_with_random_damage(write, seed):
    rng = random.Random(seed)
    whole = resource("assets/experiments/data/digits-4x3.txt").read_bytes()
    refusals = []
    for _round in range(100):
        content = bytearray(whole)
        for _change in range(rng.randint(1, 3)):
            at = rng.randrange(len(content))
            if rng.random() < 0.5:
                del content[at : at + rng.randint(1, 30)]
            else:
                content[at:at] = rng.choice(
                    [b"#", b"\n", b" ", b"\0", b"\xff", b"[", b"levels 3\n"]
                )
        try:
            read_pictures(write(bytes(content), "p.txt"), (4, 3, 1), ("0", "1"))
        except ExperimentError as error:
            refusals.append(str(error))
    assert len(refusals) > 50
    assert all(re.search(r"p\.txt:\d+: ", refusal) for refusal in refusals)


def archive(save):
    stream = io.BytesIO()
    save(stream, x=np.arange(60.0).reshape(20, 3), y=np.arange(20) % 2)
    return stream.getvalue()


def idx():
    head = struct.pack(">HBBII", 0, 0x08, 2, 20, 3)
    return head + bytes(range(60))


DATA = {
    "data.npz": archive(np.savez_compressed),
    "plain.npz": archive(np.savez),
    "a-images-idx2-ubyte": idx(),
    "a-images-idx2-ubyte.gz": gzip.compress(idx()),
    "data.csv": b"a,b,c,d\n" + b"1,2.5,-3e4,yes\n0,1,2,no\n" * 10,
}


@pytest.mark.parametrize("name", DATA)
def test_data_with_random_damage(write, name):
    rng = random.Random(1)
    labels = struct.pack(">HBBI", 0, 0x08, 1, 20) + bytes(k % 2 for k in range(20))
    write(labels, "a-labels-idx1-ubyte")
    write(gzip.compress(labels), "a-labels-idx1-ubyte.gz")
    classes = '"no", "yes"' if name == "data.csv" else '"0", "1"'
    experiment = write(f"""
input = {{ kind = "vector", shape = [3] }}
classes = [{classes}]
[network]
layers = [{{ type = "dense", units = 2 }}]
[data]
file = "{name}"
""")
    write(DATA[name], name)
    assert load(experiment).data.count == 20
    refused = 0
    for _round in range(400):
        content = bytearray(DATA[name])
        for _change in range(rng.randint(1, 3)):
            at = rng.randrange(len(content))
            if rng.random() < 0.2:
                del content[at:]
                content += b"x"
            elif rng.random() < 0.3:
                del content[at : at + rng.randint(1, 9)]
                content += b"\0"
            else:
                content[at] = rng.randrange(256)
        write(bytes(content), name)
        refused += attempt(experiment) is not None
    assert refused > 100
