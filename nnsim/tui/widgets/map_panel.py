"""Everything the network believes: a map of all the forms that a small picture can have."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from textual import events
from textual.binding import Binding, BindingType
from textual.timer import Timer

from nnsim.i18n import N_, _
from nnsim.lab.reading.beliefs import MOST_PIXELS, WRONG, beliefs, can_list, hidden_units, marks
from nnsim.lab.reading.samples import Stories, stories
from nnsim.tui.panels.panel import Scene
from nnsim.tui.widgets.map_view import MapView, Shown

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.reading.beliefs import Beliefs, Marks

READING = 0.004
"""Seconds for reading epochs that haven't been looked at, each time."""
SHARE, SLOW = 4, 0.05
"""After working out what the network says it rests for so many times as long; four times that
after so many seconds, in which no key is answered."""
CELLS_A_SECOND = 8000
"""So many cells are drawn again at most, each about 40 bytes: more are too many over SSH."""


class MapPanel(MapView):
    """The map of all forms, with a cursor that opens any of them on the bench."""

    BINDING_GROUP_TITLE = N_("Map")
    HELP = N_(
        "Everything the network believes: a picture of 12 pixels that are on or off has only 4096 "
        "forms, and here they all are. The colour of each says what the network reads it as, and "
        "how surely: the darker, the less sure. A row of the map is one upper half of the picture "
        "with every lower half, and a column is one lower half; neighbours differ by one pixel. "
        "● is an image that it is trained on, × one of them that it reads wrong, ○ a test image, "
        "+ a test image read wrong, : two images. Enter puts the form under the cursor on the "
        "input. Without colours the character of its class stands for each form, and a small sign "
        "where the network is not sure; v shows that with colours too. d shows what a hidden unit "
        "says of every form. z gives the map more room."
    )
    _MOVES = Binding.Group(N_("Move"), compact=True)
    _IMAGES = Binding.Group(N_("Image"), compact=True)
    _BORDER = Binding.Group(N_("Border"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1, 0)", N_("Left"), id="map.left", group=_MOVES,
                tooltip=N_("The form to the left: one pixel of the lower half is another")),
        Binding("down,j", "move(0, 1)", N_("Down"), id="map.down", group=_MOVES,
                tooltip=N_("The form below: one pixel of the upper half is another")),
        Binding("up,k", "move(0, -1)", N_("Up"), id="map.up", group=_MOVES,
                tooltip=N_("The form above: one pixel of the upper half is another")),
        Binding("right,l", "move(1, 0)", N_("Right"), id="map.right", group=_MOVES,
                tooltip=N_("The form to the right: one pixel of the lower half is another")),
        Binding("pageup", "page(-1)", N_("Page up"), id="map.page_up", show=False,
                tooltip=N_("As many rows up as are in sight")),
        Binding("pagedown", "page(1)", N_("Page down"), id="map.page_down", show=False,
                tooltip=N_("As many rows down as are in sight")),
        Binding("home", "edge(0)", N_("First"), id="map.first", show=False,
                tooltip=N_("The first form of the row")),
        Binding("end", "edge(-1)", N_("Last"), id="map.last", show=False,
                tooltip=N_("The last form of the row")),
        Binding("enter", "open", N_("Open"), id="map.open",
                tooltip=N_("Put the form under the cursor on the input")),
        Binding("i", "image(1)", N_("Next"), id="map.image_next", group=_IMAGES,
                tooltip=N_("The next training image, in the order of the data")),
        Binding("I", "image(-1)", N_("Before"), id="map.image_before", group=_IMAGES,
                tooltip=N_("The training image before")),
        Binding("x", "wrong", N_("Wrong"), id="map.wrong", show=False,
                tooltip=N_("The next training image that is read wrong")),
        Binding("b", "border(1)", N_("Next"), id="map.border_next", group=_BORDER,
                tooltip=N_("The next form that is read otherwise when one pixel is switched")),
        Binding("B", "border(-1)", N_("Before"), id="map.border_before", group=_BORDER,
                tooltip=N_("The form before that is read otherwise when one pixel is switched")),
        Binding("m", "least_sure", N_("Least sure"), id="map.least_sure",
                tooltip=N_("The form that the network is least sure of; again: the next one")),
        Binding("f", "stories", N_("Forgotten"), id="map.stories",
                tooltip=N_("List the training images: first read right, how often forgotten")),
        Binding("o", "order", N_("Order"), id="map.order",
                tooltip=N_("Another order of that list")),
        Binding("d", "unit(1)", N_("Units"), id="map.unit_next",
                tooltip=N_("What the next hidden unit says of every form; last the outputs")),
        Binding("D", "unit(-1)", N_("Unit before"), id="map.unit_before", show=False,
                tooltip=N_("What the hidden unit before says of every form")),
        Binding("v", "signs", N_("Signs"), id="map.signs", show=False,
                tooltip=N_("Tell the classes by characters, or by colours again")),
    ]  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lab: Lab | None = None
        self._input: bytes | None = None  # of the bench, when it was last looked at
        self._cost = 0.0  # seconds that the last round of questions took
        self._next = 0.0  # when it may be asked again
        self._again: Timer | None = None
        self._doubtful: int | None = None  # where the key for the least sure has led

    # What is shown ------------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Show what the network believes now; the cursor follows the input when that changes."""
        self.scene, lab = scene, scene.lab
        self._lab = lab
        if not can_list(lab.experiment):
            self.shown, self._input = None, None
            self.sorry = _("only of pictures of at most {most} pixels can every form be listed")
            self.sorry = self.sorry.format(most=MOST_PIXELS)
            self.draw()
            return
        here = lab.input.tobytes()
        wait = self._next - time.perf_counter()
        if self.shown is not None and here == self._input and wait > 0:
            self._later(wait)
            return
        if self.unit is not None and self.unit not in hidden_units(lab):
            self.unit = None
        found = self._ask(lab)
        where = marks(lab, classes=self.unit is None)
        follow = here != self._input or self.cursor >= found.layout.count
        if follow:
            self._input = here
            self.cursor = found.layout.number(lab.input)
            self.table.find(lab.sample)
        told = self._stories(lab, where)
        self.shown = Shown(lab, found, where, where.signs(found), told)
        if follow:
            self._go(self.cursor)
        else:
            self.draw()
            self._next = max(self._next, time.perf_counter() + self.drawn / CELLS_A_SECOND)
        if not told.complete:
            self._later(0.05)

    def _ask(self, lab: Lab) -> Beliefs:
        """What the network says; large networks are asked so seldom that training goes on."""
        start = time.perf_counter()
        found = beliefs(lab, self.unit)
        if self.shown is None or found is not self.shown.beliefs:
            end = time.perf_counter()
            self._cost = end - start
            self._next = end + self._cost * (SHARE if self._cost < SLOW else 4 * SHARE)
        return found

    def _later(self, seconds: float) -> None:
        """Look again, unless that is to happen anyway."""

        def again() -> None:
            self._again = None
            if self.is_attached and self.display and self.scene is not None:
                self.show(self.scene)

        if self._again is None:
            self._again = self.set_timer(seconds, again)

    def _stories(self, lab: Lab, where: Marks) -> Stories:
        """The stories of the training images, where one is looked at."""
        samples = where.samples_at(self.cursor)
        if self.listing or (samples.size and samples[0] < where.count):
            return stories(lab, READING)
        return Stories()

    def _go(self, form: int) -> None:
        """Put the cursor on a form."""
        shown = self.shown
        if shown is None:
            return
        self.cursor = form
        before = (self.top, self.left, self.table.top)
        if not shown.stories.samples:
            told = self._stories(shown.lab, shown.marks)
            self.shown = Shown(shown.lab, shown.beliefs, shown.marks, shown.signs, told)
            if not told.complete:
                self._later(0.05)
        self.follow()
        if (self.top, self.left, self.table.top) != before:
            self.refresh()
        self.draw()

    def address(self) -> str | None:
        """The output that decides, where the form under the cursor is what is on the bench."""
        shown = self.shown
        if shown is None or shown.beliefs.layout.number(shown.lab.input) != self.cursor:
            return None
        layer = shown.lab.names.layers[-1]
        unit = int(shown.beliefs.reading[self.cursor]) if layer.units > 1 else 0
        if shown.beliefs.unit is not None:
            place, unit = shown.beliefs.unit
            layer = shown.lab.names.layers[place]
        return f"{layer.name}[{unit + 1}].a"

    # Keys ---------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """The order is one of the list; borders, signs and units are of the map."""
        if action == "order":
            return self.listing
        if self.listing:
            return action not in ("border", "least_sure", "signs", "unit", "wrong")
        return action != "unit" or self.shown is None or bool(hidden_units(self.shown.lab))

    def action_move(self, right: int, down: int) -> None:
        """Move the cursor by one form; in the list by one row."""
        if self.shown is None:
            return
        if self.listing:
            self._row(down)
            return
        layout = self.shown.beliefs.layout
        row, column = layout.place(self.cursor)
        row = min(max(row + down, 0), layout.rows - 1)
        column = min(max(column + right, 0), layout.columns - 1)
        self._go(int(layout.form[row, column]))

    def action_page(self, by: int) -> None:
        """Move the cursor by as much as is in sight."""
        if self.listing:
            self._row(by * max(1, self.content_size.height - 2))
        elif self.shown is not None:
            lines = self.seen[1]
            self.action_move(0, by * (2 * lines if self._grid.halves else lines))

    def action_edge(self, end: int) -> None:
        """Move the cursor to the first or last form of its row; in the list, to that row."""
        if self.listing:
            self._row(len(self.table.stories) * (1 if end else -1))
        elif self.shown is not None:
            layout = self.shown.beliefs.layout
            self.action_move(layout.columns * (1 if end else -1), 0)

    def _row(self, by: int) -> None:
        """Move in the list; the map's cursor goes along."""
        self.table.go(by)
        self._show_row()

    def _show_row(self) -> None:
        shown, sample = self.shown, self.table.sample
        if shown is not None and sample is not None:
            form = int(shown.marks.form[sample])
            self._go(form if form >= 0 else self.cursor)

    def action_open(self) -> None:
        """Put the form on the input: a sample of the data as such, so that its target is known."""
        shown = self.shown
        if shown is None:
            return
        sample = self.table.sample if self.listing else None
        if sample is None:
            samples = shown.marks.samples_at(self.cursor)
            sample = int(samples[0]) if samples.size else None
        if sample is not None:
            self.post_message(self.Asked(f"sample {sample + 1}"))
            return
        experiment = shown.lab.experiment
        picture = shown.beliefs.layout.pictures[self.cursor].reshape(experiment.input_shape)
        self.post_message(self.Asked(f"paint {experiment.format_input(picture)}"))

    def action_image(self, by: int) -> None:
        """Go to the next training image in the order of the data."""
        if self.listing:
            self._row(by)
        elif self.shown is not None:
            forms = self.shown.marks.form[: self.shown.marks.count]
            self._next_of(forms[forms >= 0], by)

    def action_wrong(self) -> None:
        """Go to the next training image that is read wrong."""
        if self.shown is not None and not self.listing:
            forms = self.shown.marks.form[: self.shown.marks.count]
            forms = forms[forms >= 0]
            self._next_of(forms[self.shown.signs[forms] == WRONG], 1)

    def action_border(self, by: int) -> None:
        """Go to the next form at the border, in the order of the map."""
        if self.shown is None:
            return
        layout = self.shown.beliefs.layout
        row, column = layout.place(self.cursor)
        here = row * layout.columns + column
        places = np.flatnonzero(self.shown.beliefs.boundary[layout.form.reshape(-1)])
        if places.size:
            ahead = np.searchsorted(places, here, side="right" if by > 0 else "left")
            place = places[(int(ahead) - (by < 0)) % places.size]
            self._go(int(layout.form.reshape(-1)[place]))

    def action_least_sure(self) -> None:
        """Go to the form that it is least sure of; from there to the next surer one."""
        if self.shown is None:
            return
        order = np.argsort(self.shown.beliefs.sureness, kind="stable")
        rank = 0
        if self.cursor == self._doubtful:
            rank = (int(np.flatnonzero(order == self.cursor)[0]) + 1) % len(order)
        self._doubtful = int(order[rank])
        self._go(self._doubtful)

    def _next_of(self, forms: np.ndarray, by: int) -> None:
        """Go on in a list of forms from where the cursor is; to its start, if it isn't there."""
        if len(forms):
            at = np.flatnonzero(forms == self.cursor)
            place = 0 if by > 0 else len(forms) - 1
            if at.size:
                place = int(at[-1 if by > 0 else 0]) + by
            self._go(int(forms[place % len(forms)]))

    def action_stories(self) -> None:
        """List the training images with their stories, or show the map again."""
        if self.shown is None:
            return
        self.listing = not self.listing
        here = self.shown.marks.samples_at(self.cursor)
        self._next = 0.0  # ask at once
        assert self.scene is not None
        self.show(self.scene)
        if self.listing and self.shown is not None:
            self.table.show(self.shown.stories)
            self.table.find(int(here[0]) if here.size else None)
            self._show_row()
        self.follow()
        self.redraw_all()
        self.refresh_bindings()

    def action_order(self) -> None:
        """List them in another order."""
        self.table.turn()
        if self.shown is not None:
            self.table.show(self.shown.stories)
        self.follow()
        self.redraw_all()

    def action_unit(self, by: int) -> None:
        """Show what the next hidden unit says, or after the last one what the outputs say."""
        if self.shown is None:
            return
        units = (None, *hidden_units(self.shown.lab))
        self.unit = units[(units.index(self.unit) + by) % len(units)]
        self._next = 0.0
        assert self.scene is not None
        self.show(self.scene)

    def action_signs(self) -> None:
        """Tell the classes by characters, or by colours again."""
        self.as_signs = not self.as_signs
        self.redraw_all()
        self.follow()
        self.redraw_all()

    # Mouse --------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """Put the cursor under the mouse; a click on the cursor opens its form."""
        place = event.get_content_offset(self)
        if place is None or self.shown is None:
            return
        if self.listing:
            row = place.y - 1 + self.table.top
            if place.y > 0 and row < len(self.table.stories):
                if row == self.table.cursor:
                    self.action_open()
                else:
                    self._row(row - self.table.cursor)
            return
        form = self.form_at(*place)
        if form is None:
            return
        layout = self.shown.beliefs.layout
        row, column = layout.place(form)
        both = [form] + ([int(layout.form[row + 1, column])] if self._grid.halves else [])
        if self.cursor in both:
            # The cell may hold two forms: the upper one comes first, then the lower one.
            if len(both) == 2 and self.cursor == both[0] and event.chain < 2:
                self._go(both[1])
            else:
                self.action_open()
        else:
            self._go(form)
