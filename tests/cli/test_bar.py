"""The line that training draws: what it shows at any width."""

from __future__ import annotations

import os
import re

import pyte
import pytest
from rich.console import Console

from nnsim.cli.commands.train import Line


def drawn(width: int, line: Line) -> str:
    console = Console(width=width, color_system=None, force_terminal=True)
    with console.capture() as captured:
        console.print(line)
    text = captured.get()
    assert text.count("\n") == 1
    return text.rstrip("\n")


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("epochs", [50, 5000, 1_000_000_000])
def test_no_number_is_cut_at_any_width(epochs, ascii_only):
    line = Line(epochs * 2 // 5, epochs, 0.0123456, 0.984375, 3725.2, ascii_only)
    whole = {str(epochs * 2 // 5), str(epochs), "0.012346", "98.4", "1", "02", "05"}
    for width in range(1, 140):
        text = drawn(width, line)
        assert len(text) < max(width, 2)
        assert set(re.findall(r"[\d.]+", text)) <= whole
        assert not ascii_only or text.isascii()


def test_the_bar_gives_way_first():
    texts = [drawn(width, Line(1141, 5000, 0.0123456, 0.984375, 9)) for width in (120, 72, 60)]
    for text in texts:
        assert "epoch 1141/5000" in text
        assert "loss 0.012346, accuracy 98.4%" in text
        assert text.endswith("0:00:09")
    assert [len(text) for text in texts] == [97, 71, 55]
    assert drawn(40, Line(1141, 5000, 0.0123456, 0.984375, 9)) == "epoch 1141/5000  loss 0.012346"
    assert drawn(12, Line(1141, 5000, 0.0123456, 0.984375, 9)) == "1141/5000"


def test_regression_has_no_accuracy():
    assert "accuracy" not in drawn(120, Line(1, 2, 0.5, None, 1))


@pytest.mark.skipif(os.name == "nt", reason="terminals of Unix")
@pytest.mark.parametrize("columns", [30, 60, 80])
def test_on_a_real_terminal(terminal, columns):
    result = terminal("train", "digits-4x3", "--epochs", 3000, "--json", columns=columns)
    assert result.status == 0
    screen = pyte.Screen(columns, 24)
    pyte.Stream(screen).feed(result.err.replace("\n", "\r\n"))
    lines = [row.rstrip() for row in screen.display if row.strip()]
    assert len(lines) == 1
    assert "3000/3000" in lines[0]
    assert "…" not in result.err
    assert ("accuracy" in lines[0]) == (columns > 30)
