"""What a person can put right."""

from __future__ import annotations


class CommandError(Exception):
    """A command that can't be carried out; `str()` is the whole sentence."""
