"""The real program in a pseudo-terminal: it opens, answers and leaves, whatever the terminal."""

import os
import select
import subprocess
import sys
import time

import pytest

pty = pytest.importorskip("pty", reason="pseudo-terminals are a matter of Unix")
fcntl = pytest.importorskip("fcntl")
struct = pytest.importorskip("struct")
termios = pytest.importorskip("termios")


def run_in_terminal(tmp_path, arguments, *steps, size=(80, 24), **environment):
    """Run nnsim; for each of the steps wait for bytes to come, then type. Status and output."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TEXTUAL_THEME")}
    clean |= {"TERM": "xterm-256color", "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    program = subprocess.Popen(
        [sys.executable, "-m", "nnsim", *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=clean | environment,
        close_fds=True,
    )
    os.close(slave)
    output, end, waiting = b"", time.monotonic() + 30, list(steps)
    try:
        while time.monotonic() < end:
            if not select.select([master], [], [], 0.1)[0]:
                if program.poll() is not None:
                    break
                continue
            try:
                data = os.read(master, 1 << 16)
            except OSError:  # the other side has closed
                break
            if not data:
                break
            output += data
            if waiting and waiting[0][0] in output:
                os.write(master, waiting.pop(0)[1])
        return program.wait(10), output
    finally:
        program.kill()
        program.wait()
        os.close(master)


CTRL_Q = b"\x11"
TERMINALS = {
    "256 colours": {},
    "true colour": {"COLORTERM": "truecolor"},
    "xterm": {"TERM": "xterm"},
    "screen": {"TERM": "screen"},
    "no colour": {"NO_COLOR": "1"},
    "light": {"TEXTUAL_THEME": "textual-light"},
    "ansi": {"TEXTUAL_THEME": "ansi-light"},
}


@pytest.mark.parametrize("environment", TERMINALS.values(), ids=TERMINALS.keys())
def test_the_app_opens_and_leaves(tmp_path, environment):
    status, output = run_in_terminal(
        tmp_path, ["digits-4x3"], (b"12-3-2", b" "), (b"pixel 1 is 1", CTRL_Q), **environment
    )
    assert status == 0
    assert b"Traceback" not in output
    assert "┃".encode() in output  # the panel with the keys


@pytest.mark.parametrize("experiment", ["digits-4x3", "digits-8x8-cnn"])
def test_leaving_while_it_trains_is_clean(tmp_path, experiment):
    status, output = run_in_terminal(
        tmp_path, [experiment], (b"epoch ", b"t"), (b"training: epoch", CTRL_Q)
    )
    assert status == 0
    assert b"Traceback" not in output
    assert b"Fatal" not in output


def test_without_colour_no_colour_is_sent(tmp_path):
    _status, output = run_in_terminal(tmp_path, ["demons"], (b"12-3-2", CTRL_Q), NO_COLOR="1")
    assert b"\x1b[38" not in output
    assert b";38;" not in output
    assert b"48;2;" not in output


def test_ascii_sends_only_ascii(tmp_path):
    _status, output = run_in_terminal(tmp_path, ["demons", "--ascii"], (b"12-3-2", CTRL_Q))
    assert b"12-3-2" in output
    assert all(byte < 128 for byte in output)


def test_home_opens_and_leaves(tmp_path):
    status, output = run_in_terminal(tmp_path, [], (b"digits-4x3", b"q"))
    assert status == 0
    assert b"Traceback" not in output


def test_a_dumb_terminal_is_told_what_to_run_instead(tmp_path):
    status, output = run_in_terminal(tmp_path, ["digits-4x3"], TERM="dumb")
    assert status == 2
    assert b"nnsim predict" in output


def test_a_broken_experiment_is_refused_before_the_screen_is_touched(tmp_path):
    broken = tmp_path / "mine.toml"
    broken.write_text('id = "mine"\ntitle = "Mine"\nclases = ["0"]\n')
    status, output = run_in_terminal(tmp_path, [str(broken)])
    assert status == 2
    assert b"mine.toml:3" in output
    assert b"\x1b[?1049h" not in output  # the alternate screen


def test_without_a_terminal_the_app_says_so_and_ends():
    done = subprocess.run(
        [sys.executable, "-m", "nnsim"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"needs a terminal" in done.stderr
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1
