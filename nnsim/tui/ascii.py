"""``--ascii``: every drawn character that is not ASCII becomes one that is, cell for cell."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_PAIRS = {
    "─━═╌╍┄┅▔▁▂‾—–−‐": "-",
    "│┃║╎╏┆┇▏▕": "|",
    "┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬┍┎┑┒┕┖┙┚": "+",
    "█▇▉▊▓": "#",
    "▆▅▄▋▌▐▀■▙▛▜▟▚▞": "=",
    "▃▒▍▎▖▗▘▝": ":",
    "░·•∙…": ".",
    "×✕✖✗": "x",
    "÷": "/",
    "✓✔": "v",
    "←◀◄⟵": "<",
    "→▶►▸⟶⏎": ">",
    "↑▲△": "^",
    "↓▼▽": "v",
    "●◉⬤": "*",
    "○◯◦□☐": "o",
    "≈": "~",
    "±": "+",
    "≤": "<",
    "≥": ">",
    "≠": "!",
    "√": "V",
    "∂δ": "d",
    "σς": "s",
    "Σ∑": "S",
    "θϑ": "t",
    "ημ": "n",
    "′’‘": "'",
    "“”": '"',
    "⁰₀": "0",
    "¹₁": "1",
    "²₂": "2",
    "³₃": "3",
    "½": "/",
    "ᵢⱼₖ": "i",
    "⭘": "o",
}
_TABLE = {ord(c): plain for many, plain in _PAIRS.items() for c in many}
# Braille dots: by how full the cell is.
_TABLE.update({0x2800 + dots: " .::**##@"[dots.bit_count()] for dots in range(256)})


def to_ascii(text: str) -> str:
    """Return `text` with an ASCII character for each of the characters that nnsim draws with.

    Characters that stand for nothing drawn, such as Chinese, stay: they are text.
    """
    return text if text.isascii() else text.translate(_TABLE)


class AsciiFilter(LineFilter):
    """Applied to every line on its way to the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Translate the text of each segment."""
        return [
            Segment(to_ascii(text), style, control) if not text.isascii() else segment
            for segment in segments
            for text, style, control in (segment,)
        ]
