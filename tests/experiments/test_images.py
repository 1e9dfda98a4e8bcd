"""Text pictures: the rules, and what breaks them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnsim.experiments import ExperimentError
from nnsim.experiments.pictures import format_pictures, read_pictures


def test_pictures_stand_side_by_side_and_under_one_another(write):
    path = write("; about\n[a]\n##  #.\n.#  ..\n\n..\n##\n[test b]\n#.\n#.\n\n.#\n.#\n", "p.txt")
    found = read_pictures(path, (2, 2, 1))
    assert found.classes == ("a", "b")
    assert found.images[..., 0].tolist() == [[[1, 1], [0, 1]], [[1, 0], [0, 0]], [[0, 0], [1, 1]]]
    assert found.labels.tolist() == [0, 0, 0]
    assert found.test_images[..., 0].tolist() == [[[1, 0], [1, 0]], [[0, 1], [0, 1]]]
    assert found.test_labels.tolist() == [1, 1]


def test_digits_are_pixels_and_with_levels_grey(write):
    plain = read_pictures(write("[a]\n01\n10\n", "p.txt"), (2, 2, 1))
    assert plain.images.ravel().tolist() == [0, 1, 1, 0]
    grey = read_pictures(write("levels 16\n[a]\n08\ng#\n", "p.txt"), (2, 2, 1))
    assert grey.images.ravel().tolist() == [0, 0.5, 1, 1]


def test_channels_stand_side_by_side(write):
    found = read_pictures(write("[a]\n#.  ..  .#\n", "p.txt"), (1, 2, 3))
    assert found.images.tolist() == [[[[1, 0, 0], [0, 0, 1]]]]


def test_line_ends_of_windows_and_a_byte_order_mark(write):
    found = read_pictures(write(b"\xef\xbb\xbf[a]\r\n#.\r\n.#\r\n", "p.txt"), (2, 2, 1))
    assert found.images.ravel().tolist() == [1, 0, 0, 1]


BROKEN = [
    (
        "##\n##\n",
        '1: a picture stands before the first class; write ["0"] above it'.replace('"', ""),
    ),
    ("[2]\n##\n##\n", '1: "2" is no class of the experiment; known are 0, 1'),
    ("[0\n##\n##\n", "1: a class stands in brackets"),
    ("[0]\n##\n", "2: these pictures have 1 row; they should have 2"),
    ("[0]\n##\n##\n\n##\n", "5: these pictures have 1 row; they should have 2"),
    ("[0]\n##\n##\n##\n", "4: a picture has 2 rows, and no empty line stands above this one"),
    ("[0]\n##\n##\n##\n##\n", "4: a picture has 2 rows, and no empty line stands above"),
    ("[0]\n##\n##\n; so\n##\n##\n", "5: a picture has 2 rows, and no empty line stands above"),
    ("[0]\n##\n###\n", '3: "###" has 3 pixels; each row of a picture should have 2'),
    ("[0]\n##  ##\n; so\n##\n", "4: there is 1 picture in this row, and 2 in the rows above"),
    ("[0]\n##\n#x\n", '3: "x" is no pixel; known are ., #, 0, 1'),
    ("[0]\n##\n#ü\n", '3: "ü" is no pixel'),
    ("levels 3\n[0]\n##\n#4\n", '4: "4" is no pixel; known are ., #, 0, 1, 2, 3'),
    ("levels 99\n", "1: levels should be a whole number from 1 to 35"),
    ("[0]\n##\n##\n\nlevels 3\n", "5: levels belongs once at the top"),
    ("; nothing\n[0]\n", "1: there are no pictures in this file"),
    (b"[0]\n\0\0\n", "2: this is a binary file"),
    (b"[0]\n#\xff\n", "2: this is not UTF-8 text"),
    (b"", " the file is empty"),
]


@pytest.mark.parametrize(("text", "said"), BROKEN, ids=[said for _, said in BROKEN])
def test_refusals_name_the_line(write, text, said):
    with pytest.raises(ExperimentError) as caught:
        read_pictures(write(text, "p.txt"), (2, 2, 1), ("0", "1"))
    assert f"p.txt:{said}" in str(caught.value)


@given(
    st.integers(0, 2**32),
    st.integers(1, 5),
    st.integers(1, 4),
    st.sampled_from([1, 3]),
    st.integers(1, 35),
    st.integers(1, 30),
)
def test_what_is_written_reads_back(tmp_path_factory, seed, height, width, channels, levels, count):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, levels + 1, (count, height, width, channels)) / levels
    path = tmp_path_factory.mktemp("pictures") / "p.txt"
    path.write_text(format_pictures([("a", images), ("test b", images[:1])], levels=levels))
    found = read_pictures(path, (height, width, channels), ("a", "b"))
    np.testing.assert_array_equal(found.images, images)
    np.testing.assert_array_equal(found.test_images, images[:1])
    assert found.test_labels.tolist() == [1]
