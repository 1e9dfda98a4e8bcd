"""A program in a pseudo-terminal, as a person would run it: keys in, screen and times out."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable

import pyte

# The terminal answers nothing: Textual asks about extras and goes on without them.
UNKNOWN_TO_PYTE = (b"\x1b[>1u", b"\x1b[<u", b"\x1b[?u", b"\x1b[?2026$p", b"\x1b[?2048$p")


class Program:
    """`argv` in a terminal of its own; every chunk of output is kept with its time of arrival."""

    def __init__(self, argv: list[str], columns: int = 120, rows: int = 36) -> None:
        self.started = time.perf_counter()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execv(argv[0], argv)
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def send(self, text: str) -> float:
        """Type `text` and return when."""
        now = time.perf_counter()
        os.write(self._terminal, text.encode())
        return now

    def read(self, seconds: float) -> list[tuple[float, bytes]]:
        """Collect output for `seconds`, or until the program has been quiet for a tenth of it."""
        chunks: list[tuple[float, bytes]] = []
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            ready, _, _ = select.select([self._terminal], [], [], left)
            if not ready:
                break
            try:
                data = os.read(self._terminal, 1 << 16)
            except OSError:
                break
            if not data:
                break
            chunks.append((time.perf_counter(), data))
        return chunks

    def until(self, seen: Callable[[str], bool], seconds: float = 20.0) -> float:
        """Wait until the screen satisfies `seen`; return when the bytes that did it had arrived."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            found = None
            for when, data in self.read(0.02):
                self._feed(data)  # all of it, or the screen would lack what came behind
                if found is None and seen(self.text):
                    found = when
            if found is not None:
                return found
        raise TimeoutError(f"not seen within {seconds} s:\n{self.text}")

    def settle(self, quiet: float = 0.3) -> None:
        """Take in whatever still comes, until nothing has come for `quiet` seconds."""
        while chunks := self.read(quiet):
            for _when, data in chunks:
                self._feed(data)

    def _feed(self, data: bytes) -> None:
        for unknown in UNKNOWN_TO_PYTE:
            data = data.replace(unknown, b"")
        self._stream.feed(self._decode(data))

    @property
    def text(self) -> str:
        """The screen, line by line."""
        return "\n".join(self._screen.display)

    def close(self) -> None:
        """End the program."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)


def python(*arguments: str) -> list[str]:
    """The command line of this Python."""
    return [sys.executable, *arguments]


BARE_APP = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("count 0", id="count")
    def on_mount(self):
        self.count = 0
    def on_key(self, event):
        self.count += 1
        self.query_one("#count").update(f"count {self.count}")
Bare().run()
"""
