"""The panels of a bench by their number keys, and which of them are in sight."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.widget import Widget

from nnsim.i18n import N_, _
from nnsim.tui.widgets.lines import PanelTabs

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.tui.panels.panel import Panel
    from nnsim.tui.screens.lab_panels import PanelScreen

PANELS = {
    1: N_("Input"), 2: N_("Network"), 3: N_("Forward"), 4: N_("Backward"), 5: N_("Train"),
    6: N_("Data"), 7: N_("Map"), 8: N_("Starts"), 9: N_("Landscape"),
}  # fmt: skip
# Those that are there from the start, by the id of their widget.
PLACES = {1: "input", 2: "diagram", 3: "forward", 4: "backward", 6: "samples"}


def _train(lab: Lab) -> Panel:
    from nnsim.tui.widgets.train_panel import TrainPanel

    return TrainPanel(lab)


def _map(lab: Lab) -> Panel:
    from nnsim.tui.widgets.map_board import map_board

    return map_board(lab)


def _starts(_lab: Lab) -> Panel:
    from nnsim.tui.widgets.starts_panel import StartsPanel

    return StartsPanel()


def _landscape(_lab: Lab) -> Panel:
    from nnsim.tui.panels.landscape import LandscapePanel

    return LandscapePanel()


# Those that are imported and mounted when they are first chosen.
BOARDS: dict[int, Callable[[Lab], Panel]] = {5: _train, 7: _map, 8: _starts, 9: _landscape}

# Those that share one place where the terminal is narrow.
TABBED = tuple(sorted((2, 3, 4, 6, *BOARDS)))
LOWER = TABBED[1:]  # those that share the place below the network where it is wide
TALL = (7, 8, 9)  # those that take the network's place too


class Panels:
    """Which panels of a `PanelScreen` are in sight.

    Where the terminal is narrow, one of them is. Where it is wide, the network is, and below it one
    of the others, or one of the others alone. The key `z` gives a panel more room: first all of the
    right side, then the whole screen.
    """

    def __init__(self, screen: PanelScreen) -> None:
        self._screen = screen
        self.chosen, self.lower = 2, 3

    @staticmethod
    def title(number: int) -> str:
        """What stands over a panel: the key that leads to it, and its name."""
        return f"{number} {_(PANELS[number])}"

    def tabs(self, numbers: tuple[int, ...]) -> dict[int, str]:
        """Numbers and names for a line of tabs."""
        return {n: _(PANELS[n]) for n in numbers}

    def get(self, number: int) -> Widget:
        """The panel of a number key; a board is mounted when it is first asked for."""
        if number in PLACES:
            return self._screen.query_one(f"#{PLACES[number]}")
        for mounted in self._screen.query(f"#board-{number}"):
            return mounted
        board = BOARDS[number](self._screen.lab)
        board.id = f"board-{number}"
        self._screen.query_one("#below").mount(self.dress(board, number))
        return board

    def dress(self, panel: Widget, number: int) -> Widget:
        """Give a panel its classes and title."""
        chosen = {2: ("-chosen",), 3: ("-lower",)}.get(number, ())
        panel.add_class("panel", f"panel-{number}", *chosen, update=False)
        panel.border_title = self.title(number)
        return panel

    def choose(self, number: int) -> None:
        """Bring a panel to the front of its place."""
        screen = self._screen
        self.get(number)
        self.chosen = number
        self._enlarge(1 if number in TALL else 0)
        for other in TABBED:
            for panel in screen.query(f".panel-{other}"):
                panel.set_class(other == number, "-chosen")
        screen.query_one("#below").set_class(number != 2, "-chosen")
        screen.query_one("#tabs", PanelTabs).choose(number)
        beside = number == 6 and screen.side_by_side and screen.has_class("-huge")
        if number in LOWER and not beside:
            self.choose_lower(number)

    def choose_lower(self, number: int) -> None:
        """Bring a panel to the front of the place below the network."""
        self.lower = number
        for other in LOWER:
            for panel in self._screen.query(f".panel-{other}"):
                panel.set_class(other == number, "-lower")
        self._screen.query_one("#lower-tabs", PanelTabs).choose(number)

    # Room ---------------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """How much room the chosen panel has: 0 its place, 1 the right side, 2 the screen."""
        return 2 if self._screen.has_class("-alone") else int(self._screen.has_class("-whole"))

    def _enlarge(self, room: int) -> None:
        screen = self._screen
        screen.set_class(room >= 1, "-whole")
        screen.set_class(room >= 1 and self.chosen == 2, "-network")
        screen.set_class(room == 2, "-alone")

    def zoom(self) -> None:
        """Give the chosen panel more room, or its own place again."""
        least = 1 if self.chosen in TALL or not self._screen.side_by_side else 0
        more = max(self.room, least) + 1
        self._enlarge(more if more <= 2 else (1 if self.chosen in TALL else 0))
