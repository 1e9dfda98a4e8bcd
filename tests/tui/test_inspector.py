"""The inspector: why a number is what it is, from anywhere, and the way through its causes."""

import pytest

from nnsim.tui.panels.input.pixels import PixelGrid
from nnsim.tui.panels.network import NetworkDiagram
from nnsim.tui.panels.training import TrainingPanel
from nnsim.tui.panels.why import Inspector
from nnsim.tui.screens.frame import StatusLine


async def press(pilot, *keys):
    await pilot.press(*keys)
    await pilot.pause()


def inspector(app) -> Inspector:
    return app.screen.query_one(Inspector)


async def test_it_explains_the_selected_unit_and_follows_causes_and_comes_back(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        await press(pilot, "right_square_bracket", "2", "w")
        why = inspector(app)
        assert why.display
        assert why.has_focus
        assert why.asked == "hidden[1].z"
        assert why.border_title == "Why hidden[1].z?"
        text = " ".join(why.lines)
        assert "z = Σᵢ wᵢ·xᵢ + b" in text
        assert "≈ −6.72039" in text  # the printed digits are rounded
        assert why.causes == lab.explain("hidden[1].z").causes
        await press(pilot, "down", "enter")
        assert why.asked == "input[1]"
        assert str(lab.focus) == "input[1]"  # the bench follows
        assert why.lines[0] == "hidden[1].z → input[1]"
        await press(pilot, "backspace")
        assert why.asked == "hidden[1].z"
        assert why._cursor == 1  # where it was left
        await press(pilot, "escape")
        assert not why.display
        assert app.screen.query_one(NetworkDiagram).has_focus


async def test_a_way_of_many_causes_ends_where_it_began(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(pilot, "right_square_bracket", "colon", *"focus loss", "enter", "w")
        way = [inspector(app).asked]
        while inspector(app).causes and len(way) < 8:
            await press(pilot, "down", "enter")
            way.append(inspector(app).asked)
        assert len(way) > 3
        assert way[0] == "loss"
        for address in reversed(way[:-1]):
            await press(pilot, "backspace")
            assert inspector(app).asked == address
        await press(pilot, "backspace")  # nothing before it: closed
        assert not inspector(app).display


@pytest.mark.parametrize(
    "address",
    ["cost", "accuracy", "prediction", "loss", "input[3]", "output[2].w[1]", "output[1].delta",
     "hidden[1].w[5].grad", "hidden.w.max", "learning_rate"],
)  # fmt: skip
async def test_any_number_from_the_command_bar(open_app, address):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right_square_bracket")
        app.screen.execute(f"focus {address}")
        await press(pilot, "w")
        found = app.screen.lab.explain(address)
        assert inspector(app).asked == found.address
        assert found.name[:30] in " ".join(inspector(app).lines)
        if found.role_words:
            assert f"this gate {found.role_words}"[:25] in " ".join(inspector(app).lines)


async def test_a_gradient_names_the_gate_in_words(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right_square_bracket")
        app.screen.execute("focus hidden[1].w[5].grad")
        await press(pilot, "w")
        assert "this gate swaps" in " ".join(inspector(app).lines)


async def test_enter_explains_what_is_under_the_cursor(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right_square_bracket", "right", "down", "enter")
        assert inspector(app).asked == "input[5]"
        await press(pilot, "escape")
        assert app.screen.query_one(PixelGrid).has_focus
        app.screen.query_one(TrainingPanel).focus()
        await press(pilot, "down", "enter")
        assert inspector(app).asked == "cost"
        await press(pilot, "escape", "down", "enter")
        assert inspector(app).asked == "accuracy"
        await press(pilot, "escape")
        assert app.screen.query_one(TrainingPanel).has_focus
        await press(pilot, "5", "down", "enter")  # there it types a setting
        assert app.focused.value == "rate 0.2"
        await press(pilot, "escape")
        await press(pilot, "3", "right", "right", "enter")
        assert inspector(app).asked == "hidden[1].a"


async def test_the_walk_stands_where_it_was_after_the_inspector(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        await press(pilot, "right_square_bracket", "4", "right", "right", "right", "enter")
        place = lab.walk_place
        await press(pilot, "enter", "escape")
        assert lab.walk_place == place
        panel = app.screen.query_one("#backward")
        assert panel.has_focus
        assert panel.page.place.startswith("step 3 of")


async def test_a_number_without_a_value_says_so_and_opens_nothing(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.execute("focus loss")
        await press(pilot, "w")
        assert not inspector(app).display
        assert app.screen.query_one(StatusLine).text.startswith("! ")


async def test_what_loses_its_value_while_it_is_explained_says_so(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(pilot, "right_square_bracket")
        app.screen.execute("focus output[1].delta")
        await press(pilot, "w", "c")  # without a target there is no delta
        assert inspector(app).lines[0].startswith("! ")
        await press(pilot, "u")
        assert inspector(app).lines[0].startswith("δ of")


async def test_painting_changes_what_is_explained(open_app):
    app = open_app("demons")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(pilot, "2", "w")
        before = inspector(app).lines
        await press(pilot, "1", "down", "space")  # the fourth pixel: demon A looks at it
        assert inspector(app).display
        assert inspector(app).lines != before


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36), (200, 60)], ids=str)
async def test_it_covers_neither_input_nor_status_at_any_size(open_app, size):
    app = open_app("digits-4x3")
    async with app.run_test(size=size) as pilot:
        await press(pilot, "right_square_bracket", "2", "w")
        region = inspector(app).region
        assert region.area > 0
        for other in ("#input", "#prediction", "#status", "KeyLine"):
            assert not region.overlaps(app.screen.query_one(other).region)
        lines = inspector(app).lines
        assert len(lines) <= inspector(app).content_size.height
        assert any("it came from" in line for line in lines)
        assert any(line.startswith("▸ ") for line in lines)
        # The end of a long list comes into sight.
        await press(pilot, "end")
        assert any("hidden[1].b" in line for line in inspector(app).lines)


async def test_golden_lines(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right_square_bracket")
        app.screen.execute("focus output[1].slope")
        app.screen.execute("set output[1].b 0")
        app.screen.execute("focus output[1].theta")
        await press(pilot, "w")
        lines = inspector(app).lines
        assert "θ = −b" in lines
        assert "θ = −0 = 0" in lines or "θ = 0" in lines
        assert lines[-1].split() == ["▸", "output[1].b", "0"]
