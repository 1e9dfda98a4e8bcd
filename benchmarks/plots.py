"""What a frame of the plane and of the curve costs while a network is trained.

    python benchmarks/plots.py

The widgets stand alone on a screen of their own, so that nothing else is drawn. Between two frames
the network is trained by an epoch; then the widget puts its lines together (with a forward pass
over all places) and draws those that have changed. Beside it stands the forward pass alone, all
places at once, which no drawing can be cheaper than.
"""

from __future__ import annotations

import asyncio
import statistics
from time import perf_counter

import numpy as np
from textual.app import App, ComposeResult

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.hiding import Selection
from nnsim.tui.panels.input.number import NumberInput
from nnsim.tui.panels.input.plane import PlaneInput
from nnsim.tui.panels.input.probe import ProbeInput
from nnsim.tui.panels.panel import Scene

FRAMES = 60
SIZES = [(54, 19), (82, 22), (112, 40)]  # panel 1 at 120×36; 80×40 half cells; panel 7 alone


class Alone(App[None]):
    """One plot and nothing else."""

    def __init__(self, plot: ProbeInput) -> None:
        super().__init__()
        self.plot = plot

    def compose(self) -> ComposeResult:
        """The plot."""
        yield self.plot


async def measure(name: str, kind: type[ProbeInput], size: tuple[int, int]) -> None:
    """Print the milliseconds of a frame."""
    lab, plot = Lab(load(name), untrained=True), kind()
    async with Alone(plot).run_test(size=size) as pilot:
        await pilot.pause()
        plot.show(Scene(lab, lab.view, Selection(0, 0)))
        together, drawing, forward = [], [], []
        for _frame in range(FRAMES):
            lab.run("train 1")
            start = perf_counter()
            plot.show(Scene(lab, lab.view, Selection(0, 0)))
            middle = perf_counter()
            for y in range(plot.content_size.height):
                plot.render_line(y)
            together.append(middle - start)
            drawing.append(perf_counter() - middle)
            layout = plot.plot
            x, rows = layout.x.centres(layout.columns), 2 * layout.rows
            if kind is PlaneInput:
                places = np.array([[a, b] for b in layout.y.centres(rows) for a in x])
            else:
                places = layout.x.centres(2 * layout.columns)[:, None]
            lab.network.forward(places)
            start = perf_counter()
            lab.network.forward(places)
            forward.append(perf_counter() - start)
    ms = [1000 * statistics.median(times) for times in (together, drawing, forward)]
    print(
        f"{name:8} {size[0]:>4}×{size[1]:<4} {ms[0]:8.2f} {ms[1]:8.2f} {ms[0] + ms[1]:8.2f} "
        f"{ms[2]:10.2f}"
    )


def main() -> None:
    """Print a row per plot and size."""
    print("milliseconds     together     draw    frame    forward")
    for name, kind in (("planar", PlaneInput), ("spiral", PlaneInput), ("curve", NumberInput)):
        for size in SIZES:
            asyncio.run(measure(name, kind, size))


if __name__ == "__main__":
    main()
