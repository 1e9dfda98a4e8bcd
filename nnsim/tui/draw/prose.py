"""A lesson's markdown as lines of styled text, cut to a width, with or without spaces in it.

Lines of Chinese break between characters, but no line starts with a closing mark or ends with an
opening one; a soft line break between Chinese characters is no space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import category

from rich.cells import cell_len, get_character_cell_size

from nnsim.tui.draw.lines import joined

Piece = tuple[str, str]  # text and its style
Line = list[Piece]

# By Unicode category: closing marks, points and dashes start no line, opening marks end none.
_NOT_FIRST = {"Pe", "Pf", "Po", "Pd"}
_NOT_LAST = {"Ps", "Pi"}
_INLINE = re.compile(
    r"\\(?P<plain>[!-/:-@\[-`{-~])|`(?P<code>[^`]+)`|\*\*(?P<strong>.+?)\*\*"
    r"|(?<!\*)\*(?P<stress>[^*\s][^*]*)\*(?!\*)|\[(?P<link>[^\]]+)\]\([^)]*\)"
)
_STYLES = {"plain": "", "code": "strong", "strong": "strong", "stress": "stress", "link": "link"}
_ITEM = re.compile(r"(\s*)([-*+]|\d+[.)])\s+(.*)")


def harmless(text: str) -> str:
    """Return `text` without control characters, so that no terminal obeys it."""
    text = text.expandtabs(4)
    return "".join(c if c == "\n" or c.isprintable() else "·" for c in text)


def prose(markdown: str, width: int) -> list[Line]:
    lines: list[Line] = []
    for kind, indent, text in _blocks(harmless(markdown)):
        if kind == "blank":
            if lines and lines[-1]:
                lines.append([])
        elif kind == "code":
            lines += _code(text, width)
        elif kind == "heading":
            lines += wrap(inline(text, "strong"), width)
        else:
            first = indent
            rest = " " * cell_len(indent)
            wrapped = wrap(inline(text), max(2, width - cell_len(indent)))
            for number, line in enumerate(wrapped):
                lines.append([(rest if number else first, ""), *line] if indent else line)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _code(text: str, width: int) -> list[Line]:
    """A line of code or a formula; one that is too long goes on below, further in."""
    if cell_len(text) + 2 <= width:
        return [[("  " + text, "")]]
    if cell_len(text) <= width:
        return [[(text, "")]]
    first, *rest = wrap([(text, "")], width)
    left = text[sum(len(piece) for piece, _style in first) :].strip()
    return (
        [first, *([("    ", ""), *line] for line in wrap([(left, "")], width - 4))]
        if rest
        else [first]
    )


def _blocks(markdown: str) -> Iterator[tuple[str, str, str]]:
    """Go through (kind, what the first line is indented with, text)."""
    fenced = False
    indent, gathered = "", ""
    for line in markdown.splitlines():
        mark = line.lstrip().startswith(("```", "~~~"))
        item = _ITEM.fullmatch(line)
        starts = mark or not line.strip() or line.startswith("#") or item is not None
        if gathered and (starts or fenced):
            yield "text", indent, gathered
            indent, gathered = "", ""
        if mark:
            fenced = not fenced
        elif fenced:
            yield "code", "", line
        elif not line.strip():
            yield "blank", "", ""
        elif line.startswith("#"):
            yield "heading", "", line.lstrip("#").strip()
        elif item is not None:
            sign = "•" if item[2] in "-*+" else item[2]
            indent, gathered = f"{item[1]}{sign} ", item[3]
        else:
            line = line.strip().removeprefix("> ")
            gathered = _joined(gathered, line) if gathered else line
    if gathered:
        yield "text", indent, gathered


def _joined(before: str, after: str) -> str:
    """Two lines of a paragraph: with a space between them, unless both sides are Chinese."""
    wide = _wide(before[-1])
    point = wide and category(before[-1]) in _NOT_FIRST
    return before + ("" if point or (wide and _wide(after[0])) else " ") + after


def _wide(char: str) -> bool:
    return get_character_cell_size(char) == 2


def inline(text: str, style: str = "") -> Line:
    """Return the pieces of a line of markdown."""
    pieces: Line = []
    at = 0
    for match in _INLINE.finditer(text):
        kind = match.lastgroup or "plain"
        if match.start() > at:
            pieces.append((text[at : match.start()], style))
        pieces.append((match[kind], f"{style} {_STYLES[kind]}".strip()))
        at = match.end()
    if at < len(text):
        pieces.append((text[at:], style))
    return pieces


def wrap(pieces: Line, width: int) -> list[Line]:
    """Return styled text in lines of at most `width` cells."""
    lines: list[list[Piece]] = []
    line: list[Piece] = []
    used = 0
    for unit in _units([(char, style) for text, style in pieces for char in text], width):
        bare = sum(get_character_cell_size(char) for char, _style in unit if char != " ")
        if line and used + bare > width:
            lines.append(line)
            line, used = [], 0
        line = line + unit
        used += sum(get_character_cell_size(char) for char, _style in unit)
    if line:
        lines.append(line)
    return [_merged(line) for line in lines]


def _units(chars: list[Piece], width: int) -> Iterator[list[Piece]]:
    """Go through what stays on one line, each with the spaces behind it."""
    unit: list[Piece] = []
    used = 0
    for place, (char, style) in enumerate(chars):
        size = get_character_cell_size(char)
        if unit and (_may_break(unit[-1][0], char) or used + size > width):
            yield unit
            unit, used = [], 0
        if char != " " or unit or place == 0:
            unit.append((char, style))
            used += size if char != " " else 0
    if unit:
        yield unit


def _may_break(before: str, after: str) -> bool:
    if after == " ":
        return False
    if before == " ":
        return True
    if not (_wide(before) or _wide(after)):
        return False
    return category(after) not in _NOT_FIRST and category(before) not in _NOT_LAST


def _merged(chars: list[Piece]) -> Line:
    while chars and chars[-1][0] == " ":
        chars.pop()
    return joined(chars)
