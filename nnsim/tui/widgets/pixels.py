"""The input editor for pictures: a grid of pixels that keys and the mouse paint."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Size
from textual.message import Message

from nnsim.i18n import N_
from nnsim.tui.draw.text import precise
from nnsim.tui.widgets.input_editor import InputEditor
from nnsim.tui.widgets.pixel_board import line_between
from nnsim.tui.widgets.pixel_picture import PixelPicture

if TYPE_CHECKING:
    from nnsim.lab import Lab

STEP = 1 / 8  # of brightness, with one key
LOOKED_AT = 200  # samples in which grey levels are looked for


class PixelGrid(PixelPicture, InputEditor, can_focus=True):
    """Pixels to paint, numbered from 1, row by row."""

    BINDING_GROUP_TITLE = N_("Pixels")
    HELP = N_(
        "Paint the picture that the network reads. Arrows or hjkl move, Space switches a pixel. "
        "Drag with the left button paints, with the right button erases. Where pictures have grey "
        "levels or colours, + and - make a pixel lighter or darker, and e types its value; the "
        "channels of a colour picture stand side by side."
    )
    DEFAULT_CSS = """
    PixelGrid {
        height: auto;
        border-subtitle-color: $text-muted;
        .pixels--red { color: $text-error; }
        .pixels--green { color: $text-success; }
        .pixels--blue { color: $text-primary; }
        .pixels--light { color: $foreground; }
        .pixels--dark { color: $text-disabled; }
        .pixels--cursor { color: $text-accent; text-style: bold; }
        .pixels--marked { color: $text-primary; text-style: bold; }
    }
    """
    _MOVES = Binding.Group(N_("Move"), compact=True)
    _GREYS = Binding.Group(N_("Grey level"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1, 0)", N_("Left"), id="pixels.left", group=_MOVES,
                tooltip=N_("Pixel to the left")),
        Binding("down,j", "move(0, 1)", N_("Down"), id="pixels.down", group=_MOVES,
                tooltip=N_("Pixel below")),
        Binding("up,k", "move(0, -1)", N_("Up"), id="pixels.up", group=_MOVES,
                tooltip=N_("Pixel above")),
        Binding("right,l", "move(1, 0)", N_("Right"), id="pixels.right", group=_MOVES,
                tooltip=N_("Pixel to the right")),
        Binding("space", "switch", N_("Paint"), id="pixels.switch",
                tooltip=N_("Switch the pixel on or off")),
        Binding("plus,equals_sign", "shade(1)", N_("Lighter"), id="pixels.lighter", group=_GREYS,
                tooltip=N_("Make the pixel lighter, by an eighth")),
        Binding("minus", "shade(-1)", N_("Darker"), id="pixels.darker", group=_GREYS,
                tooltip=N_("Make the pixel darker, by an eighth")),
        Binding("home", "edge(0)", N_("First pixel"), id="pixels.first", show=False),
        Binding("end", "edge(-1)", N_("Last pixel"), id="pixels.last", show=False),
    ]  # fmt: skip

    class Painted(Message):
        """The person set a pixel; `stroke` says that it continues the drag before it."""

        def __init__(self, grid: PixelGrid, index: int, value: float, stroke: bool) -> None:
            self.grid = grid
            self.index = index
            self.value = value
            self.stroke = stroke
            super().__init__()

    class Moved(Message):
        """The person moved the cursor to a pixel."""

        def __init__(self, grid: PixelGrid, index: int) -> None:
            self.grid = grid
            self.index = index
            super().__init__()

    def __init__(self, shape: tuple[int, ...], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(shape, id=id)
        self._data: object = None  # that was looked at for grey levels
        self._data_is_grey = False
        self._shaded = -1  # the pixel that the keys for grey levels changed last
        self._brush: float | None = None
        self._last: Offset | None = None
        self._stroke = False

    def show(self, values: NDArray[np.float64], marked: frozenset[int] = frozenset()) -> None:
        """Show these pixels, in the order of their numbers, with some of them marked."""
        changed = set(np.flatnonzero(self.values != values).tolist()) | (self.marked ^ marked)
        if marked != self.marked and values.size in (len(marked), len(self.marked)):
            changed = set(range(values.size))  # no marks are drawn where all would be
        self.values = values.copy()
        self.marked = marked
        self._redraw(*changed)

    def show_input(self, lab: Lab, marked: frozenset[int]) -> None:
        """Show the pixels of a bench."""
        data = lab.experiment.data
        if data is not self._data:
            self._data, self._data_is_grey = data, _has_grey(data.inputs[:LOOKED_AT])
        grey = self.board.channels > 1 or self._data_is_grey or _has_grey(lab.input)
        if grey != self.grey:
            self.grey = grey
            self.refresh_bindings()
            self.refresh()
        self.show(lab.input.reshape(-1), marked)
        self._say_value()

    def _say_value(self) -> None:
        """Write the value under the cursor on the border, where it is more than on or off."""
        text = None
        if self.grey:
            row, column = self.board.where(self.cursor)
            names, channels = self._names, self.board.channels
            channel, column = divmod(column, self.board.columns // channels)
            name = f"{names[channel]} " if channels > 1 else ""
            value = precise(float(self.values[self.cursor]), 8).strip()
            text = f"{name}{row + 1},{column + 1}: {value}"
        if text != self.border_subtitle:
            self.border_subtitle = text

    @property
    def chosen_input(self) -> int:
        """The pixel under the cursor."""
        return self.cursor

    # Geometry ---------------------------------------------------------------------------------

    @property
    def cell(self) -> tuple[int, int]:
        """Columns and lines that one pixel takes."""
        return self.board.width, self.board.height

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the roomiest cells that fit."""
        # Prediction and training stand below: leave them half of the screen.
        return self.board.lines(width or container.width, max(4, viewport.height // 2 - 4))

    def on_resize(self) -> None:
        """Fit the pixels into the new size."""
        self.board.place(*self.content_size)
        self.board.follow(self.cursor)
        self.refresh()

    # Keys and mouse ---------------------------------------------------------------------------

    def watch_cursor(self, before: int, after: int) -> None:
        """Redraw the two pixels concerned, or all where the window moves."""
        self._shaded = -1
        self._say_value()
        if self.board.follow(after):
            self.refresh()
        else:
            self._redraw(before, after)

    def action_move(self, dx: int, dy: int) -> None:
        """Move the cursor; it stops at the edges."""
        row, column = self.board.where(self.cursor)
        row = min(max(row + dy, 0), self.board.rows - 1)
        column = min(max(column + dx, 0), self.board.columns - 1)
        self._go(self.board.index(row, column))

    def action_edge(self, end: int) -> None:
        """Move the cursor to the first or the last pixel."""
        self._go(0 if end == 0 else self.values.size - 1)

    def _go(self, index: int) -> None:
        if index != self.cursor:
            self.cursor = index
            self.post_message(self.Moved(self, index))

    def action_switch(self) -> None:
        """Switch the pixel under the cursor."""
        value = 0.0 if self.values[self.cursor] >= 0.5 else 1.0
        self.post_message(self.Painted(self, self.cursor, value, stroke=False))

    def action_shade(self, by: int) -> None:
        """Make the pixel under the cursor lighter or darker; several steps are undone together."""
        steps = float(self.values[self.cursor]) / STEP
        to = (np.floor(steps + 1e-9) + 1 if by > 0 else np.ceil(steps - 1e-9) - 1) * STEP
        value = min(max(float(to), 0.0), 1.0)
        if value != self.values[self.cursor]:
            again, self._shaded = self._shaded == self.cursor, self.cursor
            self.post_message(self.Painted(self, self.cursor, value, stroke=again))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Grey levels are for pictures that have them."""
        return self.grey if action == "shade" else True

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Start a stroke: the left button paints, the right one erases."""
        place = event.get_content_offset_capture(self)
        if not self.board.at(*place) or event.button not in (1, 3):
            return
        event.stop()
        self.capture_mouse()
        self._brush = 1.0 if event.button == 1 else 0.0
        self._last, self._stroke = place, False
        self._touch(place)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Go on with the stroke, through every pixel on the way."""
        if self._brush is None or self._last is None:
            return
        event.stop()
        place = event.get_content_offset_capture(self)
        if place == self._last:
            return
        for between in list(line_between(self._last, place))[1:]:
            self._touch(between)
        self._last = place

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """End the stroke."""
        if self._brush is not None:
            event.stop()
            self._brush = self._last = None
            self.release_mouse()

    def _touch(self, place: Offset) -> None:
        for index in self.board.at(*place):
            self.cursor = index
            if self._brush is not None and self.values[index] != self._brush:
                self.post_message(self.Painted(self, index, self._brush, self._stroke))
                self._stroke = True


def _has_grey(values: NDArray[np.float64]) -> bool:
    """Whether any of these values is neither on nor off."""
    return bool(((values != 0) & (values != 1)).any())
