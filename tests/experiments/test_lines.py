"""Every key, table and element of a TOML document has its line."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnsim.experiments.toml import key_lines, line_of

DOCUMENT = '''\
# a comment with [brackets] = and "quotes"
id = "one"            # another
title = "a ] b } # c = [ \\" d"
literal = 'C:\\path\\'
when = 1979-05-27 07:32:00

[network]
loss = "x"
layers = [
  { type = "dense", name = "a]b", units = 3 },   # [ { "
  # { type = "gone" },
  { type = "dense", units = [1,
             [2, 3]] },
]
a.b . "c d" = 1
a.'e' = 2

text = """
not = "a key"
[nor.a.table]
"""
raw = \'\'\'
x = 1
\'\'\'
after = true

[[data.files]]
name = "first"
[[data.files]]
name = "second"
[data.files.more]
deep = { x = { y = 1, z = 2 } }

[last]
last_key = 1e5'''

EXPECTED = {
    ("id",): 2,
    ("title",): 3,
    ("literal",): 4,
    ("when",): 5,
    ("network",): 7,
    ("network", "loss"): 8,
    ("network", "layers"): 9,
    ("network", "layers", 0): 10,
    ("network", "layers", 0, "units"): 10,
    ("network", "layers", 1): 12,
    ("network", "layers", 1, "units"): 12,
    ("network", "layers", 1, "units", 1): 13,
    ("network", "layers", 1, "units", 1, 1): 13,
    ("network", "a", "b", "c d"): 15,
    ("network", "a", "e"): 16,
    ("network", "text"): 18,
    ("network", "raw"): 22,
    ("network", "after"): 25,
    ("data", "files", 0, "name"): 28,
    ("data", "files", 1): 29,
    ("data", "files", 1, "name"): 30,
    ("data", "files", 1, "more"): 31,
    ("data", "files", 1, "more", "deep", "x", "z"): 32,
    ("last", "last_key"): 35,
}


@pytest.mark.parametrize("path", EXPECTED)
def test_lines_of_keys(path):
    tomllib.loads(DOCUMENT)
    assert key_lines(DOCUMENT)[path] == EXPECTED[path]


def test_what_is_not_there_takes_the_line_around_it():
    lines = key_lines(DOCUMENT)
    assert line_of(lines, ("network", "layers", 1, "name")) == 12
    assert line_of(lines, ("network", "layers", 7)) == 9
    assert line_of(lines, ("nothing",)) is None


@pytest.mark.parametrize(
    "text",
    [
        'a = """x""""\nb = 1',
        'a = """"x"""\nb = 1',
        'a = "\\\\"\nb = 1',
        "a = ''''x'''''\nb = 1",
        "a = ''\nb = 1",
        'a = ""\nb = 1',
        'a = [ "]", \'"\' ]\nb = 1',
        'a = { "}" = "{" }\nb = 1',
        "a = []\nb = 1",
        "a = [1, 2,]#x\nb = 1",
        "a = {}\r\nb = 1\r\n",
        "'a.b'.c = 1\nb = 1",
        '"\\u0061" = 1\nb = 1',
    ],
)
def test_hard_strings_and_brackets(text):
    assert "b" in tomllib.loads(text)
    assert key_lines(text)[("b",)] == 2


def test_an_escaped_key_is_the_key_it_means():
    text = '"\\u0061" = 1\n"\\U0001F600" = 2\n'
    assert set(key_lines(text)) == {("a",), ("\U0001f600",)} == {(k,) for k in tomllib.loads(text)}


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {path} if path else set()
    if isinstance(value, dict):
        for key, part in value.items():
            found |= _paths(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            found |= _paths(part, (*path, index))
    return found


_KEYS = st.text("ab -.\"'#[]{}=,\\\n\tü", min_size=1, max_size=5)
_VALUES = st.recursive(
    st.one_of(st.integers(-9, 9), st.booleans(), st.text("ab\"'\\#[]{}=,\n", max_size=6)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)


def _toml(value: Any, multiline: bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list):
        gap = "\n " if multiline else " "
        return "[" + gap + ("," + gap).join(_toml(v, multiline) for v in value) + gap + "]"
    return "{" + ", ".join(f"{_string(k)} = {_toml(v, multiline)}" for k, v in value.items()) + "}"


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("\t", "\\t") + '"'


@given(st.dictionaries(_KEYS, _VALUES, max_size=4), st.booleans())
def test_finds_just_what_tomllib_finds(content, multiline):
    text = "\n".join(f"{_string(k)} = {_toml(v, multiline)}" for k, v in content.items())
    assert set(key_lines(text)) == _paths(tomllib.loads(text))
