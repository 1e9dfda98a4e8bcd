"""Commands that save the session. The bench has no files: its screen writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import N_, _
from nnsim.lab.commands.table import COMMANDS, command, words
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab

LONGEST_NAME = 1000  # words of a file's name


@command(
    "save [FILE]",
    N_("save the session: save my-network.nnsim; without a name, to the file it has"),
    changes=False,
)
def _save(lab: Lab, rest: str) -> str:
    words(rest, "save", 0, LONGEST_NAME)
    return _keep(lab, rest, over=False)


@command("save! FILE", N_("save the session over a file that is there already"), changes=False)
def _save_over(lab: Lab, rest: str) -> str:
    words(rest, "save!", 1, LONGEST_NAME)
    return _keep(lab, rest, over=True)


def _keep(lab: Lab, rest: str, *, over: bool) -> str:
    """Let the session be written to the file of this name, which may have spaces and quotes."""
    if lab.keep is None:
        raise LabError(_("nothing can be saved from here"))
    name = rest.strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1]
    if not name and rest:
        raise LabError(_("say it like this: {usage}").format(usage=COMMANDS["save!"].usage))
    return lab.keep(name, over)
