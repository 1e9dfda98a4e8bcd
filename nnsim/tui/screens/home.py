"""Home: what there is to open. Needs neither NumPy nor Markdown, so that it shows at once."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from nnsim.experiments import catalogue
from nnsim.i18n import N_, _
from nnsim.tui.screens.guard import GuardedScreen, TooSmall
from nnsim.tui.widgets.key_line import KeyLine
from nnsim.tui.widgets.lines import StatusLine
from nnsim.tui.widgets.rows import Row, RowList

CIRCUITS = ("circuits", N_("Circuits: expressions as gates, forward and backward"))


class ExperimentList(RowList):
    """The experiments that ship; Enter opens one."""

    BINDING_GROUP_TITLE = N_("Experiments")
    HELP = N_("Choose an experiment with the arrows and open it with Enter.")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", N_("Open"), id="home.open", tooltip=N_("Open the experiment")),
    ]

    def __init__(self) -> None:
        super().__init__(id="experiments")
        self.entries = catalogue()

    def row_count(self) -> int:
        """One row for each experiment, and one for the circuits."""
        return len(self.entries) + 1

    def row(self, index: int) -> Row:
        """Its id and title."""
        name, title = CIRCUITS
        if index < len(self.entries):
            name, title = self.entries[index].id, self.entries[index].title
        width = max(len(e.id) for e in self.entries)
        mark = "▶" if index == self.cursor else " "
        return [(f" {mark} ", "strong"), (f"{name:<{width}}  ", "strong"), (_(title), "")]

    def action_choose(self) -> None:
        """Open the experiment under the cursor."""
        self.post_message(self.Chosen(self, self.cursor))


class HomeScreen(GuardedScreen):
    """The first screen."""

    CSS_PATH = "home.tcss"
    AUTO_FOCUS = "ExperimentList"
    BINDING_GROUP_TITLE = N_("Home")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "circuits", N_("Circuits"), id="home.circuits",
                tooltip=N_("Expressions as gates, forward and backward")),
        Binding("q", "app.quit", N_("Quit"), id="home.quit", tooltip=N_("Leave nnsim")),
    ]  # fmt: skip

    def compose(self) -> ComposeResult:
        """A word of welcome and the list."""
        yield Static(
            _(
                "nnsim · take neural networks apart\n\n"
                "Paint an input, see every number the network makes of it, change any weight, "
                "train it."
            ),
            id="welcome",
            markup=False,
        )
        experiments = ExperimentList()
        experiments.border_title = _("Experiments")
        yield experiments
        yield StatusLine(id="status")
        yield KeyLine()
        yield TooSmall()

    def say(self, message: str, *, wrong: bool = False) -> None:
        """Show a message in the status line."""
        self.query_one(StatusLine).say(message, "", wrong=wrong)

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        """Open what was chosen."""
        entries = self.query_one(ExperimentList).entries
        if message.row < len(entries):
            self.app.open_experiment(entries[message.row].id)  # type: ignore[attr-defined]
        else:
            self.action_circuits()

    def action_circuits(self) -> None:
        """Open the circuit bench."""
        self.app.open_circuits()  # type: ignore[attr-defined]
