"""Models on disk: what is saved comes back; what is not ours is refused by name."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest

from nnsim.engine import (
    Activation,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    EngineError,
    Flatten,
    MaxPool2D,
    Network,
    Trainer,
)


def images() -> Network:
    layers = [
        Conv2D(2, (3, 2), 2, 1, "leaky_relu", name="conv", slope=0.2), MaxPool2D(2, 1),
        BatchNorm(0.7, 1e-3), AveragePool2D(1), Flatten(), Dropout(0.25),
        Dense(3, "swish", initializer="normal:0.1"), Activation("tanh"), Dense(2, "softmax"),
    ]  # fmt: skip
    return Network(layers, (6, 6, 2), "softmax_cross_entropy", "sum", 7, "float32", 0.1, 0.01)


def trained() -> tuple[Trainer, np.ndarray, np.ndarray]:
    net, rng = images(), np.random.default_rng(0)
    x, t = rng.random((9, 6, 6, 2)), np.eye(2)[rng.integers(0, 2, 9)]
    trainer = Trainer(net, "adam", 0.01, batch_size=4, clip=5.0, patience=50)
    list(trainer.run(x, t, epochs=2))
    return trainer, x, t


def test_a_network_comes_back(tmp_path):
    trainer, x, t = trained()
    net = trainer.network
    net.save(tmp_path / "model.npz")
    other = Network.load(tmp_path / "model.npz")
    assert other.describe() == net.describe()
    assert np.array_equal(other.parameters, net.parameters)
    assert np.array_equal(other.running, net.running)
    assert np.array_equal(other.forward(x), net.forward(x))
    assert other.loss(x, t) == net.loss(x, t)
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]


def test_a_trainer_goes_on(tmp_path):
    trainer, x, t = trained()
    trainer.save(str(tmp_path / "run.npz"))
    other = Trainer.load(tmp_path / "run.npz")
    assert (other.epoch, other.updates, other.clip) == (2, 6, 5.0)
    for each in (trainer, other):
        list(each.run(x, t, epochs=3))
    assert np.array_equal(trainer.network.parameters, other.network.parameters)
    assert Network.load(tmp_path / "run.npz").parameters.shape == other.network.parameters.shape
    trainer.network.save(tmp_path / "net.npz")
    with pytest.raises(EngineError, match="no training to go on with"):
        Trainer.load(tmp_path / "net.npz")


def test_there_is_no_pickle_in_it(tmp_path):
    trainer, *_ = trained()
    trainer.save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz", allow_pickle=False) as file:
        assert json.loads(str(file["nnsim"]))["network"]["loss"] == "softmax_cross_entropy"
        assert file["parameters"].dtype == np.float32


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    trainer, *_ = trained()
    path = tmp_path / "model.npz"
    trainer.network.save(path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EngineError, match=r"model.npz could not be written: No space left"):
        trainer.network.save(path)
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]
    monkeypatch.undo()
    with pytest.raises(EngineError, match="could not be written"):
        trainer.network.save(tmp_path / "nowhere" / "model.npz")


def npz(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **{name: np.asarray(value) for name, value in arrays.items()})
    return file.getvalue()


def saved(tmp_path) -> dict[str, np.ndarray]:
    trained()[0].network.save(tmp_path / "good.npz")
    with np.load(tmp_path / "good.npz") as file:
        return dict(file)


def changed(good: dict[str, np.ndarray], *path: str, value: object) -> bytes:
    description = json.loads(str(good["nnsim"]))
    inner = description
    for key in path[:-1]:
        inner = inner[int(key)] if isinstance(inner, list) else inner[key]
    inner[path[-1]] = value
    return npz(**{**good, "nnsim": json.dumps(description)})


def bomb() -> bytes:
    """An array that says it has 10¹⁵ numbers."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"shape": (10**15,), "fortran_order": False, "descr": "<f8"}
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("parameters.npy", header.getvalue())
    return file.getvalue()


CASES = {
    "empty": lambda good, whole: b"",
    "text": lambda good, whole: b"hello, this is no model",
    "half": lambda good, whole: whole[: len(whole) // 2],
    "cut": lambda good, whole: whole[:-30],
    "flipped": lambda good, whole: whole[:2000] + bytes([whole[2000] ^ 255]) + whole[2001:],
    "pickle": lambda good, whole: pickle.dumps({"a": 1}),
    "objects": lambda good, whole: npz(nnsim=np.array([{"a": 1}], dtype=object)),
    "foreign": lambda good, whole: npz(weights=np.zeros(3)),
    "other format": lambda good, whole: changed(good, "format", value="keras"),
    "newer": lambda good, whole: changed(good, "version", value=99),
    "no json": lambda good, whole: npz(**{**good, "nnsim": "{"}),
    "a list": lambda good, whole: npz(**{**good, "nnsim": "[1]"}),
    "no network": lambda good, whole: changed(good, "network", value=3),
    "mismatch": lambda good, whole: npz(**{**good, "parameters": np.zeros(5)}),
    "integers": lambda good, whole: npz(**{**good, "parameters": np.zeros(92, int)}),
    "missing": lambda good, whole: npz(nnsim=good["nnsim"]),
    "nan": lambda good, whole: npz(**{**good, "parameters": good["parameters"] * np.nan}),
    "bomb": lambda good, whole: bomb(),
    "layer": lambda good, whole: changed(good, "network", "layers", "0", "type", value="lstm"),
    "key": lambda good, whole: changed(good, "network", "layers", "0", "colour", value="red"),
    "units": lambda good, whole: changed(good, "network", "layers", "6", "units", value=10**9),
    "option": lambda good, whole: changed(good, "network", "depth", value=3),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_ours_is_refused_by_name(case, tmp_path):
    good = saved(tmp_path)
    path = tmp_path / "model.npz"
    path.write_bytes(CASES[case](good, (tmp_path / "good.npz").read_bytes()))
    with pytest.raises(EngineError) as refusal:
        Network.load(path)
    sentence = str(refusal.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    with pytest.raises(EngineError, match=r"model\.npz"):
        Trainer.load(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(EngineError, match=r"gone\.npz could not be read"):
        Network.load(tmp_path / "gone.npz")
    with pytest.raises(EngineError, match="could not be read"):
        Network.load(tmp_path)
