"""The circuit screen as a person uses it: keys and mouse in, bench and screen out."""

import random

import pytest
from textual.widgets import Input

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.circuit_bench import CircuitBench
from nnsim.tui.app import NnsimApp
from nnsim.tui.panels.circuit import CircuitGraph
from nnsim.tui.panels.circuit.steps import StepPanel
from nnsim.tui.screens.bar import CommandBar
from nnsim.tui.screens.circuit import CircuitScreen, ExamplesScreen
from nnsim.tui.screens.frame import StatusLine, TitleLine
from nnsim.tui.screens.help import HelpScreen
from nnsim.tui.screens.home import HomeScreen
from nnsim.tui.screens.lab import LabScreen
from tests.tui.conftest import until


class CircuitApp(NnsimApp):
    """Opens at a circuit."""

    def __init__(self, bench, **options):
        super().__init__(**options)
        self.circuit_bench = bench

    def on_mount(self):
        super().on_mount()
        self.install_screen(CircuitScreen(self.circuit_bench), "circuits")
        self.push_screen("circuits")


@pytest.fixture
def open_circuit():
    def make(example="add-multiply", **options):
        bench = example if isinstance(example, CircuitBench) else CircuitBench.of_example(example)
        return CircuitApp(bench, **options)

    return make


def status(app):
    return app.screen.query_one(StatusLine).text


def panel(app):
    rows = app.screen.query_one(StepPanel)
    return "\n".join("".join(text for text, _look in rows.row(i)) for i in range(rows.row_count()))


def picture(app):
    """The picture's lines as text, without its border and margins."""
    graph = app.screen.query_one(CircuitGraph)
    lines = [graph.render_line(y).text for y in range(graph.scrollable_content_region.height)]
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    left = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return [line[left:].rstrip() for line in lines]


async def test_home_opens_the_circuits_and_escape_goes_back(open_app):
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab", "end", "enter")
        await pilot.pause()
        assert isinstance(app.screen, CircuitScreen)
        await pilot.press("right", "right")
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen.bench.walk.position == 2  # as it was left


async def test_c_on_home_opens_the_circuits(open_app):
    app = open_app()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("c")
        await pilot.pause()
        assert isinstance(app.screen, CircuitScreen)
        assert app.screen.bench.circuit.value == -12


# The values and gradients of CS231n's circuit: −12; −4, −4 and 3.
AFTER_THREE = """\
   −2
x ─────────┬#1─┐
           │   │ 3
           │ + ├━━━━━━━━━┳#2━┓
   5       │   │ −4      ┃   ┃ −12
y ─────────┴───┘         ┃ ×◀┣───────▶
                 −4      ┃   ┃ 1
              z ━━━━━━━━━┻━━━┛
                 3"""


async def test_the_third_step_of_the_first_circuit(open_circuit):
    app = open_circuit()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("right", "right", "right")
        assert picture(app) == AFTER_THREE.split("\n")
        assert panel(app).split("\n") == [
            " #2  × multiply",
            " swaps: each input gets the gradient times the value of the other input",
            " upstream, ∂ value / ∂ #2 = 1",
            " back to local  × upstream   gradient",
            " #1      z = −4 × 1        = −4      ",
            " z       #1 = 3 × 1        = 3       ",
        ]


# CS231n's neuron, folded: 0.73; on b (w2), 0.73·(1 − 0.73) ≈ 0.1966.
FOLDED = """\
    2
w0 ─────────┬#1─┐
            │   │ −2
            │ × ├─────────┐
    −1      │   │ 0.1966  │
x0 ─────────┴───┘         └─┬#3─┐
                            │   │ 4
                            │ + ├─────────┬#4─┐
    −3                      │   │ 0.1966  │   │ 1       ╔#5═╗ 0.7311
w1 ━━━━━━━━━┳#2━┓         ┌─┴───┘         │ + ├─────────╣ σ ╠───────▶
    −0.3932 ┃   ┃ 6       │       −3      │   │ 0.1966  ╚═══╝ 1
            ┃ ×◀┣─────────┘   w2 ─────────┴───┘
    −2      ┃   ┃ 0.1966          0.1966
x1 ━━━━━━━━━┻━━━┛
    −0.5898"""


async def test_the_sigmoid_neuron_folded(open_circuit):
    app = open_circuit("sigmoid-neuron")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("z", "end", "left")
        assert picture(app) == FOLDED.split("\n")


async def test_values_appear_forward_and_gradients_backward(open_circuit):
    app = open_circuit()
    async with app.run_test(size=(80, 24)) as pilot:
        text = "\n".join(picture(app))
        assert "−12" not in text
        await pilot.press("right", "right")
        text = "\n".join(picture(app))
        assert "−12" in text
        assert text.count("−4") == 1  # the value of z; no gradient yet
        await pilot.press("end")
        assert "\n".join(picture(app)).count("−4") == 4
        assert "value −12" in app.screen.query_one(TitleLine)._right


async def test_every_key_that_walks(open_circuit):
    app = open_circuit()
    async with app.run_test(size=(80, 24)) as pilot:
        walk = app.screen.bench.walk
        places = []
        for key in ("right", "l", "left", "h", "end", "home", "b", "f"):
            await pilot.press(key)
            places.append(walk.position)
        assert places == [1, 2, 1, 0, 4, 0, 2, 0]


async def test_playing_goes_to_the_end_and_stops(open_circuit):
    app = open_circuit()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("plus", "equals_sign", "plus")
        assert "8 steps a second" in status(app)
        await pilot.press("space")
        await until(lambda: app.screen.bench.walk.position == 4)
        await pilot.press("minus")
        assert "4 steps a second" in status(app)
        await pilot.press("space")  # from the start again
        assert app.screen.bench.walk.position == 0
        await pilot.press("space")
        assert "stopped" in status(app)


async def test_a_key_that_walks_stops_the_playing(open_circuit):
    app = open_circuit()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space", "right")
        at = app.screen.bench.walk.position
        await pilot.pause(0.6)
        assert app.screen.bench.walk.position == at
        await pilot.press("space", "escape")
        assert isinstance(app.screen, CircuitScreen)  # the first Escape stops
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)


async def test_tab_chooses_inputs_and_e_edits_them(open_circuit):
    app = open_circuit()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        assert "choose an input" in status(app)
        await pilot.press("end", "tab", "tab")
        assert app.screen.query_one(StepPanel).row(0)[0][0] == " y"
        assert "if y grows by 0.001, the circuit's value changes by about −0.004" in panel(app)
        await pilot.press("e")
        await pilot.pause()
        await pilot.press(*"-1", "enter")
        await pilot.pause()
        assert app.screen.bench.read("y") == -1
        assert app.screen.bench.circuit.value == 12
        assert "[y]" in "\n".join(picture(app))
        await pilot.press("u")
        assert app.screen.bench.read("y") == 5
        await pilot.press("U")
        assert app.screen.bench.read("y") == -1
        await pilot.press("shift+tab")
        assert "[z]" in "\n".join(picture(app)) or "[x]" in "\n".join(picture(app))


async def test_up_and_down_go_round_all_values_and_gates(open_circuit):
    app = open_circuit()
    async with app.run_test(size=(80, 24)) as pilot:
        seen = []
        for key in ("down", "j", "down", "down", "down", "down", "up", "k"):
            await pilot.press(key)
            seen.append(app.screen.selected)
        names = {0: "x", 1: "y", 2: "+", 3: "z", 4: "×"}
        assert [names[index] for index in seen] == ["x", "y", "+", "z", "×", "x", "×", "z"] or [
            names[index] for index in seen
        ] == ["x", "y", "z", "+", "×", "x", "×", "+"]
        await pilot.press("right")
        assert app.screen.selected is None  # the picture follows the walk again


async def test_folding_and_opening_with_keys(open_circuit):
    app = open_circuit("softmax-log")
    async with app.run_test(size=(80, 24)) as pilot:
        bench = app.screen.bench
        await pilot.press("z")
        assert bench.read("gates") == 6
        assert app.screen.selected == bench.circuit.graph.names["p"]
        assert "[p]╠" in "\n".join(picture(app))
        await pilot.press("x")
        assert bench.read("gates") == 8
        await pilot.press("x")
        assert "nothing here is folded" in status(app)
        await pilot.press("Z")
        assert bench.read("gates") == 6
        await pilot.press("z")
        assert "nothing here can be folded" in status(app)
        await pilot.press("X")
        assert bench.read("gates") == 8


async def test_folding_asks_which_part_where_there_are_several(open_circuit):
    bench = CircuitBench.of_example("add-multiply")
    bench.run('circuit "p = a*b + 1; q = a*c + 2; p*q" a=1 b=2 c=3')
    app = open_circuit(bench)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("z")
        assert "possible are p, q" in status(app)
        await pilot.press("right", "right", "right", "z")  # at q's multiplication
        assert bench.circuit.unfoldable == ("q",)
        await pilot.press("home", "z")  # the only part that is left
        assert bench.circuit.unfoldable == ("p", "q")
        await pilot.press("home", "right", "left", "x")
        assert "there are p, q" in status(app)


async def test_the_list_of_examples(open_circuit):
    app = open_circuit()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("o")
        assert isinstance(app.screen, ExamplesScreen)
        await pilot.press("escape")
        assert isinstance(app.screen, CircuitScreen)
        await pilot.press("o", "down", "enter")
        await pilot.pause()
        assert app.screen.bench.circuit.value == pytest.approx(715)  # of the textbook
        await pilot.press("u")
        assert app.screen.bench.circuit.value == -12


async def test_an_expression_is_typed_over_the_one_that_is_up(open_circuit):
    app = open_circuit()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("i")
        await pilot.pause()
        line = app.screen.query_one(Input)
        assert line.value == 'circuit "(x + y) * z" x=-2 y=5 z=-4'
        line.value = 'circuit "(a+a)+(a+a)" a=7'
        await pilot.press("enter", "end")
        await pilot.pause()
        assert app.screen.bench.read("a.grad") == 4  # and not 2: a used four times sums
        assert not app.screen.query(CommandBar)


async def test_a_refused_expression_points_at_the_character(open_circuit, screen_text):
    app = open_circuit()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("i")
        await pilot.pause()
        line = app.screen.query_one(Input)
        line.value = 'circuit "x + y^2" x=1 y=2'
        await pilot.press("enter")
        await pilot.pause()
        text = screen_text(app)
        row = next(i for i, t in enumerate(text) if t == " x + y^2")
        assert text[row + 1] == "      ^"
        assert "character 6" in text[row - 1]
        assert line.value[line.cursor_position] == "^"
        await pilot.press("escape")
        assert app.screen.bench.circuit.value == -12


async def test_the_command_line_of_the_circuit(open_circuit):
    app = open_circuit()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon", *"set x 1", "enter")
        await pilot.pause()
        assert app.screen.bench.circuit.value == -24
        await pilot.press("colon", *"paint 1", "enter")
        await pilot.pause()
        assert app.screen.query(CommandBar)
        await pilot.press("escape")


async def test_division_by_zero_is_told_at_its_gate(open_circuit):
    bench = CircuitBench.of_example("add-multiply")
    bench.run('circuit "a/(x - y) + 1" a=1 x=2 y=2')
    app = open_circuit(bench)
    async with app.run_test(size=(80, 24)) as pilot:
        assert "division by zero" in panel(app)
        await pilot.press("right")
        assert "division by zero" not in panel(app)
        await pilot.press("right")
        assert "! division by zero" in panel(app)
        text = "\n".join(picture(app))
        assert "!#2" in text
        assert "!inf" in text


async def test_help_lists_the_circuit_s_keys_and_commands(open_circuit):
    app = open_circuit()
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        page = app.screen._page().plain
        for expected in ("example ID", "NAME.grad", "The circuits that ship", "Play faster"):
            assert expected in page
        assert "paint" not in page


# Large pictures -------------------------------------------------------------------------------


def network():
    from nnsim.lab.circuit_bench import of_network

    lab = Lab(load("digits-4x3"), load=load)
    lab.run("sample 1")
    return of_network(lab.network, lab.input, lab.target, lab.experiment.title)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36), (200, 60)], ids=str)
async def test_the_gate_of_every_step_is_in_sight(open_circuit, size):
    app = open_circuit(network())
    async with app.run_test(size=size) as pilot:
        for step in range(1, 23):
            await pilot.press("right")
            arrow = "▶" if step <= 11 else "◀"
            text = "\n".join(picture(app)).replace("───────▶", "")
            assert arrow in text, f"step {step}"


async def test_a_large_picture_scrolls_with_keys_mouse_and_wheel(open_circuit):
    app = open_circuit(network())
    async with app.run_test(size=(80, 24)) as pilot:
        graph = app.screen.query_one(CircuitGraph)
        await pilot.pause()  # the picture has found its first place
        await pilot.press("pagedown")
        assert graph.scroll_offset.y > 0
        await pilot.press("pageup", "greater_than_sign")
        assert (graph.scroll_offset.x > 0, graph.scroll_offset.y) == (True, 0)
        await pilot.press("less_than_sign")
        assert graph.scroll_offset == (0, 0)
        await pilot.mouse_down(graph, offset=(40, 8))
        await pilot.hover(graph, offset=(20, 4))
        await pilot.mouse_up(graph, offset=(20, 4))
        assert graph.scroll_offset == (20, 4)
        assert app.screen.selected is None  # a drag chooses nothing


async def test_a_click_chooses(open_circuit):
    app = open_circuit()
    async with app.run_test(size=(80, 24)) as pilot:
        graph = app.screen.query_one(CircuitGraph)
        lines = [graph.render_line(y).text for y in range(graph.content_size.height)]
        y = next(i for i, line in enumerate(lines) if " z ─" in line)
        await pilot.click(graph, offset=(lines[y].index("z") + 1, y + 1))
        assert app.screen.selected == app.screen.bench.circuit.graph.names["z"]


async def test_the_explanation_scrolls_where_it_is_long(open_circuit):
    app = open_circuit(network())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("end")
        rows = app.screen.query_one(StepPanel)
        assert rows.row_count() > 20
        await pilot.press("right_square_bracket")
        assert rows.scroll_offset.y > 0
        await pilot.press("left_square_bracket")
        assert rows.scroll_offset.y == 0


async def test_a_step_redraws_only_the_lines_that_changed(open_circuit):
    app = open_circuit(network())
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press(*["right"] * 4)
        graph = app.screen.query_one(CircuitGraph)
        drawn = dict(graph._strips)
        await pilot.press("right")
        same = [y for y, strip in drawn.items() if graph._strips.get(y) is strip]
        changed = [y for y, strip in drawn.items() if graph._strips.get(y) is not strip]
        assert changed
        assert len(changed) < len(same)


# From the lab ---------------------------------------------------------------------------------


async def test_g_in_the_lab_shows_the_network_as_gates(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await pilot.pause()
        assert isinstance(app.screen, LabScreen)
        assert "no target yet" in status(app)
        await pilot.press("right_square_bracket", "g")
        await pilot.pause()
        assert isinstance(app.screen, CircuitScreen)
        assert app.screen.bench.read("gates") == 11
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, LabScreen)


async def test_the_command_circuit_in_the_lab_shows_it(open_app):
    app = open_app("demons")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        app.screen.execute('circuit "x*y" x=2 y=3')
        await pilot.pause()
        assert isinstance(app.screen, CircuitScreen)
        await pilot.press("tab", "e")
        await pilot.pause()
        await pilot.press("7", "enter")
        await pilot.pause()
        assert lab.read("x") == 7
        await pilot.press("escape")
        assert isinstance(app.screen, LabScreen)


# Anything ---------------------------------------------------------------------------------------

KEYS = [
    *"hjklfbezxZXouUi:?+-[]<>", "left", "right", "up", "down", "home", "end", "pageup", "pagedown",
    "tab", "shift+tab", "space", "enter", "escape", "backspace", "1", "ctrl+p",
]  # fmt: skip
LINES = [
    'circuit "a/b" a=1 b=0', 'circuit "exp(x)**9" x=90', "set x nan", "fold", "unfold", "example x",
    "example softmax-log", "next 3", "undo 4", 'circuit "1" ', "last",
]  # fmt: skip


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36)], ids=str)
@pytest.mark.parametrize("events", [30, pytest.param(1000, marks=pytest.mark.slow)])
async def test_random_events(open_circuit, size, events):
    rng = random.Random(size[0])
    app = open_circuit(network())
    async with app.run_test(size=size) as pilot:
        for _event in range(events):
            kind = rng.random()
            if kind < 0.75:
                await pilot.press(rng.choice(KEYS))
            elif kind < 0.9:
                spot = (rng.randrange(app.size.width), rng.randrange(app.size.height))
                other = (rng.randrange(app.size.width), rng.randrange(app.size.height))
                await pilot.mouse_down(offset=spot)
                await pilot.hover(offset=other)
                await pilot.mouse_up(offset=spot)
            elif kind < 0.93:
                await pilot.resize_terminal(*rng.choice([(30, 8), (200, 60), size]))
            elif isinstance(app.screen, CircuitScreen):
                app.screen.execute(rng.choice(LINES))
            await pilot.pause()
        await pilot.resize_terminal(*size)
        bench = app.circuit_bench
        fresh = bench.circuit.graph.evaluate(list(bench.circuit.inputs.values()))
        assert repr(fresh[0]) == repr([float(v) for v in bench.circuit.values])
        assert 0 <= bench.walk.position <= bench.walk.last
