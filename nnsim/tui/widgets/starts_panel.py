"""Panel 8: many starts of the network on the bench, trained at once, to see how they spread."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.timer import Timer

from nnsim.i18n import N_, _
from nnsim.lab.errors import LabError
from nnsim.lab.sweep.starts import COUNTS, MOST_EPOCHS, LiveStarts, Recipe
from nnsim.tui.widgets import starts_view as view
from nnsim.tui.widgets.starts_lines import StartsLines

POLL = 0.1
MOST_SEED = 2**63 - 1 - COUNTS[-1]


class StartsPanel(StartsLines):
    """A hundred starts: their costs and accuracies, and which of them went wrong."""

    BINDING_GROUP_TITLE = N_("Starts")
    HELP = N_(
        "The network, trained from many seeds at once with the settings and the data of the bench: "
        "how far does luck with the first weights matter? Each mark is a seed, at its cost; below "
        "are the median, the middle half and all of them over the epochs, and a list. A seed went "
        "wrong if it diverged (its numbers left the finite), or if it is stuck: it reads at least "
        "a tenth of the images fewer right than the best quarter of the seeds does; where there is "
        "nothing to read, its cost is above that of the best quarter by more than a tenth of the "
        "median cost at the start. Space starts and stops, Enter opens a seed on the bench: it "
        "runs 'seed' and 'until', so that the numbers are the same, and undo takes them back. "
        "+ and - change how many seeds, * and / how many epochs."
    )
    _ROWS = Binding.Group(N_("Seed"), compact=True)
    _COUNT = Binding.Group(N_("Seeds"), compact=True)
    _EPOCHS = Binding.Group(N_("Epochs"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "run", N_("Train"), id="starts.toggle",
                tooltip=N_("Train all of them; stop")),
        Binding("enter", "open", N_("Open"), id="starts.open",
                tooltip=N_("Open the seed under the cursor on the bench, trained as it was here")),
        Binding("escape", "stop", N_("Stop"), id="starts.stop", show=False,
                tooltip=N_("Stop training them")),
        Binding("up,k", "move(-1)", N_("Up"), id="starts.up", group=_ROWS,
                tooltip=N_("The seed above")),
        Binding("down,j", "move(1)", N_("Down"), id="starts.down", group=_ROWS,
                tooltip=N_("The seed below")),
        Binding("pageup", "page(-1)", N_("Page up"), id="starts.page_up", show=False),
        Binding("pagedown", "page(1)", N_("Page down"), id="starts.page_down", show=False),
        Binding("home", "edge(0)", N_("First"), id="starts.first", show=False,
                tooltip=N_("The first seed of the list")),
        Binding("end", "edge(1)", N_("Last"), id="starts.last", show=False,
                tooltip=N_("The last seed of the list")),
        Binding("x", "wrong", N_("Wrong"), id="starts.wrong",
                tooltip=N_("The next seed that went wrong")),
        Binding("plus,equals_sign", "count(1)", N_("More"), id="starts.more", group=_COUNT,
                tooltip=N_("More seeds")),
        Binding("minus", "count(-1)", N_("Fewer"), id="starts.fewer", group=_COUNT,
                tooltip=N_("Fewer seeds")),
        Binding("asterisk", "epochs(1)", N_("More"), id="starts.longer", group=_EPOCHS,
                tooltip=N_("Twice as many epochs")),
        Binding("slash", "epochs(-1)", N_("Fewer"), id="starts.shorter", group=_EPOCHS,
                tooltip=N_("Half as many epochs")),
        Binding("i", "others", N_("Others"), id="starts.others", show=False,
                tooltip=N_("Other seeds: those that follow")),
        Binding("v", "curves", N_("Accuracy"), id="starts.curves", show=False,
                tooltip=N_("Curves of the accuracy, or of the cost again")),
        Binding("o", "scale", N_("Log"), id="starts.scale", show=False,
                tooltip=N_("Costs on a logarithmic or on a linear axis")),
        Binding("r", "turn", N_("Turn"), id="starts.turn", show=False,
                tooltip=N_("The list from its other end")),
    ]  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._touched = False  # whether the person has moved the cursor
        self._polls: Timer | None = None

    # Training -----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Esc is for stopping while there is something to stop."""
        if action == "stop":
            return self.running
        if action in ("count", "epochs", "others"):
            return not self.running
        return True

    def action_run(self) -> None:
        """Train all of them, or stop."""
        if self.running:
            self.action_stop()
            return
        if self._lab is None:
            return
        self._said = ""
        try:
            recipe = Recipe.of(self._lab, self.count, self._wanted_epochs(), self.first)
        except LabError as problem:
            self._refuse(str(problem))
            return
        self.snapshot, self._touched, self._top = None, False, 0
        self.choice = replace(self.choice, seed=0)
        self.live = LiveStarts(recipe)
        self.live.start()
        self._polls = self.set_interval(POLL, self.poll)
        self.refresh_bindings()
        # Small ones are done before anybody can see that they ran.
        self.live.wait(0.03)
        self.poll()

    def poll(self) -> None:
        """Take the latest snapshot of what is trained."""
        live = self.live
        if live is None:
            return
        over = not live.running
        if live.latest is not None and live.latest is not self.snapshot:
            self.snapshot = live.latest
            if not self._touched:
                best = int(view.order(self.snapshot, self.choice)[0])
                self.choice = replace(self.choice, seed=best)
        if over:
            self._end()
            if live.problem:
                self._said = live.problem
        self._draw()

    def _end(self) -> None:
        self.live = None
        if self._polls is not None:
            self._polls.stop()
            self._polls = None
        self.refresh_bindings()

    def action_stop(self) -> None:
        """Stop training them; how far they have come stays in sight."""
        if self.live is not None:
            self.live.stop()
            self.live.wait(0.2)
            self.poll()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        if self.live is not None:
            self.live.stop()

    def _refuse(self, problem: str) -> None:
        self._said = problem
        self._draw()

    # Keys ---------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Open the seed under the cursor on the bench; without any, train them first."""
        snapshot = self.snapshot
        if snapshot is None:
            self.action_run()
            return
        if self.running:
            self._refuse(_("they are still being trained; Esc stops them"))
            return
        if not self._fits(snapshot):
            self._refuse(_("the settings or the data are others now; Space trains them with those"))
            return
        recipe = snapshot.recipe
        if not snapshot.done and recipe.settings["schedule"] == "cosine":
            self._refuse(_("the learning rate falls by the number of epochs: let them end first"))
            return
        epoch = snapshot.epoch
        gone = int(snapshot.diverged[self.choice.seed])
        seed, until = recipe.commands(
            recipe.seeds[self.choice.seed], recipe.epochs if gone else epoch
        )
        pause = getattr(self.screen, "stop_training", None)
        if pause is not None:
            pause()  # else training would go on from the new start, past the epoch that is wanted
        self.post_message(self.Asked(seed))
        if epoch:
            self.post_message(self.Asked(until))

    def _go(self, seed: int) -> None:
        self._said, self._touched = "", True
        self.choice = replace(self.choice, seed=seed)
        self._draw()

    def action_move(self, by: int) -> None:
        """Move the cursor in the list."""
        snapshot = self.snapshot
        if snapshot is not None:
            ordered = view.order(snapshot, self.choice)
            place = min(max(self._place(snapshot) + by, 0), len(ordered) - 1)
            self._go(int(ordered[place]))

    def action_page(self, by: int) -> None:
        """Move the cursor by as many rows as are in sight."""
        self.action_move(by * max(1, self._list_at[2] - 1))

    def action_edge(self, end: int) -> None:
        """Move the cursor to the first or last row."""
        self.action_move(COUNTS[-1] if end else -COUNTS[-1])

    def action_wrong(self) -> None:
        """Move the cursor to the next seed that went wrong; after the last comes the first."""
        snapshot = self.snapshot
        if snapshot is None:
            return
        ordered = view.order(snapshot, self.choice).tolist()
        place = self._place(snapshot)
        for seed in [*ordered[place + 1 :], *ordered[: place + 1]]:
            if snapshot.verdicts[seed]:
                self._go(seed)
                return
        self._refuse(view.outcome(snapshot))

    def action_count(self, by: int) -> None:
        """Take more seeds, or fewer."""
        place = min(max(COUNTS.index(self.count) + by, 0), len(COUNTS) - 1)
        self.count, self._said = COUNTS[place], ""
        self._draw()

    def action_epochs(self, by: int) -> None:
        """Twice as many epochs, or half as many."""
        now = self._wanted_epochs()
        self.epochs = min(MOST_EPOCHS, now * 2) if by > 0 else max(1, now // 2)
        self._said = ""
        self._draw()

    def action_others(self) -> None:
        """Take the seeds that follow."""
        self.first = (self.first + self.count) % MOST_SEED
        self._said = ""
        self._draw()

    def action_curves(self) -> None:
        """Show the accuracy over the epochs, or the cost again."""
        if self.snapshot is not None and self.snapshot.accuracy_curve is None:
            self._refuse(_("there is no accuracy: the network gives numbers, not classes"))
            return
        self.choice = replace(self.choice, accuracy=not self.choice.accuracy)
        self._draw()

    def action_scale(self) -> None:
        """Change between logarithmic and linear axes."""
        self.choice = replace(self.choice, log=not self.choice.log)
        self._draw()

    def action_turn(self) -> None:
        """List the worst first, or the best again."""
        self.choice = replace(self.choice, worst_first=not self.choice.worst_first)
        self._top = 0
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the seed under the mouse; a second click opens it."""
        place, snapshot = event.get_content_offset(self), self.snapshot
        if place is None or snapshot is None:
            return
        left, top, lines = self._list_at
        row = place.y - top - 1
        ordered = view.order(snapshot, self.choice)
        if place.x >= left and 0 <= row < lines and self._top + row < len(ordered):
            seed = int(ordered[self._top + row])
            if seed == self.choice.seed:
                self.action_open()
            else:
                self._go(seed)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go down the list."""
        event.stop()
        self.action_move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go up the list."""
        event.stop()
        self.action_move(-3)
