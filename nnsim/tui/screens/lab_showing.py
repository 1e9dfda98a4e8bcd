"""Bringing the panels of a bench's screen in line with the bench, first things first."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from nnsim.i18n import _
from nnsim.lab import Lab, NoValueError
from nnsim.lab.hiding import where_hidden
from nnsim.lab.view import Selection
from nnsim.tui.draw.text import short
from nnsim.tui.panels.network import NetworkDiagram
from nnsim.tui.panels.panel import Panel, Scene
from nnsim.tui.screens.lab_layout import output_labels
from nnsim.tui.widgets.input_editor import InputEditor
from nnsim.tui.widgets.inspector import Inspector
from nnsim.tui.widgets.lines import StatusLine, TitleLine
from nnsim.tui.widgets.painter import FRAME
from nnsim.tui.widgets.prediction import PredictionBars, verdict
from nnsim.tui.widgets.training import TrainingPanel
from nnsim.tui.widgets.walk_panel import WalkPanel

if TYPE_CHECKING:
    from nnsim.tui.screens.lab import LabScreen

NOTHING: frozenset[int] = frozenset()
RARELY = 0.15  # seconds between two epochs from which on each of them is drawn whole


class Showing:
    """What the panels of a `LabScreen` show.

    Each time, what the key was about comes first, in a frame of its own: input and prediction
    after a stroke of the brush, the step after a step. The other panels follow in the next frame,
    once for all the keys in between.
    """

    def __init__(self, screen: LabScreen) -> None:
        self._screen = screen
        self._selection = Selection(0, 0)
        self._marked = NOTHING
        self._rest_is_due = False
        self._drawn: dict[str, float] = {}  # when pictures were drawn while training
        self._said: str | None = None  # to be said with the rest
        # Whether the person went elsewhere since the last step of the walk.
        self.away = False

    @property
    def lab(self) -> Lab:
        """The bench."""
        return self._screen.lab

    @property
    def selection(self) -> Selection:
        """The unit or weight that was looked at last."""
        return self._selection

    def _one(self, kind: type[Any]) -> Any:
        return self._screen.query_one(kind)

    # First --------------------------------------------------------------------------------------

    def input_first(self, message: str | None, *, wrong: bool = False) -> None:
        """Show input and prediction now, the rest in the next frame."""
        self.input()
        target = self._target()
        self.prediction(target)
        self._title(target)
        if message is not None:
            self._said = None
            self._one(StatusLine).say(message, self.readout(), wrong=wrong)
        self._rest_soon()

    def step_first(self, message: str) -> None:
        """Show the step of the walk now, the rest in the next frame."""
        panel = self._screen.walk_panel(self.lab.walk_place)
        if panel is not None and panel.display and panel.region.area:
            self._walk(panel, self._selection)
            message = panel.page.place or message
        self._said = message
        self._rest_soon()

    def why_first(self) -> None:
        """Show the explanation now, the rest in the next frame."""
        self._one(StatusLine).say("", self.readout())
        self._rest_soon()

    def while_training(self) -> None:
        """Show the numbers now, and of the pictures what is due.

        Pictures take most of the time: of those of the network and those of the boards, the ones
        drawn longer ago; the others too, where training is so slow that every epoch can be seen.
        """
        now = monotonic()
        self._numbers()
        parts = {"network": self._network, "boards": self._boards}
        oldest = min(parts, key=lambda part: self._drawn.get(part, 0.0))
        for part, draw in parts.items():
            if part == oldest or now - self._drawn.get(part, 0.0) > RARELY:
                self._drawn[part] = now
                draw()

    def _rest_soon(self) -> None:
        if not self._rest_is_due:
            self._rest_is_due = True
            # (call_after_refresh would still come before the frame is drawn; and a timer alone may
            # come while the screen makes its widgets anew.)
            self._screen.set_timer(FRAME, lambda: self._screen.call_later(self._rest))

    # Then ---------------------------------------------------------------------------------------

    def _rest(self) -> None:
        """Bring the panels in line that explain the prediction; each redraws what changed."""
        self._rest_is_due = False
        self._numbers()
        self._network()
        self._boards()

    def _numbers(self) -> None:
        self._follow()
        self._marked = self._marks()
        self.input()
        if self._said is not None:
            self._one(StatusLine).say(self._said, self.readout())
            self._said = None
        target = self._target()
        self.prediction(target)
        self._title(target)
        self._one(TrainingPanel).show(self.lab)

    def _network(self) -> None:
        screen, lab, selection = self._screen, self.lab, self._selection
        if screen.panel(2).display:
            self._one(NetworkDiagram).show(self.scene())
        for panel in screen.query(WalkPanel):
            if panel.display:
                self._walk(panel, selection)
        inspector = self._one(Inspector)
        if screen.asks_why:
            inspector.show(lab, screen.hidden)

    def _boards(self) -> None:
        scene = self.scene()
        for panel in self._screen.query(Panel):
            if panel.display and not isinstance(panel, NetworkDiagram):
                panel.show(scene)

    def scene(self) -> Scene:
        """What there is to show now."""
        return Scene(
            self.lab, self._screen.view(), self._selection, self._screen.hidden,
            self.away, self._back, self._marked,
        )  # fmt: skip

    @property
    def _back(self) -> bool:
        """Whether what is in use goes backward."""
        return self.lab.target is not None and self._screen.goes_back

    def _walk(self, panel: WalkPanel, selection: Selection) -> None:
        panel.show(self.lab, selection, away=self.away, hidden=self._screen.hidden)

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

    def input(self) -> None:
        """Show what stands on the input, and which of it the walk looks at."""
        self._screen.query_one("#input", InputEditor).show_input(self.lab, self._marked)

    def _target(self) -> str | None:
        return None if self.lab.target is None else self.lab.describe_target(self.lab.target)

    def prediction(self, target: str | None) -> None:
        """Show the outputs, and what they say."""
        lab, classes = self.lab, output_labels(self.lab)
        output = self._screen.view().layers[-1].a
        if where_hidden(output).any() or self._screen.hidden.asks("prediction"):
            self._one(PredictionBars).show(output, None, ())  # who wins would tell something too
            return
        said = lab.prediction
        reading = None if said is None or said >= len(classes) else classes[said]
        if lab.output.size == 1 and said is not None:
            reading = lab.experiment.classes[said]
        right = None
        if lab.target is not None and said is not None:
            right = said == lab.decide(lab.target)
        winner = 0 if lab.output.size == 1 and said == 1 else said
        self._one(PredictionBars).show(
            lab.output, winner if lab.output.size > 1 or said else None,
            verdict(reading, target, right),
        )  # fmt: skip

    def _title(self, target: str | None) -> None:
        lab = self.lab
        sizes = "-".join(
            str(n) for n in (lab.names.input_size, *(layer.units for layer in lab.names.layers))
        )
        where = _("epoch {n}").format(n=lab.trainer.epoch)
        if lab.sample is not None:
            sample = _("sample {n}").format(n=lab.sample + 1) + (" *" if lab.edited else "")
            where = f"{sample} ({target}) · {where}"
        title = f"nnsim · {_(lab.experiment.title)}"
        self._one(TitleLine).show((title, f"nnsim · {lab.experiment.id}"), f"{sizes} · {where}")

    def _follow(self) -> tuple[Selection, str]:
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
        return self._selection, field

    def readout(self) -> str:
        """The number that is looked at, with its address."""
        address = self.lab.focus
        if self._screen.hidden.covers(address):
            return f"{address} = ?"
        try:
            value = self.lab.read(address)
        except NoValueError:
            return f"{address} = –"
        return f"{address} = {value if isinstance(value, int) else short(value, 9).strip()}"
