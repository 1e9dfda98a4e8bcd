"""The overview: all the weights as pictures, beside the network with its strongest wires."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nnsim.i18n import _
from nnsim.lab.view import NetworkView, Selection
from nnsim.tui.draw.text import fit
from nnsim.tui.widgets.diagram_canvas import Line
from nnsim.tui.widgets.diagram_focus import FocusPicture
from nnsim.tui.widgets.diagram_footer import Carried, draw_footer, matrix_of
from nnsim.tui.widgets.weight_images import Area, WeightBars, WeightImages

SIDE_BY_SIDE = 84
"""From this width the network stands beside the images, else below them."""
NETWORK_HEIGHT = 9
"""With fewer rows left the network is not drawn."""


@dataclass(frozen=True)
class OverviewPicture:
    """Images of the first dense layer, bars of a later one, and the network where it fits."""

    view: NetworkView
    selection: Selection
    focus: tuple[int, int]
    carried: Carried
    size: tuple[int, int]
    images: WeightImages | None
    bars: WeightBars | None
    network: FocusPicture | None
    network_at: tuple[int, int] = (0, 0)

    @classmethod
    def make(
        cls,
        view: NetworkView,
        selection: Selection,
        focus: tuple[int, int],
        anchors: dict[int, int],
        size: tuple[int, int],
        carried: Carried = "weight",
    ) -> OverviewPicture:
        """Share the room between images, bars and network."""
        width, height = size
        body = height - cls._footer_height(height)
        beside = width >= SIDE_BY_SIDE and body >= NETWORK_HEIGHT
        x = width * 9 // 20 if beside else 0
        room = Area(x, 0, width - x, body)
        anchors = {**anchors, focus[0]: focus[1]}
        tallest = 3 if beside else 1
        images, bars, used = _weights(view, focus[0], anchors, room, carried, tallest)
        network, at, place = None, (0, 0), (x - 3, body)
        if not beside:
            at, place = (0, used), (width, body - used)
        if place[1] >= NETWORK_HEIGHT or images is None:
            network = FocusPicture.strongest(view, selection, focus, anchors, place, carried)
        else:
            images, bars, _used = _weights(view, focus[0], anchors, room, carried, tallest=3)
        return cls(view, selection, focus, carried, size, images, bars, network, at)

    @staticmethod
    def _footer_height(height: int) -> int:
        return 1 if height >= 10 else 0

    def with_view(self, view: NetworkView) -> OverviewPicture:
        """Return the same picture of other values; the weights must be the same."""
        network = self.network.with_view(view) if self.network else None
        return replace(self, view=view, network=network)

    def rows_of(self, layer: int, units: list[int]) -> set[int]:
        """Return the rows on which the values of these units stand."""
        if self.network is None:
            return set()
        return {y + self.network_at[1] for y in self.network.rows_of(layer, units)}

    def footer_row(self) -> int | None:
        """Return the row of the line that says what is selected, if there is one."""
        height = self.size[1]
        return height - 1 if self._footer_height(height) else None

    def hit(self, x: int, y: int) -> Selection | None:
        """Return what is drawn at a cell."""
        for part in (self.images, self.bars):
            found = part.hit(x, y) if part else None
            if found is not None:
                return found
        if self.network is None:
            return None
        return self.network.hit(x - self.network_at[0], y - self.network_at[1])

    def line(self, y: int) -> Line:
        """Draw row `y`."""
        line = Line(self.size[0])
        if y == self.footer_row():
            draw_footer(line, self.view, self.selection, self.carried)
            return line
        if self.network is not None:
            left, top = self.network_at
            if 0 <= y - top < self.network.size[1]:
                line.paste(left, self.network.line(y - top))
        if self.images is not None:
            self.images.draw(line, y, self.focus, self.selection)
            if self.images.left_out and y == self.images.area.y + self.images.height:
                text = "… " + _("{count} more").format(count=self.images.left_out)
                line.put(self.images.area.x, fit(text, self.images.area.width), ("muted", 0))
        if self.bars is not None:
            self.bars.draw(line, y, self.focus, self.selection)
        return line


def _weights(
    view: NetworkView,
    focus: int,
    anchors: dict[int, int],
    room: Area,
    carried: Carried,
    tallest: int,
) -> tuple[WeightImages | None, WeightBars | None, int]:
    """Return the images, the bars, and the rows that both take."""
    dense = [i for i in range(len(view.layers)) if matrix_of(view.layers[i], carried) is not None]
    if not dense:
        return None, None, 0
    first = dense[0]
    later = focus if focus in dense and focus != first else dense[-1]
    matrix = matrix_of(view.layers[first], carried)
    assert matrix is not None
    bars_room = 0
    if later != first:
        bars_room = min(room.height // 3, 2 * len(view.layers[later].labels) + 1)
    shape = view.input_shape if first == 0 else (len(matrix),)
    # One row is kept for the line that counts what doesn't fit.
    area = Area(room.x, room.y, room.width, max(1, room.height - bars_room - 1))
    labels = view.layers[first].labels
    images = WeightImages.make(area, first, labels, matrix, shape, anchors.get(first, 0), tallest)
    used = images.height + (1 if images.left_out else 0)
    bars = None
    after = matrix_of(view.layers[later], carried) if later != first else None
    if after is not None:
        top = used + 1 if room.height - used > 3 else used
        names = _sources(view, later)
        rest = Area(room.x, top, room.width, max(0, room.height - top))
        if rest.height > 2 * NETWORK_HEIGHT and rest.width < SIDE_BY_SIDE:
            rest = replace(rest, height=rest.height - NETWORK_HEIGHT)
        bars = WeightBars.make(
            rest,
            later,
            view.layers[later].labels,
            names,
            after,
            anchors.get(later, 0),
            anchors.get(later - 1, 0),
        )
        used = top + bars.height
    return images, bars, min(room.height, used + 1)


def _sources(view: NetworkView, layer: int) -> tuple[str, ...]:
    return view.input_labels if layer == 0 else view.layers[layer - 1].labels
