"""Text as it is printed: cut, folded and fitted by the cells that it takes."""

from __future__ import annotations

import re

from rich.cells import cell_len, get_character_cell_size, set_cell_size

# A word with the spaces behind it, or a wide character alone: lines may break between those.
_WIDE = "\\u2e80-\\u9fff\\u3000-\\u303f\\uff00-\\uffef"
_PIECES = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]+\s*|\s+")


def wrap_cells(text: str, width: int, most: int = 99) -> list[str]:
    """Return `text` in lines of at most `width` cells; what `most` lines can't hold ends in …."""
    lines, line = [], ""
    for piece in _PIECES.findall(text):
        for part in _halves(piece, width):
            if line and cell_len(line) + cell_len(part.rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += part
    if line.strip():
        lines.append(line.rstrip())
    if len(lines) > most:
        last = set_cell_size(lines[most - 1], max(0, width - 1)).rstrip()
        lines = [*lines[: most - 1], f"{last}…"]
    return lines


def _halves(piece: str, width: int) -> list[str]:
    """A piece that is wider than a line, cut where it has to be."""
    if cell_len(piece.rstrip()) <= width:
        return [piece]
    parts, part = [], ""
    for char in piece:
        if part and cell_len(part) + get_character_cell_size(char) > width:
            parts.append(part)
            part = ""
        part += char
    return [*parts, part]


def right(text: str, width: int) -> str:
    """Return `text` with cells before it up to `width`; never shorter than it is."""
    return " " * (width - cell_len(text)) + text


def middle(text: str, width: int) -> str:
    """Return `text` with cells around it up to `width`; never shorter than it is."""
    room = max(0, width - cell_len(text))
    before = room // 2 + (room & width & 1)  # as `str.center` does
    return " " * before + text + " " * (room - before)


def left(text: str, width: int) -> str:
    """Return `text` with cells behind it up to `width`; never shorter than it is."""
    return text + " " * (width - cell_len(text))


def cut(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells, an … where it was longer."""
    if cell_len(text) <= width:
        return text + " " * (width - cell_len(text))
    return set_cell_size(text, max(0, width - 1)) + "…" if width > 0 else ""


def fit(text: str, width: int) -> str:
    """Return `text` cut to `width` cells, not padded."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width)).rstrip()


def width_of(text: str) -> int:
    """Return how many cells `text` takes."""
    return cell_len(text)
