"""What the commands print."""

from __future__ import annotations

import numpy as np
import pytest

from nnsim import __version__
from nnsim.cli.commands import COMMANDS
from nnsim.experiments import catalogue, load

ONE = "010/010/010/010"


def sigmoid(z):
    return 1 / (1 + np.exp(-np.asarray(z)))


def test_version_and_help(nnsim):
    assert nnsim("--version").out == f"nnsim {__version__}\n"
    assert nnsim("trace", "--version").out == f"nnsim {__version__}\n"
    listed = nnsim("--help")
    assert listed.status == 0
    for command in COMMANDS:
        assert f"  {command} " in listed.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(nnsim, command):
    result = nnsim(command, "--help", "--ascii")
    assert result.status == 0
    assert result.out.startswith(f"usage: nnsim {command}")
    assert COMMANDS[command] in " ".join(result.out.split())
    assert result.out.isascii()


def test_experiments(nnsim):
    ids = [entry.id for entry in catalogue()]
    assert [entry["id"] for entry in nnsim("experiments", "--json").json] == ids
    shown = nnsim("experiments").out
    for name in ids:
        assert f" {name} " in shown


def test_summary(nnsim):
    assert nnsim("summary", "demons", "--json").json == {
        "layers": [
            {"name": "hidden", "kind": "dense", "output_shape": [3], "parameters": 39},
            {"name": "output", "kind": "dense", "output_shape": [2], "parameters": 8},
        ],
        "parameters": 47,
    }
    shown = nnsim("summary", "demons").out
    assert "The demons, set by hand" in shown
    assert "47" in shown


def test_predict(nnsim):
    result = nnsim("predict", "demons", "--input", ONE, "--json").json
    hidden = sigmoid([4 * 0.5 - 6, 2 * 0.5 + 2 * 4 - 6, 4 * 0.5 - 6])
    output = sigmoid([4 * hidden[0] + 0.5 * hidden[1] + 4 * hidden[2] - 5,
                      0.5 * hidden[0] + 4 * hidden[1] + 0.5 * hidden[2] - 3])  # fmt: skip
    np.testing.assert_allclose(result["output"], output, rtol=1e-12)
    assert result["prediction"] == "1"
    assert set(result) == {"output", "prediction"}
    assert "Prediction: 1" in nnsim("predict", "demons", "--input", ONE).out


def test_what_opens_trained_may_be_asked_untrained(nnsim):
    trained = nnsim("predict", "digits-4x3", "--input", ONE, "--json").json["output"]
    start = nnsim("predict", "digits-4x3", "--untrained", "--input", ONE, "--json").json["output"]
    experiment = load("digits-4x3")
    x = experiment.parse_input(ONE)[None]
    np.testing.assert_array_equal(start, experiment.build_network().forward(x)[0])
    np.testing.assert_array_equal(trained, experiment.open()[0].forward(x)[0])
    assert trained[1] > 0.9 > start[1]


def test_trace_forward(nnsim):
    result = nnsim("trace", "demons", "--input", ONE, "--json").json
    assert list(result) == ["input", "target", "layers", "output", "prediction", "loss"]
    assert result["input"] == [0, 1, 0] * 4
    assert (result["target"], result["loss"], result["prediction"]) == (None, None, "1")
    hidden, output = result["layers"]
    assert list(hidden) == [
        "name", "kind", "activation", "weight", "bias", "z", "a", "delta", "grad_weight",
        "grad_bias",
    ]  # fmt: skip
    assert (hidden["name"], hidden["kind"], hidden["activation"]) == ("hidden", "dense", "sigmoid")
    assert np.shape(hidden["weight"]) == (12, 3)
    assert hidden["z"] == [-4, 3, -4]
    assert hidden["delta"] is hidden["grad_weight"] is hidden["grad_bias"] is None
    assert output["a"] == result["output"]


def test_trace_backward(nnsim):
    result = nnsim("trace", "demons", "--input", ONE, "--target", "1", "--json").json
    hidden, output = result["layers"]
    a, target = np.array(result["output"]), np.array([0.0, 1.0])
    assert result["target"] == [0, 1]
    assert result["loss"] == pytest.approx(0.5 * ((target - a) ** 2).sum(), rel=1e-12)
    delta = (a - target) * a * (1 - a)
    np.testing.assert_allclose(output["delta"], delta, rtol=1e-12)
    np.testing.assert_allclose(output["grad_bias"], delta, rtol=1e-12)
    h = np.array(hidden["a"])
    np.testing.assert_allclose(output["grad_weight"], np.outer(h, delta), rtol=1e-12)
    back = np.array(output["weight"]) @ delta * h * (1 - h)
    np.testing.assert_allclose(hidden["delta"], back, rtol=1e-12)
    np.testing.assert_allclose(hidden["grad_weight"], np.outer(result["input"], back), rtol=1e-12)


def test_trace_for_people(nnsim):
    shown = nnsim("trace", "demons", "--input", ONE, "--target", "0 1")
    assert shown.status == 0
    for piece in ("hidden (dense, sigmoid)", "w[12]", "δ", "∂w[B]", "Loss: 0.0462871"):
        assert piece in shown.out
    plain = nnsim("trace", "demons", "--input", ONE, "--target", "0 1", "--ascii").out
    assert plain.isascii()
    assert "delta" in plain
    assert "dw[B]" in plain


def test_the_input_may_stand_in_a_file(nnsim, tmp_path):
    file = tmp_path / "one.txt"
    file.write_text(".#.\n.#.\n.#.\n.#.\n")
    told = nnsim("predict", "demons", "--input", ONE, "--json").out
    assert nnsim("predict", "demons", "--input", f"@{file}", "--json").out == told


def test_values_may_begin_with_a_minus(nnsim, tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(
        'input = { kind = "point" }\n[network]\nlayers = [{ type = "dense", units = 1 }]\n'
        "[network.parameters]\nlayer1.weight = [[1], [1]]\nlayer1.bias = [0]\n"
    )
    for words in (["--input", "-1,-.5"], ["--input=-1,-.5"], ["--input", "-1 -.5"]):
        result = nnsim("predict", path, *words, "--json").json
        assert result == {"output": [-1.5], "prediction": None}
    result = nnsim("trace", path, "--input", "1 1", "--target", "-1", "--json").json
    assert (result["target"], result["loss"]) == ([-1], 4.5)


def test_options_may_come_before_the_command(nnsim):
    assert nnsim("--json", "--lang", "zh", "summary", "demons").json["parameters"] == 47


def test_numbers_beyond_floating_point_are_refused(nnsim, tmp_path):
    path = tmp_path / "big.toml"
    path.write_text(
        'input = { kind = "number" }\n[network]\nlayers = [{ type = "dense", units = 1 }]\n'
        "[network.parameters]\nlayer1.weight = [[1e200]]\n"
    )
    for command in ("predict", "trace"):
        result = nnsim(command, path, "--input", "1e200", "--json")
        assert result.status == 2
        assert "no longer finite" in result.err
        assert result.out == ""


def test_layers_without_numbers_have_null_there(nnsim, tmp_path):
    path = tmp_path / "flat.toml"
    path.write_text(
        'input = { kind = "vector", names = ["a", "b"] }\n[network]\nlayers = [\n'
        '{ type = "dense", units = 2 }, { type = "activation", activation = "relu" } ]\n'
    )
    layers = nnsim("trace", path, "--input", "1 -1", "--json").json["layers"]
    assert [layer["kind"] for layer in layers] == ["dense", "activation"]
    assert layers[1]["weight"] is layers[1]["grad_bias"] is None
    assert min(layers[1]["a"]) >= 0


def test_trace_of_images_and_wide_layers_for_people(nnsim):
    black = "/".join(["0 0 0 0 0 0 0 .5"] * 8)
    shown = nnsim("trace", "digits-8x8-cnn", "--input", black, "--target", "7").out
    for piece in ("w[3,3,1]", "z[6,6]", "more rows; --json has them all", "w[60]", "Prediction: "):
        assert piece in shown
    wide = nnsim("trace", "digits-8x8", "--input", black).out
    rows = [line.split() for line in wide.partition("output (")[0].splitlines()]
    assert ["unit", "b", "z", "a"] in rows
    assert [row[0] for row in rows if len(row) == 4 and row[0].isdigit()][-1] == "32"
