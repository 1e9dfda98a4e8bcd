"""What ``nnsim lessons new ID`` writes: a lesson that passes the check as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from nnsim.i18n import _
from nnsim.tutor.catalogue import NAME
from nnsim.tutor.front_matter import WORD

_TEXT = """---
id: {id}
title: {title}
minutes: 6
needs: []
experiment: digits-4x3
---

# {title}

What the lesson is about, in two or three sentences.

## Read

Prose in plain markdown. The fence puts something on the bench.

```toml nnsim
id = "read"
do = ["paint 111/101/101/111", "focus hidden[1].z"]
```

## Ask before you show

How many pixels are on in this picture?

```toml nnsim
id     = "count"
do     = ["paint 010/010/010/010"]
answer = 2
```

- [ ] 3 — that is how many there are in a row.
- [ ] 4 — right: one in each row.
- [ ] 12 — those are all, on or off.

## Let them do it

Set the bias of **A** so that its z is 0.5 while the picture is blank.

```toml nnsim
id       = "set-bias"
do       = ["set hidden[1].b 0", "focus hidden[1].z"]
goal     = ["hidden[1].z == 0.5 +- 0.01", "input.count == 0"]
solution = ["set hidden[1].b 0.5"]
```

<details>
<summary>Hint 1</summary>

With a blank picture all products are 0. What is left of the sum?

</details>

<details>
<summary>Hint 2</summary>

Type `set hidden[1].b 0.5` in the command bar.

</details>
"""


def write_skeleton(name: str, folder: Path) -> Path:
    """Write a new lesson into `folder` and return its file.

    Parameters
    ----------
    name : str
        ``bias`` or ``04-bias``; without a number the lesson takes the next free one.
    folder : Path

    Raises
    ------
    ValueError
        When the name is no id, or there is such a file already; nothing is written.
    """
    match = re.fullmatch(r"(\d\d)-(.+)", name)
    number, word = (match[1], match[2]) if match else ("", name)
    if not WORD.fullmatch(word):
        raise SkeletonError(
            _("{name} is no id; it should be letters, digits and -, such as my-lesson").format(
                name=f'"{name[:60]}"'
            )
        )
    path = folder / f"{number or _next_number(folder):0>2}-{word}.md"
    taken = [p for p in folder.glob("*.md") if (m := NAME.fullmatch(p.name)) and m[2] == word]
    title = word.replace("-", " ").replace("_", " ").capitalize()
    try:
        if taken:
            raise FileExistsError
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(_TEXT.format(id=word, title=title))
    except FileExistsError:
        shown = taken[0] if taken else path
        raise SkeletonError(_("{path} is there already").format(path=shown)) from None
    return path


class SkeletonError(ValueError):
    """A lesson that can't be begun; the message says why."""


def _next_number(folder: Path) -> str:
    numbers = [int(m[1]) for p in folder.glob("*.md") if (m := NAME.fullmatch(p.name))]
    return str(min(99, max(numbers, default=0) + 1))
