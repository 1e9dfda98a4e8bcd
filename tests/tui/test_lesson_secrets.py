"""No panel, status line, walk, circuit or explanation shows a number that a step asks for."""

from __future__ import annotations

import re

import pytest

from nnsim.lab.hiding import covered
from nnsim.tui.app import NnsimApp
from nnsim.tui.panels import DOORS
from nnsim.tutor.catalogue import find, shipped
from nnsim.tutor.lesson import read_lesson
from nnsim.tutor.player import Player

QUICK = ("bias", "squared-error", "gates", "backprop-output")
LESSONS = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
    for name in [entry.id for entry in shipped()]
]
NUMBER = re.compile(r"(?<![\w.])[-−+]?\d+(?:\.\d+)?(?:e[-−+]?\d+)?")
DIGITS = 3  # with fewer, numbers agree by chance


def tokens(line: str, value: float) -> list[str]:
    """The numbers in a line that are `value`, to all of their digits."""
    found = []
    for text in NUMBER.findall(line):
        plain = text.replace("−", "-")
        mantissa, _e, exponent = plain.partition("e")
        digits = len(mantissa.lstrip("+-").replace(".", "").lstrip("0"))
        last = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
        if digits >= DIGITS and abs(float(plain) - value) <= 0.5 * last:
            found.append(text)
    return found


def given(lab, hidden) -> list[float]:
    """The numbers of the bench that are rightly shown, under addresses of their own."""
    view = covered(lab, hidden)
    arrays = [view.input]
    for layer in view.layers:
        arrays += [layer.z, layer.a, layer.delta, layer.weight, layer.bias, layer.grad_weight]
    return [abs(v) for values in arrays if values is not None for v in values.reshape(-1).tolist()]


def distinct(player) -> dict[str, float]:
    """What is asked, where it can't be taken for another number that is rightly shown."""
    lab = player.lab
    asked = {address: float(lab.read(address)) for address in player.asked}
    known = [] if lab.circuit else given(lab, player.hidden)
    return {
        address: value
        for address, value in asked.items()
        if len(f"{value:.4g}".lstrip("-0.").replace(".", "")) >= DIGITS
        and not any(abs(abs(value) - other) <= 1e-3 * abs(value) for other in known)
    }


@pytest.mark.parametrize(
    "size", [(80, 24), pytest.param((120, 36), marks=pytest.mark.slow)], ids=["narrow", "wide"]
)
@pytest.mark.parametrize("name", LESSONS)
async def test_what_is_asked_stands_nowhere(name, size, screen_text):
    lesson = read_lesson(find(name))
    for step in lesson.steps:
        if step.kind not in ("predict", "blank"):
            continue
        app = NnsimApp(lesson=(Player(lesson, at=step.id), []))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            desk = app.screen.desk
            secrets = distinct(desk.player)

            async def look(where, app=app, pilot=pilot, secrets=secrets, step=step):
                await pilot.pause()
                for line in screen_text(app):
                    assert not re.search(r"\bnan\b", line), (step.id, where, line)
                    for address, value in secrets.items():
                        assert not tokens(line, value), (step.id, where, address, line)

            await look("start")
            if desk.player.lab.circuit is not None:
                await pilot.press("end")
                await look("circuit")
                continue
            # The list of samples has the numbers of others too: it is for what it may not tell.
            data = (6,) if app.screen.data_tells else ()
            for number in (2, 3, 4, *data, 5, 7, 8, 9):
                app.screen.action_panel(DOORS[number - 1].id)
                await look(f"panel {number}")
            for walk in ("forward", "backward"):
                if walk == "forward" or desk.player.lab.target is not None:
                    app.screen.execute(f"{walk} layer")
                    for at in range(len(desk.player.lab.walk)):
                        await look(f"{walk}, step {at}")
                        app.screen.execute("next")
            for address in desk.player.asked:
                app.screen.why.open(address)
                await look(f"why {address}")
