"""Data from CSV, NumPy archives and IDX files."""

from __future__ import annotations

import gzip
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from nnsim.experiments import ExperimentError, load

CLASSES = """\
input = { kind = "vector", names = ["a", "b"] }
classes = ["no", "yes"]
[network]
layers = [{ type = "dense", units = 2 }]
[data]
file = "%s"
"""
REGRESSION = """\
input = { kind = "vector", names = ["a", "b"] }
[network]
layers = [{ type = "dense", units = 1 }]
[data]
file = "%s"
"""
IMAGES = """\
input = { kind = "pixels", shape = [2, 3] }
classes = ["0", "1", "7"]
[network]
layers = [{ type = "dense", units = 3 }]
[data]
file = "%s"
"""


@pytest.fixture
def data(write):
    def data(text, content, name="data.csv", more=""):
        write(content, name)
        return load(write(text % name + more)).data

    return data


def said(function, *arguments):
    with pytest.raises(ExperimentError) as caught:
        function(*arguments)
    return str(caught.value)


# --- CSV ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "0,1,no\n1,0.5,yes\n",
        "a,b,class\n0,1,no\n1,0.5,yes\n",
        "0;1;no\r\n1;0.5;yes\r\n\r\n",
        "0\t1\tno\n1\t0.5\tyes",
        '"0", "1", "no"\n1, 5e-1, yes\n',
        "0 1 no\n1 0.5 yes\n",
        "\ufeffa,b,c\n0,1,no\n1,.5,yes\n",
    ],
)
def test_the_last_column_is_the_class(data, content):
    found = data(CLASSES, content)
    assert found.inputs.tolist() == [[0, 1], [1, 0.5]]
    assert found.labels.tolist() == [0, 1]
    assert found.targets.tolist() == [[1, 0], [0, 1]]


def test_columns_by_name(data):
    content = "class,b,skip,a\nyes,2,9,1\nno,4,9,3\n"
    found = data(CLASSES, content, more='labels = "class"\ninputs = ["a", "b"]\n')
    assert found.inputs.tolist() == [[1, 2], [3, 4]]
    assert found.labels.tolist() == [1, 0]
    found = data(REGRESSION, "y,a,b\n1,2,3\n4,5,6\n", more='targets = "y"\n')
    assert found.inputs.tolist() == [[2, 3], [5, 6]]
    assert found.targets.tolist() == [[1], [4]]
    assert found.labels is None


def test_classes_may_come_from_the_data(data, write):
    text = CLASSES.replace('classes = ["no", "yes"]\n', "")
    write("0,1,pear\n0,2,apple\n", "data.csv")
    experiment = load(write(text % "data.csv"))
    assert experiment.classes == ("apple", "pear")
    assert experiment.data.labels.tolist() == [1, 0]


def test_a_fraction_is_set_aside_by_the_seed(data):
    content = "".join(f"{k},0,{k}\n" for k in range(10))
    first = data(REGRESSION, content, more="test_fraction = 0.3\nseed = 1\n")
    assert (first.count, first.test_count) == (7, 3)
    both = np.concatenate([first.targets, first.test_targets]).ravel()
    assert sorted(both) == list(range(10))
    assert first.targets.ravel().tolist() == sorted(first.targets.ravel())
    again = data(REGRESSION, content, more="test_fraction = 0.3\nseed = 1\n")
    other = data(REGRESSION, content, more="test_fraction = 0.3\nseed = 2\n")
    assert again.test_targets.tolist() == first.test_targets.tolist()
    assert other.test_targets.tolist() != first.test_targets.tolist()


def test_a_file_to_test_on(data, write):
    write("5,6,yes\n", "test.csv")
    found = data(CLASSES, "0,1,no\n1,2,yes\n", more='test_file = "test.csv"\n')
    assert found.test_inputs.tolist() == [[5, 6]]
    assert found.test_labels.tolist() == [1]


BROKEN = [
    (CLASSES, "0,1,no\n1,yes\n", "", "data.csv:2: this row has 2 cells; it should have 3"),
    (CLASSES, "0,1,no\n1,2,3,yes\n", "", "data.csv:2: this row has 4 cells"),
    (CLASSES, "0,1,no\n1,2,maybe\n", "", 'data.csv:2: "maybe" is no class of the experiment'),
    (CLASSES, "0,1,no\n\n1,x,yes\n", "", 'data.csv:3: "x" in column 2 is not a number'),
    (CLASSES, "0,1,no\n1,nan,yes\n", "", "data.csv:2: nan in column 2; every number must be"),
    (CLASSES, "0,1,no\n1,1e999,yes\n", "", "data.csv:2: inf in column 2"),
    (CLASSES, "a,b,c\n", "", "data.csv:1: there are only names of columns in it"),
    (CLASSES, "\n\n", "", "data.csv:1: there are no samples in it"),
    (CLASSES, "", "", "data.csv: the file is empty"),
    (CLASSES, "1,no\n2,yes\n", "", "data.csv:1: there is 1 column of inputs; there should be"),
    (CLASSES, b"1,2,no\n\0", "", "data.csv:2: this is a binary file"),
    (CLASSES, '1,2,"no\n', "", "data.csv:1: this line is no row of a table"),
    (CLASSES, "a,b,c\n0,1,no\n", 'labels = "d"', 'data.csv:1: there is no column "d"; known'),
    (REGRESSION, "a,b,y\n1,2,3\n1,2,x\n", "", 'data.csv:3: "x" in column 3 is not a number'),
    (REGRESSION, "1,2,3\n4,5,6\n", "test_fraction = 1", "experiment.toml:6: test_fraction 1"),
    (REGRESSION, "1,2,3\n", "test_fraction = 1.5", "experiment.toml:6: test_fraction is 1.5"),
    (REGRESSION, "1,2,3\n", "samples = 3", "experiment.toml:6: samples belongs to a generator"),
    (REGRESSION, "1,2,3\n", "generator = 'line'", "experiment.toml:6: [data] should have one of"),
]


@pytest.mark.parametrize(("text", "content", "more", "message"), BROKEN, ids=[b[3] for b in BROKEN])
def test_broken_tables(data, text, content, more, message):
    assert message in said(data, text, content, "data.csv", more)


def test_a_million_rows_too_many(data):
    message = said(data, REGRESSION, "1,2,3\n" * 1_000_002)
    assert "are too many; at most 1000000 samples" in message


def test_targets_that_the_loss_makes_no_sense_for(data):
    text = REGRESSION.replace("layers", 'loss = "binary_cross_entropy"\nlayers').replace(
        "units = 1", 'units = 1, activation = "sigmoid"'
    )
    message = said(data, text, "0,0,2\n")
    assert "experiment.toml:5: binary_cross_entropy takes targets from 0 to 1" in message
    assert data(text, "0,0,0.5\n").labels is None
    assert data(text, "0,0,1\n1,1,0\n").labels.tolist() == [1, 0]


# --- NumPy archives -------------------------------------------------------------------------------


def archive(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


X = np.array([[[0, 51, 255], [0, 0, 0]], [[255, 255, 255], [102, 0, 0]]], dtype=np.uint8)


def test_an_archive_of_bytes(data):
    content = archive(x_train=X, y_train=np.array([1, 2]), x_test=X[:1], y_test=np.array([0]))
    found = data(IMAGES, content, "data.npz")
    np.testing.assert_allclose(found.inputs, X.reshape(2, 6) / 255, rtol=1e-15)
    # 1 and 2 are not both names of the classes 0, 1, 7, so they are positions from 0.
    assert found.labels.tolist() == [1, 2]
    assert found.test_labels.tolist() == [0]


def test_names_of_classes_come_before_positions(data):
    found = data(IMAGES, archive(inputs=X / 255.0, labels=np.array([7, 1])), "data.npz")
    assert found.labels.tolist() == [2, 1]
    found = data(IMAGES, archive(inputs=X / 255.0, labels=np.array(["7", "0"])), "data.npz")
    assert found.labels.tolist() == [2, 0]


def test_an_archive_of_targets(data):
    content = archive(x=np.ones((3, 2), np.float32), t=np.array([1.5, 2, 3]))
    found = data(REGRESSION, content, "data.npz")
    assert found.targets.tolist() == [[1.5], [2], [3]]


def bomb():
    """An archive that says it holds an array of a terabyte."""
    stream, header = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"shape": (10**6, 10**5), "fortran_order": False, "descr": "<f8"}
    )
    with zipfile.ZipFile(stream, "w") as zipped:
        zipped.writestr("x.npy", header.getvalue())
        zipped.writestr("y.npy", header.getvalue())
    return stream.getvalue()


GOOD = archive(x=np.ones((2, 2)), y=np.ones(2))
ARCHIVES = [
    (b"rubbish", "this is not a NumPy archive"),
    (b"", "this is not a NumPy archive"),
    (GOOD[:-40], "this is not a NumPy archive"),
    (GOOD[:60] + b"\xff" * 20 + GOOD[80:], "the array x is damaged"),
    (bomb(), "are too many; at most"),
    (archive(x=np.ones((2, 2))), "there is no array targets / labels / y in it; it has x"),
    (archive(x=np.ones((2, 3)), y=np.ones(2)), "its inputs are 3; the experiment has 2 inputs"),
    (
        archive(x=np.ones((2, 2)), y=np.ones(3)),
        "there are 3 targets; there should be 2, one per input",
    ),
    (archive(x=np.ones((2, 2)), y=np.ones((2, 4))), "its targets have 4 numbers each"),
    (archive(x=np.array([[1, 2], [3, np.nan]]), y=np.ones(2)), "sample 2 holds nan"),
    (archive(x=np.array([[1, 2], [3, 4]]), y=np.array([1, np.inf])), "sample 2 holds inf"),
    (archive(x=np.ones((0, 2)), y=np.ones(0)), "there are no samples in it"),
    (archive(x=np.ones((2, 2), complex), y=np.ones(2)), "the array x holds complex128"),
    (archive(x=np.array([[{}, 1]], dtype=object), y=np.ones(1)), "the array x holds object"),
]


@pytest.mark.parametrize(("content", "message"), ARCHIVES, ids=[m for _c, m in ARCHIVES])
def test_broken_archives(data, content, message):
    text = said(data, REGRESSION, content, "data.npz")
    assert "data.npz: " in text
    assert message in text


# --- IDX ------------------------------------------------------------------------------------------


def idx(array, kind=0x08):
    head = struct.pack(">HBB", 0, kind, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype({0x08: ">u1", 0x0D: ">f4"}[kind]).tobytes()


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_as_those_of_mnist(data, write, packed):
    pack = gzip.compress if packed else bytes
    end = ".gz" if packed else ""
    write(pack(idx(np.array([7, 0]))), f"train-labels-idx1-ubyte{end}")
    write(pack(idx(X[:1])), f"test-images-idx3-ubyte{end}")
    write(pack(idx(np.array([1]))), f"test-labels-idx1-ubyte{end}")
    more = f'test_file = "test-images-idx3-ubyte{end}"\n'
    found = data(IMAGES, pack(idx(X)), f"train-images-idx3-ubyte{end}", more)
    np.testing.assert_allclose(found.inputs, X.reshape(2, 6) / 255, rtol=1e-15)
    assert found.labels.tolist() == [2, 0]
    assert found.test_labels.tolist() == [1]


def test_labels_in_a_file_of_another_name(data, write):
    write(idx(np.array([0, 1])), "mine.idx")
    found = data(IMAGES, idx(X / 255.0, 0x0D), "images.idx", 'labels = "mine.idx"\n')
    np.testing.assert_allclose(found.inputs, X.reshape(2, 6) / 255, rtol=1e-6)
    assert found.labels.tolist() == [0, 1]


IDX_BROKEN = [
    (b"rubbish", "this is not an IDX file"),
    (b"\0\0\x08\x03\0\0", "this IDX file is cut short"),
    (idx(X)[:-1], "has 11 bytes of numbers; its header says 12"),
    (idx(X[:, :1]), "its images are 1 × 3; the experiment has 6 inputs"),
    (idx(X[:1]), "it holds 2 labels; there should be 1, one per image"),
    (b"\0\0\x08\x03" + b"\xff" * 12, "are too many; at most"),
    (gzip.compress(idx(X))[:-9], "this gzipped file is damaged or cut short"),
    (b"", "the file is empty"),
]


@pytest.mark.parametrize(("content", "message"), IDX_BROKEN, ids=[m for _c, m in IDX_BROKEN])
def test_broken_idx_files(data, write, content, message):
    write(idx(np.array([0, 1])), "t-labels-idx1-ubyte")
    assert message in said(data, IMAGES, content, "t-images-idx3-ubyte")


def bomb(kind: int, *lengths: int, size: int) -> bytes:
    """Return a small gzipped IDX file whose header is followed by `size` bytes of zeros."""
    head = struct.pack(">HBB", 0, kind, len(lengths)) + struct.pack(f">{len(lengths)}I", *lengths)
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=1) as packed:
        packed.write(head)
        for _part in range(size // 2**20):
            packed.write(bytes(2**20))
    return stream.getvalue()


BOMBS = [
    ((0x08, 2, 2, 3), "goes on behind its numbers; its header says 12 bytes of them"),
    ((0x0E, 500_000, 2, 4), "its images are 2 × 4; the experiment has 6 inputs"),
    ((0x0E, 2**31, 2, 3), "are too many; at most"),
]


@pytest.mark.parametrize(("header", "message"), BOMBS, ids=[message for _h, message in BOMBS])
def test_no_more_is_unpacked_than_the_header_announces(data, write, header, message):
    content = bomb(*header, size=32 * 2**20)
    write(idx(np.array([0, 1])), "t-labels-idx1-ubyte.gz")
    assert message in said(data, IMAGES, content, "t-images-idx3-ubyte.gz")
    tracemalloc.start()
    try:
        said(data, IMAGES, content, "t-images-idx3-ubyte.gz")
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20


def test_labels_that_do_not_go_along_are_not_unpacked(data, write):
    write(bomb(0x08, 32 * 2**20, size=32 * 2**20), "t-labels-idx1-ubyte.gz")
    tracemalloc.start()
    try:
        message = said(data, IMAGES, gzip.compress(idx(X)), "t-images-idx3-ubyte.gz")
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "samples of 1 number are too many" in message
    assert peak < 4 * 2**20


def test_a_header_of_an_archive_that_claims_gigabytes(data):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "x.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", 32 * 2**20) + b" " * 32 * 2**20
        )
        archive.writestr("y.npy", b"")
    content = stream.getvalue()
    assert "the array x is damaged" in said(data, CLASSES, content, "data.npz")
    tracemalloc.start()
    try:
        said(data, CLASSES, content, "data.npz")
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20
