"""``--ascii``: every drawn character that is not ASCII becomes one that is, cell for cell."""

from __future__ import annotations

import re
import unicodedata

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_PAIRS = {
    "─▔▁▂‾—–−‐": "-",
    "━═": "=",  # heavy and double lines mark what has the keys or is chosen
    "╌╍┄┅": "~",
    "│▏▕": "|",
    "┃║": "#",
    "╎╏┆┇": ":",
    "┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬┍┎┑┒┕┖┙┚": "+",
    "█▇▉▊▓": "#",
    "▆▅▄▋▌▐▀■▙▛▜▟▚▞": "=",
    "▃▒▍▎▖▗▘▝": ":",
    "░·•∙…": ".",
    "×✕✖✗": "x",
    "÷": "/",
    "✓✔": "v",
    "←◀◄⟵⌫": "<",
    "→▶►▸⟶⏎": ">",
    "↑▲△": "^",
    "↓▼▽": "v",
    "●◉⬤◆": "*",
    "○◯◦□☐◇": "o",
    "≈": "~",
    "±": "+",
    "≤": "<",
    "≥": ">",
    "≠": "!",
    "∂δ": "d",
    "σς": "s",
    "Σ∑": "S",
    "θϑ": "t",
    "ημ": "n",
    "′’‘": "'",
    "“”„": '"',
    "⁰₀": "0",
    "¹₁": "1",
    "²₂": "2",
    "³₃": "3",
    "½": "/",
    "√": "V",
    "∞": "8",
    "∗": "*",
    "∘": "o",
    "⋅": ".",
    "§": "S",
    "⌊⌈": "[",
    "⌋⌉": "]",
    "∈": "e",
    "⁻": "-",
    "⊙": "o",
    "∇": "V",
    "φ": "f",
    "π": "p",
    "ρ": "r",
    "τ": "t",
    "α": "a",
    "κ": "k",
    "ω": "w",
    "Φ": "F",
    "Ω": "O",
    "γ": "g",
    "β": "b",
    "ε": "e",
    "λ": "l",
    "Δ": "D",
    "⭘": "o",
}
_TABLE = {ord(c): plain for many, plain in _PAIRS.items() for c in many}
# Braille dots: by how full the cell is.
_TABLE.update({0x2800 + dots: " .::**##@"[dots.bit_count()] for dots in range(256)})


_TIMES = re.compile(r"(?<=[\w)\]])·(?=[\w(−-])")  # 0.5·2 must not read 0.5.2


class _Replacements(dict[int, str]):
    """What to write for a character: from the table, else as Unicode decomposes it."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if code < 128 or unicodedata.east_asian_width(char) in "WF":
            plain = char  # ASCII, and text such as Chinese
        elif unicodedata.combining(char):
            plain = ""  # it takes no cell of its own
        else:
            parts = unicodedata.normalize("NFKD", char)
            plain = next((c for c in parts if c.isascii()), "?")
        self[code] = plain
        return plain


_REPLACEMENTS = _Replacements(_TABLE)


def to_ascii(text: str) -> str:
    """Return `text` with an ASCII character for each character of one cell.

    Wide characters, such as Chinese, stay: they are text.
    """
    if text.isascii():
        return text
    if "·" in text:
        text = _TIMES.sub("*", text)
    return text.translate(_REPLACEMENTS)


class AsciiFilter(LineFilter):
    """Applied to every line on its way to the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        return [
            Segment(to_ascii(text), style, control) if not text.isascii() else segment
            for segment in segments
            for text, style, control in (segment,)
        ]
