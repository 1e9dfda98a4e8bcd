"""Make the pictures of the README from the real app.

    python assets/pictures/make.py [--columns 120 --rows 36 --theme NAME] OUT.png TARGET [KEY …]

Needs Pillow (extra ``bench``) and the font DejaVu Sans Mono. Cells are drawn one by one, dots and
blocks as shapes, so that the picture doesn't depend on what a font has.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from rich.cells import cell_len
from rich.segment import Segment

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.tui.app import NnsimApp

SIZE = 18
SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
LEFT = dict(zip("▏▎▍▌▋▊▉█", range(1, 9), strict=True))  # eighths, from the left
LOWER = dict(zip("▁▂▃▄▅▆▇", range(1, 8), strict=True))  # eighths, from below


def mix(colour: tuple[int, ...], other: tuple[int, ...], share: float) -> tuple[int, ...]:
    """`share` of a colour, the rest of another."""
    return tuple(round(share * a + (1 - share) * b) for a, b in zip(colour, other, strict=True))


class Canvas:
    """A grid of character cells."""

    def __init__(self, columns: int, rows: int) -> None:
        self.font = ImageFont.truetype("DejaVuSansMono.ttf", SIZE)
        self.bold = ImageFont.truetype("DejaVuSansMono-Bold.ttf", SIZE)
        self.width, self.height = round(self.font.getlength("M")), round(SIZE * 1.2)
        self.image = Image.new("RGB", (columns * self.width, rows * self.height))
        self.draw = ImageDraw.Draw(self.image)

    def segment(self, x: int, y: int, segment: Segment) -> None:
        """Draw the text of a segment from cell (x, y) on."""
        style = segment.style
        assert style is not None
        front = tuple(style.color.get_truecolor()) if style.color else (224, 224, 224)
        back = tuple(style.bgcolor.get_truecolor()) if style.bgcolor else (18, 18, 18)
        if style.reverse:
            front, back = back, front
        if style.dim:
            front = mix(front, back, 0.6)
        for char in segment.text:
            self._cell(x * self.width, y * self.height, char, front, back, bool(style.bold))
            x += cell_len(char)

    def _cell(
        self, x: int, y: int, char: str, front: tuple[int, ...], back: tuple[int, ...], bold: bool
    ) -> None:
        w, h = self.width, self.height
        self.draw.rectangle((x, y, x + w - 1, y + h - 1), back)
        if char in LEFT:
            self.draw.rectangle((x, y, x + round(w * LEFT[char] / 8) - 1, y + h - 1), front)
        elif char in LOWER:
            self.draw.rectangle(
                (x, y + h - round(h * LOWER[char] / 8), x + w - 1, y + h - 1), front
            )
        elif char == "▀":
            self.draw.rectangle((x, y, x + w - 1, y + h // 2 - 1), front)
        elif char in SHADES:
            self.draw.rectangle((x, y, x + w - 1, y + h - 1), mix(front, back, SHADES[char]))
        elif "\u2800" <= char <= "\u28ff":
            self._dots(x, y, ord(char) - 0x2800, front)
        elif char.strip():
            self.draw.text((x, y), char, front, self.bold if bold else self.font)

    def _dots(self, x: int, y: int, dots: int, front: tuple[int, ...]) -> None:
        places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
        for bit, (column, row) in enumerate(places):
            if dots >> bit & 1:
                cx = x + self.width * (1 + 2 * column) / 4
                cy = y + self.height * (1 + 2 * row) / 8
                self.draw.ellipse((cx - 1.5, cy - 1.5, cx + 1.5, cy + 1.5), front)


async def picture(arguments: argparse.Namespace) -> None:
    """Open the app, press the keys, draw what stands on the screen."""
    lab = None if arguments.target == "home" else Lab(load(arguments.target), load=load)
    app = NnsimApp(lab)
    if arguments.theme:
        app.theme = arguments.theme
    async with app.run_test(size=(arguments.columns, arguments.rows)) as pilot:
        await pilot.pause()
        await pilot.press(*arguments.keys)
        await pilot.pause(0.2)
        canvas = Canvas(arguments.columns, arguments.rows)
        for y, strip in enumerate(app.screen._compositor.render_strips()):
            x = 0
            for segment in strip:
                canvas.segment(x, y, segment)
                x += segment.cell_length
        canvas.image.save(arguments.out, optimize=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--columns", type=int, default=120)
    parser.add_argument("--rows", type=int, default=36)
    parser.add_argument("--theme")
    parser.add_argument("out", type=Path)
    parser.add_argument("target")
    parser.add_argument("keys", nargs="*")
    asyncio.run(picture(parser.parse_args()))


if __name__ == "__main__":
    main()
