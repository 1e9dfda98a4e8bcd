"""A session stands for an experiment with the parameters that it has, wherever one is asked for."""

import json

import numpy as np
import pytest

from nnsim.engine import Network
from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.session import pack

INPUT = "111/101/101/111"


@pytest.fixture
def lab():
    lab = Lab(load("digits-4x3"), untrained=True, load=load)
    for line in ("train 7", "sample 2"):
        lab.run(line)
    return lab


@pytest.fixture
def saved(tmp_path):
    def save(lab, name="my.nnsim"):
        path = tmp_path / name
        path.write_bytes(pack(lab))
        return path

    return save


def test_predict_with_its_parameters(nnsim, lab, saved):
    lab.run(f"paint {INPUT}")
    result = nnsim("predict", saved(lab), "--input", INPUT, "--json")
    assert result.status == 0, result.err
    np.testing.assert_array_equal(result.json["output"], lab.output)


def test_untrained_takes_its_start(nnsim, lab, saved):
    result = nnsim("predict", saved(lab), "--input", INPUT, "--untrained", "--json")
    lab.run("reset")
    lab.run(f"paint {INPUT}")
    np.testing.assert_array_equal(result.json["output"], lab.output)
    explained = nnsim(
        "explain", saved(lab), "output[1].a", "--input", INPUT, "--untrained", "--json"
    )
    assert explained.json["value"] == lab.read("output[1].a")


def test_trace_explain_and_summary(nnsim, lab, saved):
    path = saved(lab)
    lab.run(f"paint {INPUT}")
    lab.run('target "1"')
    traced = nnsim("trace", path, "--input", INPUT, "--target", "1", "--json").json
    assert traced["loss"] == lab.read("loss")
    explained = nnsim("explain", path, "hidden[2].z", "--input", INPUT, "--json")
    assert explained.json["value"] == lab.read("hidden[2].z")
    assert nnsim("summary", path, "--json").json["parameters"] == 47
    assert nnsim("gradcheck", path).status == 0


def test_what_is_muted_and_planted_counts(nnsim, lab, saved):
    lab.run("mute hidden[1]")
    lab.run("plant wrong_sign output")
    path = saved(lab)
    lab.run(f"paint {INPUT}")
    said = nnsim("predict", path, "--input", INPUT, "--json").json["output"]
    np.testing.assert_array_equal(said, lab.output)
    assert nnsim("gradcheck", path).status == 1
    refused = nnsim("train", path, "--epochs", "1")
    assert refused.status == 2
    assert "type unmute first" in refused.err


def test_a_collapsed_network(nnsim, saved):
    lab = Lab(load("xor-linear"), load=load)
    lab.run("train 5")
    lab.run("collapse")
    path = saved(lab)
    assert len(nnsim("summary", path, "--json").json["layers"]) == len(lab.network.layers)
    lab.run("input 1 0")
    said = nnsim("predict", path, "--input", "1 0", "--json").json["output"]
    np.testing.assert_array_equal(said, lab.output)


def test_train_goes_on_from_where_it_stands(nnsim, lab, saved, tmp_path):
    path, model = saved(lab), tmp_path / "model.npz"
    result = nnsim("train", path, "--epochs", "5", "--save", model, "--json")
    lab.run("train 5")
    assert result.json["epochs"] == 12
    np.testing.assert_array_equal(Network.load(model).parameters, lab.network.parameters)
    again = nnsim("train", path, "--epochs", "5", "--seed", "3", "--json")
    fresh = nnsim("train", "digits-4x3", "--epochs", "5", "--seed", "3", "--json")
    assert again.json["loss"] == fresh.json["loss"]
    refused = nnsim("train", path, "--save", path)
    assert refused.status == 2
    assert "experiment itself" in refused.err


def test_its_data_counts_though_it_was_changed(nnsim, lab, saved):
    lab.run("remove 1")
    count = lab.experiment.data.count
    result = nnsim("train", saved(lab), "--epochs", "1", "--json")
    lab.run("train 1")
    assert lab.experiment.data.count == count == 63
    assert result.json["cost"] == lab.read("cost")


def test_another_name_than_nnsim(nnsim, lab, saved):
    assert nnsim("summary", saved(lab, "my.session"), "--json").json["parameters"] == 47


def edited(content, change):
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(entries["session.json"])
    change(header)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in {**entries, "session.json": json.dumps(header)}.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def bad(kind, path, sound):
    """Put something bad at `path`, and return the words that tell of it."""
    if kind == "folder":
        path.mkdir()
        return "this is a folder"
    if kind == "missing":
        return "there is no such file"
    content = {
        "empty": b"",
        "truncated": sound[: len(sound) // 2],
        "text": b"hello\n",
        "newer": edited(sound, lambda header: header.update(version=9, nnsim="8.1")),
        "nonsense": edited(sound, lambda header: header["bench"].update(epoch="many")),
        "unknown": edited(sound, lambda header: header.update(surprise=1)),
    }[kind]
    path.write_bytes(content)
    return {
        "empty": "the file is empty",
        "truncated": "cut short",
        "text": "no session of nnsim",
        "newer": "install nnsim 8.1 or later",
        "nonsense": "bench.epoch: epoch is the text",
        "unknown": "unknown key",
    }[kind]


@pytest.mark.parametrize(
    "kind", ["folder", "missing", "empty", "truncated", "text", "newer", "nonsense", "unknown"]
)
def test_bad_files(nnsim, lab, tmp_path, kind):
    path = tmp_path / "my.nnsim"
    words = bad(kind, path, pack(lab))
    for command in (["summary", path], ["predict", path, "--input", INPUT], [path]):
        result = nnsim(*command)
        assert result.status == 2
        assert result.out == ""
        assert result.err.startswith(f"nnsim: {path}: ")
        assert words in result.err
        assert result.err.count("\n") == 1


def test_a_file_that_may_not_be_read(process, lab, saved):
    import os

    path = saved(lab)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    result = process(path)
    assert result.status == 2
    assert "can't be read" in result.err


def test_a_session_is_not_read_as_an_experiment_file(lab, saved):
    with pytest.raises(ValueError, match=r"this is a session, not an experiment file"):
        load(saved(lab))


def test_opening_needs_a_terminal(process, lab, saved):
    result = process(saved(lab))
    assert result.status == 2
    assert "terminal" in result.err
