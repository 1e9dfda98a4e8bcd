"""Which panels of a bench are in sight, and where they stand on its screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from nnsim.i18n import _
from nnsim.tui.panels import BY_ID, DOORS, LOWER, NUMBER, TABBED
from nnsim.tui.panels.input.prediction import PredictionBars, output_labels
from nnsim.tui.panels.panel import Panel
from nnsim.tui.panels.training import TrainingPanel
from nnsim.tui.panels.why import Inspector
from nnsim.tui.screens.frame import PanelTabs

if TYPE_CHECKING:
    from textual.screen import Screen

    from nnsim.lab import Lab

WIDE, HUGE, HIGH = 112, 160, 34  # columns and rows that leave room for more


class Panels:
    """The panels of a bench's screen.

    Where the terminal is narrow, one of them is in sight. Where it is wide, the network is, and
    below it one of the others, or one of the others alone. The key `z` gives a panel more room:
    first all of the right side, then the whole screen.
    """

    def __init__(
        self, screen: Screen[None], bench: Callable[[], Lab], is_wide: Callable[[], bool]
    ) -> None:
        self._screen, self._bench, self._is_wide = screen, bench, is_wide
        self.chosen, self.lower = TABBED[0], LOWER[0]

    @staticmethod
    def title(name: str) -> str:
        """What stands over a panel: the key that leads to it, and its name."""
        return f"{NUMBER[name]} {_(BY_ID[name].title)}"

    def fit_at_once(self) -> None:
        """Take the classes of the terminal's size before anything is styled.

        (Textual sets them when the first resize comes, and then styles every widget again.)
        """
        screen = self._screen
        for size, breakpoints in (
            (screen.app.size.width, screen.HORIZONTAL_BREAKPOINTS or ()),
            (screen.app.size.height, screen.VERTICAL_BREAKPOINTS or ()),
        ):
            name = [name for least, name in breakpoints if size >= least][-1]
            screen.add_class(name, update=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="left"):
            yield from self.ends()
            training = TrainingPanel(id="training")
            training.add_class("panel", update=False)
            training.border_title = _("Training")
            yield training
        with Vertical(id="right"):
            yield PanelTabs(_titles(TABBED), id="tabs")
            yield self._make(TABBED[0])
            yield PanelTabs(_titles(LOWER), id="lower-tabs")
            with Horizontal(id="below"):
                for door in DOORS:
                    if door.id in LOWER and not door.late:
                        yield self._make(door.id)
            inspector = Inspector(id="inspector")
            inspector.add_class("panel", update=False)
            inspector.display = False
            yield inspector

    def ends(self) -> Iterator[Widget]:
        """Make what shows the input, and what shows the outputs: each network has its own."""
        kind = self._bench().experiment.input.kind
        self._screen.set_class(kind in ("point", "number"), "-plot", update=False)
        yield self._make(DOORS[0].id)
        bars = PredictionBars(output_labels(self._bench()), id="prediction")
        bars.add_class("panel", update=False)
        bars.border_title = _("Prediction")
        yield bars

    def _make(self, name: str) -> Panel:
        panel = BY_ID[name].make(self._bench())
        panel.id = name
        panel.add_class("panel", f"panel-{name}", update=False)
        panel.set_class(name == self.chosen, "-chosen", update=False)
        panel.set_class(name == self.lower, "-lower", update=False)
        panel.border_title = self.title(name)
        return panel

    def get(self, name: str) -> Panel:
        """A panel by its id; a late one is made and mounted when it is first asked for."""
        for mounted in self._screen.query(f"#{name}"):
            return mounted  # type: ignore[return-value]
        panel = self._make(name)
        self._screen.query_one("#below").mount(panel)
        return panel

    @property
    def in_sight(self) -> list[Panel]:
        return [panel for panel in self._screen.query(Panel) if panel.display]

    def choose(self, name: str) -> None:
        """Bring a panel to the front of its place."""
        screen = self._screen
        self.get(name)
        self.chosen = name
        self._enlarge(1 if BY_ID[name].tall else 0)
        self._mark(TABBED, name, "-chosen")
        screen.query_one("#below").set_class(name in LOWER, "-chosen")
        screen.query_one("#tabs", PanelTabs).choose(name)
        beside = name == "data" and self._is_wide() and screen.has_class("-huge")
        if name in LOWER and not beside:
            self.choose_lower(name)

    def choose_lower(self, name: str) -> None:
        """Bring a panel to the front of the place below the network."""
        self.lower = name
        self._mark(LOWER, name, "-lower")
        self._screen.query_one("#lower-tabs", PanelTabs).choose(name)

    def _mark(self, names: tuple[str, ...], chosen: str, mark: str) -> None:
        for name in names:
            for panel in self._screen.query(f"#{name}"):
                panel.set_class(name == chosen, mark)

    @property
    def room(self) -> int:
        """How much room the chosen panel has: 0 its place, 1 the right side, 2 the screen."""
        return 2 if self._screen.has_class("-alone") else int(self._screen.has_class("-whole"))

    def _enlarge(self, room: int) -> None:
        screen = self._screen
        screen.set_class(room >= 1, "-whole")
        screen.set_class(room >= 1 and self.chosen == TABBED[0], "-network")
        screen.set_class(room == 2, "-alone")

    def zoom(self) -> None:
        """Give the chosen panel more room, or its own place again."""
        tall = BY_ID[self.chosen].tall
        least = 1 if tall or not self._is_wide() else 0
        more = max(self.room, least) + 1
        self._enlarge(more if more <= 2 else int(tall))


def _titles(names: tuple[str, ...]) -> dict[str, tuple[int, str]]:
    return {name: (NUMBER[name], _(BY_ID[name].title)) for name in names}
