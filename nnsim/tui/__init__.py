"""The terminal app. Importing this package is cheap; Textual comes in with `run_app`."""

from __future__ import annotations

import gc
import sys
from typing import Any


def run_app(
    target: str | None = None,
    *,
    ascii_only: bool = False,
    untrained: bool = False,
    from_start: bool = False,
) -> int:
    """Open the app, at `target` (id or file of an experiment or a lesson) or at Home.

    Parameters
    ----------
    target : str, optional
    ascii_only : bool
        Draw with ASCII characters alone.
    untrained : bool
        Open an experiment at its start parameters, even one that opens trained.
    from_start : bool
        Open a lesson at its first step, not where the learner left.

    Returns
    -------
    int
        Exit status: 2 where there is no usable terminal, with a sentence on stderr.
    """
    # Nothing made while starting is garbage: look for some only when the first screen stands.
    gc.disable()
    from nnsim.tui import terminal

    if problem := terminal.problem():
        print(f"nnsim: {problem}", file=sys.stderr)
        return 2
    terminal.prepare()
    opened: dict[str, Any] = {}
    if target is not None:
        try:
            opened = _open(target, untrained=untrained, from_start=from_start)
        except (OSError, ValueError) as refusal:
            print(f"nnsim: {refusal}", file=sys.stderr)
            return 2
    from nnsim.tui.app import NnsimApp

    app = NnsimApp(**opened, ascii_only=ascii_only)
    app.run()
    return app.return_code or 0


def _open(target: str, *, untrained: bool, from_start: bool) -> dict[str, Any]:
    """Open a lesson, a session or an experiment; returns what the app is to begin with."""
    from nnsim.experiments.catalogue import is_session
    from nnsim.tutor.catalogue import is_lesson, open_player

    if is_lesson(target):
        return {"lesson": open_player(target, from_start=from_start)}
    if is_session(target):
        from nnsim.tui.sessions import open_session

        opened = open_session(target)
        if untrained:
            opened.lab.run("reset")
        return {"lab": opened.lab, "session": (target, opened.panel)}
    from nnsim.experiments import load
    from nnsim.lab import Lab

    return {"lab": Lab(load(target), untrained=untrained, load=load)}
