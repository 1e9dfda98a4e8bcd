"""Plots: every peak is drawn, lines differ without colour, and no series makes them fail."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from nnsim.lab.reading.axis import Axis
from nnsim.tui.ascii import to_ascii
from nnsim.tui.draw.plot import DASHED, DOTTED, SOLID, Chart, Series, label, whole
from nnsim.tui.panels.train.layers import bars, counted

EXTREME = {
    "nothing": [],
    "one point": [5.0],
    "nan": [math.nan] * 5,
    "inf among them": [math.inf, 1.0, 2.0, -math.inf],
    "both ends": [1e308, -1e308, 0.0],
    "flat and large": [1e12] * 9,
    "nearly flat": [1e12, 1e12 + 1, 1e12],
    "flat zero": [0.0] * 4,
    "smallest": [5e-324, 0.0, 1e-310],
    "largest": [1.7976931348623157e308] * 2,
    "over all": [1e-300, 1e300],
}


def plot(y, *, log=False, epochs=None, log_x=False, here=0.0) -> Chart:
    y = np.array(y, np.float64)
    x = np.arange(y.size, dtype=float) if epochs is None else np.array(epochs, np.float64)
    if log_x:
        x = x + 1
    return Chart(
        "loss",
        [Series("train", x, y)],
        Axis.over(x, log=log_x, zero=False),
        Axis.over(y, log=log),
        here,
    )


def texts(rows) -> list[str]:
    return ["".join(text for text, _style in row) for row in rows]


def field(rows) -> list[str]:
    """The cells between the axes."""
    return [line.partition("│")[2] or line.partition("┤")[2] for line in texts(rows)[1:-1]]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("log_x", [False, True])
@pytest.mark.parametrize("name", EXTREME)
def test_extreme_series_are_drawn(name, log, log_x):
    for width, height in ((50, 12), (16, 3), (100, 30), (10, 2), (1, 1)):
        rows = plot(EXTREME[name], log=log, log_x=log_x).rows(width, height)
        assert len(rows) <= height
        if width >= 16:
            assert len(rows) == height
            assert all(cell_len(line) <= width for line in texts(rows))


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60),
    st.booleans(),
    st.integers(16, 90),
    st.integers(3, 24),
)
def test_any_series_is_drawn(values, log, width, height):
    rows = plot(values, log=log).rows(width, height)
    assert len(rows) == height
    assert all(cell_len(line) <= width for line in texts(rows))
    # What is finite (and above 0, on a logarithmic axis) is seen.
    if any(math.isfinite(v) and (v > 0 or not log) for v in values):
        assert any("●" in line for line in field(rows))


@pytest.mark.parametrize("place", [0, 1, 777, 50_000, 99_998, 99_999])
def test_a_peak_among_100000_epochs_is_drawn_to_its_height(place):
    y = np.full(100_000, 1.0)
    y[place] = 10.0
    rows = field(plot(y).rows(60, 12))
    column = round(place / 99_999 * (52 * 2 - 1)) // 2
    for line in rows[:-2]:  # all the way from the top down to the others
        assert line[column] not in " ┆"
    assert set(rows[0]) - {"┆"} <= {" ", rows[0][column]}  # and nothing else is up there


def test_the_least_of_a_column_is_drawn_too():
    y = np.full(50_000, 5.0)
    y[25_000] = 0.0
    rows = field(plot(y).rows(60, 12))
    assert rows[-1][round(0.5 * 103) // 2] not in " ┆"


def test_a_gap_stays_a_gap():
    y = np.ones(200)
    y[80:120] = np.nan
    rows = field(plot(y, here=None).rows(60, 8))
    line = next(row for row in rows if row.strip())
    assert line[15] != " "
    assert line[26] == " "
    assert line[40] != " "


def test_lines_differ_without_colour():
    x = np.arange(300.0)
    series = [
        Series("train", x, x * 0 + 3, "train", "●", SOLID),
        Series("test", x, x * 0 + 2, "test", "○", DASHED),
        Series("run 1", x, x * 0 + 1, "old", "×", DOTTED),
    ]
    rows = Chart("loss", series, Axis.over(x), Axis(0.0, 3.0)).rows(80, 13)
    cells = ["".join(text for text, style in row if style == "train") for row in rows[1:-1]]
    assert sum(map(len, cells)) == 72
    lines = field(rows)
    drawn = [next(line for line in lines if marker in line) for marker in "●○×"]
    patterns = {"".join(c for c in line if c not in " ┆") for line in drawn}
    assert len(patterns) == 3
    for marker, line in zip("●○×", drawn, strict=True):
        assert line.count(marker) >= 5
    assert all(f"{m}" in texts(rows)[0] for m in ("●─ train", "○╌ test", "×┄ run 1"))
    plain = [to_ascii(line) for line in drawn]
    assert [p for p in plain if "*" in p and "o" not in p and "x" not in p]
    assert all(line.isascii() for line in plain)


def test_the_epoch_of_the_bench_is_marked_below_and_in_the_field():
    rows = plot(np.ones(101), here=50.0).rows(60, 8)
    below = texts(rows)[-1]
    assert below.index("▲") == 8 + round(0.5 * 103) // 2
    assert any(line[below.index("▲") - 8] == "┆" for line in field(rows))


def test_epochs_are_whole_and_called_as_they_are_on_a_logarithmic_axis():
    below = texts(plot([1.0, 2.0], here=None).rows(60, 8))[-1]
    assert [c for c in below if c.isdigit()] == ["0", "1"]
    x = np.arange(1001.0) + 1
    line = Series("train", x, np.ones(1001))
    rows = Chart("loss", [line], Axis.over(x, log=True), Axis(0.0, 1.0), None, 1.0).rows(60, 8)
    below = texts(rows)[-1][8:]
    for name, epoch in (("0", 0), ("10", 10), ("100", 100), ("1k", 1000)):
        place = np.log10(epoch + 1) / np.log10(1001) * 51
        assert below.index(name) <= place + 1
        assert below.index(name) + len(name) >= place - 1


def test_ticks_are_round_and_in_order():
    assert Axis(0.0, 1.0).ticks(3) == [0.0, 0.5, 1.0]
    assert Axis(0.0, 1999.0).ticks(5) == [0.0, 500.0, 1000.0, 1500.0]
    assert Axis(-1e308, 1e308).ticks(3) == [-1e308, 0.0, 1e308]
    assert Axis(1e-5, 10.0, log=True).ticks(4) == [1e-5, 1e-3, 1e-1, 10.0]
    assert Axis(3.0, 4.0, log=True).ticks(4) == [3.0, 4.0]


@given(
    st.floats(-1e308, 1e308), st.floats(-1e308, 1e308), st.integers(2, 9), st.booleans()
)  # fmt: skip
def test_ticks_lie_on_the_axis(a, b, most, log):
    axis = Axis.over(np.array([a, b]), log=log)
    ticks = axis.ticks(most)
    assert len(ticks) <= most
    assert ticks == sorted(ticks)
    slack = 1e-6 * max(abs(axis.low), abs(axis.high))
    assert all(axis.low - slack <= tick <= axis.high + slack for tick in ticks)


def test_numbers_of_axes_are_short():
    assert [label(v, 6) for v in (0.1, -1e308, 123456.0, 1e-9, 0.0)] == [
        "0.1", "-1e308", "1.23e5", "1e-9", "0",
    ]  # fmt: skip
    assert [whole(v) for v in (0, 950, 1000, 1500, 12_345, 2e6)] == [
        "0", "950", "1k", "1.5k", "12.35k", "2M",
    ]  # fmt: skip


def test_values_are_counted_in_equal_parts():
    counts, low, high, left_out = counted(np.array([0.0, 0.1, 0.9, 1.0, np.nan, np.inf]), 2)
    assert (counts.tolist(), low, high, left_out) == ([2, 2], 0.0, 1.0, 2)
    rng = np.random.default_rng(0)
    values = rng.normal(size=1000)
    counts, low, high, left_out = counted(values, 20)
    assert counts.tolist() == np.histogram(values, 20)[0].tolist()


@given(st.lists(st.floats(), max_size=50), st.integers(1, 30))
def test_whatever_is_counted_is_all_there(values, bins):
    counts, low, high, left_out = counted(np.array(values, np.float64), bins)
    assert counts.sum() + left_out == len(values)
    assert low < high
    assert len(counts) == bins


def test_bars_rise_with_the_counts_and_a_single_one_shows():
    rows = bars([0, 1, 500, 1000], 2)
    assert rows == ["   █", " ▁██"]
