"""Experiment files to break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

PLAIN = """\
id = "plain"
title = "Plain"
input = { kind = "vector", names = ["a", "b"] }
classes = ["no", "yes"]

[network]
loss = "squared_error"
layers = [
  { type = "dense", name = "hidden", units = 3, activation = "sigmoid", labels = ["A", "B", "C"] },
  { type = "dense", name = "output", units = 2, activation = "sigmoid" },
]

[data]
inputs = [[0, 1], [1, 0]]
labels = ["no", "yes"]

[training]
learning_rate = 0.5
"""

PIXELS = """\
input = { kind = "pixels", shape = [2, 2] }
classes = ["0", "1"]
[network]
layers = [{ type = "dense", units = 2 }]
[data]
file = "pictures.txt"
"""

PICTURES = """\
; two pictures of each
[0]
##  #.
##  ##

[1]
.#  #.
.#  #.
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file, and return its path."""

    def write(text: str | bytes, name: str = "experiment.toml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def plain(write: Callable[..., Path]) -> Callable[..., Path]:
    """Write the plain experiment with some of its text replaced, and return its path."""

    def plain(old: str = "", new: str = "") -> Path:
        assert old in PLAIN
        return write(PLAIN.replace(old, new, 1) if old else PLAIN + new)

    return plain


@pytest.fixture
def pixels(write: Callable[..., Path]) -> Callable[..., Path]:
    """Write the experiment on 2 × 2 pixels, with this picture file, and return its path."""

    def pixels(pictures: str | bytes = PICTURES, old: str = "", new: str = "") -> Path:
        write(pictures, "pictures.txt")
        assert old in PIXELS
        return write(PIXELS.replace(old, new, 1) if old else PIXELS + new)

    return pixels
