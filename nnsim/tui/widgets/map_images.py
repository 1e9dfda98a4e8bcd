"""Kernels with their feature maps, or weight images: what a network for pictures looks for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip

from nnsim.i18n import N_, _
from nnsim.lab.hiding import NOTHING
from nnsim.lab.reading.beliefs import MOST_PIXELS
from nnsim.tui.draw.text import cut, wrap_cells
from nnsim.tui.panels.panel import Panel, Scene
from nnsim.tui.widgets.colours import Palette
from nnsim.tui.widgets.diagram_canvas import Line, Run
from nnsim.tui.widgets.map_filters import (
    TOGETHER,
    Look,
    channels,
    covered,
    footer,
    heading,
    layers_to_see,
    tiles,
)  # fmt: skip
from nnsim.tui.widgets.map_tiles import BETWEEN, Sheet, Spot

if TYPE_CHECKING:
    from nnsim.lab import Lab

LEAST_ROOM = 8
"""Lines that the images have, before there is room for sentences above and below them."""


class ImagesPanel(Panel):
    """A sheet of kernels and maps, or of weight images, with a cursor that names each number."""

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = N_("Images")
    HELP = N_(
        "What each filter or unit looks for. Of a convolution each filter's kernel, the map of "
        "what it finds in the input, and that map as the pool leaves it; of a dense layer each "
        "unit's weights in the shape of the picture. Blue blocks are positive, orange ones with "
        "other signs (- = % @) negative; the fuller, the larger. The cursor names a number, and "
        "Enter says why it is what it is; v shows z, before the activation, in place of a."
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "images--positive",
        "images--negative",
        "images--positive-chosen",
        "images--negative-chosen",
        "images--label",
        "images--name",
        "images--muted",
        "images--selected",
    }
    DEFAULT_CSS = """
    ImagesPanel {
        .images--positive { color: #5aa9ff; }
        .images--negative { color: #ff9a3c; }
        .images--positive-chosen { color: #5aa9ff; text-style: bold reverse; }
        .images--negative-chosen { color: #ff9a3c; text-style: bold reverse; }
        .images--label { color: $text-muted; }
        .images--name { text-style: bold; }
        .images--muted { color: $text-muted; }
        .images--selected { color: $text-warning; text-style: bold; }
        &:light {
            .images--positive, .images--positive-chosen { color: #0b5cc4; }
            .images--negative, .images--negative-chosen { color: #b34700; }
        }
        &:ansi {
            .images--positive, .images--positive-chosen { color: ansi_bright_blue; }
            .images--negative, .images--negative-chosen { color: ansi_yellow; }
            .images--muted { text-style: dim; }
        }
    }
    """
    _MOVES = Binding.Group(N_("Move"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1, 0)", N_("Left"), id="images.left", group=_MOVES,
                tooltip=N_("The number to the left")),
        Binding("down,j", "move(0, 1)", N_("Down"), id="images.down", group=_MOVES,
                tooltip=N_("The number below")),
        Binding("up,k", "move(0, -1)", N_("Up"), id="images.up", group=_MOVES,
                tooltip=N_("The number above")),
        Binding("right,l", "move(1, 0)", N_("Right"), id="images.right", group=_MOVES,
                tooltip=N_("The number to the right")),
        Binding("pageup", "tile(-1)", N_("Before"), id="images.tile_before", show=False,
                tooltip=N_("The filter or unit before")),
        Binding("pagedown", "tile(1)", N_("Next"), id="images.tile_next", show=False,
                tooltip=N_("The next filter or unit")),
        Binding("home", "edge(0)", N_("First"), id="images.first", show=False,
                tooltip=N_("The first filter or unit")),
        Binding("end", "edge(-1)", N_("Last"), id="images.last", show=False,
                tooltip=N_("The last filter or unit")),
        Binding("enter", "why", N_("Why"), id="images.why",
                tooltip=N_("Why the number under the cursor is what it is")),
        Binding("v", "field", N_("z or a"), id="images.field",
                tooltip=N_("Show maps before the activation (z), or after it (a)")),
        Binding("d", "channel(1)", N_("Channel"), id="images.channel_next",
                tooltip=N_("The next channel of the kernels")),
        Binding("D", "channel(-1)", N_("Channel before"), id="images.channel_before", show=False,
                tooltip=N_("The channel of the kernels before")),
        Binding("o", "layer", N_("Layer"), id="images.layer",
                tooltip=N_("The next layer that has kernels")),
    ]  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lab: Lab | None = None
        self.look: Look | None = None
        self.spot = Spot()
        self.sheet = Sheet((), (1, 1), False, 1, (1, 1))
        self.top = self.left = 0
        self._head: list[str] = []
        self._foot: list[str] = []
        self._lines: list[list[Run]] = []
        self._palette = Palette(self, "images--", ("positive", "negative"))

    # What is shown ------------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Show the numbers as they are now; lines on which nothing changed stay."""
        self.scene, lab = scene, scene.lab
        self._lab = lab
        before, layers = self.look, layers_to_see(lab)
        if not layers:
            self.look = None
        elif self.look is None or self.look.layer not in layers:
            self.look = Look(layers[0])
        elif self.look.channel >= channels(lab, self.look.layer):
            self.look = Look(self.look.layer, self.look.field)
        if self.look != before:
            self.refresh_bindings()
        self._draw()

    def _draw(self) -> None:
        """Lay out and draw, and refresh the lines that are different now."""
        width, height = self.content_size
        lab, look = self._lab, self.look
        if lab is None or not width or not height:
            return
        self._head = self._sentences(lab, look)
        self._foot = []
        if look is not None:
            found = covered(tiles(lab, look), getattr(self.screen, "hidden", NOTHING))
            self.sheet = Sheet.of(found, (width, self.room))
            self.spot = self.spot.within(found)
            self._follow()
            if height >= LEAST_ROOM + 3:
                self._foot = footer(lab, look, self.address() or "", found, self.spot)
        lines = [self._line(y).runs() for y in range(height)]
        old, self._lines = self._lines, lines
        changed = [y for y in range(height) if y >= len(old) or lines[y] != old[y]]
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))
        self._say_what_is_in_sight()

    def _sentences(self, lab: Lab, look: Look | None) -> list[str]:
        """What stands above the images: why there is no map, and what they are."""
        width, height = self.content_size
        if look is None:
            text = _("there are no pictures in this network: no kernels, no weights of pixels")
            return wrap_cells(text, width)
        text = heading(lab, look)
        if lab.names.layers[look.layer].kind != "conv2d" and height >= LEAST_ROOM + 6:
            text = _(
                "A map of all forms needs pictures of at most {most} pixels; here are the {weights}"
            ).format(most=MOST_PIXELS, weights=text)
            return wrap_cells(text, width)
        return wrap_cells(text, width, 2)

    @property
    def _coloured(self) -> bool:
        """Whether colours can be mixed here and will be seen; else characters have to tell."""
        app = self.app
        return not (app.no_color or app.native_ansi_color or getattr(app, "ascii_only", False))

    @property
    def room(self) -> int:
        """Lines for the sheet."""
        height = self.content_size.height
        foot = 2 if self.look is not None and height >= LEAST_ROOM + 3 else 0
        return max(1, height - len(self._head) - foot)

    def _line(self, y: int) -> Line:
        """A line of the panel."""
        width, height = self.content_size
        if y < len(self._head):
            return _text(self._head[y], width, "muted")
        inside = y - len(self._head)
        if self.look is None:
            return Line(width)
        if inside < self.room:
            coloured = self._coloured
            return self.sheet.draw(inside + self.top, self.left, width, self.spot, coloured)
        place = y - (height - 2)
        text = self._foot[place] if 0 <= place < len(self._foot) else ""
        return _text(text, width, "name" if place == 0 else "muted")

    def _follow(self) -> None:
        """Move the window so that the number under the cursor is in sight, if possible its tile."""
        width, room = self.content_size.width, self.room
        whole_width, whole_height = self.sheet.size
        left, top = self.sheet.corner(self.spot.tile)
        columns, lines = self.sheet.tile[0] - BETWEEN, self.sheet.tile[1] - 1
        x, y, wide = self.sheet.place(self.spot)
        if lines > room:
            top, lines = y, 1
        if columns > width:
            left, columns = x, wide
        self.top = min(max(self.top, top + lines - room), top)
        self.left = min(max(self.left, left + columns - width), left)
        self.top = max(0, min(self.top, whole_height - room))
        self.left = max(0, min(self.left, whole_width - width))

    def _say_what_is_in_sight(self) -> None:
        """Say on the border how many there are, where not all are in sight."""
        count, text = len(self.sheet.tiles), ""
        if self.look is not None and self.sheet.size[1] > self.room:
            text = _("{n} of {m}").format(n=self.spot.tile + 1, m=count)
        if text != self.border_subtitle:
            self.border_subtitle = text

    def render_line(self, y: int) -> Strip:
        """One line, as it was drawn last."""
        width = self.content_size.width
        if y >= len(self._lines):
            return Strip.blank(width, self._palette["plain", 0])
        segments = [Segment(text, self._palette[key]) for text, key in self._lines[y]]
        return Strip(segments).adjust_cell_length(width, self._palette["plain", 0])

    def on_resize(self) -> None:
        """Lay the images out for the new size."""
        self._lines = []
        self._draw()

    def notify_style_update(self) -> None:
        """Take the colours of the new theme."""
        super().notify_style_update()
        if hasattr(self, "_palette"):
            self._palette.clear()

    # Keys and mouse -----------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Only what makes a difference here."""
        lab, look = self._lab, self.look
        if action not in ("field", "channel", "layer"):
            return True
        if lab is None or look is None:
            return False
        if action == "field":
            return lab.names.layers[look.layer].kind == "conv2d"
        if action == "channel":
            together = TOGETHER if lab.names.layers[look.layer].kind == "conv2d" else 1
            return channels(lab, look.layer) > together
        return len(layers_to_see(lab)) > 1

    def address(self) -> str | None:
        """The number under the cursor."""
        if self.look is None or not self.sheet.tiles:
            return None
        spot = self.spot.within(self.sheet.tiles)
        return self.sheet.tiles[spot.tile].plates[spot.plate].address(spot.row, spot.column)

    def _go(self, spot: Spot) -> None:
        """Put the cursor on a number; the bench looks at it then, so that w and e are about it."""
        if self.look is not None and spot != self.spot:
            self.spot = spot
            self._draw()
            self.post_message(self.Asked(f"focus {self.address()}"))

    def action_move(self, right: int, down: int) -> None:
        """Go to the nearest number in a direction."""
        if self.look is not None:
            self._go(self.sheet.step(self.spot, right, down))

    def action_tile(self, by: int) -> None:
        """Go to the same number of another filter or unit."""
        tile = min(max(self.spot.tile + by, 0), len(self.sheet.tiles) - 1)
        self._go(replace(self.spot, tile=tile))

    def action_edge(self, end: int) -> None:
        """Go to the first or the last filter or unit."""
        self.action_tile(len(self.sheet.tiles) * (1 if end else -1))

    def action_why(self) -> None:
        """Ask why the number is what it is."""
        address = self.address()
        if address is not None:
            self.post_message(self.AskedWhy(address))

    def action_field(self) -> None:
        """Show the maps before the activation, or after it."""
        if self.look is not None:
            self.look = replace(self.look, field="a" if self.look.field == "z" else "z")
            self._draw()

    def action_channel(self, by: int) -> None:
        """Show another channel of the kernels."""
        if self.look is not None and self._lab is not None:
            count = channels(self._lab, self.look.layer)
            self.look = replace(self.look, channel=(self.look.channel + by) % count)
            self._draw()

    def action_layer(self) -> None:
        """Show the kernels of the next layer that has some."""
        if self.look is not None and self._lab is not None:
            layers = layers_to_see(self._lab)
            place = (layers.index(self.look.layer) + 1) % len(layers)
            self.look, self.spot = Look(layers[place], self.look.field), Spot()
            self.refresh_bindings()
            self._draw()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor under the mouse; a click on the cursor asks why."""
        place = event.get_content_offset(self)
        if place is None or self.look is None:
            return
        inside = place.y - len(self._head)
        if not 0 <= inside < self.room:
            return
        spot = self.sheet.at(place.x + self.left, inside + self.top)
        if spot is not None and spot == self.spot:
            self.action_why()
        elif spot is not None:
            self._go(spot)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go a row of images down."""
        event.stop()
        self.action_tile(self.sheet.across)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go a row of images up."""
        event.stop()
        self.action_tile(-self.sheet.across)


def _text(text: str, width: int, key: str) -> Line:
    line = Line(width)
    line.put(0, cut(text, width).rstrip(), (key, 0))
    return line
