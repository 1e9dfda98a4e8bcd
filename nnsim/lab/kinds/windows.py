"""Which pixels a convolution or a pool looks at from one place, and from where one is seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nnsim.lab.walk.step import Window

Spot = tuple[int, int]


@dataclass(frozen=True)
class Windows:
    """The windows of one layer over its image; rows and columns count from 0.

    A place or pixel may be an index with a channel behind row and column, which plays no part.
    """

    # rows and columns of the window, of the image, and of what comes out
    size: Spot
    image: Sequence[int]
    places: Sequence[int]
    stride: int
    padding: int = 0

    def top_left(self, place: Sequence[int]) -> Spot:
        """The pixel under the first corner of the window; outside the image in the padding."""
        return place[0] * self.stride - self.padding, place[1] * self.stride - self.padding

    def pixels(self, place: Sequence[int]) -> Iterator[Spot | None]:
        """Go through a window row by row; None in the padding."""
        top, left = self.top_left(place)
        for i in range(self.size[0]):
            for j in range(self.size[1]):
                pixel = (top + i, left + j)
                yield pixel if self.holds(pixel) else None

    def holds(self, pixel: Spot) -> bool:
        """Whether there is such a pixel."""
        return 0 <= pixel[0] < self.image[0] and 0 <= pixel[1] < self.image[1]

    def over(self, pixel: Sequence[int]) -> Iterator[tuple[Spot, Spot]]:
        """Go through the places whose window a pixel is in: (place, tap in that window)."""
        columns = list(self._one_way(pixel[1], self.size[1], self.places[1]))
        for row, i in self._one_way(pixel[0], self.size[0], self.places[0]):
            for column, j in columns:
                yield (row, column), (i, j)

    def _one_way(self, pixel: int, size: int, places: int) -> Iterator[tuple[int, int]]:
        at = pixel + self.padding
        first = max(0, -((size - 1 - at) // self.stride))
        for place in range(first, min(places - 1, at // self.stride) + 1):
            yield place, at - place * self.stride

    def at(self, layer: int, place: Sequence[int], channel: int | None = None) -> Window:
        """The window at a place, as pictures show it."""
        top, left = self.top_left(place)
        return Window(layer, top, left, *self.size, (place[0], place[1]), channel)
