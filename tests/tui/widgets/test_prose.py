"""Markdown as lines, in English and Chinese."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from nnsim.tui.draw.prose import prose


def text(markdown: str, width: int) -> list[str]:
    return ["".join(piece for piece, _style in line) for line in prose(markdown, width)]


def test_words_stay_whole_and_a_soft_break_is_a_space():
    assert text("one two\nthree four", 9) == ["one two", "three", "four"]


def test_chinese_breaks_between_characters_and_a_soft_break_is_none():
    assert text("神经网络\n学习", 6) == ["神经网", "络学习"]


def test_no_line_starts_with_a_closing_mark_or_ends_with_an_opening_one():
    assert text("神经网，络", 6) == ["神经", "网，络"]
    assert text("神经（网络）", 6) == ["神经", "（网", "络）"]


def test_marks_become_styles():
    assert prose("a **b** *c* `d`", 20) == [
        [("a ", ""), ("b", "strong"), (" ", ""), ("c", "stress"), (" ", ""), ("d", "strong")]
    ]


def test_lists_hang_and_fences_stay_as_they_are():
    assert text("- one two\n- x\n\n```text\na   b\n```", 8) == [
        "• one", "  two", "• x", "", "  a   b",
    ]  # fmt: skip


def test_no_terminal_obeys_a_lesson():
    assert text("a\x1b[31mb\x07", 20) == ["a·[31mb·"]


@given(st.text(alphabet="ab 中文，。（）“”", max_size=60), st.integers(8, 30))
def test_no_line_is_too_wide_and_nothing_but_spaces_is_lost(given_text, width):
    lines = text(given_text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == given_text.replace(" ", "")
