"""What the map of all forms costs: asking the network about all 4096 pictures of 12 pixels.

    python benchmarks/beliefs.py

In turns in this process, on 12-3-2: our `beliefs` after a change of the parameters, with readings
and sureness; the same outputs in plain NumPy, and in PyTorch where it is installed; and our network
asked picture by picture. The outputs are compared first. Then what a frame of the panel costs, and
the stories of the training images, epoch by epoch and at a poll while one trains.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from time import perf_counter, process_time

import numpy as np
from timing import interleaved, median, ratio

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.reading.beliefs import Layout, beliefs
from nnsim.lab.reading.samples import stories

FRAMES = 30


def programs(lab: Lab) -> dict[str, Callable[[], np.ndarray]]:
    """What is compared; each returns the outputs for all forms."""
    network, pictures = lab.network, Layout.of(12).pictures
    first, second = network.layers

    def ours() -> np.ndarray:
        network.parameters[0] = np.nextafter(network.parameters[0], 1)  # or it would be kept
        return beliefs(lab).outputs

    def plain() -> np.ndarray:
        hidden = 1 / (1 + np.exp(-(pictures @ first.weight + first.bias)))
        return 1 / (1 + np.exp(-(hidden @ second.weight + second.bias)))

    def one_by_one() -> np.ndarray:
        return np.concatenate([network.forward(picture[None]) for picture in pictures])

    found: dict[str, Callable[[], np.ndarray]] = {"beliefs": ours, "NumPy": plain}
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        model = torch.nn.Sequential(
            torch.nn.Linear(12, 3), torch.nn.Sigmoid(), torch.nn.Linear(3, 2), torch.nn.Sigmoid()
        ).double()
        with torch.no_grad():
            for linear, layer in ((model[0], first), (model[2], second)):
                linear.weight[:] = torch.tensor(layer.weight.T.copy())
                linear.bias[:] = torch.tensor(layer.bias.copy())
        tensor = torch.tensor(pictures)

        def with_torch() -> np.ndarray:
            with torch.inference_mode():
                return model(tensor).numpy()

        found["PyTorch"] = with_torch
    found["one by one"] = one_by_one
    return found


async def frames(size: tuple[int, int]) -> tuple[float, float]:
    """Milliseconds for a frame while it trains: working out what changed, and drawing it."""
    from nnsim.tui.app import NnsimApp
    from nnsim.tui.panels.map.forms import MapPanel

    lab = Lab(load("digits-4x3"), untrained=True)
    app = NnsimApp(lab)
    async with app.run_test(size=size) as pilot:
        await pilot.press("7")
        await pilot.pause(0.3)
        panel = app.screen.query_one(MapPanel)
        shown = drawn = 0.0
        for _frame in range(FRAMES):
            lab.run("train 5")
            panel._next = 0.0  # every frame, however many cells it draws
            start = process_time()
            panel.show(app.screen.showing.scene())
            shown += process_time() - start
            start = process_time()
            await asyncio.sleep(0.05)
            drawn += process_time() - start
    return shown / FRAMES * 1e3, drawn / FRAMES * 1e3


def main() -> None:
    lab = Lab(load("digits-4x3"))
    compared = programs(lab)
    expected = compared["NumPy"]()
    for name, program in compared.items():
        assert np.allclose(program(), expected, atol=1e-9), name
    times = interleaved(compared)
    print("all 4096 pictures of 12 pixels through 12-3-2")
    for name in compared:
        share = ratio(times[name], times["beliefs"])
        print(f"{name:>12} {median(times[name]) / 1e3:>9.3f} ms {share:>8.2f} of ours")
    for size in ((120, 36), (80, 24)):
        shown, drawn = asyncio.run(frames(size))
        print(f"a frame at {size[0]}×{size[1]}: {shown:.2f} ms to work out, {drawn:.2f} ms to draw")
    lab.run("train 3000")
    start = perf_counter()
    found = stories(lab)
    taken = (perf_counter() - start) * 1e3
    print(
        f"stories over {found.epochs} epochs: {taken:.1f} ms, {taken / found.epochs:.3f} an epoch"
    )
    polls = []
    for _poll in range(20):
        lab.run("train 1")
        start = perf_counter()
        stories(lab)
        polls.append(perf_counter() - start)
    print(f"stories at a poll: {median(polls) / 1e3:.3f} ms")


if __name__ == "__main__":
    main()
