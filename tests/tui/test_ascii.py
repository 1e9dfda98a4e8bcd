"""``--ascii``: what nnsim draws with has an ASCII character of the same width."""

from pathlib import Path

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

import nnsim
from nnsim.tui.ascii import AsciiFilter, to_ascii
from nnsim.tui.screens.frame import KeyLine


def test_every_character_in_the_app_s_own_sources_becomes_ascii():
    drawn = set()
    for path in (Path(nnsim.__file__).parent / "tui").rglob("*.py"):
        if path.name != "ascii.py":
            drawn |= {c for c in path.read_text("utf-8") if not c.isascii()}
    assert drawn  # the sources do draw with such characters
    drawn = {c for c in drawn if cell_len(c) < 2}  # Chinese is text
    assert {c for c in drawn if not to_ascii(c).isascii() or "?" in to_ascii(c)} == set()


def test_products_are_no_decimals():
    assert to_ascii("z = Σᵢ wᵢ·xᵢ = 0.73·0 − 2·−3") == "z = Si wi*xi = 0.73*0 - 2*-3"
    assert to_ascii("epoch 3 · step 1") == "epoch 3 . step 1"
    assert to_ascii("0 ▏···  ··1") == "0 |...  ..1"  # empty pixels and bars


async def test_keys_have_names_where_their_signs_would_be_other_keys(open_app):
    app = open_app("digits-4x3", ascii_only=True)
    async with app.run_test(size=(120, 36)) as pilot:
        line = app.screen.query_one(KeyLine)
        assert line.render_line(0).text.startswith(" arrows Move ")
        await pilot.press("8", "w")
        await pilot.pause()
        text = line.render_line(0).text
        assert " enter Why this one? " in text
        assert " backspace Back " in text


def test_braille_keeps_empty_cells_empty_and_full_cells_full():
    assert to_ascii("⠀") == " "
    assert to_ascii("⣿") == "@"
    assert all(to_ascii(chr(0x2800 + dots)) != " " for dots in range(1, 256))


def test_a_line_keeps_its_width_and_styles():
    bold = Style(bold=True)
    line = [Segment("┌─┐ Σ", bold), Segment("plain")]
    filtered = AsciiFilter().apply(line, Color(0, 0, 0))
    assert "".join(s.text for s in filtered) == "+-+ Splain"
    assert [s.style for s in filtered] == [bold, None]
    assert sum(cell_len(s.text) for s in filtered) == sum(cell_len(s.text) for s in line)


def test_every_formula_becomes_ascii_cell_for_cell():
    drawn = set()
    package = Path(nnsim.__file__).parent
    for floor in ("engine", "circuit", "lab"):
        for path in (package / floor).rglob("*.py"):
            drawn |= {c for c in path.read_text("utf-8") if not c.isascii()}
    assert len(drawn) > 20
    for char in sorted(c for c in drawn if cell_len(c) < 2):
        assert to_ascii(char).isascii(), char
        assert "?" not in to_ascii(char), char
        assert cell_len(to_ascii(char)) == cell_len(char), char


def test_chinese_text_stays():
    assert to_ascii("权重") == "权重"


def test_lines_that_mean_something_differ_from_light_ones():
    for heavy, light in ("━─", "═─", "╌─", "┃│", "║│", "╎│"):
        assert to_ascii(heavy) != to_ascii(light)
