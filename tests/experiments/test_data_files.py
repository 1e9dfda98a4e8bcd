"""Saving data sets and loading them: every format gives back the same bits, or refuses."""

import csv
import errno
import gzip
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnsim.experiments import DataSet, ExperimentError, catalogue, load
from nnsim.experiments.arrays import read_array
from nnsim.experiments.data_files import DataFiles
from nnsim.experiments.files import write_file
from nnsim.experiments.inputs import class_targets

ARRAYS = ("inputs", "targets", "labels", "test_inputs", "test_targets", "test_labels")


def experiment_of(folder, *, inputs, outputs, classes=(), shape=None):
    """An experiment without data, for inputs and classes of any kind."""
    path = folder / "any.toml"
    names = f"classes = {list(classes)!r}\n" if classes else ""
    flat = '{ type = "flatten" }, ' if shape and len(shape) == 3 else ""
    path.write_text(
        f"input = {inputs}\n{names}[network]\n"
        f'layers = [{flat}{{ type = "dense", units = {outputs} }}]\n',
        "utf-8",
    )
    return load(path)


def with_data(experiment, inputs, targets, test_inputs=None, test_targets=None):
    """The experiment with these arrays as its data."""
    empty = np.zeros((0, *experiment.input_shape)), np.zeros((0, experiment.outputs))
    tests = empty if test_inputs is None else (test_inputs, test_targets)
    data = DataSet(inputs, targets, None, *tests[:1], tests[1], None)
    return replace(experiment, data=data.labelled() if experiment.classes else data)


def bits(array):
    return None if array is None else (array.shape, array.astype(array.dtype).tobytes())


def assert_same(found, data, names=ARRAYS):
    for name in names:
        assert bits(getattr(found, name)) == bits(getattr(data, name)), name


numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 1.0, 5e-324, 1.7976931348623157e308, 0.1, 1 / 3, 2.0**60]),
)


@st.composite
def number_sets(draw):
    """Inputs and targets that are any numbers."""
    count, width, outputs = (draw(st.integers(1, most)) for most in (5, 4, 3))
    rows = st.lists(numbers, min_size=width + outputs, max_size=width + outputs)
    values = np.array(draw(st.lists(rows, min_size=count, max_size=count)))
    return values[:, :width], values[:, width:]


@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(values=number_sets(), name=st.sampled_from(["a.csv", "a.tsv", "a.npz", "a.txt", "A.CSV"]))
def test_numbers_come_back_bit_for_bit(tmp_path, values, name):
    inputs, targets = values
    names = [f"x{i}" for i in range(inputs.shape[1])]
    experiment = with_data(
        experiment_of(
            tmp_path, inputs=f'{{ kind = "vector", names = {names} }}', outputs=targets.shape[1]
        ),
        inputs, targets,
    )  # fmt: skip
    files = DataFiles(tmp_path)
    files.write(name, experiment, overwrite=True)
    assert_same(files.read(name, experiment), experiment.data)


class_names = st.lists(
    st.text(
        st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=6
    ).filter(lambda name: name.isprintable() and name == name.strip()),
    min_size=2, max_size=4, unique=True,
)  # fmt: skip


@settings(max_examples=25, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(data=st.data(), classes=st.one_of(class_names, st.sampled_from(
           [["0", "1"], ["1", "0"], ["1", "2", "3"], ["a,b", 'c"d'], ["test 0", "0"], ["x]", "[x"],
            ["; a", "levels 9"]])))  # fmt: skip
def test_classes_come_back_whatever_they_are_called(tmp_path, data, classes):
    """A format either gives the same samples back, or refuses to be written."""
    count, tests = data.draw(st.integers(1, 6)), data.draw(st.integers(0, 3))
    levels = data.draw(st.sampled_from([1, 2, 9, 16, 35, 255]))
    steps = st.integers(0, levels)
    pixels = st.lists(steps, min_size=6 * (count + tests), max_size=6 * (count + tests))
    images = np.array(data.draw(pixels)).reshape(-1, 6) / levels
    labels = np.array(
        data.draw(st.lists(st.integers(0, len(classes) - 1), min_size=count + tests,
                           max_size=count + tests)))  # fmt: skip
    targets = class_targets(labels, len(classes))
    experiment = with_data(
        experiment_of(
            tmp_path, inputs='{ kind = "pixels", shape = [2, 3] }', outputs=len(classes),
            classes=classes,
        ),
        images[:count], targets[:count], images[count:], targets[count:],
    )  # fmt: skip
    files = DataFiles(tmp_path)
    written = []
    for name in ("a.csv", "a.npz", "a.txt", "a-images-idx3-ubyte", "b.images.idx3.gz"):
        try:
            files.write(name, experiment, overwrite=True)
        except ExperimentError:
            continue
        written.append(name)
        both = name in ("a.npz", "a.txt")
        assert_same(files.read(name, experiment), experiment.data, ARRAYS if both else ARRAYS[:3])
    assert {"a.csv", "a.npz"} <= set(written)


@pytest.mark.parametrize("entry", [entry.id for entry in catalogue()])
def test_every_experiment_that_ships_can_be_saved(tmp_path, entry):
    experiment, files = load(entry), DataFiles(tmp_path)
    if not experiment.data.count:
        with pytest.raises(ExperimentError, match="no samples to save"):
            files.write("all.npz", experiment)
        return
    files.write("all.npz", experiment)
    data = experiment.data
    assert_same(files.read("all.npz", experiment), data, ARRAYS if data.test_count else ARRAYS[:3])
    files.write("train.csv", experiment)
    assert_same(files.read("train.csv", experiment), data, ARRAYS[:3])


def test_a_table_can_be_read_by_others(tmp_path):
    """The header names the columns and can't be taken for a sample; csv is from Python."""
    DataFiles(tmp_path).write("digits.csv", load("digits-4x3"))
    with (tmp_path / "digits.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == [*(f"input {i}" for i in range(1, 13)), "class"]
    assert rows[0] == [*"111101101111", "0"]
    assert len(rows) == 64


def test_idx_is_as_the_format_says(tmp_path):
    """Two zero bytes, 8 for bytes, the dimensions, each length with the highest byte first."""
    DataFiles(tmp_path).write("my-images-idx3-ubyte", load("digits-4x3"))
    images = (tmp_path / "my-images-idx3-ubyte").read_bytes()
    labels = (tmp_path / "my-labels-idx1-ubyte").read_bytes()
    assert images[:16] == bytes([0, 0, 8, 3, 0, 0, 0, 64, 0, 0, 0, 4, 0, 0, 0, 3])
    assert list(images[16:28]) == [255, 255, 255, 255, 0, 255, 255, 0, 255, 255, 255, 255]
    assert labels[:8] == bytes([0, 0, 8, 1, 0, 0, 0, 64])
    assert len(labels) == 8 + 64
    DataFiles(tmp_path).write("my-images-idx3-ubyte.gz", load("digits-4x3"))
    assert gzip.decompress((tmp_path / "my-images-idx3-ubyte.gz").read_bytes()) == images
    assert read_array(tmp_path / "my-labels-idx1-ubyte.gz").tolist() == list(labels[8:])


def test_an_archive_can_be_read_by_numpy(tmp_path):
    DataFiles(tmp_path).write("digits.npz", load("digits-4x3"))
    with np.load(tmp_path / "digits.npz", allow_pickle=False) as arrays:
        shapes = {name: arrays[name].shape for name in arrays.files}
        assert shapes == {
            "inputs": (64, 4, 3), "labels": (64,), "test_inputs": (16, 4, 3), "test_labels": (16,),
        }  # fmt: skip
        assert set(arrays["labels"]) == {"0", "1"}


# What can't be written ---------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "problem"), [
    ("x.doc", "a data file ends in"),
    ("x", "a data file ends in"),
    ("folder", "this is a folder"),
    ("folder/../folder", "this is a folder"),
    ("nowhere/x.csv", "there is no folder"),
    ("there.csv/x.csv", "there is no folder"),
    ("there.csv", "there is such a file already; to replace it, end the line with !"),
    ("x.gz", "name the first …-images-idx3-ubyte"),
    ("", "give the name of a file"),
    ("a\0b.csv", "give the name of a file"),
    ("x" * 300 + ".csv", "can't be written"),
])  # fmt: skip
def test_places_that_are_none(tmp_path, name, problem):
    (tmp_path / "folder").mkdir()
    (tmp_path / "there.csv").write_text("mine")
    with pytest.raises(ExperimentError, match=problem):
        DataFiles(tmp_path).write(name, load("digits-4x3"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "there.csv"]
    assert (tmp_path / "there.csv").read_text() == "mine"


@pytest.mark.parametrize("name", ["x.csv", "x.npz", "x.txt", "x-images-idx3-ubyte.gz"])
@pytest.mark.parametrize("at", ["write", "fsync"])
def test_a_full_disk_loses_nothing(tmp_path, monkeypatch, name, at):
    (tmp_path / name).write_text("what was there before")

    def full(*_args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if at == "fsync":
        monkeypatch.setattr("os.fsync", full)
    else:

        class Small:
            """A file on a disk with room for ten bytes."""

            def __init__(self, file):
                self._file, self._room = file, 10

            def write(self, content):
                self._room -= len(content)
                if self._room < 0:
                    full()
                return self._file.write(content)

            def __getattr__(self, name):
                return getattr(self._file, name)

        monkeypatch.setattr(
            "nnsim.experiments.data_files.write_file",
            lambda path, write, new: write_file(path, lambda file: write(Small(file)), new=new),
        )
    with pytest.raises(ExperimentError, match=r"can't be written \(No space left on device\)"):
        DataFiles(tmp_path).write(name, load("digits-4x3"), overwrite=True)
    assert (tmp_path / name).read_text() == "what was there before"
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".tmp")]


@pytest.mark.parametrize("there", [True, False])
def test_images_without_their_labels_are_never_left(tmp_path, monkeypatch, there):
    """The second of two files can't be written: the first is as it was as well."""
    images, labels = tmp_path / "x-images-idx3-ubyte", tmp_path / "x-labels-idx1-ubyte"
    experiment, files = load("digits-4x3"), DataFiles(tmp_path)
    if there:
        files.write(images.name, experiment)
    before = [path.read_bytes() if there else None for path in (images, labels)]

    def sometimes(path, write, new=False):
        if path == images:
            raise ExperimentError("no room")
        return write_file(path, write, new=new)

    monkeypatch.setattr("nnsim.experiments.data_files.write_file", sometimes)
    data = experiment.data
    fewer = replace(experiment, data=replace(data, inputs=data.inputs[:9], targets=data.targets[:9],
                                             labels=data.labels[:9]))  # fmt: skip
    with pytest.raises(ExperimentError, match="no room"):
        files.write(images.name, fewer, overwrite=True)
    assert [path.read_bytes() if path.exists() else None for path in (images, labels)] == before


def test_what_a_format_can_not_hold_is_refused(tmp_path):
    files = DataFiles(tmp_path)
    experiment = load("digits-4x3")
    data = experiment.data
    fine = replace(experiment, data=replace(data, inputs=data.inputs * 0.123))
    with pytest.raises(ExperimentError, match="at most 36 grey levels"):
        files.write("x.txt", fine)
    soft = replace(experiment, data=replace(data, targets=data.targets * 0.5, labels=None))
    with pytest.raises(ExperimentError, match="these targets are numbers"):
        files.write("x.txt", soft)
    with pytest.raises(ExperimentError, match="IDX holds classes"):
        files.write("x-images-idx3-ubyte", soft)
    files.write("x.csv", soft)
    assert_same(files.read("x.csv", experiment), soft.data, ("inputs", "targets"))
    assert not list(tmp_path.glob("*.t*xt"))


# What can't be read ------------------------------------------------------------------------------

ROW = ",".join("010010010010")


@pytest.mark.parametrize(("name", "content", "problem"), [
    ("a.csv", f"{ROW},0\n0,1\n", "a.csv:2: this row has 2 cells; it should have 13"),
    ("a.csv", f"{ROW},7\n", 'a.csv:1: "7" is no class of the experiment; known are 0, 1'),
    ("a.csv", f"{ROW},0\n{ROW},nine\n", 'a.csv:2: "nine" is no class of the experiment'),
    ("a.csv", "", "a.csv: the file is empty"),
    ("a.csv", "\n\n\n", "a.csv:1: there are no samples in it"),
    ("a.csv", "x,y,class\n", "a.csv:1: there are only names of columns in it"),
    ("a.csv", "1,2,0\n", "a.csv:1: there are 2 columns of inputs; there should be 12"),
    ("a.csv", f"{ROW[:-1]}nan,0\n", "a.csv:1: nan in column 12; every number must be finite"),
    ("a.csv", f"{ROW[:-1]}1e999,0\n", "a.csv:1: inf in column 12; every number must be finite"),
    ("a.csv", "\0\1\2\3", "a.csv:1: this is a binary file"),
    ("a.txt", "[0]\n##\n", "a.txt:2: these pictures have 1 row; they should have 4"),
    ("a.txt", "[2]\n###\n#.#\n#.#\n###\n", 'a.txt:1: "2" is no class'),
    ("a.txt", "[test 0]\n###\n#.#\n#.#\n###\n", "there are no samples to train on in it"),
    ("a.npz", "PK\3\4 and nothing more", "this is not a NumPy archive"),
    ("a-images-idx3-ubyte", "junk", "this is not an IDX file"),
    ("missing.csv", None, "missing.csv: there is no such file"),
    (".", None, "this is a folder"),
])  # fmt: skip
def test_bad_files_are_refused_with_their_line(tmp_path, name, content, problem):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(ExperimentError) as refusal:
        DataFiles(tmp_path).read(name, load("digits-4x3"))
    assert problem in str(refusal.value)


def test_targets_that_this_network_can_not_learn_are_refused(tmp_path):
    files = DataFiles(tmp_path)
    (tmp_path / "names.csv").write_text("1,low\n2,high\n")
    with pytest.raises(ExperimentError, match=r"its targets are names \(high, low\)"):
        files.read("names.csv", load("line"))
    eight = load("digits-8x8")
    row = ",".join(["0"] * 64 + ["0.5"] * 10)
    (tmp_path / "sums.csv").write_text(f"{row}\n")
    with pytest.raises(ExperimentError, match=r"sums\.csv: .*sum 1"):
        files.read("sums.csv", eight)


def test_too_many_rows_are_refused_while_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("nnsim.experiments.datasets.MOST_SAMPLES", 2000)
    (tmp_path / "many.csv").write_text("1,2\n" * 5000)
    noted = []
    with pytest.raises(ExperimentError, match=r"3000 samples .* at most 2000 samples"):
        DataFiles(tmp_path, noted.append).read("many.csv", load("line"))
    assert noted == [1000, 2000]


def test_reading_can_be_stopped(tmp_path):
    (tmp_path / "many.csv").write_text("1,2\n" * 5000)

    def stop(count):
        raise InterruptedError(count)

    with pytest.raises(InterruptedError):
        DataFiles(tmp_path, stop).read("many.csv", load("line"))
