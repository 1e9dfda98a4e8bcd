"""Panel 6: the data in a list with what the network reads, filters, and the confusion matrix."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip

from nnsim.i18n import N_, _
from nnsim.tui.widgets.bench_panel import BenchPanel
from nnsim.tui.widgets.data_picture import Picture
from nnsim.tui.widgets.data_rows import SampleTable, pad
from nnsim.tui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.forgetting import Stories
    from nnsim.lab.review import Choice, Review
    from nnsim.tui.widgets.data_confusion import Confusion

HEAD = 2  # lines above the list: the filters, and the titles of the columns
LEAST_LIST = 42  # cells that the list keeps beside a picture
MOST_TOLD = 2000  # training samples whose stories are told
PATIENCE = 12  # times as long as reading all samples took is waited until they are read again
SIDE, SAID = 12, 3  # cells and lines for what is said below a picture
SECONDS = 0.004  # for stories, at a time


class _Filter(NamedTuple):
    """What a filter is set to: in full and in short, and whether it leaves anything out."""

    key: str
    action: str
    full: str
    short: str
    on: bool


class DataPanel(RowList, BenchPanel):
    """All samples, or those that are asked for; moving to one puts it on the input."""

    BINDING_GROUP_TITLE = N_("Data")
    HELP = N_(
        "The samples: what each is, what the network reads and how surely (1: no other class comes "
        "near), its loss, the epoch at which it was first read right, and how often that was lost "
        "again. Those marked 'test' are never trained on. Moving to a sample puts it on the input. "
        "f, x and v choose what is listed: a class, what is read wrong or right, training or test "
        "samples; o puts the worst first; m shows which class is read as which. A adds what is "
        "on the input, d removes the sample, r says what it is instead; all can be undone."
    )
    _FILTER = Binding.Group(N_("Filter"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", N_("Take"), id="data.choose", show=False,
                tooltip=N_("Put the sample on the input; in the matrix, list a cell's samples")),
        Binding("f", "filter('wanted')", N_("Class"), id="data.class", group=_FILTER,
                tooltip=N_("List one class, the next, or all")),
        Binding("x", "filter('right')", N_("Wrong"), id="data.wrong", group=_FILTER,
                tooltip=N_("List what is read wrong, right, or all")),
        Binding("v", "filter('test')", N_("Test"), id="data.test", group=_FILTER,
                tooltip=N_("List the training samples, the test samples, or all")),
        Binding("o", "order", N_("Order"), id="data.order",
                tooltip=N_("By number, the worst first, or the most often forgotten first")),
        Binding("m", "matrix", N_("Matrix"), id="data.matrix",
                tooltip=N_("Which class is read as which; the list again")),
        Binding("backspace", "everything", N_("All"), id="data.all", show=False,
                tooltip=N_("List all samples, by number")),
        Binding("r", "relabel", N_("Label"), id="data.label",
                tooltip=N_("Say what the sample is instead")),
        Binding("d,delete", "remove", N_("Remove"), id="data.remove",
                tooltip=N_("Take the sample out of the data")),
        Binding("W", "save", N_("Write"), id="data.save", show=False,
                tooltip=N_("Write the data to a file")),
        Binding("O", "load", N_("Open"), id="data.load", show=False,
                tooltip=N_("Put the data in a file on the bench")),
        Binding("left,h", "side(-1)", N_("Left"), id="data.left", show=False,
                tooltip=N_("In the matrix, the cell to the left")),
        Binding("right,l", "side(1)", N_("Right"), id="data.right", show=False,
                tooltip=N_("In the matrix, the cell to the right")),
    ]  # fmt: skip
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--on", "rows--cell"}
    DEFAULT_CSS = """
    DataPanel {
        .rows--on { text-style: bold reverse; }
        .rows--cell { text-style: reverse; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        from nnsim.lab.review import Choice

        super().__init__(id=id)
        self.choice: Choice = Choice()
        self.matrix: Confusion | None = None
        self.rows: NDArray[np.intp] = np.zeros(0, np.intp)
        self._lab: Lab | None = None
        self._found: Review | None = None
        self._stories: Stories | None = None
        self._table: SampleTable | None = None
        self._picture: Picture | None = None
        self._sample: int | None = None  # that was on the input when last looked at
        self._read_at = self._took = 0.0
        self._again = False
        self._side = 0  # cells of the picture, and of the gap before it
        self._at: int | None = None  # where the cursor was before the matrix

    # What is shown ------------------------------------------------------------------------------

    def show(self, lab: Lab) -> None:
        """Show the data of the bench."""
        self._lab = lab
        changed = self._take(lab) | self._tell(lab)
        if changed:
            self._arrange()
        if lab.sample != self._sample:
            self._sample = lab.sample
            self._find(lab.sample)
            self.refresh()

    def _take(self, lab: Lab) -> bool:
        """Read the samples anew, where that is due; say whether anything is new."""
        from nnsim.lab.review import review

        now = perf_counter()
        same_data = self._found is not None and self._found.data is lab.experiment.data
        if same_data and now - self._read_at < PATIENCE * self._took:
            self._later(PATIENCE * self._took)
            return False
        found = review(lab)
        if found is self._found:
            return False
        _all_of_it = found.losses, found.right, found.sureness
        self._found, self._read_at = found, perf_counter()
        self._took = self._read_at - now
        if not same_data:
            self.refresh_bindings()
        return True

    def _tell(self, lab: Lab) -> bool:
        """Ask for the stories of the training samples; they come bit by bit."""
        from nnsim.lab.forgetting import stories

        data = lab.experiment.data
        told = None
        if lab.experiment.classes and 0 < data.count <= MOST_TOLD:
            told = stories(lab, SECONDS)
            if not told.complete:
                self._later(0.05)
        changed = told is not self._stories
        self._stories = told
        return changed

    def _later(self, seconds: float) -> None:
        """Look again in a while, though nothing may change any more."""
        if not self._again:
            self._again = True
            self.set_timer(max(0.02, seconds), self._look_again)

    def _look_again(self) -> None:
        self._again = False
        if self._lab is not None and self.display:
            self.show(self._lab)

    def _arrange(self) -> None:
        """Choose and order the samples, and draw what is different; the cursor keeps its sample."""
        if self._lab is None or self._found is None:
            return
        at = self.sample
        forgotten = None
        if self._stories is not None and self._stories.samples:
            forgotten = np.array([story.forgotten for story in self._stories.samples])
        self.rows = self.choice.of(self._found, forgotten)
        self._lay_out()
        self.rows_changed()
        if at is not None:
            self._find(at)
        self.refresh()

    def _lay_out(self) -> None:
        """Share the room between the list and the picture."""
        lab, found = self._lab, self._found
        if lab is None or found is None:
            return
        size = self.scrollable_content_region.size
        self._picture = None
        if lab.experiment.input.kind == "pixels" and self.matrix is None:
            room = (size.width - LEAST_LIST - 2, max(4, size.height - 1 - SAID))
            picture = Picture(lab.experiment.input.picture_shape, *room)
            self._picture = picture if picture.width else None
            self._side = 2 + max(picture.width, min(SIDE, room[0]))
        self._table = SampleTable(lab, found, self._stories, pictured=self._picture is not None)
        if self.matrix is not None:
            self.matrix.show(found, self.choice.test, self.content_size.width, size.height - 1)

    def rows_changed(self) -> None:
        """Fit the columns into the width as well."""
        if self.line_width != self.scrollable_content_region.width:
            self._lay_out()
            self.refresh()
        super().rows_changed()

    @property
    def sample(self) -> int | None:
        """The sample under the cursor, from 0."""
        return int(self.rows[self.cursor]) if self.cursor < len(self.rows) else None

    def _find(self, sample: int | None) -> None:
        """Put the cursor on a sample, if it is listed."""
        if sample is not None:
            for place in np.flatnonzero(self.rows == sample)[:1]:
                self.move_cursor(int(place))

    # The list -----------------------------------------------------------------------------------

    @property
    def _header_height(self) -> int:
        return HEAD

    @property
    def _list_width(self) -> int:
        return self.line_width - (self._side if self._picture is not None else 0)

    def row_count(self) -> int:
        """One row for each sample that is listed."""
        return 0 if self.matrix is not None else len(self.rows)

    def header(self) -> str:
        """The columns."""
        return "" if self._table is None else self._table.header(self._list_width)

    def row(self, index: int) -> Row:
        """What is said of a sample."""
        assert self._table is not None
        return self._table.row(int(self.rows[index]), self._list_width)

    def _go(self, row: int) -> None:
        before = self.cursor
        self.move_cursor(row)
        if self.cursor != before:
            self._put()

    def _put(self) -> None:
        """Put the sample under the cursor on the input."""
        if self.sample is not None:
            self.post_message(self.Asked(f"sample {self.sample + 1}", merge=True))
        self.refresh()

    # Filters ------------------------------------------------------------------------------------

    def _filters(self) -> list[_Filter]:
        """What each filter is set to."""
        found, choice = self._found, self.choice
        if found is None:
            return []
        every, pieces = _("all"), list[_Filter]()
        if found.classes:
            text = _("all classes")
            if choice.wanted is not None:
                text = _("is {name}").format(name=found.name(choice.wanted))
                if choice.reading is not None:
                    reads = _("reads {name}").format(name=found.name(choice.reading))
                    text = f"{text}, {reads}"
            on = choice.wanted is not None
            pieces.append(_Filter("f", "filter('wanted')", text, text if on else every, on))
            text = {None: _("right and wrong"), True: _("right"), False: _("wrong")}[choice.right]
            on = choice.right is not None
            pieces.append(_Filter("x", "filter('right')", text, text if on else every, on))
        if found.data.test_count:
            text = {None: _("training and test"), True: _("test"), False: _("training")}[
                choice.test
            ]
            on = choice.test is not None
            pieces.append(_Filter("v", "filter('test')", text, text if on else every, on))
        text = {"number": _("by number"), "worst": _("worst first"),
                "forgotten": _("most forgotten first")}[choice.order]  # fmt: skip
        pieces.append(_Filter("o", "order", text, text, choice.order != "number"))
        return pieces

    def _filter_pieces(self) -> list[tuple[str, str, str]]:
        """What stands on the line of filters: text, style, and the action of a click."""
        filters = self._filters()
        found = self._found
        count = f"{len(self.rows)}/{found.count}" if found is not None else ""
        room = self.line_width - cell_len(count) - 2
        for full in (True, False):
            pieces = [(" ", "", "")]
            for each in filters:
                text = each.full if full else each.short
                pieces += [
                    (f"{each.key} ", "header", each.action),
                    (text, "on" if each.on else "dim", each.action),
                    ("  ", "", ""),
                ]
            if sum(cell_len(text) for text, _style, _action in pieces) <= room:
                break
        return [*pieces, (count, "strong", "")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What has no meaning for these data is not offered."""
        found = self._found
        if action == "side":
            return self.matrix is not None
        if action == "matrix" or (action == "filter" and parameters[0] != "test"):
            return found is not None and bool(found.classes)
        if action == "filter":
            return found is not None and found.data.test_count > 0
        if action in ("remove", "relabel"):
            return self.matrix is None
        return True

    def action_filter(self, what: str) -> None:
        """Go on to the next choice of a filter."""
        found, choice = self._found, self.choice
        if found is None:
            return
        if what == "wanted":
            following = 0 if choice.wanted is None else choice.wanted + 1
            wanted = following if following < len(found.classes) else None
            self.choice = replace(choice, wanted=wanted, reading=None)
        else:
            turned = {None: False, False: True, True: None}
            if what == "right":
                self.choice = replace(choice, right=turned[choice.right])
            else:
                self.choice = replace(choice, test=turned[choice.test])
        self._chosen()

    def action_order(self) -> None:
        """Go on to the next order."""
        from nnsim.lab.review import ORDERS

        orders = ORDERS if self._stories is not None and self._stories.samples else ORDERS[:2]
        at = orders.index(self.choice.order) if self.choice.order in orders else 0
        self.choice = replace(self.choice, order=orders[(at + 1) % len(orders)])
        self._chosen(first=True)

    def action_everything(self) -> None:
        """List all samples, by number."""
        from nnsim.lab.review import Choice

        self.choice, self.matrix = Choice(), None
        self._chosen()

    def _chosen(self, *, first: bool = False) -> None:
        """List other samples; the first of them where another order begins."""
        self._drawn.clear()
        self._arrange()
        if first:
            self.move_cursor(0)
        self._show_cursor()
        self.refresh_bindings()
        self.refresh()

    # The matrix ---------------------------------------------------------------------------------

    def action_matrix(self) -> None:
        """Show the confusion matrix, or the list again."""
        from nnsim.tui.widgets.data_confusion import Confusion

        if self.matrix is None:
            self._at = self.sample
            self.matrix = Confusion()
            if self._found is not None and self._at is not None:
                found = self._found
                self.matrix.cell = (int(found.wanted[self._at]), int(found.readings[self._at]))
            self.scroll_to(0, 0, animate=False, force=True)
            self._chosen()
        else:
            self.matrix = None
            self._chosen()
            self._find(self._at)

    def action_side(self, by: int) -> None:
        """In the matrix, go to the cell beside."""
        if self.matrix is not None:
            self.matrix.move(0, by)
            self.refresh()

    def action_move(self, by: int) -> None:
        """Go to the row above or below."""
        if self.matrix is None:
            super().action_move(by)
        else:
            self.matrix.move(by, 0)
            self.refresh()

    def action_choose(self) -> None:
        """Put the sample on the input, or list the samples of a cell."""
        if self.matrix is None:
            self._put()
            return
        wanted, reading = self.matrix.cell
        test = self.choice.test
        self.matrix = None
        self.choice = replace(self.choice, wanted=wanted, reading=reading, right=None, test=test)
        self._chosen(first=True)

    # Changing the data --------------------------------------------------------------------------

    def action_remove(self) -> None:
        """Take the sample under the cursor out of the data."""
        if self.sample is not None:
            self.post_message(self.Asked(f"remove {self.sample + 1}"))

    def action_relabel(self) -> None:
        """Type what the sample is; what the network says is there already."""
        found = self._found
        if self.sample is None or found is None:
            return
        text = ""
        if found.classes and not found.right[self.sample]:
            text = found.name(int(found.readings[self.sample]))
        self.post_message(self.AskedLine(f"label {self.sample + 1} {text}"))

    def action_save(self) -> None:
        """Type the name of a file for the data."""
        name = "data" if self._lab is None else self._lab.experiment.id
        self.post_message(self.AskedLine(f"savedata {name}.npz"))

    def action_load(self) -> None:
        """Type the name of a file with data."""
        self.post_message(self.AskedLine("loaddata "))

    # Mouse --------------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """A click on a filter turns it; one in the matrix goes to the cell."""
        place = event.get_content_offset(self)
        if place is None:
            return
        if place.y == 0:
            event.prevent_default()
            start = 0
            for text, _style, action in self._filter_pieces():
                if start <= place.x < start + cell_len(text) and action:
                    self.call_later(self.run_action, action)
                    return
                start += cell_len(text)
        elif self.matrix is not None:
            event.prevent_default()
            cell = self.matrix.at(place.x, place.y - 1)
            if cell == self.matrix.cell:
                self.action_choose()
            elif cell is not None:
                self.matrix.cell = cell
                self.refresh()

    def on_row_list_chosen(self) -> None:
        """The row under the cursor was clicked."""
        self._put()

    # Drawing ------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """The filters, the titles, a sample; beside the list, the picture of one."""
        width = self.line_width
        if y == 0:
            pieces = ((text, style or "plain") for text, style, _action in self._filter_pieces())
            return self.line(*pieces, width=width)
        if self.matrix is not None:
            lines, width = self.matrix.lines(focused=self.has_focus), self.content_size.width
            row = lines[y - 1] if y <= len(lines) else []
            return self.line(*((text, name or "plain") for text, name in row), width=width)
        strip = self._list_line(y)
        if self._picture is None:
            return strip
        return Strip.join([strip, self._beside(y - 1)]).simplify()

    def _list_line(self, y: int) -> Strip:
        width = self._list_width
        if y == 1:
            return self.line((self._header, "header"), width=width)
        index = y - HEAD + self.scroll_offset.y
        if index >= len(self.rows):
            text = _(" no sample is like that; backspace lists all") if index == 0 else ""
            return self.line((text, "dim"), width=width)
        row = self.row(index)
        self._drawn[y] = (index, row)
        strip = self.line(*((text, name or "plain") for text, name in row), width=width)
        if index == self.cursor:
            cursor = self.get_component_rich_style("rows--cursor", partial=True)
            if self.has_focus:
                segments = [Segment(s.text, (s.style or self.style()) + cursor) for s in strip]
                return Strip(segments, strip.cell_length)
            return Strip.join([self.line((">", "strong"), width=1), strip.crop(1)])
        return strip

    def _beside(self, y: int) -> Strip:
        """A line of the picture of the sample under the cursor, and of what is said below it."""
        picture, found, sample = self._picture, self._found, self.sample
        assert picture is not None
        room = self._side
        if sample is None or found is None or self._lab is None:
            return self.line(("", "plain"), width=room)
        if y < picture.height:
            inputs, _target = self._lab.sample_at(sample)
            values = inputs.reshape(self._lab.experiment.input.picture_shape)
            drawn = picture.line(values, y, self, self.style())
            return Strip.join([self.line(("  ", "plain"), width=2), drawn]).adjust_cell_length(
                room, self.style()
            )
        said = [f"#{sample + 1}"]
        if found.classes:
            said.append(_("is {name}").format(name=found.name(int(found.wanted[sample]))))
            said.append(_("reads {name}").format(name=found.name(int(found.readings[sample]))))
        line = y - picture.height
        text = said[line] if line < len(said) else ""
        return self.line((pad(f"  {text}", room), "dim"), width=room)

    def watch_cursor(self, before: int, after: int) -> None:
        """The picture beside the list changes with the cursor."""
        super().watch_cursor(before, after)
        if self._picture is not None:
            self.refresh()
