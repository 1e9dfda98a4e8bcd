"""What an experiment file may say, and how it is refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from nnsim.experiments import ExperimentError, load


def refusal(path: Path) -> str:
    with pytest.raises(ExperimentError) as caught:
        load(path)
    text = str(caught.value)
    assert "\n" not in text
    return text.replace(f"{path.parent}{os.sep}", "")


def test_the_plain_experiment(plain):
    experiment = load(plain())
    assert (experiment.id, experiment.title, experiment.classes) == (
        "plain",
        "Plain",
        ("no", "yes"),
    )
    assert experiment.input_shape == (2,)
    assert [layer.name for layer in experiment.network.layers] == ["hidden", "output"]
    assert experiment.network.layers[0].labels == ("A", "B", "C")
    assert experiment.network.parameter_count == 3 * 3 + 4 * 2
    assert experiment.data.inputs.tolist() == [[0, 1], [1, 0]]
    assert experiment.data.targets.tolist() == [[1, 0], [0, 1]]
    assert experiment.data.labels.tolist() == [0, 1]
    assert experiment.data.test_count == 0
    assert experiment.training.learning_rate == 0.5


BROKEN = [
    ("id =", "ids =", '1: unknown key "ids"; did you mean "id"?'),
    ("units = 3", "unit = 3", '9: unknown key "unit"; did you mean "units"?'),
    ("learning_rate", "rate", '18: unknown key "rate"'),
    ("[training]", "[train]", '17: unknown key "train"; did you mean "training"?'),
    ('"vector"', '"vektor"', '3: unknown kind "vektor"; did you mean "vector"?'),
    ('"sigmoid", labels', '"sigmoidal", labels', '9: unknown activation "sigmoidal"'),
    ('"squared_error"', '"square_error"', '7: unknown loss "square_error"'),
    (
        'type = "dense", name = "output"',
        'type = "dens", name = "output"',
        '10: unknown type "dens"',
    ),
    ("learning_rate", 'optimizer = "adm"\nlearning_rate', '18: unknown optimizer "adm"'),
    ("units = 3", 'units = "three"', '9: units is the text "three"; it should be a whole number'),
    ("units = 3", "units = 3.0", "9: units is 3.0; it should be a whole number"),
    ("units = 3", "units = true", "9: units is true; it should be a whole number"),
    ("units = 3", "units = 0", "9: units is 0; it should be a whole number from 1"),
    ("units = 3", "units = -3", "9: units is -3"),
    ("units = 3", "units = 1000000000", "9: units is 1000000000"),
    ("units = 3", f"units = 1{'0' * 400}", "9: units is a number of about 401 digits"),
    ("units = 3, ", "", "9: units is missing"),
    ('name = "output"', 'name = "hidden"', '10: the name "hidden" is taken by layer 1'),
    ('name = "output"', 'name = "out put"', "10: \"out put\" can't be a layer's name"),
    ('name = "output"', 'name = "loss"', "10: \"loss\" can't be a layer's name"),
    ('["A", "B", "C"]', '["A", "B"]', "9: labels has 2 entries; it should have 3"),
    ('["A", "B", "C"]', '["A", "B", "A"]', '9: "A" stands twice in labels'),
    ('["a", "b"]', "[1, 2]", "3: names holds 1; each entry should be a text"),
    (
        '["no", "yes"]',
        '["no", "yes", "maybe"]',
        "4: classes has 3 names; there should be 2, one per output",
    ),
    ("[1, 0]", "[1, nan]", "14: inputs holds nan; every number must be finite"),
    ("[1, 0]", "[1, -inf]", "14: inputs holds -inf"),
    ("[1, 0]", f"[1, 1{'0' * 400}]", "14: inputs holds inf"),
    ("[1, 0]", "[1, 0, 1]", "14: this part of inputs has 3 entries; it should have 2"),
    ("[1, 0]", '[1, "0"]', '14: inputs holds the text "0"; it should hold numbers only'),
    ("[[0, 1], [1, 0]]", "[]", "14: there are no samples"),
    ("[[0, 1], [1, 0]]", "[[0, 1],\n[1, nan]]", "15: inputs holds nan"),
    ('labels = ["no", "yes"]\n', "", "14: [data] should have one of targets and labels"),
    ('labels = ["no", "yes"]', 'labels = ["no", "yess"]', '15: "yess" is no class'),
    ('labels = ["no", "yes"]', 'labels = ["no"]', "15: labels has 1 entry; it should have 2"),
    ('labels = ["no", "yes"]', "targets = [[1, 0], [0]]", "15: this part of targets has 1"),
    ("learning_rate = 0.5", "learning_rate = -1", "18: learning_rate is -1"),
    ("learning_rate = 0.5", "learning_rate = nan", "18: learning_rate is nan"),
    ("learning_rate = 0.5", "batch_size = -1", "18: batch_size is -1"),
    ("learning_rate = 0.5", "clip = 0", "18: clip is 0; it should be a number above 0"),
    ("learning_rate = 0.5", "on_open = 1", "18: on_open is 1; it should be true or false"),
    ("learning_rate = 0.5", "seed = 1979-05-27", "18: seed is a date"),
    ('loss = "squared_error"', 'dtype = "float16"', '7: unknown dtype "float16"'),
    ("[network]", "[[network]]", "6: network is a list; it should be a table"),
    ("[data]", "[data", "13: not valid TOML: close the name of the table with a bracket"),
    ("[data]", "[network]", "13: not valid TOML: this table is here twice"),
    ('title = "Plain"', 'title = "Plain', "2: not valid TOML: close the text with a quote before"),
    ('title = "Plain"', "title = Plain", "2: not valid TOML: a value is a number, true, false, a"),
    ('title = "Plain"', "title", "2: not valid TOML: a key is followed by = and a value"),
    ('title = "Plain"', "title = 1 2", "2: not valid TOML: one key and its value stand on a line"),
    ('title = "Plain"', 'id = "Plain"', "2: not valid TOML: this key is here twice"),
    ('title = "Plain"', "title = [1, 2", "3: not valid TOML: entries of a list stand with commas"),
    ('title = "Plain"', "title = { a = 1", "2: not valid TOML: between the keys of a table in"),
    ('title = "Plain"', 'title = "C:\\data"', "2: not valid TOML: in quotes \\ starts an escape"),
    ('title = "Plain"', 'title = """Plain', "18: not valid TOML: close the text with a quote"),
    ('title = "Plain"', "title = 2024-02-31", "2: not valid TOML: a date is written as 2024"),
    ('title = "Plain"', '= "Plain"', "2: not valid TOML: a line is key = value"),
    ('title = "Plain"', "network = 1", "6: not valid TOML: this"),
    ('title = "Plain"', "title = 7", "2: title is 7; it should be a text"),
    ('title = "Plain"', 'title = "\\u001b[31m"', "2: title should be one line"),
    ('id = "plain"', 'id = "../plain"', "1: id should be a word"),
]


@pytest.mark.parametrize(("old", "new", "said"), BROKEN, ids=[said for *_, said in BROKEN])
def test_refusals_name_the_line(plain, old, new, said):
    assert refusal(plain(old, new)).startswith(f"experiment.toml:{said}")


PARAMETERS = [
    ("hidden.weight = [[1, 2, 3], [4, 5]]", "this part of weight has 2 entries; it should have 3"),
    ("hidden.weight = [[1, 2, 3]]", "weight has 1 entry; it should have 2 × 3"),
    ("hidden.weight = 7", "weight holds 7 here; it should be a list of 2 × 3 numbers"),
    ("hidden.bias = [1, 2, nan]", "bias holds nan"),
    ("hidden.gamma = [1]", 'unknown key "gamma"; known are weight, bias'),
    ("hiden.bias = [1]", 'unknown key "hiden"; did you mean "hidden"?'),
    ("hidden = [1]", "hidden is a list; it should be a table"),
]


@pytest.mark.parametrize(("line", "said"), PARAMETERS, ids=[said for _, said in PARAMETERS])
def test_refusals_of_parameters(plain, line, said):
    path = plain("", f"[network.parameters]\n# exact\n{line}\n")
    assert refusal(path).startswith(f"experiment.toml:21: {said}")


def test_the_line_of_a_number_inside_a_matrix(plain):
    rows = "[network.parameters]\nhidden.weight = [\n  [1, 2, 3],\n  [4, inf, 6],\n]\n"
    assert refusal(plain("", rows)).startswith("experiment.toml:22: weight holds inf")


IMAGE_LAYERS = [
    ('{ type = "conv2d", filters = 2, kernel_size = 3 }', "a 3 × 3 kernel does not fit"),
    ('{ type = "max_pool2d", size = 3 }', "a window of 3 × 3 does not fit"),
    ('{ type = "max_pool2d", size = 2 }', "the network ends in an image"),
    (
        '{ type = "flatten" }, { type = "max_pool2d", size = 1 }',
        "a max_pool2d layer needs an image",
    ),
    (
        '{ type = "max_pool2d", size = 2 }, { type = "dense", units = 2 }',
        "a dense layer needs a row of numbers, and gets an image of 1 × 1 × 1",
    ),
    ('{ type = "dropout", rate = 1.0 }', "rate is 1; a layer that drops everything"),
    ('{ type = "dense", units = 2, slope = 0.1 }', "slope belongs to leaky_relu only"),
    ('{ type = "activation" }', "activation is missing"),
    ('{ type = "dense", units = 2 }, 7', "layers holds 7"),
    (
        '{ type = "dense", units = 100000 }, { type = "dense", units = 100000 }',
        "the network is too",
    ),
]


@pytest.mark.parametrize(("layers", "said"), IMAGE_LAYERS, ids=[said for _, said in IMAGE_LAYERS])
def test_refusals_of_layers(pixels, layers, said):
    path = pixels(old='{ type = "dense", units = 2 }', new=layers)
    assert refusal(path).startswith(f"experiment.toml:4: {said}")


def test_an_absurd_picture_is_refused_before_memory_is_taken(pixels):
    said = refusal(pixels(old="[2, 2]", new="[4096, 4096]"))
    assert said == "experiment.toml:1: an input of 16777216 numbers is too large; at most 1000000"
    said = refusal(pixels(old="[2, 2]", new="[1000000000000, 2]"))
    assert said.startswith("experiment.toml:1: each number of shape should be from 1 to 4096")


def test_every_layer_type_and_the_shapes_that_flow(write):
    path = write(
        """
input = { kind = "pixels", shape = [8, 9, 3] }
[network]
loss = "softmax_cross_entropy"
layers = [
  { type = "conv2d", name = "conv", filters = 4, kernel_size = 3, stride = 1, padding = 1,
    activation = "leaky_relu", slope = 0.2, labels = ["a", "b", "c", "d"], initializer = "he" },
  { type = "batch_norm", momentum = 0.8, epsilon = 1e-4 },
  { type = "activation", activation = "relu" },
  { type = "max_pool2d", name = "pool", size = 2 },
  { type = "average_pool2d", size = 3, stride = 1 },
  { type = "flatten" },
  { type = "dropout", rate = 0.5 },
  { type = "dense", units = 5, activation = "softmax" },
]
""".replace("padding = 1,\n", "padding = 1, ")
    )
    experiment = load(path)
    layers = experiment.network.layers
    assert experiment.input_shape == (8, 9, 3)
    shapes = [(8, 9, 4), (8, 9, 4), (8, 9, 4), (4, 4, 4), (2, 2, 4), (16,), (16,), (5,)]
    assert [layer.output_shape for layer in layers] == shapes
    assert [layer.parameters for layer in layers] == [112, 8, 0, 0, 0, 0, 0, 85]
    assert [layer.name for layer in layers][:3] == ["conv", "layer2", "layer3"]
    assert layers[0].parameter_shapes == {"weight": (3, 3, 3, 4), "bias": (4,)}
    assert experiment.classes == ("0", "1", "2", "3", "4")


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(ExperimentError, match=r'no experiment "demon"; did you mean "demons"\?'):
        load("demon")
    with pytest.raises(ExperimentError, match="known are digits-4x3, demons"):
        load("zzz")


def test_files_that_are_none(tmp_path, write):
    assert refusal(tmp_path / "gone.toml") == "gone.toml: there is no such file"
    assert refusal(tmp_path).endswith(": this is a folder; give a file")
    assert refusal(write("")) == "experiment.toml: the file is empty"
    assert refusal(write("\n  \n")) == "experiment.toml:1: the file is empty"
    assert refusal(write(b"id = 1\n\0\1\2")).startswith("experiment.toml:2: this is a binary file")
    assert refusal(write(b"a = 1\nb = '\xff'")).startswith("experiment.toml:2: this is not UTF-8")
    assert refusal(write("# " + "x" * (5 * 2**20))).startswith("experiment.toml: the file is too l")
    assert "nested too deeply" in refusal(write("a = " + "[" * 100_000))
    assert "not valid TOML" in refusal(write("a = " + "9" * 5000))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    assert refusal(tmp_path / "pipe.toml") == "pipe.toml: this is not an ordinary file"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads anything")
def test_a_file_that_may_not_be_read(plain):
    path = plain()
    path.chmod(0)
    assert "can't be read" in refusal(path)


@pytest.mark.parametrize(
    "name",
    ["/etc/hostname", "../pictures.txt", "a/../../b.txt", "C:\\\\data.txt", "..\\\\data.txt"],
)
def test_data_may_not_leave_the_folder(pixels, name):
    said = refusal(pixels(old="pictures.txt", new=name))
    assert said.startswith("experiment.toml:6: ")
    assert "leaves the folder of the experiment" in said


def test_data_may_not_leave_the_folder_by_a_link(pixels, tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.txt"
    outside.write_text("[0]\n##\n##\n")
    path = pixels()
    (tmp_path / "pictures.txt").unlink()
    (tmp_path / "pictures.txt").symlink_to(outside)
    assert "is a link out of the folder" in refusal(path)


def test_a_missing_data_file(pixels):
    said = refusal(pixels(old="pictures.txt", new="gone.txt"))
    assert said == 'experiment.toml:6: there is no file "gone.txt" in the folder of the experiment'
    assert refusal(pixels(old="pictures.txt", new=".")) == (
        'experiment.toml:6: "." is a folder; give a file'
    )


def test_what_opens_trained_must_be_quick_to_train(plain):
    slow = plain("", "on_open = true\nepochs = 1000000000\n")
    assert refusal(slow).startswith("experiment.toml:19: training takes too long")
    step = plain('activation = "sigmoid" },', 'activation = "step" },')
    assert load(step).training.on_open is False
    step.write_text(step.read_text() + "on_open = true\n")
    assert refusal(step).startswith("experiment.toml:19: output has a step activation")


def test_columns_go_with_tables_only(pixels):
    for line in ('labels = "a"', 'targets = "a"', 'inputs = ["a"]'):
        key = line.partition(" ")[0]
        said = refusal(pixels(new=line))
        assert said.startswith(f'experiment.toml:7: {key} does not go with "pictures.txt"; ')


def test_rows_may_be_pixels_as_text(write):
    path = write("""
input = { kind = "pixels", shape = [2, 3] }
[network]
layers = [{ type = "dense", units = 1 }]
[data]
inputs = ["101/010", [0, 0.5, 1, 0, 0, 0]]
targets = [1, 0.25]
""")
    data = load(path).data
    np.testing.assert_array_equal(data.inputs, [[1, 0, 1, 0, 1, 0], [0, 0.5, 1, 0, 0, 0]])
    np.testing.assert_array_equal(data.targets, [[1], [0.25]])
    assert data.labels is None


def test_outputs_go_by_the_classes_unless_told(plain):
    assert load(plain()).network.layers[-1].labels == ("no", "yes")
    told = plain('name = "output",', 'name = "output", labels = ["n", "y"],')
    assert load(told).network.layers[-1].labels == ("n", "y")
    one = plain('name = "output", units = 2', 'name = "output", units = 1')
    assert load(one).network.layers[-1].labels == ()


def test_two_classes_fit_one_output(plain):
    path = plain('name = "output", units = 2', 'name = "output", units = 1')
    assert load(path).data.targets.tolist() == [[0], [1]]


def test_the_start_seed_is_that_of_the_training_unless_told(plain):
    assert load(plain("learning_rate = 0.5", "seed = 7")).network.seed == 7
    assert load(plain('loss = "squared_error"', "seed = 3")).network.seed == 3
