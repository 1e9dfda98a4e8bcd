"""Texts of a known width in cells, Chinese ones too."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from nnsim.tui.draw.text import left, middle, right


@pytest.mark.parametrize("text", ["", "z", "won", "a long word", "权重", "偏置 b"])
@pytest.mark.parametrize("width", [1, 4, 7, 8])
def test_padded_to_cells(text, width):
    wanted = max(width, cell_len(text))
    for pad in (left, right, middle):
        padded = pad(text, width)
        assert cell_len(padded) == wanted
        assert padded.strip() == text
    assert left(text, width).startswith(text)
    assert right(text, width).endswith(text)
    if text.isascii():
        assert (left(text, width), right(text, width)) == (text.ljust(width), text.rjust(width))
        assert middle(text, width) == text.center(width)
