"""`nnsim train`: the result, the log, what is saved, and how it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nnsim.engine import Network
from nnsim.experiments import load

KEYS = ["epochs", "loss", "cost", "accuracy", "test_accuracy", "seconds", "stopped"]


def test_the_result_is_that_of_the_engine(nnsim):
    result = nnsim("train", "digits-4x3", "--epochs", 30, "--seed", 3, "--json").json
    assert list(result) == KEYS
    experiment = load("digits-4x3")
    data = experiment.data
    network = experiment.build_network(3)
    for _progress in experiment.build_trainer(network, 3).run(data.inputs, data.targets, epochs=30):
        pass
    output = network.forward(data.inputs)
    cost = 0.5 * ((output - data.targets) ** 2).sum()
    assert result["cost"] == pytest.approx(cost, rel=1e-12)
    assert result["loss"] == pytest.approx(cost, rel=1e-12)
    assert result["accuracy"] == (output.argmax(axis=1) == data.labels).mean()
    assert result["test_accuracy"] > 0.8
    assert (result["epochs"], result["stopped"]) == (30, "finished")


def test_it_stops_early_where_validation_says_so(nnsim, tmp_path):
    words = ("train", "digits-4x3", "--epochs", 2000, "--learning-rate", 2)
    saved = tmp_path / "best.npz"
    more = ("--patience", 3, "--validation-fraction", 0.3, "--save", saved)
    result = nnsim(*words, *more, "--json").json
    assert result["stopped"] == "early"
    assert result["epochs"] < 2000
    # The same by hand: it goes back to the parameters of the lowest loss of the validation.
    experiment = load("digits-4x3")
    network = experiment.build_network()
    trainer = experiment.build_trainer(network)
    trainer.learning_rate, trainer.patience, trainer.validation_fraction = 2, 3, 0.3
    losses = [p.validation_loss for p in trainer.run(
        experiment.data.inputs, experiment.data.targets, epochs=2000)]  # fmt: skip
    assert np.array_equal(Network.load(saved).parameters, network.parameters)
    assert int(np.argmin(losses[:-1])) == len(losses) - 4
    assert "Stopped early, at the parameters of the lowest loss" in nnsim(*words, *more).out
    assert nnsim(*words[:2], "--epochs", 9, "--patience", 0, "--json").json["epochs"] == 9


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--patience", "-1"), '--patience is "-1"; it should be a whole number from 0'),
        (("--validation-fraction", "1"), '"1"; it should be a number from 0 to below 1'),
        (("--validation-fraction", "nan"), '"nan"; it should be a number from 0 to below 1'),
        (("--validation-fraction", "0.0001"), "leaves no sample on one side"),
    ],
)
def test_what_early_stopping_can_not_go_by(nnsim, words, said):
    result = nnsim("train", "digits-4x3", "--epochs", 5, *words)
    assert (result.status, result.out) == (2, "")
    assert said in result.err


def test_for_people(nnsim):
    result = nnsim("train", "digits-4x3", "--epochs", 5)
    assert result.status == 0
    assert "test accuracy" in result.out
    assert result.err == ""


def test_no_epochs_are_the_start(nnsim):
    result = nnsim("train", "demons", "--epochs", 0, "--json").json
    assert (result["epochs"], result["stopped"]) == (0, "finished")
    assert result["cost"] == pytest.approx(8.464, abs=5e-4)  # lessons.md, checked with NumPy there
    assert result["accuracy"] == 56 / 64


def test_divergence_is_a_result(nnsim, tmp_path):
    result = nnsim("train", "digits-4x3", "--learning-rate", "1e300", "--json")
    assert result.status == 0
    assert "diverged" in result.err
    assert result.json["stopped"] == "diverged"
    assert np.isfinite(result.json["loss"])


def test_the_log_has_a_line_per_epoch(nnsim, tmp_path):
    file = tmp_path / "run.jsonl"
    result = nnsim("train", "digits-4x3", "--epochs", 7, "--log", file, "--json").json
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5, 6, 7]
    assert lines[-1]["loss"] == result["loss"]
    assert lines[-1]["test_accuracy"] == result["test_accuracy"]
    assert lines[0]["loss"] > lines[-1]["loss"]


def test_a_model_is_saved_and_asked(nnsim, tmp_path):
    file = tmp_path / "model.npz"
    nnsim("train", "digits-4x3", "--epochs", 30, "--save", file, "--json")
    asked = ["predict", "digits-4x3", "--input", "111/101/101/111", "--json"]
    by_model = nnsim(*asked, "--model", file).json["output"]
    experiment = load("digits-4x3")
    network = experiment.build_network()
    data = experiment.data
    for _progress in experiment.build_trainer(network).run(data.inputs, data.targets, epochs=30):
        pass
    x = experiment.parse_input("111/101/101/111")[None]
    np.testing.assert_array_equal(by_model, network.forward(x)[0])
    assert by_model != nnsim(*asked).json["output"]
    traced = nnsim("trace", *asked[1:], "--model", file).json
    assert traced["output"] == by_model


def test_a_model_of_another_network_is_refused(nnsim, tmp_path):
    file = tmp_path / "model.npz"
    nnsim("train", "digits-4x3", "--epochs", 1, "--save", file)
    other = tmp_path / "other.toml"
    other.write_text(
        'input = { kind = "number" }\n[network]\nlayers = [{ type = "dense", units = 1 }]\n'
    )
    result = nnsim("predict", other, "--input", "1", "--model", file)
    assert result.status == 2
    assert "has another network than other" in result.err
    assert "12-3-2; it should be 1-1" in result.err
    file.write_bytes(b"rubbish")
    result = nnsim("predict", "demons", "--input", "1" * 12, "--model", file)
    assert result.status == 2
    assert "model.npz" in result.err
    result = nnsim("predict", "demons", "--input", "1" * 12, "--model", tmp_path / "gone.npz")
    assert result.status == 2
    assert "gone.npz" in result.err


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_ctrl_c_saves_what_there_is_and_says_so(tmp_path):
    model, log = tmp_path / "model.npz", tmp_path / "run.jsonl"
    words = ["train", "digits-4x3", "--epochs", 10**9, "--json", "--save", model, "--log", log]
    with subprocess.Popen(
        [sys.executable, "-m", "nnsim", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        for _attempt in range(200):
            if log.exists() and log.stat().st_size > 1000:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    result = json.loads(out.splitlines()[-1])
    assert process.returncode == 130
    assert result["stopped"] == "interrupted"
    assert result["epochs"] > 0
    assert f"Interrupted after epoch {result['epochs']}. Saved to {model}." in err
    assert "Traceback" not in err
    from nnsim.engine import Network

    data = load("digits-4x3").data
    assert Network.load(model).loss(data.inputs, data.targets) == result["loss"]


def test_the_gradient_check(nnsim):
    result = nnsim("gradcheck", "digits-4x3", "--json")
    assert result.status == 0
    assert list(result.json) == ["largest", "blocks"]
    names = ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]
    assert list(result.json["blocks"]) == names
    assert 0 < result.json["largest"] < 1e-7
    assert result.json["largest"] == max(result.json["blocks"].values())
    assert "right" in nnsim("gradcheck", "demons").out


REGRESSION = """
input = { kind = "number" }
[network]
loss = "squared_error"
layers = [{ type = "dense", units = 1 }]
[data]
inputs = [0, 1, 2, 3]
targets = [0, 0, 1, 1]
test_fraction = 0.25
[training]
epochs = 3
"""


def test_without_classes_it_is_a_regression(nnsim, tmp_path):
    path, log = tmp_path / "yes-no.toml", tmp_path / "run.jsonl"
    path.write_text(REGRESSION)  # though its targets are all 0 and 1
    result = nnsim("train", path, "--log", log, "--json").json
    assert (result["accuracy"], result["test_accuracy"]) == (None, None)
    for line in log.read_text().splitlines():
        assert (json.loads(line)["accuracy"], json.loads(line)["test_accuracy"]) == (None, None)
    assert "accuracy" not in nnsim("train", path).out
    for words in (["predict"], ["trace"], ["trace", "--target", "1"]):
        result = nnsim(words[0], path, "--input", "1", *words[1:], "--json").json
        assert result["prediction"] is None
    path.write_text('classes = ["no", "yes"]\n' + REGRESSION)
    result = nnsim("train", path, "--json").json
    assert 0 <= result["accuracy"] <= 1
    assert nnsim("predict", path, "--input", "1", "--json").json["prediction"] in ("no", "yes")


def test_save_and_log_in_one_file_are_refused_before_training(nnsim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("mine")
    (tmp_path / "folder").mkdir()
    pairs = [("x", "x"), ("x", tmp_path / "x"), ("x", "folder/../x"), ("there", "./there")]
    if os.name != "nt":
        (tmp_path / "link").symlink_to("there")
        (tmp_path / "dangling").symlink_to("x")
        (tmp_path / "hard").hardlink_to(tmp_path / "there")
        pairs += [("there", "link"), ("link", "there"), ("dangling", "x"), ("hard", "there")]
    for save, log in pairs:
        result = nnsim("train", "demons", "--save", save, "--log", log)
        assert (result.status, result.out) == (2, "")
        assert result.err == f"nnsim: {log}: --save and --log are one file here; " + (
            "give each a file of its own\n"
        )
    assert (tmp_path / "there").read_text() == "mine"
    assert not (tmp_path / "x").exists()
    assert nnsim("train", "demons", "--epochs", 1, "--save", "x", "--log", "y").status == 0


def test_the_experiment_itself_is_not_written_over(nnsim, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(REGRESSION)
    for option in ("--save", "--log"):
        result = nnsim("train", path, option, path)
        assert result.status == 2
        assert "this is the experiment itself" in result.err
    assert path.read_text() == REGRESSION


def test_without_data_there_is_nothing_to_train_on(nnsim, tmp_path):
    path = tmp_path / "bare.toml"
    path.write_text(
        'input = { kind = "number" }\n[network]\nlayers = [{ type = "dense", units = 1 }]\n'
    )
    result = nnsim("train", path, "--json", "--save", tmp_path / "x.npz")
    assert (result.status, result.out) == (2, "")
    assert result.err == (
        "nnsim: bare has no data to train on; a [data] table in its file says which\n"
    )
    assert not (tmp_path / "x.npz").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_what_is_trained_is_saved_though_the_result_cannot_be_written(tmp_path):
    command = f"{sys.executable} -m nnsim train demons --epochs 2 --json --save {tmp_path}/x.npz"
    done = subprocess.run(
        f"{command} > /dev/full", shell=True, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("nnsim: can't write the output")
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "x.npz").exists()
    closed = subprocess.run(
        f"{command.replace('x.npz', 'y.npz')} >&-",
        shell=True, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (closed.returncode, closed.stderr) == (2, "nnsim: standard output is closed\n")
    assert not (tmp_path / "y.npz").exists()


def test_one_range_of_seeds_everywhere(nnsim, tmp_path):
    largest = 2**63 - 1
    from nnsim.lab import Lab, LabError

    lab = Lab(load("demons"))
    lab.run(f"seed {largest}")
    with pytest.raises(LabError, match=str(largest)):
        lab.run(f"seed {largest + 1}")
    path = tmp_path / "seed.toml"
    path.write_text(f"{REGRESSION}seed = {largest}\n")
    assert load(path).training.seed == largest
    assert nnsim("train", path, "--seed", largest, "--epochs", 1, "--json").status == 0
    path.write_text(f"{REGRESSION}seed = {largest + 1}\n")
    for words in (["train", path], ["train", "demons", "--seed", largest + 1]):
        assert nnsim(*words).status == 2


@pytest.mark.skipif(os.name == "nt", reason="files of Unix")
def test_what_is_no_file_is_not_replaced(nnsim, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    result = nnsim("train", "demons", "--epochs", 1, "--save", pipe)
    assert result.status == 2
    assert "this is no ordinary file" in result.err
    assert pipe.is_fifo()
    assert nnsim("train", "demons", "--epochs", 1, "--log", os.devnull).status == 0
