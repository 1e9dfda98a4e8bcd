"""Bringing the panels of a bench's screen in line with the bench, first things first."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.widget import Widget

from nnsim.i18n import _
from nnsim.lab import Lab, NoValueError
from nnsim.lab.hiding import Selection
from nnsim.tui.draw.numbers import short
from nnsim.tui.panels import DOORS
from nnsim.tui.panels.panel import Panel, Scene
from nnsim.tui.panels.walk import WalkPanel
from nnsim.tui.screens.base import FRAME
from nnsim.tui.screens.frame import StatusLine, TitleLine

if TYPE_CHECKING:
    from nnsim.lab.hiding import Hidden, NetworkView
    from nnsim.tui.screens.lab_panels import Panels

NOTHING: frozenset[int] = frozenset()
RARELY = 0.15  # seconds between two epochs from which on each of them is drawn whole
ENDS = (DOORS[0].id, "prediction")  # what a stroke of the brush is about
NUMBERS = (*ENDS, "training")  # what is shown of every epoch, beside the title


class Showing:
    """What the panels of a bench's screen show.

    Each time, what the key was about comes first, in a frame of its own: input and prediction
    after a stroke of the brush, the step after a step. The other panels follow in the next frame,
    once for all the keys in between.
    """

    def __init__(
        self,
        screen: Screen[None],
        panels: Panels,
        *,
        bench: Callable[[], Lab],
        view: Callable[[], NetworkView],
        hidden: Callable[[], Hidden],
        is_alone: Callable[[], bool],
    ) -> None:
        self._screen, self._panels, self._bench = screen, panels, bench
        self._view, self._hidden, self._is_alone = view, hidden, is_alone
        self._selection = Selection(0, 0)
        self._marked = NOTHING
        self._rest_is_due = False
        self._drawn: dict[str | None, float] = {}  # when panels were drawn while training
        self._said: str | None = None  # to be said with the rest
        # Whether the person went elsewhere since the last step of the walk.
        self.away = False
        self._went_back = False

    @property
    def lab(self) -> Lab:
        return self._bench()

    @property
    def selection(self) -> Selection:
        """The unit or weight that was looked at last."""
        return self._selection

    def scene(self) -> Scene:
        return Scene(
            self.lab, self._view(), self._selection, self._hidden(),
            self.away, self._goes_back, self._marked,
        )  # fmt: skip

    def input_first(self, message: str | None, *, wrong: bool = False) -> None:
        """Show input and prediction now, the rest in the next frame."""
        scene = self.scene()
        for panel in self._in_sight():
            if panel.id in ENDS:
                _show(panel, scene)
        self._title()
        if message is not None:
            self._said = None
            self._status.say(message, self.readout(), wrong=wrong)
        self._rest_soon()

    def step_first(self, message: str) -> None:
        """Show the step of the walk now, the rest in the next frame."""
        place = self.lab.walk_place
        panel = None if place is None else self._screen.query_one(f"#{place.direction}", WalkPanel)
        if panel is not None and panel.display and panel.region.area:
            _show(panel, self.scene())
            message = panel.page.place or message
        self._said = message
        self._rest_soon()

    def why_first(self) -> None:
        """Show the explanation now, the rest in the next frame."""
        self._status.say("", self.readout())
        self._rest_soon()

    def focus_moved(self) -> None:
        """Show the rest anew, where it goes the other way now."""
        if self._goes_back != self._went_back:
            self._rest_soon()

    def while_training(self) -> None:
        """Show the numbers now, and of the pictures what is due.

        Pictures take most of the time: the one that was drawn longest ago; the others too, where
        training is so slow that every epoch can be seen.
        """
        now, scene = monotonic(), self._follow()
        panels = self._in_sight()
        for panel in panels:
            if panel.id in NUMBERS:
                _show(panel, scene)
        pictures = [panel for panel in panels if panel.id not in NUMBERS]
        oldest = min(pictures, key=lambda p: self._drawn.get(p.id, 0.0), default=None)
        for panel in pictures:
            if panel is oldest or now - self._drawn.get(panel.id, 0.0) > RARELY:
                self._drawn[panel.id] = now
                _show(panel, scene)

    def _rest_soon(self) -> None:
        if not self._rest_is_due:
            self._rest_is_due = True
            # (call_after_refresh would still come before the frame is drawn; and a timer alone may
            # come while the screen makes its widgets anew.)
            self._screen.set_timer(FRAME, lambda: self._screen.call_later(self._rest))

    def _rest(self) -> None:
        """Bring every panel in sight in line."""
        self._rest_is_due = False
        scene = self._follow()
        for panel in self._in_sight():
            _show(panel, scene)

    def _follow(self) -> Scene:
        """Follow what the bench looks at, and what it says; return what there is to show."""
        self._select()
        self._marked = self._marks()
        self._went_back = self._goes_back
        if self._said is not None:
            self._status.say(self._said, self.readout())
            self._said = None
        self._title()
        return self.scene()

    def _in_sight(self) -> list[Widget]:
        return [panel for panel in self._screen.query(".panel") if panel.display]

    @property
    def _status(self) -> StatusLine:
        return self._screen.query_one(StatusLine)

    @property
    def _goes_back(self) -> bool:
        """Whether what is in use goes backward: the walk there has the keys, or stands in front."""
        focused, place = self._screen.focused, self.lab.walk_place
        if self.lab.target is None:
            return False
        if isinstance(focused, WalkPanel):
            return focused.direction == "backward"
        back = place is not None and place.direction == self._panels.lower == "backward"
        return back and self._is_alone()

    def _marks(self) -> frozenset[int]:
        """The inputs that the step of the walk looks at."""
        if self.lab.walk_place is None or self.away:
            return NOTHING
        step = self.lab.walk_step
        if step is None:
            return NOTHING
        highlight = step.highlight
        if highlight.layer is not None and highlight.layer <= 0:
            return frozenset(range(self.lab.input.size))
        return frozenset(s.unit for s in highlight.sources | highlight.units if s.layer < 0)

    def _title(self) -> None:
        lab = self.lab
        target = None if lab.target is None else lab.describe_target(lab.target)
        sizes = "-".join(
            str(n) for n in (lab.names.input_size, *(layer.units for layer in lab.names.layers))
        )
        where = _("epoch {n}").format(n=lab.trainer.epoch)
        if lab.sample is not None:
            sample = _("sample {n}").format(n=lab.sample + 1) + (" *" if lab.edited else "")
            where = f"{sample} ({target}) · {where}"
        title = f"nnsim · {_(lab.experiment.title)}"
        self._screen.query_one(TitleLine).show(
            (title, f"nnsim · {lab.experiment.id}"), f"{sizes} · {where}"
        )

    def _select(self) -> None:
        """The unit or weight that the focus is on (the last one, where it is on neither)."""
        names = self.lab.names
        quantity = names.resolve(self.lab.focus)
        field = quantity.kind.split(".")[0]
        if quantity.kind == "input":
            self._selection = Selection(-1, quantity.position[0])
        elif quantity.layer >= 0 and quantity.unit >= 0:
            layer = names.layers[quantity.layer]
            dense = len(layer.kernel_shape) == 1
            source = quantity.position[0] if field == "w" and dense else None
            unit = quantity.unit
            if len(layer.output_shape) == 3 and field != "w" and len(quantity.position) == 2:
                row, column = quantity.position
                unit += (row * layer.output_shape[1] + column) * layer.output_shape[2]
            self._selection = Selection(quantity.layer, unit, source)

    def readout(self) -> str:
        """The number that is looked at, with its address."""
        address = self.lab.focus
        if self._hidden().covers(address):
            return f"{address} = ?"
        try:
            value = self.lab.read(address)
        except NoValueError:
            return f"{address} = –"
        return f"{address} = {value if isinstance(value, int) else short(value, 9).strip()}"


def _show(panel: Widget, scene: Scene) -> None:
    if isinstance(panel, Panel):
        panel.show(scene)
