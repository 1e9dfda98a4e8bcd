"""The Train panel: curves, weights, gradients and histograms as training goes on."""

from __future__ import annotations

from time import perf_counter
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from nnsim.i18n import N_
from nnsim.lab.reading.signals import Watch, in_one_line
from nnsim.lab.training.timeline import kept_epoch
from nnsim.tui.draw.lines import Lines, Row
from nnsim.tui.draw.text import wrap_cells
from nnsim.tui.panels.panel import Panel, Scene
from nnsim.tui.panels.train.curves import SCALES, Curves, View
from nnsim.tui.panels.train.head import VIEWS, Head, Press, Timeline
from nnsim.tui.panels.train.layers import Gradients, Histograms, Weights
from nnsim.tui.panels.train.settings import Setting, settings_of

AGAIN = 0.03  # seconds after which a view goes on computing what it shows of past epochs
TENTHS = 10  # PgUp and PgDn go a tenth of the timeline


class TrainPanel(Panel, Lines):
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
    _TIMELINE = Binding.Group(N_("Timeline"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "screen.toggle_training", N_("Start/pause"), id="train.toggle",
                tooltip=N_("Train until it is stopped, or stop")),
        Binding("v", "view(1)", N_("View"), id="train.view",
                tooltip=N_("The next view: curves, weights, gradients, histograms")),
        Binding("b", "ask('step')", N_("1 update"), id="train.step", show=False,
                tooltip=N_("One update: one mini-batch, or all samples at once")),
        Binding("T", "ask('train 1')", N_("1 epoch"), id="train.one",
                tooltip=N_("Train one epoch")),
        Binding("y", "ask('train 100')", N_("100"), id="train.hundred", show=False,
                tooltip=N_("Train 100 epochs")),
        Binding("G", "ask_until", N_("To epoch"), id="train.until", show=False,
                tooltip=N_("Train to an epoch that you type")),
        Binding("left,h", "go(-1)", N_("Back"), id="train.back", group=_TIMELINE,
                tooltip=N_("To the kept epoch before")),
        Binding("right,l", "go(1)", N_("On"), id="train.on", group=_TIMELINE,
                tooltip=N_("To the next kept epoch")),
        Binding("home", "edge(0)", N_("First"), id="train.first", show=False,
                tooltip=N_("To the first epoch of the run")),
        Binding("end", "edge(-1)", N_("Last"), id="train.last", show=False,
                tooltip=N_("To the last epoch of the run")),
        Binding("up,k", "choose(-1)", N_("Setting"), id="train.setting_before", show=False,
                tooltip=N_("Choose the setting before")),
        Binding("down,j", "choose(1)", N_("Setting"), id="train.setting_next",
                tooltip=N_("Choose the next setting: speed, rate, optimizer, batch, l2, dropout")),
        Binding("plus,equals_sign", "change(1)", N_("More"), id="train.more",
                tooltip=N_("More of the chosen setting: faster, a larger rate, …")),
        Binding("minus", "change(-1)", N_("Less"), id="train.less",
                tooltip=N_("Less of the chosen setting: slower, a smaller rate, …")),
        Binding("e,enter", "type", N_("Type"), id="train.type", show=False,
                tooltip=N_("Type a value for the chosen setting")),
        Binding("r", "ask('reset')", N_("Reset"), id="train.reset",
                tooltip=N_("Back to the same start, epoch 0")),
        Binding("d", "another_seed", N_("New seed"), id="train.seed", show=False,
                tooltip=N_("A different start, from the next seed")),
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

    class AskedPace(Message):
        """The person wants training to go slower (−1) or faster (1)."""

        def __init__(self, by: int) -> None:
            self.by = by
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.curves = Curves()
        self.views: list[View] = [self.curves, Weights(), Gradients(), Histograms()]
        self.view = 0
        self.health = ""  # why training stopped, or units that no longer learn
        self._head = Head()
        self._chosen = 0
        self._watch = Watch()
        self._again_is_due = False
        self._dragged: int | None = None  # the epoch that the mouse went to last

    # What it shows ------------------------------------------------------------------------------
    def show(self, scene: Scene) -> None:
        """Show how training stands, and compute some of what is missing of past epochs."""
        self.scene, lab = scene, scene.lab
        view, start = self.views[self.view], perf_counter()
        view.look(lab)
        told = lab.running.problem or in_one_line(self._watch.look(lab))
        self.health = f"! {told}" if told else ""
        self.update()
        if view.busy and not lab.running.on:
            self._soon(perf_counter() - start)

    def _soon(self, took: float) -> None:
        """Go on computing, after keys have had their turn: the longer, the longer it took."""
        if not self._again_is_due:
            self._again_is_due = True
            self.set_timer(max(AGAIN, 2 * took), self._go_on)

    def _go_on(self) -> None:
        self._again_is_due = False
        if self.scene is not None and self.display and self.is_attached:
            self.show(self.scene)

    def rows(self, width: int, height: int) -> list[Row]:
        """From top to bottom: views and settings, the view, what is wrong, the timeline."""
        if self.scene is None:
            return []
        lab = self.scene.lab
        above = self._head.rows(lab, self.view, self.settings, self.chosen, width)
        style = "wrong" if lab.running.problem else "negative"
        below: list[Row] = [[(line, style)] for line in wrap_cells(self.health, max(10, width), 2)]
        below.append(Timeline.of(lab, width).row)
        room = height - len(above) - len(below)
        if room < 1:
            return [*above, *below]
        shown = self.views[self.view].rows(lab, width, room)[:room]
        return [*above, *shown, *([[]] * (room - len(shown))), *below]

    @property
    def settings(self) -> list[Setting]:
        return [] if self.scene is None else settings_of(self.scene.lab)

    @property
    def chosen(self) -> int:
        """The setting that is chosen, counted from 0."""
        return max(0, min(self._chosen, len(self.settings) - 1))

    def address(self) -> str | None:
        """Of the chosen setting, where it has one; else of the cost."""
        if self.scene is None:
            return None
        if address := self.settings[self.chosen].address:
            return address
        return "cost" if self.scene.lab.experiment.data.count else None

    # Views --------------------------------------------------------------------------------------
    def action_view(self, by: int) -> None:
        self._look(self.view + by)

    def _look(self, view: int) -> None:
        self.view = view % len(VIEWS)
        if self.scene is not None:
            self.show(self.scene)

    def action_scale(self) -> None:
        self.curves.scale = (self.curves.scale + 1) % SCALES
        self._look(0)

    def action_overlay(self) -> None:
        if self.scene is not None:
            self.curves.next_other(self.scene.lab.timeline)
            self._look(0)

    def action_swap(self) -> None:
        if self.scene is None:
            return
        lab = self.scene.lab
        other = self.curves.other(lab.timeline)
        if other is not None:
            self.curves.stand_in_for(lab.timeline.current)
            epoch = min(max(lab.trainer.epoch, other.first), other.last)
            self.ask(f"rewind {epoch} {other.number}", merge=True)

    def action_page(self, by: int) -> None:
        """Show other layers; of the curves, go a tenth of the timeline."""
        if self.scene is None:
            return
        if self.view:
            self.views[self.view].scroll(self.scene.lab, by)
            self.update()
        else:
            self.action_go(by * max(1, len(self.scene.lab.timeline.run.frames) // TENTHS))

    # The timeline -------------------------------------------------------------------------------
    def action_go(self, by: int) -> None:
        if self.scene is not None:
            lab = self.scene.lab
            epoch = kept_epoch(lab.timeline.run, lab.trainer, by)
            if epoch is not None:
                self.ask(f"rewind {epoch}", merge=True)

    def action_edge(self, end: int) -> None:
        if self.scene is not None:
            run = self.scene.lab.timeline.run
            self.ask(f"rewind {run.last if end else run.first}", merge=True)

    def _drag(self, x: int) -> None:
        if self.scene is None:
            return
        epoch = Timeline.of(self.scene.lab, self.content_size.width).epoch(x)
        if epoch != self._dragged:
            self._dragged = epoch
            self.ask(f"rewind {epoch}", merge=True)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        press = self.under(event)
        if event.button == 1 and isinstance(press, Press) and press.kind == "epoch":
            event.stop()
            self._dragged = -1
            self.capture_mouse()
            self._drag(event.get_content_offset_capture(self).x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged is not None:
            self._drag(event.get_content_offset_capture(self).x)

    def on_mouse_up(self) -> None:
        if self._dragged is not None:
            self._dragged = None
            self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        """Show the view, or choose the setting; one that was chosen already is typed."""
        press = self.under(event)
        if not isinstance(press, Press):
            return
        if press.kind == "view":
            self._look(press.number)
        elif press.kind == "setting":
            if press.number == self.chosen:
                self.action_type()
            self._chosen = press.number
            self.update()

    # Commands -----------------------------------------------------------------------------------
    def ask(self, command: str, *, merge: bool = False) -> None:
        self.post_message(self.Asked(command, merge=merge))

    def action_ask(self, command: str) -> None:
        self.ask(command)

    def action_ask_until(self) -> None:
        self.post_message(self.AskedLine("until "))

    def action_another_seed(self) -> None:
        if self.scene is not None:
            lab = self.scene.lab
            seed = lab.timeline.run.setup.seed
            self.ask(f"seed {(lab.network.seed if seed is None else seed) + 1}")

    def action_choose(self, by: int) -> None:
        if self.settings:
            self._chosen = (self.chosen + by) % len(self.settings)
            self.update()

    def action_change(self, by: int) -> None:
        if not self.settings:
            return
        setting = self.settings[self.chosen]
        if setting.key == "pace":
            self.post_message(self.AskedPace(by))
        elif command := setting.more if by > 0 else setting.less:
            self.ask(command)

    def action_type(self) -> None:
        settings = self.settings
        typed = [s.typed for s in (*settings[self.chosen : self.chosen + 1], *settings) if s.typed]
        if typed:
            self.post_message(self.AskedLine(typed[0]))
