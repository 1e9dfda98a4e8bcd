"""What is wrong with a circuit, and where in its expression."""

from __future__ import annotations

import unicodedata


class CircuitError(ValueError):
    """A circuit that cannot be built or evaluated.

    Attributes
    ----------
    position : int or None
        The character of `expression` that is to blame, counted from 0.
    expression : str
        The text it was found in; empty where there is none.
    """

    def __init__(self, message: str, position: int | None = None, expression: str = "") -> None:
        super().__init__(message)
        self.position = position
        self.expression = expression

    def pointer(self, width: int = 72) -> str:
        """Return two lines: the expression around the place, at most `width` columns, and a caret.

        Empty where there is no place to point at.
        """
        if self.position is None or not self.expression:
            return ""
        start = max(0, self.position - width // 2)
        excerpt = [_printable(char) for char in self.expression[start : start + width]]
        before = sum(map(_columns, excerpt[: self.position - start]))
        return f"{_fit(excerpt, width)}\n{' ' * before}^"


def _printable(char: str) -> str:
    return char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"


def _columns(char: str) -> int:
    """How many terminal columns a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _fit(chars: list[str], width: int) -> str:
    text, used = "", 0
    for char in chars:
        used += _columns(char)
        if used > width:
            break
        text += char
    return text
