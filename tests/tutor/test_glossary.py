"""Lessons keep to the words of the glossary."""

from __future__ import annotations

import pytest

from nnsim.tutor.linter import check

GLOSSARY = """
[[term]]
en = "bias"
zh = "its bias"
not = ["aforementioned"]

[[term]]
en = "{word}"
zh = "neuron"
"""


@pytest.fixture
def folder(write, tmp_path):
    for language in ("en", "zh"):
        write(name=f"lessons/{language}/01-sample.md")
    (tmp_path / "lessons" / "glossary.toml").write_text(GLOSSARY.format(word="neuron"))
    return tmp_path / "lessons"


def test_lessons_that_keep_to_it(folder):
    assert check([folder]) == (2, [])


def test_a_term_that_no_lesson_uses(folder):
    (folder / "glossary.toml").write_text(GLOSSARY.format(word="unheard-of"))
    (problem,) = check([folder])[1]
    assert str(problem).startswith(f"{folder / 'glossary.toml'}:7:1: ")
    assert check([folder / "zh"])[1] == []


def test_a_word_to_avoid_in_a_chinese_lesson(folder):
    for language in ("en", "zh"):
        path = folder / language / "01-sample.md"
        path.write_text(path.read_text(encoding="utf-8").replace("Prose.", "The aforementioned."))
    (problem,) = check([folder])[1]
    assert problem.file == str(folder / "zh" / "01-sample.md")
    assert problem.column == 5
    assert '"its bias"' in problem.message


@pytest.mark.parametrize("content", ["[[term]]\n", "[[term", "term = 7"])
def test_a_broken_glossary_is_told(content, folder):
    (folder / "glossary.toml").write_text(content)
    assert any(p.file.endswith("glossary.toml") for p in check([folder])[1])
