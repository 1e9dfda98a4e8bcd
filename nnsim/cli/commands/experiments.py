"""``nnsim experiments``: the experiments that ship."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import _

if TYPE_CHECKING:
    import argparse

    from nnsim.cli.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def run(_arguments: argparse.Namespace, output: Output) -> int:
    from nnsim.experiments import catalogue

    if output.as_json:
        output.json([{"id": e.id, "title": e.title, "path": str(e.path)} for e in catalogue()])
        return 0
    output.table(
        _("Experiments: nnsim ID opens one"),
        (_("id"), _("title"), _("input"), _("network")),
        [(e.id, _(e.title), e.kind, e.summary) for e in catalogue()],
        left=4,
    )
    return 0
