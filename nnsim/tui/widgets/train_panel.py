"""The Train panel: curves, weights, gradients and histograms as training goes on."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from nnsim.i18n import N_
from nnsim.lab.reading.signals import Watch, in_one_line
from nnsim.tui.draw.text import wrap_cells
from nnsim.tui.panels.panel import Scene
from nnsim.tui.widgets.rows import Row
from nnsim.tui.widgets.train_controls import TrainControls
from nnsim.tui.widgets.train_curves import SCALES, CurvesView
from nnsim.tui.widgets.train_gradients import GradientsView
from nnsim.tui.widgets.train_head import VIEWS, TrainHead, TrainLines
from nnsim.tui.widgets.train_histograms import HistogramsView
from nnsim.tui.widgets.train_settings import settings_of
from nnsim.tui.widgets.train_slider import TrainSlider
from nnsim.tui.widgets.train_view import TrainView
from nnsim.tui.widgets.train_weights import WeightsView

if TYPE_CHECKING:
    from nnsim.lab import Lab

AGAIN = 0.03  # seconds after which a view goes on computing what it shows of past epochs
TENTHS = 10  # PgUp and PgDn go a tenth of the timeline


class TrainPanel(TrainControls):
    """Views of training, its settings, and the timeline."""

    BINDING_GROUP_TITLE = N_("Train")
    HELP = N_(
        "Training as it goes on. v shows another view: the curves of loss and accuracy, the "
        "weights as pictures, the gradient of every layer, histograms. Choose a setting with the "
        "arrows up and down, change it with + and −, or type a new value with e; this can be done "
        "while training runs. Left and right go back and forth along the timeline; whatever is on "
        "the screen is of that epoch then, and training on from there starts another run, "
        "with the older one in grey beside it. A unit that has stopped learning is named."
    )
    DEFAULT_CSS = """
    TrainPanel {
        layout: vertical;
        #train-health { height: 0; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "scale", N_("Scale"), id="train.scale", show=False,
                tooltip=N_("Curves: linear, logarithmic loss, or epochs logarithmic too")),
        Binding("o", "overlay", N_("Overlay"), id="train.overlay", show=False,
                tooltip=N_("Curves: lay another run over this one, or none")),
        Binding("O", "swap", N_("Other run"), id="train.swap", show=False,
                tooltip=N_("Go to the run that is laid over this one, at this epoch")),
        Binding("pageup", "page(-1)", N_("Page up"), id="train.page_up", show=False,
                tooltip=N_("The layers before; of the curves, a tenth of the timeline back")),
        Binding("pagedown", "page(1)", N_("Page down"), id="train.page_down", show=False,
                tooltip=N_("The layers after; of the curves, a tenth of the timeline on")),
    ]  # fmt: skip

    def __init__(self, lab: Lab | None = None, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(lab, id=id)
        self._views: list[TrainView] = [
            CurvesView(), WeightsView(), GradientsView(), HistogramsView(),
        ]  # fmt: skip
        self.view = 0
        self._watch = Watch()
        self._again_is_due = False

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield TrainHead(id="train-head")
        yield TrainLines(id="train-view")
        yield TrainLines(id="train-health")
        yield TrainSlider(id="train-timeline")

    # What it shows ------------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Show how training stands; each part draws again what has changed."""
        self.scene, lab = scene, scene.lab
        self._lab = lab
        lines = self._part("train-view")
        if lines is None or not self.content_size.area:
            return
        self._settings = settings_of(lab)
        self._chosen = min(self._chosen, len(self._settings) - 1)
        self.query_one(TrainHead).show(lab, self.view, self._settings, self._chosen)
        self._show_health(lab)
        self.query_one(TrainSlider).show(lab)
        width, height = lines.content_size
        if width > 0 and height > 0:
            view, start = self._views[self.view], perf_counter()
            lines.set_rows(view.rows(lab, width, height))
            if view.busy and not lab.running.on:
                self._soon(perf_counter() - start)

    def _part(self, name: str) -> TrainLines | None:
        """One of the parts, once they are there."""
        return next(iter(self.query(f"#{name}").results(TrainLines)), None)

    def _soon(self, took: float) -> None:
        """Go on computing, after keys have had their turn: the longer, the longer it took."""
        if not self._again_is_due:
            self._again_is_due = True
            self.set_timer(max(AGAIN, 2 * took), self.show_again)

    def show_again(self) -> None:
        """Draw what has changed since, of what the panel knows."""
        self._again_is_due = False
        if self.scene is not None and self.display and self.is_attached:
            self.show(self.scene)

    def _show_health(self, lab: Lab) -> None:
        """Say why training stopped, or name units that no longer learn."""
        lines = self._part("train-health")
        assert lines is not None
        told = lab.running.problem or in_one_line(self._watch.look(lab))
        text = f"! {told}" if told else ""
        style = "wrong" if lab.running.problem else "test"
        rows: list[Row] = [
            [(line, style)] for line in wrap_cells(text, max(10, lines.content_size.width), 2)
        ]
        if lines.styles.height is None or lines.styles.height.value != len(rows):
            lines.styles.height = len(rows)
        lines.set_rows(rows)

    def on_train_lines_resized(self, message: TrainLines.Resized) -> None:
        """Draw everything in the new size, once all parts have theirs."""
        message.stop()
        self.call_after_refresh(self.show_again)

    @property
    def curves(self) -> CurvesView:
        """The view of the curves."""
        view = self._views[0]
        assert isinstance(view, CurvesView)
        return view

    # Views --------------------------------------------------------------------------------------

    def action_view(self, by: int) -> None:
        """Show the next view."""
        self._look(self.view + by)

    def _look(self, view: int) -> None:
        self.view = view % len(VIEWS)
        self.show_again()

    def on_train_head_pressed(self, message: TrainHead.Pressed) -> None:
        """A view or a setting was clicked; a setting that was chosen already is typed."""
        message.stop()
        if message.kind == "view":
            self._look(message.number)
        elif message.number == self._chosen:
            self.action_type()
        else:
            self._chosen = message.number
            self.show_again()

    def action_scale(self) -> None:
        """Curves on another scale."""
        self.curves.scale = (self.curves.scale + 1) % SCALES
        self._look(0)

    def action_overlay(self) -> None:
        """Lay another run over the current one."""
        if self._lab is not None:
            self.curves.next_other(self._lab.timeline)
            self._look(0)

    def action_swap(self) -> None:
        """Go to the run that is laid over this one."""
        if self._lab is None:
            return
        timeline = self._lab.timeline
        other = self.curves.other(timeline)
        if other is not None:
            self.curves.stand_in_for(timeline.current)
            epoch = min(max(self._lab.trainer.epoch, other.first), other.last)
            self._ask(f"rewind {epoch} {other.number}", merge=True)

    def action_page(self, by: int) -> None:
        """Show other layers; of the curves, go a tenth of the timeline."""
        if self._lab is None:
            return
        if self.view:
            if self._views[self.view].scroll(by):
                self.show_again()
            return
        self.action_go(by * max(1, len(self._lab.timeline.run.frames) // TENTHS))
