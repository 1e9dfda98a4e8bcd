"""The one exception of the engine."""

from __future__ import annotations


class EngineError(ValueError):
    """A request the engine refuses; the message says what came and what would be right."""
