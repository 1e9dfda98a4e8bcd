"""The command line.

``nnsim`` and ``nnsim EXPERIMENT`` open the app; every other command is one module of
`nnsim.cli.commands`, listed in `nnsim.cli.registry`. This module stays light: on the way to the
app nothing is imported that the app doesn't need.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from nnsim.cli.errors import CommandError
from nnsim.i18n import _

ERROR = 2
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run the command line `argv` (of the process, unless given) and return its status.

    What is wrong with a command is said in one line on standard error, with status 2.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        return _run(words)
    except BrokenPipeError:  # whoever read our output has seen enough
        _drop_output()
        return ERROR
    except KeyboardInterrupt:
        _complain(_("interrupted"))
        return INTERRUPTED
    except (CommandError, ValueError) as error:
        if not _is_for_people(error):
            raise
        _complain(str(error))
    except MemoryError:
        _complain(_("there is not enough memory for this"))
    except OSError as error:
        reason = error.strerror or str(error)
        if error.filename is not None:
            _complain(f"{error.filename}: {reason}")
        else:
            _drop_output()
            _complain(_("can't write the output ({reason})").format(reason=reason))
    return ERROR


def _run(words: list[str]) -> int:
    from nnsim.cli.words import choose_language, first_word
    from nnsim.i18n import set_language

    set_language(choose_language(words))
    if sys.stdout is None:
        raise CommandError(_("standard output is closed"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    from nnsim.cli.registry import COMMANDS

    first = first_word(words)
    if first in COMMANDS or any(word in ("--help", "-h", "--version") for word in words):
        from nnsim.cli.parser import run_command

        status = run_command(first, words)
    else:
        from nnsim.cli.start import start

        status = start(words)
    sys.stdout.flush()
    return status


def _is_for_people(error: Exception) -> bool:
    """Tell whether an error is one of nnsim's own, about what was asked for, and no mistake in it.

    Each floor has its own (``ExperimentError``, ``EngineError``, …), a ValueError whose text is
    the whole sentence; to import them here would cost what the way to the app doesn't need.
    """
    return type(error).__module__.partition(".")[0] == "nnsim"


def _complain(message: str) -> None:
    """Say what is wrong in one line on standard error, if there is one."""
    if sys.stderr is None:
        return
    shown = "".join(c if c.isprintable() else " " for c in message)
    with suppress(OSError):
        print(f"nnsim: {shown}", file=sys.stderr)


def _drop_output() -> None:
    """Send what is still to be written nowhere, so that the interpreter can leave in peace."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
