"""What stands on the screen of a bench: the panels, and the input and outputs of its network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from nnsim.i18n import _
from nnsim.tui.panels.network import NetworkDiagram
from nnsim.tui.screens.lab_boards import LOWER, TABBED
from nnsim.tui.widgets.data_panel import DataPanel
from nnsim.tui.widgets.input_editor import InputEditor
from nnsim.tui.widgets.inspector import Inspector
from nnsim.tui.widgets.lines import PanelTabs
from nnsim.tui.widgets.pixels import PixelGrid
from nnsim.tui.widgets.prediction import PredictionBars
from nnsim.tui.widgets.training import TrainingPanel
from nnsim.tui.widgets.vector import VectorInput
from nnsim.tui.widgets.walk_panel import WalkPanel

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.tui.screens.lab import LabScreen

WIDE, HUGE, HIGH = 112, 160, 34  # columns and rows that leave room for more


def fit_at_once(screen: LabScreen) -> None:
    """Take the classes of the terminal's size before anything is styled.

    (Textual sets them when the first resize comes, and then styles every widget again.)
    """
    for size, breakpoints in (
        (screen.app.size.width, screen.HORIZONTAL_BREAKPOINTS or ()),
        (screen.app.size.height, screen.VERTICAL_BREAKPOINTS or ()),
    ):
        name = [name for least, name in breakpoints if size >= least][-1]
        screen.add_class(name, update=False)


def bench(screen: LabScreen) -> ComposeResult:
    """Yield the panels, in the order of the keys."""
    panels = screen.panels
    with Horizontal(id="bench"):
        yield from screen.beside()
        with Vertical(id="left"):
            yield from ends(screen)
            training = TrainingPanel(id="training")
            training.add_class("panel", update=False)
            training.border_title = _("Training")
            yield training
        with Vertical(id="right"):
            yield PanelTabs(panels.tabs(TABBED), id="tabs")
            yield panels.dress(NetworkDiagram(id="diagram"), 2)
            yield PanelTabs(panels.tabs(LOWER), id="lower-tabs")
            with Horizontal(id="below"):
                yield panels.dress(WalkPanel("forward", id="forward"), 3)
                yield panels.dress(WalkPanel("backward", id="backward"), 4)
                yield panels.dress(DataPanel(id="samples"), 6)
            inspector = Inspector(id="inspector")
            inspector.add_class("panel", update=False)
            inspector.display = False
            yield inspector


def ends(screen: LabScreen) -> tuple[Widget, Widget]:
    """Make what shows the input, and what shows the outputs: each network has its own."""
    bars = PredictionBars(output_labels(screen.lab), id="prediction")
    bars.add_class("panel", update=False)
    bars.border_title = _("Prediction")
    return screen.panels.dress(_input_editor(screen), 1), bars


def output_labels(lab: Lab) -> tuple[str, ...]:
    """Return what the outputs are called."""
    layer, classes = lab.names.layers[-1], lab.experiment.classes
    if len(classes) == layer.units:
        return tuple(classes)
    return layer.labels or tuple(str(i + 1) for i in range(layer.units))


def _input_editor(screen: LabScreen) -> InputEditor:
    given = screen.lab.experiment.input
    screen.set_class(given.kind in ("point", "number"), "-plot", update=False)
    if given.kind == "pixels":
        return PixelGrid(given.shape, id="input")
    if given.kind == "point":
        from nnsim.tui.widgets.plane import PlaneInput

        return PlaneInput(id="input")
    if given.kind == "number":
        from nnsim.tui.widgets.number import NumberInput

        return NumberInput(id="input")
    return VectorInput(screen.lab.names.input_labels, id="input")
