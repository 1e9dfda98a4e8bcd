"""The few choices that outlive a session, in one small JSON file of the user's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def _path() -> Path:
    from platformdirs import user_config_path

    return user_config_path("nnsim", appauthor=False) / "settings.json"


def load() -> dict[str, Any]:
    """The saved choices; none where there is no readable file."""
    try:
        text = _path().read_text("utf-8")
        import json  # late: where nothing was ever chosen, there is nothing to read it from

        saved = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return {}
    return saved if isinstance(saved, dict) else {}


def save(**choices: str) -> None:
    """Keep choices beside those already saved; the file is replaced whole or not at all.

    Raises
    ------
    OSError
        When the file can't be written.
    """
    import json
    import tempfile  # late: every start loads, few save

    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps({**load(), **choices}, indent=2)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
