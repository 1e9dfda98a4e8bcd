"""docs/lessons.md and the code have the same keys, kinds of events and example."""

from __future__ import annotations

import re
from pathlib import Path

from nnsim.tutor import lesson, markdown
from nnsim.tutor.linter import check
from nnsim.tutor.progress import EVENTS

PAGE = (Path(__file__).parents[2] / "docs" / "lessons.md").read_text(encoding="utf-8")


def keys(heading: str, after: str) -> list[str]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition(f"\n## {after}\n")[0]
    return re.findall(r"^\| `([^`]+)`", section, flags=re.M)


def test_keys_of_the_top():
    assert sorted(keys("The top", "Steps")) == sorted(markdown.KEYS)


def test_keys_of_a_fence():
    assert sorted(keys("Steps", "Progress")) == sorted(lesson.KEYS)


def test_events_of_the_log():
    (listed,) = re.findall(r"`event` \(`([^`]+)`\)", PAGE)
    assert listed.split() == list(EVENTS)


def test_the_example_passes_the_check(tmp_path):
    example = re.search(r"````markdown\n(.*?)````", PAGE, flags=re.S)
    assert example is not None
    head = "---\nid: x\ntitle: X\nminutes: 5\nexperiment: digits-4x3\n---\n\n# X\n\n"
    path = tmp_path / "x.md"
    path.write_text(head + example[1], encoding="utf-8")
    assert check([path]) == (1, [])
