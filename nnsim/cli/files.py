"""What commands ask about the files that they write."""

from __future__ import annotations

import os
from pathlib import Path


def are_one(name: str | Path, other: str | Path) -> bool:
    """Tell whether two paths lead to one file, which need not be there yet."""
    path, other = Path(name), Path(other)
    try:
        if path.samefile(other):
            return True
    except (OSError, ValueError):
        pass
    try:
        return os.path.normcase(path.resolve()) == os.path.normcase(other.resolve())
    except (OSError, RuntimeError, ValueError):
        return False
