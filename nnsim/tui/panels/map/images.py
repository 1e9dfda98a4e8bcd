"""Kernels with their feature maps, or weight images: what a network for pictures looks for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from nnsim.i18n import N_, _
from nnsim.lab.reading.beliefs import MOST_PIXELS
from nnsim.tui.draw.lines import Cells, Lines, Row
from nnsim.tui.draw.text import wrap_cells
from nnsim.tui.panels.map.plates import (
    BETWEEN,
    TOGETHER,
    Look,
    Spot,
    Tiling,
    channels,
    footer,
    heading,
    layers_to_see,
    tiles,
)
from nnsim.tui.panels.panel import Panel, Scene

if TYPE_CHECKING:
    pass

LEAST_ROOM = 8
"""Lines that the images have, before there is room for sentences above and below them."""


class ImagesPanel(Panel, Lines):
    """A sheet of kernels and maps, or of weight images, with a cursor that names each number."""

    BINDING_GROUP_TITLE = N_("Images")
    HELP = N_(
        "What each filter or unit looks for. Of a convolution each filter's kernel, the map of "
        "what it finds in the input, and that map as the pool leaves it; of a dense layer each "
        "unit's weights in the shape of the picture. Blue blocks are positive, orange ones with "
        "other signs (- = % @) negative; the fuller, the larger. The cursor names a number, and "
        "Enter says why it is what it is; v shows z, before the activation, in place of a."
    )
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
        self.look: Look | None = None
        self.spot = Spot()
        self._tiling: tuple[tuple[object, ...], Tiling] = (), Tiling()  # and what it is of
        self.top = self.left = 0  # the first line and column of the sheet in sight

    def show(self, scene: Scene) -> None:
        self.scene = scene
        before, layers = self.look, layers_to_see(scene.lab)
        if not layers:
            self.look = None
        elif before is None or before.layer not in layers:
            self.look = Look(layers[0])
        elif before.channel >= channels(scene.lab, before.layer):
            self.look = replace(before, channel=0)
        self.spot = self.spot.within(self.tiling.tiles)
        if self.look != before:
            self.refresh_bindings()
        self.update()

    def head(self, width: int, height: int) -> list[str]:
        """What stands above the images: why there is no map, and what they are."""
        if self.scene is None:
            return []
        lab, look = self.scene.lab, self.look
        if look is None:
            text = _("there are no pictures in this network: no kernels, no weights of pixels")
            return wrap_cells(text, width)
        text = heading(lab, look)
        if lab.names.layers[look.layer].kind == "conv2d" or height < LEAST_ROOM + 6:
            return wrap_cells(text, width, 2)
        more = _(
            "A map of all forms needs pictures of at most {most} pixels; here are the {weights}"
        )
        return wrap_cells(more.format(most=MOST_PIXELS, weights=text), width)

    def room(self, width: int, height: int) -> int:
        foot = 2 if self.look is not None and height >= LEAST_ROOM + 3 else 0
        return max(1, height - len(self.head(width, height)) - foot)

    @property
    def tiling(self) -> Tiling:
        """The tiles as they are laid out in the room there is."""
        if self.scene is None or self.look is None:
            return Tiling()
        of = (self.scene, self.look, self.content_size)
        if of != self._tiling[0]:  # 2 ms, and asked for by every key
            room = self.content_size.width, self.room(*self.content_size)
            found = tiles(self.scene.lab, self.look, self.scene.hidden)
            self._tiling = of, Tiling.of(found, room)
        return self._tiling[1]

    def rows(self, width: int, height: int) -> list[Row | Cells]:
        """What there is to see, the part of the sheet in sight, and the number under the cursor."""
        rows: list[Row | Cells] = [[(line, "dim")] for line in self.head(width, height)]
        if self.scene is None or self.look is None:
            return rows
        room, tiling = self.room(width, height), self.tiling
        spot = self.spot.within(tiling.tiles)
        top, left = self._corner(tiling, spot, width, room)
        coloured = not self.in_signs
        rows += [
            tiling.row(y, left, width, spot, coloured=coloured) for y in range(top, top + room)
        ]
        if height >= LEAST_ROOM + 3:
            first, second = footer(self.scene.lab, self.look, tiling.tiles, spot)
            rows += [[(first, "strong")], [(second, "dim")]]
        return rows

    def update(self) -> None:
        """Say on the border how many there are, where not all are in sight."""
        super().update()
        tiling, text = self.tiling, ""
        if tiling.size[1] > self.room(*self.content_size):
            text = _("{n} of {m}").format(n=self.spot.tile + 1, m=len(tiling.tiles))
        if text != self.border_subtitle:
            self.border_subtitle = text

    def _corner(self, tiling: Tiling, spot: Spot, width: int, room: int) -> tuple[int, int]:
        """The first line and column in sight: with the number, if possible all of its tile."""
        whole_width, whole_height = tiling.size
        left, top = tiling.corner(spot.tile)
        columns, lines = tiling.tile[0] - BETWEEN, tiling.tile[1] - 1
        x, y, wide = tiling.place(spot)
        if lines > room:
            top, lines = y, 1
        if columns > width:
            left, columns = x, wide
        top = min(max(self.top, top + lines - room), top)
        left = min(max(self.left, left + columns - width), left)
        return max(0, min(top, whole_height - room)), max(0, min(left, whole_width - width))

    def _follow(self) -> None:
        """Move the window to where the cursor is."""
        (width, height), tiling = self.content_size, self.tiling
        if tiling.tiles:
            room = self.room(width, height)
            self.top, self.left = self._corner(tiling, self.spot, width, room)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        if action not in ("field", "channel", "layer"):
            return True
        if self.scene is None or self.look is None:
            return False
        lab = self.scene.lab
        conv = lab.names.layers[self.look.layer].kind == "conv2d"
        if action == "channel":
            return channels(lab, self.look.layer) > (TOGETHER if conv else 1)
        return conv if action == "field" else len(layers_to_see(lab)) > 1

    def address(self) -> str | None:
        tiling = self.tiling
        if not tiling.tiles:
            return None
        spot = self.spot.within(tiling.tiles)
        return tiling.plate(spot).address(spot.row, spot.column)

    def _go(self, spot: Spot) -> None:
        """Put the cursor on a number; the bench looks at it then, so that w and e are about it."""
        if self.look is not None and spot != self.spot:
            self.spot = spot
            self._follow()
            self.update()
            self.post_message(self.Asked(f"focus {self.address()}"))

    def _see(self, look: Look) -> None:
        self.look = look
        self.spot = self.spot.within(self.tiling.tiles)
        self._follow()
        self.refresh_bindings()
        self.update()

    def action_move(self, right: int, down: int) -> None:
        if self.look is not None:
            self._go(self.tiling.step(self.spot, right, down))

    def action_tile(self, by: int) -> None:
        tile = min(max(self.spot.tile + by, 0), len(self.tiling.tiles) - 1)
        self._go(replace(self.spot, tile=tile))

    def action_edge(self, end: int) -> None:
        self.action_tile(len(self.tiling.tiles) * (1 if end else -1))

    def action_why(self) -> None:
        address = self.address()
        if address is not None:
            self.post_message(self.AskedWhy(address))

    def action_field(self) -> None:
        if self.look is not None:
            self._see(replace(self.look, field="a" if self.look.field == "z" else "z"))

    def action_channel(self, by: int) -> None:
        if self.look is not None and self.scene is not None:
            count = channels(self.scene.lab, self.look.layer)
            self._see(replace(self.look, channel=(self.look.channel + by) % count))

    def action_layer(self) -> None:
        if self.look is not None and self.scene is not None:
            layers = layers_to_see(self.scene.lab)
            place = (layers.index(self.look.layer) + 1) % len(layers)
            self.spot = Spot()
            self._see(Look(layers[place], self.look.field))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor under the mouse; a click on the cursor asks why."""
        place, (width, height) = event.get_content_offset(self), self.content_size
        if place is None or self.look is None:
            return
        inside = place.y - len(self.head(width, height))
        if not 0 <= inside < self.room(width, height):
            return
        tiling, room = self.tiling, self.room(width, height)
        top, left = self._corner(tiling, self.spot, width, room)
        spot = tiling.at(place.x + left, inside + top)
        if spot is not None and spot == self.spot:
            self.action_why()
        elif spot is not None:
            self._go(spot)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_tile(self.tiling.across)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_tile(-self.tiling.across)
