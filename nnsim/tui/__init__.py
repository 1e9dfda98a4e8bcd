"""The terminal app. Importing this package is cheap; Textual comes in with `run_app`."""

from __future__ import annotations

import gc
import sys


def run_app(target: str | None = None, *, ascii_only: bool = False, untrained: bool = False) -> int:
    """Open the app, at `target` (an experiment's id or file) or at Home.

    Parameters
    ----------
    target : str, optional
    ascii_only : bool
        Draw with ASCII characters alone.
    untrained : bool
        Open an experiment at its start parameters, even one that opens trained.

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
    lab = None
    if target is not None:
        from nnsim.experiments import load
        from nnsim.lab import Lab

        try:
            lab = Lab(load(target), untrained=untrained, load=load)
        except (OSError, ValueError) as refusal:
            print(f"nnsim: {refusal}", file=sys.stderr)
            return 2
    from nnsim.tui.app import NnsimApp

    app = NnsimApp(lab, ascii_only=ascii_only)
    app.run()
    return app.return_code or 0
