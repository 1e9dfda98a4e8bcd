"""A lesson to change and play."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nnsim.tutor.lesson import Lesson, read_lesson

# With a step of each kind.
LESSON = """---
id: sample
title: A sample
minutes: 6
needs: []
experiment: digits-4x3
---

# A sample

What it is about.

## Read this

```toml nnsim
id = "read"
do = ["paint 111/101/101/111"]
```

Prose.

## Choose

```toml nnsim
id     = "silence"
do     = ["clear", "focus hidden[1].z"]
answer = 2
```

If every pixel is off, what is z of neuron A?

- [ ] always 0 — only when the bias is 0 too.
- [ ] its bias b — right: all twelve products are 0.
- [ ] its weight w₁ — a weight counts only when its pixel is on.

## Move

```toml nnsim
id       = "set-bias"
do       = ["set hidden[1].b 0", "focus hidden[1].z"]
goal     = ["hidden[1].z == 0.5 +- 0.01", "input.count == 0"]
solution = ["set hidden[1].b 0.5"]
```

Set the bias of **A** so that z is 0.5.

<details>
<summary>Hint 1</summary>

Nothing but the bias is left.

</details>

<details>
<summary>Hint 2</summary>

Type `set hidden[1].b 0.5`.

</details>

## Go on from there

```toml nnsim
id      = "predict"
keep    = true
predict = "hidden[1].a"
tolerance = 0.01
```

What is σ(0.5)?

## Fill

```toml nnsim
id    = "fill"
experiment = "demons"
do    = ["paint 111/101/101/111"]
blank = ["hidden[A].z", "hidden[B].z"]
```

## Shape

```toml nnsim
id     = "shape"
expect = "(4, 3)"
```

## Roles

```toml nnsim
id    = "roles"
label = { plus = "distribute", times = "swap" }
```

- `plus` — adds its inputs
- `times` — multiplies them

## Train

```toml nnsim
id       = "train"
goal     = ["epoch > 0", "right == 64"]
solution = ["train 100"]
```
"""


@pytest.fixture
def text() -> str:
    return LESSON


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a lesson into a folder of the test's own, with parts of the sample replaced."""

    def write(*changes: tuple[str, str], name: str = "sample.md") -> Path:
        text = LESSON
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def lesson(write: Callable[..., Path]) -> Lesson:
    return read_lesson(write())
