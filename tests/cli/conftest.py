"""Running the command line: in this process for what it prints, in one of its own for status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nnsim.cli import main
from nnsim.i18n import set_language


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of whoever runs the tests stay out of them."""
    monkeypatch.setattr("nnsim.tui.settings._path", lambda: tmp_path / "config" / "settings.json")


@pytest.fixture
def nnsim(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Run `nnsim WORDS …` here, and return status and output."""
    for name in ("NNSIM_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object) -> Result:
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    yield run
    set_language("en")


@pytest.fixture
def process() -> Callable[..., Result]:
    """Run `python -m nnsim WORDS …` as a process without a terminal."""

    def run(*words: object, **options: Any) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "nnsim", *map(str, words)],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            timeout=60,
            env={**os.environ, "NNSIM_LANG": "en", "PYTHONIOENCODING": "utf-8"},
            check=False,
            **options,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def terminal() -> Callable[..., Result]:
    """Run `python -m nnsim WORDS …` with standard error a terminal, `columns` wide (Unix only)."""

    def run(*words: object, columns: int = 80) -> Result:
        import fcntl
        import pty
        import struct
        import termios

        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        environment |= {"NNSIM_LANG": "en", "PYTHONIOENCODING": "utf-8", "TERM": "xterm"}
        with subprocess.Popen(
            [sys.executable, "-m", "nnsim", *map(str, words)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, env=environment,
        ) as process:  # fmt: skip
            os.close(theirs)
            shown = b""
            try:
                while part := os.read(ours, 2**16):
                    shown += part
            except OSError:  # Linux says so when the other side has closed
                pass
            out, _none = process.communicate(timeout=60)
        os.close(ours)
        return Result(process.returncode, out.decode(), shown.decode().replace("\r\n", "\n"))

    return run
