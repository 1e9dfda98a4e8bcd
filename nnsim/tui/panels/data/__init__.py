"""Panel 6: the data in a list with what the network reads, filters, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType

from nnsim.i18n import N_, _
from nnsim.tui.draw.lines import Piece, Row, Table
from nnsim.tui.draw.text import fit
from nnsim.tui.panels.panel import Panel, Scene

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.reading.samples import Review, Stories
    from nnsim.tui.panels.data.confusion import Confusion
    from nnsim.tui.panels.data.samples import Filters, Picture, SampleTable

HEAD = 2  # lines above the list: the filters, and the titles of the columns
LEAST_LIST = 42  # cells that the list keeps beside a picture
MOST_TOLD = 2000  # training samples whose stories are told
PATIENCE = 12  # times as long as it took is waited until the samples are read again
SIDE, SAID = 12, 3  # cells and lines for what is said below a picture
SECONDS = 0.004  # for stories, at a time


class DataPanel(Table, Panel):
    """All samples, or those that are asked for; moving to one puts it on the input.

    Attributes
    ----------
    matrix : Confusion or None
        What is shown in place of the list.
    listed : array
        The samples that are listed, from 0, in their order.
    """

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

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.matrix: Confusion | None = None
        self.listed: NDArray[np.intp] = np.zeros(0, np.intp)
        self._found: Review | None = None
        self._stories: Stories | None = None
        self._sample: int | None = None  # that was on the input when last looked at
        self._read_at = self._took = 0.0
        self._again = False
        self._waiting: list[Callable[[], None]] = []  # keys that came before the samples were read
        self._thinned: Review | None = None  # of which a sample was asked to be removed
        self._at: int | None = None  # where the cursor was before the matrix

    @cached_property
    def filters(self) -> Filters:
        from nnsim.tui.panels.data.samples import Filters  # late: the first picture needs none

        return Filters()

    # What is shown ------------------------------------------------------------------------------
    def show(self, scene: Scene) -> None:
        """Show the data of the bench."""
        self.scene, lab = scene, scene.lab
        now = perf_counter()
        same_data = self._found is not None and self._found.data is lab.experiment.data
        if same_data and now - self._read_at < PATIENCE * self._took:
            self._later(PATIENCE * self._took)
        else:
            self._read_anew(lab)
            self._read_at = perf_counter()
            self._took = self._read_at - now
        waiting, self._waiting = self._waiting, []
        for action in waiting:
            action()
        if lab.sample != self._sample:
            self._sample = lab.sample
            self._find(lab.sample)
        self.update()

    def call_when_read(self, action: Callable[[], None]) -> None:
        """Do what a key asks for, as soon as there is anything to do it with."""
        self._waiting.append(action)

    def _read_anew(self, lab: Lab) -> None:
        before = self._found
        if self._take(lab) | self._tell(lab):
            # Where samples come or go, their numbers are others; the cursor keeps its row then.
            assert self._found is not None
            self._arrange(follow=before is not None and before.count == self._found.count)
        if before is None:
            self.refresh_bindings()

    def _take(self, lab: Lab) -> bool:
        """Ask how the network reads each sample; say whether anything is new."""
        from nnsim.lab.reading.samples import review

        before, self._found = self._found, review(lab)
        return self._found is not before

    def _tell(self, lab: Lab) -> bool:
        """Ask for the stories of the training samples; they come bit by bit."""
        from nnsim.lab.reading.samples import stories

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
        if self.scene is not None and self.display:
            self.show(self.scene)

    def _arrange(self, *, follow: bool = True) -> None:
        """Choose and order the samples; the cursor follows its sample, or stays on its row."""
        if self._found is None:
            return
        at = self.sample
        forgotten = None
        if self._stories is not None and self._told:
            forgotten = np.array([story.forgotten for story in self._stories.samples])
        self.listed = self.filters.choice.of(self._found, forgotten)
        self.update()  # before the cursor goes to a row that was not there
        if follow:
            self._find(at)

    @property
    def _told(self) -> bool:
        return self._stories is not None and bool(self._stories.samples)

    @property
    def sample(self) -> int | None:
        """The sample under the cursor, from 0."""
        return int(self.listed[self.cursor]) if self.cursor < len(self.listed) else None

    def _find(self, sample: int | None) -> None:
        """Put the cursor on a sample, if it is listed."""
        if sample is not None:
            for place in np.flatnonzero(self.listed == sample)[:1]:
                self.move_cursor(int(place))

    # The rows -----------------------------------------------------------------------------------
    @property
    def _top(self) -> int:
        return HEAD

    def row_count(self) -> int:
        """One row for each sample that is listed."""
        return 0 if self.matrix is not None else len(self.listed)

    def rows(self, width: int, height: int) -> list[Row]:
        """The filters; below them the matrix, or titles and samples with the picture of one."""
        found, scene = self._found, self.scene
        if found is None or scene is None:
            return []
        filters = self.filters.pieces(found, len(self.listed), width)
        if self.matrix is not None:
            test = self.filters.choice.test
            focused = self.has_focus
            return [filters, *self.matrix.rows(found, test, width, height - 1, focused=focused)]
        from nnsim.tui.panels.data.samples import SampleTable

        picture, side = self._picture(width, height)
        room = width - side
        table = SampleTable(scene.lab.experiment, found, self._stories, pictured=bool(side))
        first = self.scroll_offset.y
        rows: list[Row] = [[Piece(table.header(room), "header")]]
        rows += [self._line(table, i, room) for i in range(first, first + height - HEAD)]
        if picture is not None:
            beside = self._beside(picture, found, len(rows))
            rows = [[*_filled(row, room), *more] for row, more in zip(rows, beside, strict=True)]
        return [filters, *rows]

    def _line(self, table: SampleTable, index: int, width: int) -> list[Piece]:
        """A sample; the one under the cursor is marked."""
        if index >= len(self.listed):
            text = _(" no sample is like that; backspace lists all") if index == 0 else ""
            return [Piece(text, "dim")]
        row = table.row(int(self.listed[index]), width)
        if index != self.cursor:
            return row
        if self.has_focus:
            return [Piece(p[0], f"{p[1]} reverse") for p in _filled(row, width)]
        return [Piece(">", "strong"), *row[1:]]

    def _picture(self, width: int, height: int) -> tuple[Picture | None, int]:
        """How a sample is drawn beside the list, and the cells that takes; nothing without room."""
        from nnsim.tui.panels.data.samples import Picture

        assert self.scene is not None
        of = self.scene.lab.experiment.input
        if of.kind != "pixels":
            return None, 0
        room = (width - LEAST_LIST - 2, max(4, height - 1 - SAID))
        picture = Picture(of.picture_shape, *room)
        return (picture, 2 + max(picture.width, min(SIDE, room[0]))) if picture.width else (None, 0)

    def _beside(self, picture: Picture, found: Review, height: int) -> list[Row]:
        """The picture of the sample under the cursor, and what is said below it."""
        assert self.scene is not None
        sample, rows = self.sample, list[Row]()
        if sample is not None:
            values = found.inputs(sample).reshape(self.scene.lab.experiment.input.picture_shape)
            rows = [[("  ", ""), *picture.row(values, y)] for y in range(picture.height)]
            said = [f"#{sample + 1}"]
            if found.classes:
                said.append(_("is {name}").format(name=found.name(int(found.wanted[sample]))))
                said.append(_("reads {name}").format(name=found.name(int(found.readings[sample]))))
            rows += [[(f"  {text}", "dim")] for text in said]
        return [*rows[:height], *([[]] * (height - len(rows)))]

    def _go(self, row: int) -> None:
        before = self.cursor
        self.move_cursor(row)
        if self.cursor != before:
            self._put()

    def _put(self) -> None:
        """Put the sample under the cursor on the input."""
        if self.sample is not None:
            self.post_message(self.Asked(f"sample {self.sample + 1}", merge=True))

    # Filters ------------------------------------------------------------------------------------
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
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
        if self._found is None:
            self.call_when_read(lambda: self.action_filter(what))
        elif self.check_action("filter", (what,)):
            self.filters.turn(what, self._found)
            self._chosen()

    def action_order(self) -> None:
        self.filters.turn_order(told=self._told)
        self._chosen(first=True)

    def action_everything(self) -> None:
        self.__dict__.pop("filters", None)  # made anew
        self.matrix = None
        self._chosen()

    def _chosen(self, *, first: bool = False) -> None:
        """List other samples; the first of them where another order begins."""
        self._arrange()
        if first:
            self.move_cursor(0)
        self._show_cursor()
        self.refresh_bindings()
        self.update()

    # The matrix ---------------------------------------------------------------------------------
    def action_matrix(self) -> None:
        from nnsim.tui.panels.data.confusion import Confusion

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
        if self.matrix is not None:
            self.matrix.move(0, by)
            self.update()

    def action_move(self, by: int) -> None:
        if self.matrix is None:
            super().action_move(by)
        else:
            self.matrix.move(by, 0)
            self.update()

    def action_choose(self) -> None:
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
        if self.sample is not None and self._found is not self._thinned:
            # (Before what is asked for is done, the sample has another number, or none.)
            self._thinned = self._found
            self.post_message(self.Asked(f"remove {self.sample + 1}"))

    def action_relabel(self) -> None:
        found = self._found
        if self.sample is None or found is None:
            return
        text = ""
        if found.classes and not found.right[self.sample]:
            text = found.name(int(found.readings[self.sample]))
        self.post_message(self.AskedLine(f"label {self.sample + 1} {text}"))

    def action_save(self) -> None:
        name = "data" if self.scene is None else self.scene.lab.experiment.id
        self.post_message(self.AskedLine(f"savedata {name}.npz"))

    def action_load(self) -> None:
        self.post_message(self.AskedLine("loaddata "))

    # Mouse --------------------------------------------------------------------------------------
    def on_click(self, event: events.Click) -> None:
        """A click on a filter turns it; one in the matrix goes to the cell, or lists it."""
        of, place = self.under(event), event.get_content_offset(self)
        if place is None or (place.y > 0 and self.matrix is None):
            return
        event.prevent_default()
        if place.y == 0:
            if of:
                self.call_later(self.run_action, of)
        elif self.matrix is not None and of == self.matrix.cell:
            self.action_choose()
        elif self.matrix is not None and of is not None:
            self.matrix.cell = of
            self.update()

    def on_table_chosen(self) -> None:
        self._put()


def _filled(row: Row, width: int) -> list[Piece]:
    """A row in just so many cells, cut or filled up."""
    found, room = list[Piece](), width
    for text, style, *of in row:
        text = fit(text, room)
        found.append(Piece(text, style, *of))
        room -= cell_len(text)
    return [*found, Piece(" " * room)]
