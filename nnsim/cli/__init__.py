"""The command line.

``nnsim`` and ``nnsim EXPERIMENT`` open the app; every other command is one module of
`nnsim.cli.commands`, listed in `nnsim.cli.commands`. This module stays light: on the way to the
app nothing is imported that the app doesn't need.
"""

from __future__ import annotations

import sys

from nnsim.cli.output import CommandError, complain, drop_output, flush, holds, spell_out
from nnsim.i18n import SOURCE, _, current_language, set_language

ERROR = 2
INTERRUPTED = 130
WRITING = {SOURCE: "", "zh": "汉字"}
"""Signs of each language that are not ASCII: an output that lacks them can't be in it."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line `argv` (of the process, unless given) and return its status.

    What is wrong with a command is said in one line on standard error, with status 2.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        return _run(words)
    except BrokenPipeError:  # whoever reads our output has seen enough
        drop_output()
        return 0
    except KeyboardInterrupt:
        complain(_("interrupted"))
        return INTERRUPTED
    except (CommandError, ValueError) as error:
        if not _is_for_people(error):
            raise
        complain(str(error), getattr(error, "picture", ""))
    except MemoryError:
        complain(_("there is not enough memory for this"))
    except OSError as error:
        reason = error.strerror or str(error)
        if error.filename is not None:
            complain(f"{error.filename}: {reason}")
        else:
            drop_output()
            complain(_("can't write the output ({reason})").format(reason=reason))
    return ERROR


def _run(words: list[str]) -> int:
    from nnsim.cli.start import choose_language, first_word

    set_language(choose_language(words))
    if sys.stdout is None:
        raise CommandError(_("standard output is closed"))
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            spell_out(stream)
    from nnsim.cli.commands import COMMANDS

    first = first_word(words)
    if first in COMMANDS or any(word in ("--help", "-h", "--version") for word in words):
        from nnsim.cli.arguments import run_command

        if "--ascii" in words or not holds(sys.stdout, WRITING[current_language()]):
            set_language(SOURCE)  # rather English than lines of question marks
        status = run_command(first, words)
    else:
        from nnsim.cli.start import start

        status = start(words)
    flush()
    return status


def _is_for_people(error: Exception) -> bool:
    """Tell whether an error is one of nnsim's own, about what was asked for, and no mistake in it.

    Each floor has its own (``ExperimentError``, ``EngineError``, …), a ValueError whose text is
    the whole sentence; to import them here would cost what the way to the app doesn't need.
    """
    return type(error).__module__.partition(".")[0] == "nnsim"
