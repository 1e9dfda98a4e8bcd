"""Panel 6: the data in a list with what the network reads, filters, and the confusion matrix."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType

from nnsim.i18n import N_
from nnsim.tui.widgets.data_list import DataList


class DataPanel(DataList):
    """All samples, or those that are asked for; moving to one puts it on the input."""

    BINDING_GROUP_TITLE = N_("Data")
    HELP = N_(
        "The samples: what each is, what the network reads and how surely (1: no other class comes "
        "near), its loss, the epoch at which it was first read right, and how often that was lost "
        "again; where there are no classes, the target less the output as the error. Those marked "
        "'test' are never trained on. Moving to a sample puts it on the input. "
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
    # Filters ------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What has no meaning for these data is not offered."""
        found = self._found
        if action == "side":
            return self.matrix is not None
        if found is None:
            return True
        if action == "matrix" or (action == "filter" and parameters[0] != "test"):
            return bool(found.classes)
        if action == "filter":
            return found.data.test_count > 0
        if action in ("remove", "relabel"):
            return self.matrix is None
        return True

    def action_filter(self, what: str) -> None:
        """Go on to the next choice of a filter."""
        if self._found is None:
            self.call_when_read(lambda: self.action_filter(what))
        elif self.check_action("filter", (what,)):
            self.filters.turn(what, self._found)
            self._chosen()

    def action_order(self) -> None:
        """Go on to the next order."""
        self.filters.turn_order(told=self._told)
        self._chosen(first=True)

    def action_everything(self) -> None:
        """List all samples, by number."""
        self.__dict__.pop("filters", None)
        self.matrix = None
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

        if self._found is None:
            self.call_when_read(self.action_matrix)
        elif not self._found.classes:
            return
        elif self.matrix is None:
            self._at = self.sample
            self.matrix = Confusion()
            if self._at is not None:
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
        self.matrix = None
        self.filters.choice = replace(
            self.filters.choice, wanted=wanted, reading=reading, right=None
        )
        self._chosen(first=True)

    # Changing the data --------------------------------------------------------------------------

    def action_remove(self) -> None:
        """Take the sample under the cursor out of the data."""
        if self.sample is not None and self._found is not self._thinned:
            # (Before what is asked for is done, the sample has another number, or none.)
            self._thinned = self._found
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
            for piece in self.filters.pieces(self._found, len(self.rows), self.line_width):
                end = start + cell_len(piece.text)
                if start <= place.x < end and piece.action:
                    self.call_later(self.run_action, piece.action)
                    return
                start = end
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
