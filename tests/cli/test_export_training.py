"""`nnsim export --training` writes a program that ends at the parameters of `nnsim train`."""

from __future__ import annotations

import numpy as np
import pytest

from nnsim.engine import OPTIMIZERS, Network
from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.session import pack

DENSE = '{ type = "dense", units = 5, activation = "tanh" }'
LAST = '{ type = "dense", units = 2, activation = "softmax" }'
NOISY = '{ type = "batch_norm" }, { type = "dropout", rate = 0.3 }'
IMAGES = """{ type = "conv2d", filters = 2, kernel_size = 3, padding = 1, activation = "relu" },
  { type = "max_pool2d", size = 2 }, { type = "batch_norm" }, { type = "flatten" },
  { type = "dropout", rate = 0.2 }"""
POINTS = 'input = { kind = "point" }\n[data]\ngenerator = "moons"\nsamples = 41\nseed = 3\n'


def dense(training: str, layers: str = DENSE, network: str = "") -> str:
    return (
        f'{POINTS}[network]\nloss = "softmax_cross_entropy"\n{network}'
        f"layers = [\n  {layers},\n  {LAST},\n]\n[training]\n{training}\n"
    )


def images(training: str) -> str:
    rows = ", ".join(
        str([round(float(v), 2) for v in row]) for row in np.random.default_rng(0).random((9, 36))
    )
    return (
        'input = { kind = "pixels", shape = [6, 6] }\n'
        f'[network]\nloss = "softmax_cross_entropy"\nlayers = [\n  {IMAGES},\n  {LAST},\n]\n'
        f'[data]\ninputs = [{rows}]\nlabels = ["a", "b", "a", "b", "a", "b", "a", "b", "a"]\n'
        f"[training]\n{training}\n"
    )


FILES = {
    **{f"whole set, {name}": dense(f'optimizer = "{name}"\nlearning_rate = 0.05\nepochs = 7')
       for name in OPTIMIZERS},
    **{f"batches, {name}": dense(f'optimizer = "{name}"\nlearning_rate = 0.05\nbatch_size = 8\n'
                                 "epochs = 5\nseed = 4") for name in OPTIMIZERS},
    "batch norm and dropout": dense("batch_size = 6\nepochs = 5", f"{DENSE}, {NOISY}"),
    "images": images('optimizer = "adam"\nlearning_rate = 0.01\nepochs = 4'),
    "images in batches": images("batch_size = 4\nepochs = 4\nl2 = 0.01"),
    "float32": dense("batch_size = 10\nepochs = 4", network='dtype = "float32"\n'),
    "every other key": dense('batch_size = 10\nepochs = 6\nschedule = "step:2:0.5"\nclip = 0.3\n'
                             "l1 = 0.001\nl2 = 0.01\ntrain_biases = false"),
    "early stopping": dense('optimizer = "adam"\nlearning_rate = 0.3\nepochs = 500\npatience = 2\n'
                            "validation_fraction = 0.3\nbatch_size = 5"),
}  # fmt: skip


def run(program: str) -> dict[str, object]:
    space: dict[str, object] = {}
    exec(compile(program, "program", "exec"), space)
    return space


def check(nnsim, name, tmp_path) -> dict[str, object]:
    exported = nnsim("export", name, "--to", "numpy", "--training")
    assert (exported.status, exported.err) == (0, "")
    saved = tmp_path / "trained.npz"
    trained = nnsim("train", name, "--save", saved, "--json").json
    network = Network.load(saved)
    space = run(exported.out)
    assert np.array_equal(space["parameters"], network.parameters)
    if network.running.size:
        assert np.array_equal(space["running"], network.running)
    assert (space["epoch"], space["stopped"]) == (trained["epochs"], trained["stopped"])
    return trained


@pytest.mark.parametrize("name", FILES)
def test_it_ends_at_the_parameters_of_train(nnsim, tmp_path, name):
    path = tmp_path / "experiment.toml"
    path.write_text(FILES[name])
    trained = check(nnsim, path, tmp_path)
    assert trained["stopped"] == ("early" if name == "early stopping" else "finished")


@pytest.mark.parametrize("name", ["demons", "digits-4x3", "xor", "line"])
def test_experiments_that_ship(nnsim, tmp_path, name):
    check(nnsim, name, tmp_path)


def test_a_session_goes_on_from_where_it_is(nnsim, tmp_path):
    lab = Lab(load("digits-4x3"), untrained=True)
    lab.run("train 5")
    session = tmp_path / "my.nnsim"
    session.write_bytes(pack(lab))
    trained = check(nnsim, session, tmp_path)
    assert trained["epochs"] == 5 + load("digits-4x3").training.epochs


def test_it_starts_from_the_parameters_of_a_model(nnsim, tmp_path):
    model = tmp_path / "model.npz"
    assert nnsim("train", "demons", "--epochs", 3, "--save", model).status == 0
    written = nnsim("export", "demons", "--to", "numpy", "--training", "--model", model).out
    experiment = load("demons")
    network = Network.load(model)
    list(experiment.build_trainer(network).run(
        experiment.data.inputs, experiment.data.targets, epochs=experiment.training.epochs
    ))  # fmt: skip
    assert np.array_equal(run(written)["parameters"], network.parameters)


def test_in_ascii_it_is_the_same_program(nnsim, tmp_path):
    path = tmp_path / "experiment.toml"
    path.write_text(FILES["batches, adam"].replace("units = 5", 'name = "größe", units = 5'))
    words = ("export", path, "--to", "numpy", "--training")
    plain, ascii_only = nnsim(*words).out, nnsim(*words, "--ascii").out
    assert ascii_only.isascii()
    assert not plain.isascii()
    assert np.array_equal(run(plain)["parameters"], run(ascii_only)["parameters"])


def test_what_can_not_be_written_is_refused(nnsim, tmp_path, monkeypatch):
    result = nnsim("export", "demons", "--to", "torch", "--training")
    assert (result.status, result.out) == (2, "")
    assert "numpy only" in result.err
    bare = tmp_path / "bare.toml"
    bare.write_text(
        'input = { kind = "number" }\n[network]\nlayers = [{ type = "dense", units = 1 }]\n'
    )
    assert "no data to train on" in nnsim("export", bare, "--to", "numpy", "--training").err
    monkeypatch.setattr("nnsim.engine.program.MOST_NUMBERS", 100)
    assert "holds at most 100" in nnsim("export", "demons", "--to", "numpy", "--training").err
