"""`nnsim train`: the result, the log, what is saved, and how it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

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
