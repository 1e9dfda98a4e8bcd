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
    "save [FILE [!]]",
    N_("save the session: save my-network.nnsim; without a name, to the file it has"),
    changes=False,
)
def _save(lab: Lab, rest: str) -> str:
    words(rest, "save", 0, LONGEST_NAME)
    if lab.keep is None:
        raise LabError(_("nothing can be saved from here"))
    over = rest.endswith("!")
    name = rest[:-1].strip() if over else rest
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1]
    if not name and rest:
        raise LabError(_("say it like this: {usage}").format(usage=COMMANDS["save"].usage))
    return lab.keep(name, over)
