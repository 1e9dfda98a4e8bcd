"""What a typed line may go on with."""

import pytest

from nnsim.experiments import load
from nnsim.lab import COMMANDS, Lab
from nnsim.tui.screens.bar import CommandInput, addresses_of, completed


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("lands", "landscape "),
        ("xyz", None),
        ("set hidd", "set hidden[1].w[1]"),
        ("set hidden[2].b", "set hidden[2].b"),
        ("landscape hidden[1].w[1] output[2].b", "landscape hidden[1].w[1] output[2].b"),
        ("landscape hidden[1].w[1] hidden[3].w[12", "landscape hidden[1].w[1] hidden[3].w[12]"),
        ("focus output[1].d", "focus output[1].delta"),
        ("set ", None),
        ("train 1", None),
        ("unknown hidd", None),
    ],
)
def test_lines_are_brought_to_their_end(line, whole):
    lab = Lab(load("digits-4x3"))
    assert completed(line, COMMANDS, lambda: addresses_of(lab)) == whole


@pytest.mark.parametrize("name", ["digits-4x3", "rgb-4x4", "line", "digits-8x8-cnn"])
def test_every_address_that_is_suggested_is_one(name):
    lab = Lab(load(name), untrained=True)
    found = addresses_of(lab)
    assert len(set(found)) == len(found)
    for address in found[:: max(1, len(found) // 200)]:
        assert str(lab.names.address(lab.names.resolve(address))) == address


async def test_tab_takes_what_is_suggested(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon", *"lands")
        await pilot.pause()
        await pilot.press("tab")
        line = app.screen.query_one(CommandInput)
        assert line.value == "landscape "
        await pilot.press(*"output[2].b hid")
        await pilot.pause()
        await pilot.press("tab")
        assert line.value == "landscape output[2].b hidden[1].w[1]"
        assert app.screen.focused is line
        await pilot.press("tab")  # nothing more to take
        assert line.value == "landscape output[2].b hidden[1].w[1]"
        assert app.screen.focused is line
