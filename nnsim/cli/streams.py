"""The standard streams: signs that their encoding lacks, and readers that leave.

Light, as the way to the app goes through here.
"""

from __future__ import annotations

import codecs
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

_ASCII = str.maketrans({
    "σ": "sigma", "Σ": "sum", "∂": "d", "δ": "delta", "Δ": "delta", "η": "eta", "θ": "theta",
    "λ": "lambda", "μ": "mu", "½": "1/2", "·": "*", "×": "x", "−": "-", "–": "-", "—": "-",
    "≈": "~", "≥": ">=", "≤": "<=", "≠": "!=", "→": "->", "←": "<-", "…": "...", "′": "'",
    "²": "^2", "ᵢ": "_i", "₁": "1", "₂": "2", "✓": "+", "✗": "x", "“": '"', "”": '"', "’": "'",
    "ᶻ": "^z", "ⱼ": "_j", "ₖ": "_k", "√": "sqrt", "∞": "inf", "γ": "gamma", "β": "beta",
    "ε": "epsilon", "\u0302": "_hat", "ᵀ": "^T", "∗": "*", "∘": ".*",
})  # fmt: skip
_ERRORS = "nnsim.ascii"


def to_ascii(text: str) -> str:
    """Return `text` with every sign that is not ASCII replaced."""
    return text.replace("⁻ᶻ", "^-z").translate(_ASCII).encode("ascii", "replace").decode("ascii")


def holds(stream: TextIO, text: str) -> bool:
    """Tell whether what is written on `stream` can be `text`."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return False
    return True


def is_unicode(stream: TextIO) -> bool:
    """Tell whether `stream` takes every sign there is."""
    name = (getattr(stream, "encoding", None) or "utf-8").lower().replace("_", "-")
    return name.startswith(("utf-8", "utf8", "utf-16", "utf-32", "cp65001"))


def spell_out(stream: TextIO) -> None:
    """Let `stream` write in ASCII what its encoding has no place for, and never stumble over it."""
    codecs.register_error(_ERRORS, _replaced)
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors=_ERRORS)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return to_ascii(error.object[error.start : error.end]), error.end


def write(text: str) -> None:
    """Write on standard output; nothing more, once its reader has left."""
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        drop_output()


def flush() -> None:
    """Write what waits to be written on standard output, unless its reader has left."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()


def drop_output() -> None:
    """Send what is still to be written nowhere, so that the interpreter can leave in peace."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
