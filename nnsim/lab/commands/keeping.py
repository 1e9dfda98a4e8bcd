"""Commands that save the session, and take changes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnsim.i18n import N_, _, ngettext
from nnsim.lab.commands.data import unquoted
from nnsim.lab.commands.table import COMMANDS, command, whole
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.bench import Bench


@command(
    "save [FILE [!]]",
    N_("save the session: save my-network.nnsim; without a name, to the file it has"),
    changes=False,
    training="leaves",
    rest=True,
)
def _save(bench: Bench[Any], rest: str) -> str:
    if bench.keep is None:
        raise LabError(_("nothing can be saved from here"))
    over = rest.endswith("!")
    name = unquoted(rest[:-1].strip() if over else rest)
    if not name and rest:
        raise LabError(_("say it like this: {usage}").format(usage=COMMANDS["save"].usage))
    return bench.keep(name, over)


@command(
    "undo [N]", N_("take back the last change, or the last N"), changes=False, training="pauses"
)
def _undo(bench: Bench[Any], times: str = "1") -> str:
    most, lines = whole(times, 1, 1000), [bench.undo()]
    lines += [bench.undo() for _i in range(most - 1) if bench.can_undo]
    return _said(lines, N_("undid: {line}"), "undid {n} change", "undid {n} changes")


@command("redo [N]", N_("do again what was undone"), changes=False, training="pauses")
def _redo(bench: Bench[Any], times: str = "1") -> str:
    most, lines = whole(times, 1, 1000), [bench.redo()]
    lines += [bench.redo() for _i in range(most - 1) if bench.can_redo]
    return _said(lines, N_("redid: {line}"), "redid {n} change", "redid {n} changes")


def _said(lines: list[str], one: str, singular: str, plural: str) -> str:
    if len(lines) == 1:
        return _(one).format(line=lines[0])
    return ngettext(singular, plural, len(lines)).format(n=len(lines))
