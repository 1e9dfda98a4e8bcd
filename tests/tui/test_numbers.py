"""Numbers in narrow places."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from nnsim.tui.draw.numbers import bar, short


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        (0.0, 8, "  0.0000"),
        (0.123456, 8, "  0.1235"),
        (-12.5, 8, "-12.5000"),
        (123456.0, 8, "123456.0"),
        (12345678.0, 8, "12345678"),
        (1.5e-7, 8, " 1.50e-7"),
        (-2.5e300, 8, "-2.5e300"),
        (math.inf, 4, " inf"),
        (-math.inf, 4, "-inf"),
        (math.nan, 4, " nan"),
    ],
)
def test_as_many_digits_as_fit(value, width, text):
    assert short(value, width) == text


def test_a_sign_is_shown_when_asked_for():
    assert short(2.23, 8, sign=True) == " +2.2300"
    assert short(-2.23, 8, sign=True) == " -2.2300"


@given(st.floats(allow_nan=True), st.integers(7, 12), st.booleans())
def test_every_number_fits_its_place(value, width, sign):
    assert cell_len(short(value, width, sign=sign)) == width


@given(st.floats(-1e6, 1e6), st.integers(9, 12))
def test_what_is_printed_is_near_what_it_stands_for(value, width):
    assert float(short(value, width)) == pytest.approx(value, rel=0.01, abs=1e-4)


@given(st.floats(allow_nan=True), st.floats(0, 1e6), st.integers(1, 40))
def test_a_bar_fills_its_place_and_no_more(value, full, width):
    filled, rest = bar(value, full, width)
    assert cell_len(filled) + cell_len(rest) == width


def test_a_bar_is_as_long_as_its_share():
    assert bar(0.5, 1.0, 10) == ("█████", "·····")
    assert bar(1.0, 1.0, 4) == ("████", "")
    assert bar(0.0, 1.0, 4) == ("", "····")
    assert bar(-1.0, 2.0, 4) == ("▒▒", "··")
