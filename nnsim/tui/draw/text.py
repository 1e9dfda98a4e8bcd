"""Text and numbers as they are printed: cut, folded and fitted by the cells they take."""

from __future__ import annotations

import math
import re

from rich.cells import cell_len, get_character_cell_size, set_cell_size

from nnsim.lab.hiding import MARK, is_hidden

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


_EIGHTHS = "▏▎▍▌▋▊▉"


def short(value: float, width: int = 8, *, sign: bool = False) -> str:
    """Print `value` in `width` cells at most, right-aligned, with as many digits as fit (up to 4).

    What does not fit as a decimal goes into powers of ten; non-finite numbers are words.
    """
    plus = "+" if sign else ""
    if not math.isfinite(value):
        return (MARK if is_hidden(value) else f"{value:{plus}}").rjust(width)
    value += 0.0  # a negative zero is a zero
    for digits in (4, 3, 2, 1, 0):
        text = f"{value:{plus}.{digits}f}"
        tiny = value != 0 and abs(value) < 0.5 * 10.0**-digits
        if len(text) <= width and not tiny:
            return text.rjust(width)
        if tiny and digits < 4:
            break
    for digits in (2, 1, 0):
        mantissa, exponent = f"{value:{plus}.{digits}e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
        if len(text) <= width:
            return text.rjust(width)
    return text[:width]


def precise(value: float, width: int = 10) -> str:
    """Print `value` in `width` cells at most, right-aligned, with up to 6 significant digits."""
    if is_hidden(value):
        return MARK.rjust(width)
    value += 0.0  # a negative zero is a zero
    for digits in (6, 5, 4, 3, 2, 1):
        mantissa, e, exponent = f"{value:.{digits}g}".partition("e")
        text = f"{mantissa}e{int(exponent)}" if e else mantissa
        if len(text) <= width:
            return text.rjust(width)
    return text[:width]


def bar(value: float, full: float, width: int) -> tuple[str, str]:
    """A bar of `width` cells, as its filled and its empty part; negative values fill dotted."""
    if width < 1:
        return "", ""
    if is_hidden(value):
        return "", " " * width
    if not math.isfinite(value):
        return "", "?" * width
    share = min(1.0, abs(value) / full) if full > 0 else 0.0
    if value < 0:
        filled = round(share * width)
        return "▒" * filled, "·" * (width - filled)
    eighths = round(share * width * 8)
    whole, part = divmod(eighths, 8)
    text = "█" * whole + (_EIGHTHS[part - 1] if part else "")
    return text, "·" * (width - len(text))


SHADES = "·░▒▓█"
"""How bright a pixel is, in five steps; a dot where it is off."""
LEVELS = " ▁▂▃▄▅▆▇█"
"""How high a value stands, in eighths of a cell."""


def number(value: float, width: int = 5, *, plus: bool = True, tiny: bool = False) -> str:
    """Return `value` in exactly `width` cells (3 or more) with its sign: ``+0.42``, ``−12.3``.

    As many decimals as fit; without `plus` a positive number has a space for its sign. Where they
    would all be 0, `tiny` asks for the power of ten instead: ``+1e-3``.
    """
    if not math.isfinite(value):
        text = "nan" if math.isnan(value) else ("+inf" if value > 0 else "−inf")
        text = MARK if is_hidden(value) else text
        return text[:width].rjust(width)
    room = width - 1
    size = abs(value)
    text = ""
    for decimals in range(max(0, min(room - 2, 4)), -1, -1):
        text = f"{size:.{decimals}f}"
        if len(text) <= room:
            break
    if len(text) > room or (tiny and size and not text.strip("0.")):
        mantissa, exponent = f"{size:.0e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
        if len(text) > room:
            text = f"e{int(exponent)}"
        if len(text) > room:
            text = "9" * room
    sign = "−" if value < 0 else "+" if plus else " "
    return (sign + text).rjust(width)


def shade(value: float) -> str:
    """Return the block for a brightness between 0 and 1; whatever is not 0 shows as not off."""
    if not value > 0:
        return SHADES[0]
    return SHADES[min(4, max(1, round(value * 4)))]


def level(share: float) -> str:
    """Return the block whose height is `share` (0 to 1); whatever is not 0 shows."""
    if not share > 0:
        return LEVELS[0]
    return LEVELS[min(8, max(1, round(share * 8)))]


def fit(text: str, width: int) -> str:
    """Return `text` cut to `width` cells, not padded."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width)).rstrip()


def width_of(text: str) -> int:
    """Return how many cells `text` takes."""
    return cell_len(text)
