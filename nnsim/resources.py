"""Where the files that come with nnsim lie: inside an installed package, or beside a checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """Return the folder or file `name` (such as ``"assets/experiments"``) that ships with nnsim."""
    installed = PACKAGE / name
    return installed if installed.exists() else PACKAGE.parent / name
