"""The keys of the Train panel that train, go along the timeline and change settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from nnsim.i18n import N_
from nnsim.lab.training.timeline import kept_epoch
from nnsim.tui.panels.panel import Panel
from nnsim.tui.widgets.train_settings import Setting
from nnsim.tui.widgets.train_slider import TrainSlider

if TYPE_CHECKING:
    from nnsim.lab import Lab


class TrainControls(Panel):
    """A panel that drives training; what it shows is up to its subclass."""

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
    ]  # fmt: skip

    class AskedPace(Message):
        """The person wants training to go slower (−1) or faster (1)."""

        def __init__(self, by: int) -> None:
            self.by = by
            super().__init__()

    def __init__(self, lab: Lab | None = None, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lab = lab
        self._chosen = 0
        self._settings: list[Setting] = []

    def show_again(self) -> None:
        """Draw what has changed on the panel itself."""
        raise NotImplementedError

    def action_view(self, by: int) -> None:
        """Show the next view."""
        raise NotImplementedError

    def address(self) -> str | None:
        """Of the chosen setting, where it has one; else of the cost."""
        if self._settings and self._settings[self._chosen].address:
            return self._settings[self._chosen].address
        has_data = self._lab is not None and self._lab.experiment.data.count
        return "cost" if has_data else None

    # The timeline -------------------------------------------------------------------------------

    def action_go(self, by: int) -> None:
        """Go along the timeline."""
        if self._lab is not None:
            epoch = kept_epoch(self._lab.timeline.run, self._lab.trainer, by)
            if epoch is not None:
                self._ask(f"rewind {epoch}", merge=True)

    def action_edge(self, end: int) -> None:
        """Go to the first or the last epoch."""
        if self._lab is not None:
            run = self._lab.timeline.run
            self._ask(f"rewind {run.last if end else run.first}", merge=True)

    def on_train_slider_went(self, message: TrainSlider.Went) -> None:
        """The mouse went along the timeline."""
        message.stop()
        self._ask(f"rewind {message.epoch}", merge=True)

    # Commands -----------------------------------------------------------------------------------

    def _ask(self, command: str, *, merge: bool = False) -> None:
        self.post_message(self.Asked(command, merge=merge))

    def action_ask(self, command: str) -> None:
        """Ask for a command."""
        self._ask(command)

    def action_ask_until(self) -> None:
        """Ask to which epoch."""
        self.post_message(self.AskedLine("until "))

    def action_another_seed(self) -> None:
        """Start anew from the next seed."""
        if self._lab is not None:
            seed = self._lab.timeline.run.setup.seed
            self._ask(f"seed {(self._lab.network.seed if seed is None else seed) + 1}")

    def action_choose(self, by: int) -> None:
        """Choose a setting; they go round."""
        if self._settings:
            self._chosen = (self._chosen + by) % len(self._settings)
            self.show_again()

    def action_change(self, by: int) -> None:
        """Change the chosen setting."""
        if not self._settings:
            return
        setting = self._settings[self._chosen]
        if setting.key == "pace":
            self.post_message(self.AskedPace(by))
        elif command := setting.more if by > 0 else setting.less:
            self._ask(command)

    def action_type(self) -> None:
        """Type a value for the chosen setting; where it takes none, for the rate."""
        chosen = self._settings[self._chosen : self._chosen + 1]
        typed = [s.typed for s in (*chosen, *self._settings) if s.typed]
        if typed:
            self.post_message(self.AskedLine(typed[0]))
