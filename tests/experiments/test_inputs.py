"""Inputs and targets as people type them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnsim.experiments import ExperimentError
from nnsim.experiments.inputs import InputSpec, format_input, parse_input, parse_target

DIGIT = InputSpec("pixels", (4, 3), tuple(map(str, range(1, 13))))
COLOUR = InputSpec("pixels", (1, 2, 3), tuple(map(str, range(1, 7))))
FIELDS = InputSpec("vector", (2,), ("a", "b"))
NUMBER = InputSpec("number", (1,), ("x",))
ZERO = [1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "text",
    [
        "111/101/101/111",
        " 111 / 101 / 101 / 111 ",
        "###/#.#/#.#/###",
        "111\n101\n101\n111\n",
        "111101101111",
        "1 1 1/1 0 1/1 0 1/1 1 1",
        "1,1,1,1,0,1,1,0,1,1,1,1",
        "1 1 1 1 0 1 1 0 1 1 1 1",
        "# # #/# . #/1.0,0,1/1e0 1 1",
    ],
)
def test_the_forms_of_a_picture(text):
    assert parse_input(DIGIT, text).tolist() == ZERO


def test_grey_levels():
    rows = parse_input(DIGIT, "0 .5 1/0,0.25,1/000/0 0 -1")
    assert rows.tolist() == [0, 0.5, 1, 0, 0.25, 1, 0, 0, 0, 0, 0, -1]


def test_numbers():
    assert parse_input(FIELDS, "0.05 0.10").tolist() == [0.05, 0.10]
    assert parse_input(FIELDS, "1e-3,\n-2").tolist() == [0.001, -2]
    assert parse_input(NUMBER, "11").tolist() == [11]


@pytest.mark.parametrize(
    ("spec", "text", "said"),
    [
        (DIGIT, "111/101/101", "too short: it has 3 rows and should have 4"),
        (DIGIT, "111/101/101/111/111", "too long: it has 5 rows and should have 4"),
        (DIGIT, "111/10/101/111", "row 2 of the input is too short: it has 2 numbers"),
        (DIGIT, "111/101/1011/111", "row 3 of the input is too long: it has 4 numbers"),
        (DIGIT, "1 1 1", "too short: it has 3 numbers and should have 12"),
        (DIGIT, "1" * 13, "too long: it has 13 numbers and should have 12"),
        (DIGIT, "", "the input is empty; it should have 12 numbers"),
        (DIGIT, "111/1x1/101/111", 'row 2 of the input holds "1x1", which is not a number'),
        (DIGIT, "111/121/101/111", "row 2 of the input is too short"),
        (DIGIT, "1 1 1/1 nan 1/1 0 1/1 1 1", 'row 2 of the input holds "nan"; every number must'),
        (FIELDS, "1 inf", 'the input holds "inf"; every number must be finite'),
        (FIELDS, "1 1e999", "every number must be finite"),
        (FIELDS, "1 two", 'the input holds "two", which is not a number'),
        (FIELDS, "1 1_0", 'the input holds "1_0", which is not a number'),
        (FIELDS, "1", "too short: it has 1 number and should have 2"),
        (FIELDS, "1 2 3", "too long: it has 3 numbers and should have 2"),
        (FIELDS, "1 \x1b[31m", 'holds "?[31m", which is not a number'),
    ],
)
def test_refusals(spec, text, said):
    with pytest.raises(ExperimentError) as caught:
        parse_input(spec, text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@given(
    st.sampled_from([DIGIT, COLOUR, FIELDS, NUMBER]),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=12, max_size=12),
    st.booleans(),
)
def test_what_is_formatted_parses_back(spec, numbers, black_and_white):
    values = np.array(numbers[: spec.count])
    if black_and_white:
        values = (values > 0).astype(float)
    np.testing.assert_array_equal(parse_input(spec, format_input(spec, values)), values)


def test_a_picture_is_formatted_as_rows():
    assert format_input(DIGIT, np.array(ZERO)) == "111/101/101/111"
    assert format_input(FIELDS, np.array([0.5, 2])) == "0.5 2"


def test_targets():
    assert parse_target("1", ("0", "1"), 2).tolist() == [0, 1]
    assert parse_target('"1"', ("0", "1"), 2).tolist() == [0, 1]
    assert parse_target("1 0", ("0", "1"), 2).tolist() == [1, 0]
    assert parse_target("yes", ("no", "yes"), 1).tolist() == [1]
    assert parse_target(".3", ("no", "yes"), 1).tolist() == [0.3]
    assert parse_target("0.01,0.99", (), 2).tolist() == [0.01, 0.99]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("maybe", 'the target "maybe" is no class; the classes are no, yes'),
        ("1 0 0", "the target has 3 numbers and should have 2, or be a class: no, yes"),
        ("1 x", 'the target holds "x", which is not a number'),
        ("1 nan", "every number must be finite"),
        ("", "the target has 0 numbers and should have 2"),
    ],
)
def test_refusals_of_targets(text, said):
    with pytest.raises(ExperimentError) as caught:
        parse_target(text, ("no", "yes"), 2)
    assert said in str(caught.value)
