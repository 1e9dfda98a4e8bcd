"""The widget: what is on its lines, what keys and clicks select, what is drawn again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from textual.app import App, ComposeResult

from nnsim.lab.hiding import Selection
from nnsim.tui.panels.network import NetworkDiagram
from nnsim.tui.panels.panel import Scene


def scene(view, selection, *, backward=False) -> Scene:
    return Scene(None, view, selection, backward=backward)


class Bench(App[None]):
    CSS = "NetworkDiagram { width: 1fr; height: 1fr; }"

    def __init__(self, view, selection=None):
        super().__init__()
        self.view, self.start = view, selection or Selection(0, 0)
        self.selected: list[Selection] = []

    def compose(self) -> ComposeResult:
        yield NetworkDiagram()

    def on_mount(self) -> None:
        diagram = self.query_one(NetworkDiagram)
        diagram.show(scene(self.view, self.start))
        diagram.focus()

    def on_network_diagram_selected(self, message: NetworkDiagram.Selected) -> None:
        assert message.control is message.diagram
        self.selected.append(message.selection)

    @property
    def diagram(self) -> NetworkDiagram:
        return self.query_one(NetworkDiagram)

    def lines(self) -> list[str]:
        diagram = self.diagram
        return [diagram.render_line(y).text.rstrip() for y in range(diagram.size.height)]


# Read and approved by eye, as the pictures in the README are; the numbers are those of `tiny`.
SMALL_FOCUS = """\
input                   output


 1 ██ +1.50 ⠿⠿⠿⣶⣶⣶⣶⣶⣶⣤⣤⣤╔═ A ══╗
                     ⠉⠉⠉║ 1.00 ║
 2 ·· −0.25 ⠒⠒  ⠒⠒  ⠒⠒ ⠒╚▀▀▀▀▀▀╝


"""


async def test_a_small_network_in_focus(tiny):
    app = Bench(tiny)
    async with app.run_test(size=(32, 9)):
        assert "\n".join(app.lines()) == SMALL_FOCUS


def signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


async def test_the_overview_shows_weights_in_the_shape_of_the_picture(digit):
    app = Bench(digit, Selection(0, 1))
    async with app.run_test(size=(54, 12)) as pilot:
        await pilot.press("o")
        first, second = (layer.weight for layer in digit.layers)
        rows = [
            "    ".join("".join(signed(w) for w in first[3 * r : 3 * r + 3, j]) for j in range(3))
            for r in range(4)
        ]
        lines = app.lines()
        assert lines[0] == " A                 [B]                 C"
        assert lines[1:5] == rows
        for k, line in enumerate(lines[6:8]):
            words = line.split()
            assert words[:2] == [str(k), "←"]
            assert [words[i] for i in (3, 6, 9)] == [signed(w) for w in second[:, k]]


async def test_the_overview_of_a_small_network(tiny):
    app = Bench(tiny)
    async with app.run_test(size=(24, 8)) as pilot:
        await pilot.press("o")
        assert app.diagram.mode == "overview"
        lines = app.lines()
        assert lines[0] == "[A]"
        assert [line.split() for line in lines if "." in line] == [["+1.50", "−0.25"]]
        await pilot.press("o")
        assert app.diagram.mode == "focus"


async def test_keys_walk_and_tell(digit):
    app = Bench(digit, Selection(0, 1))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("left")
        strongest = int(np.argmax(np.abs(digit.layers[0].weight[:, 1])))
        await pilot.press("home", "j", "left", "l", "right", "right", "k")
        await pilot.pause()
        assert app.selected == [
            Selection(0, 1, strongest),
            Selection(0, 1, 0),
            Selection(0, 1, 1),
            Selection(-1, 1),
            Selection(0, 1, 1),
            Selection(0, 1),
            Selection(1, 0, 1),
            Selection(1, 0, 0),
        ]
        assert app.diagram.selection == app.selected[-1]


async def test_the_selected_weight_is_named_with_its_value(digit):
    app = Bench(digit, Selection(0, 1, 4))
    async with app.run_test(size=(80, 24)):
        value = f"{digit.layers[0].weight[4, 1]:+.2f}".replace("-", "−")
        (line,) = [line for line in app.lines() if "w[5]" in line and "hidden" not in line]
        assert line.startswith("  5 ██")
        assert f"w[5] {value}" in line
        assert app.lines()[-1].startswith("hidden[2].w[5] ")


async def test_the_wires_can_carry_gradients(digit):
    app = Bench(digit, Selection(0, 1, 4))
    async with app.run_test(size=(80, 24)) as pilot:
        app.diagram.show(scene(digit, Selection(0, 1, 4), backward=True))
        await pilot.pause()
        value = f"{digit.layers[0].grad_weight[4, 1]:+.2f}".replace("-", "−")
        assert any(f"w[5].grad {value}" in line for line in app.lines())


@pytest.mark.parametrize("size", [(40, 16), (54, 24), (120, 36)])
@pytest.mark.parametrize("mode", ["focus", "overview"])
async def test_a_click_selects_what_is_drawn_there(digit, size, mode):
    app = Bench(digit, Selection(0, 1))
    async with app.run_test(size=size) as pilot:
        app.diagram.mode = mode
        await pilot.pause()
        lines = app.lines()
        name = " C " if mode == "focus" else " A "
        y = next(y for y, line in enumerate(lines) if name in line)
        await pilot.click(NetworkDiagram, offset=(lines[y].index(name) + 1, y))
        assert app.selected == [Selection(0, 2 if mode == "focus" else 0)]
        lines = app.lines()
        number = f"{digit.layers[0].weight[6, app.selected[0].unit]:+.2f}".replace("-", "−")
        at = [(y, line.index(number)) for y, line in enumerate(lines) if number in line]
        if at:
            await pilot.click(NetworkDiagram, offset=(at[0][1] + 1, at[0][0]))
            assert app.selected[-1] == replace(app.selected[0], source=6)


async def test_a_click_beside_everything_selects_nothing(digit):
    app = Bench(digit, Selection(0, 1))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click(NetworkDiagram, offset=(79, 1))
        assert app.selected == []


def painted(view, index):
    x = view.input.copy()
    x[index] = 1 - x[index]
    a, layers = x, []
    for layer in view.layers:
        z = a @ layer.weight + layer.bias
        a = 1 / (1 + np.exp(-z))
        layers.append(replace(layer, z=z, a=a, weight=layer.weight.copy()))
    return replace(view, input=x, layers=tuple(layers))


async def test_a_painted_pixel_draws_only_its_row_and_the_units_again(digit):
    app = Bench(digit, Selection(0, 1))
    async with app.run_test(size=(80, 30)):
        diagram = app.diagram
        before = {y: diagram.render_line(y) for y in range(diagram.size.height)}
        view = painted(digit, 7)
        diagram.show(scene(view, Selection(0, 1)))
        after = {y: diagram.render_line(y) for y in range(diagram.size.height)}
        redrawn = {y for y in before if before[y] is not after[y]}
        layout = diagram.picture(*diagram.content_size).layout
        places = [(-1, 7), *((0, i) for i in range(3)), *((1, i) for i in range(2))]
        items = [layout.column(layer).item(unit) for layer, unit in places]
        rows = {item.top + row for item in items for row in range(item.height)}
        assert items[0].top in redrawn
        assert redrawn <= rows | {diagram.size.height - 1}
        assert len(redrawn) < len(before)
        fresh = Bench(view, Selection(0, 1))
        async with fresh.run_test(size=(80, 30)):
            assert app.lines() == fresh.lines()


async def test_showing_the_same_again_draws_nothing(digit):
    app = Bench(digit, Selection(0, 1))
    async with app.run_test(size=(80, 30)):
        diagram = app.diagram
        before = [diagram.render_line(y) for y in range(29)]
        diagram.show(scene(digit, Selection(0, 1)))
        assert all(diagram.render_line(y) is before[y] for y in range(29))


async def test_changed_weights_and_another_network_are_drawn(digit, tiny):
    app = Bench(digit, Selection(0, 1))
    async with app.run_test(size=(80, 24)):
        weight = digit.layers[0].weight.copy()
        weight[0, 1] = 9.87
        other = replace(digit, layers=(replace(digit.layers[0], weight=weight), digit.layers[1]))
        app.diagram.show(scene(other, Selection(0, 1)))
        assert any("+9.87" in line for line in app.lines())
        app.diagram.show(scene(tiny, Selection(0, 1)))
        assert app.diagram.selection == Selection(0, 0)
        assert any("+1.50" in line for line in app.lines())


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "ansi-light"])
@pytest.mark.parametrize("no_color", [False, True])
@pytest.mark.parametrize("mode", ["focus", "overview"])
async def test_signs_and_states_are_told_without_colour(monkeypatch, digit, theme, no_color, mode):
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    app = Bench(digit, Selection(0, 1))
    async with app.run_test(size=(80, 24)) as pilot:
        app.theme = theme
        app.diagram.mode = mode
        await pilot.pause()
        app.export_screenshot()
        text = "\n".join(app.lines())
        for value in digit.layers[0].weight[:, 1]:
            assert f"{value:+.2f}".replace("-", "−") in text
        assert "██" in text
        assert "··" in text
        assert all(s.style is not None for y in range(24) for s in app.diagram.render_line(y))


async def test_a_theme_change_changes_the_colours(digit):
    app = Bench(digit, Selection(0, 1))
    async with app.run_test(size=(80, 24)) as pilot:
        before = app.diagram.render_line(5)
        app.theme = "textual-light"
        await pilot.pause()
        after = app.diagram.render_line(5)
        assert before.text == after.text
        assert [s.style for s in before] != [s.style for s in after]


@pytest.mark.parametrize("size", [(20, 6), (40, 16), (60, 20), (80, 24), (140, 50)])
async def test_all_sizes_and_networks_are_drawn_and_walked(make_view, size):
    nets = [((64, 32, 10), (8, 8)), ((2, 3, 2, 2), (2,)), ((3, 4, 4, 1), (3,))]
    for sizes, shape in nets:
        view = make_view(sizes, shape)
        app = Bench(view, Selection(0, 0))
        async with app.run_test(size=size) as pilot:
            for key in ("end", "left", "end", "left", "o", "home", "right", "right", "o", "l"):
                await pilot.press(key)
                for y in range(size[1]):
                    assert app.diagram.render_line(y).cell_length == size[0]
            assert app.selected
            await pilot.resize_terminal(size[0] + 7, size[1] + 3)
            while app.diagram.size.width != size[0] + 7:
                await pilot.pause()
            assert app.diagram.render_line(0).cell_length == size[0] + 7


async def test_nothing_to_show_yet():
    class Empty(App[None]):
        def compose(self) -> ComposeResult:
            yield NetworkDiagram()

    app = Empty()
    async with app.run_test(size=(20, 6)) as pilot:
        diagram = app.query_one(NetworkDiagram)
        diagram.focus()
        await pilot.press("left", "o")
        await pilot.click(NetworkDiagram)
        assert app.query_one(NetworkDiagram).lines == []


def test_every_key_says_what_it_does():
    taken = {"space", "c", "u", "[", "]", "1", "2", "3", "4", "5", "e", "colon", "question_mark"}
    for binding in NetworkDiagram.BINDINGS:
        assert binding.id.startswith("diagram.")
        assert binding.description
        assert binding.tooltip
        assert not taken & set(binding.key.split(","))
    assert NetworkDiagram.HELP
    assert NetworkDiagram.BINDING_GROUP_TITLE
