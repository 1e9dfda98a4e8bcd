"""The samples as a list with a picture beside it, or as a confusion matrix: what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from textual.strip import Strip

from nnsim.i18n import _
from nnsim.tui.panels.panel import Panel, Scene
from nnsim.tui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.reading.samples import Review, Stories
    from nnsim.tui.widgets.data_confusion import Confusion
    from nnsim.tui.widgets.data_filters import Filters
    from nnsim.tui.widgets.data_picture import Picture
    from nnsim.tui.widgets.data_rows import SampleTable

HEAD = 2  # lines above the list: the filters, and the titles of the columns
LEAST_LIST = 42  # cells that the list keeps beside a picture
MOST_TOLD = 2000  # training samples whose stories are told
PATIENCE = 12  # times as long as it took is waited until the samples are read again
SIDE, SAID = 12, 3  # cells and lines for what is said below a picture
SECONDS = 0.004  # for stories, at a time


class DataList(RowList, Panel):
    """The samples that are chosen, each in a line.

    Attributes
    ----------
    matrix : Confusion or None
        What is shown in place of the list.
    rows : array
        The samples that are listed, from 0, in their order.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--on", "rows--cell"}
    DEFAULT_CSS = """
    DataList {
        .rows--on { text-style: bold reverse; }
        .rows--cell { text-style: reverse; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
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
        self._waiting: list[Callable[[], None]] = []  # keys that came before the samples were read
        self._side = 0  # cells of the picture, and of the gap before it
        self._thinned: Review | None = None  # of which a sample was asked to be removed
        self._at: int | None = None  # where the cursor was before the matrix

    @cached_property
    def filters(self) -> Filters:
        """What is listed."""
        from nnsim.tui.widgets.data_filters import Filters  # late: the first picture needs none

        return Filters()

    # What is shown ------------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Show the data of the bench."""
        self.scene, lab = scene, scene.lab
        self._lab = lab
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
            self.refresh()

    def call_when_read(self, action: Callable[[], None]) -> None:
        """Do what a key asks for, as soon as there is anything to do it with."""
        self._waiting.append(action)

    def _read_anew(self, lab: Lab) -> None:
        """Read the samples as the network is now."""
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
        if self._lab is None or self._found is None:
            return
        at = self.sample
        forgotten = None
        if self._stories is not None and self._told:
            forgotten = np.array([story.forgotten for story in self._stories.samples])
        self.rows = self.filters.choice.of(self._found, forgotten)
        self._lay_out()
        self.rows_changed()
        if follow:
            self._find(at)
        self.refresh()

    def _lay_out(self) -> None:
        """Share the room between the list and the picture."""
        from nnsim.tui.widgets.data_picture import Picture
        from nnsim.tui.widgets.data_rows import SampleTable

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
            self.matrix.show(
                found, self.filters.choice.test, self.content_size.width, size.height - 1
            )

    def rows_changed(self) -> None:
        """Fit the columns into the width as well."""
        if self.line_width != self.scrollable_content_region.width:
            self._lay_out()
            self.refresh()
        super().rows_changed()

    @property
    def _told(self) -> bool:
        return self._stories is not None and bool(self._stories.samples)

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

    # Drawing ------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """The filters, the titles, a sample; beside the list, the picture of one."""
        width = self.line_width
        if self._found is None:
            return Strip.blank(width, self.style())
        if y == 0:
            pieces = self.filters.pieces(self._found, len(self.rows), width)
            return self.line(*((piece.text, piece.style) for piece in pieces), width=width)
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
            values = found.inputs(sample).reshape(self._lab.experiment.input.picture_shape)
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
        return self.line((f"  {text}", "dim"), width=room)

    def watch_cursor(self, before: int, after: int) -> None:
        """The picture beside the list changes with the cursor."""
        super().watch_cursor(before, after)
        if self._picture is not None:
            self.refresh()
