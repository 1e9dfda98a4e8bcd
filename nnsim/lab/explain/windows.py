"""Which pixels a convolution or a pool looks at from one place, and from where one is seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnsim.lab.explain.source import Source

Spot = tuple[int, int]


@dataclass(frozen=True)
class Windows:
    """The windows of one layer over its image; rows and columns count from 0.

    Attributes
    ----------
    size, image, places : (int, int)
        Rows and columns of the window, of the image, and of what comes out.
    stride, padding : int
    """

    size: Spot
    image: Spot
    places: Spot
    stride: int
    padding: int

    @classmethod
    def of(cls, source: Source, layer: int) -> Windows:
        """The windows of a ``conv2d`` or a pool."""
        made = source.layer(layer)
        pool = made.kind != "conv2d"
        rows, columns = (made.size, made.size) if pool else made.kernel_size
        height, width = source.shape(layer - 1)[:2]
        down, across = source.shape(layer)[:2]
        padding = 0 if pool else made.padding
        return cls((rows, columns), (height, width), (down, across), made.stride, padding)

    def top_left(self, place: Spot) -> Spot:
        """The pixel under the first corner of the window; outside the image in the padding."""
        row, column = place
        return row * self.stride - self.padding, column * self.stride - self.padding

    def pixels(self, place: Spot) -> Iterator[tuple[Spot, Spot | None]]:
        """Go through a window row by row: (tap in the window, pixel), None in the padding."""
        top, left = self.top_left(place)
        for i in range(self.size[0]):
            for j in range(self.size[1]):
                pixel = (top + i, left + j)
                yield (i, j), pixel if self.holds(pixel) else None

    def holds(self, pixel: Spot) -> bool:
        """Whether there is such a pixel."""
        return 0 <= pixel[0] < self.image[0] and 0 <= pixel[1] < self.image[1]

    def over(self, pixel: Spot) -> Iterator[tuple[Spot, Spot]]:
        """Go through the places whose window a pixel is in: (place, tap in that window)."""
        rows = self._one_way(pixel[0], self.size[0], self.places[0])
        columns = list(self._one_way(pixel[1], self.size[1], self.places[1]))
        for row, i in rows:
            for column, j in columns:
                yield (row, column), (i, j)

    def _one_way(self, pixel: int, size: int, places: int) -> Iterator[tuple[int, int]]:
        at = pixel + self.padding
        first = max(0, -((size - 1 - at) // self.stride))
        for place in range(first, min(places - 1, at // self.stride) + 1):
            yield place, at - place * self.stride
