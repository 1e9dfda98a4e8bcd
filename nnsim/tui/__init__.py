"""The terminal app. Importing this package is cheap; Textual comes in with `run_app`."""

from __future__ import annotations

import gc
import sys


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
    lab = lesson = session = None
    if target is not None:
        from nnsim.tui.lessons import is_lesson, open_player

        try:
            if is_lesson(target):
                lesson = open_player(target, from_start=from_start)
            elif _is_session(target):
                from nnsim.tui.sessions import open_session

                opened = open_session(target)
                lab, session = opened.lab, (target, opened.panel)
                if untrained:
                    lab.run("reset")
            else:
                from nnsim.experiments import load
                from nnsim.lab import Lab

                lab = Lab(load(target), untrained=untrained, load=load)
        except (OSError, ValueError) as refusal:
            print(f"nnsim: {refusal}", file=sys.stderr)
            return 2
    from nnsim.tui.app import NnsimApp

    app = NnsimApp(lab, ascii_only=ascii_only, lesson=lesson, session=session)
    app.run()
    return app.return_code or 0


def _is_session(target: str) -> bool:
    from nnsim.experiments.catalogue import is_session

    return is_session(target)
