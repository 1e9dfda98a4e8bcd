"""The Forward and Backward panels: keys in, steps, tables, curves, matrices and blanks out."""

import math

import numpy as np
import pytest

from nnsim.tui.panels.input.pixels import PixelGrid
from nnsim.tui.panels.network import NetworkDiagram
from nnsim.tui.panels.walk import WalkPanel
from nnsim.tui.screens.bar import AnswerBar
from nnsim.tui.screens.frame import StatusLine
from tests.tui.conftest import in_turn, until


def panel(app, direction="forward") -> WalkPanel:
    return app.screen.query_one(f"#{direction}", WalkPanel)


def status(app) -> str:
    return app.screen.query_one(StatusLine).text


async def press(pilot, *keys):
    """Press keys, and wait for the frame after the last one."""
    await pilot.press(*keys)
    await pilot.pause()


async def test_the_selected_unit_stands_in_the_panel_before_a_walk(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right_square_bracket", "3")
        lines = panel(app).lines
        lab = app.screen.lab
        assert lines[0] == "hidden[A] · → walks through the network, step by step"
        assert lines[1].split() == ["i", "xᵢ", "wᵢ", "wᵢ·xᵢ", "Σ"]
        # The fourth pixel is on, and demon A has a weight of 4 for it.
        assert lines[5].split()[:4] == ["4", "1.0000", "4.0000", "4.0000"]
        running = lab.input.reshape(-1)[:4] @ lab.network.layers[0].weight[:4, 0]
        assert float(lines[5].split()[4]) == pytest.approx(running, abs=5e-5)
        await press(pilot, "up", "up", "up")
        assert str(lab.focus) == "hidden[1].w[12]"
        await press(pilot, "2", "right", "down", "3")
        assert "hidden" in panel(app).lines[0]
        assert app.screen.lab.walk_place is None  # looking is not walking


async def test_right_starts_the_walk_and_every_key_is_a_command(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        await press(pilot, "right_square_bracket", "3", "right")
        assert (lab.walk_place.direction, lab.walk_place.index) == ("forward", 0)
        await press(pilot, "l", "right")
        assert lab.walk_place.index == 2
        await press(pilot, "h", "left")
        assert lab.walk_place.index == 0
        await press(pilot, "end")
        assert lab.walk_place.index == len(lab.walk) - 1
        await press(pilot, "right")
        assert "last step" in status(app)
        await press(pilot, "home")
        assert lab.walk_place.index == 0
        for grain in ("term", "line", "layer", "neuron"):
            await press(pilot, "f")
            assert lab.walk_place.grain == grain
            assert f"step 1 of {len(lab.walk)}" in panel(app).lines[0]
        assert panel(app).lines[0].endswith("neuron by neuron")
        await press(pilot, "u")  # the steps in a row are one change
        assert lab.walk_place is None


async def test_keys_that_come_faster_than_the_screen_are_all_steps(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "3")
        for _key in range(4):
            app.simulate_key("right")
        lab = app.screen.lab
        await until(lambda: lab.walk_place is not None and lab.walk_place.index == 3)


async def test_a_line_is_a_call_of_numpy_and_what_it_has_filled(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(pilot, "right_square_bracket", "3")
        lab = app.screen.lab
        app.screen.execute("forward line")
        await press(pilot, "right")
        lines = panel(app).lines
        assert lines[1] == "hidden: z = W x + b"
        z = [f"{value:.4f}" for value in lab.trace.layers[0].z[0]]
        current = next(line for line in lines if line.startswith("▸ "))
        assert current.split() == ["▸", "hidden_W.dot(x1,", "out=hidden_z)", *z[:2], "…"]
        assert lines[lines.index(current) + 1].split()[-1] == "?"  # not computed yet
        assert lines[-2:] == ["hidden.z  3 × 1", "".join(f"{value:>8}" for value in z)]
        await press(pilot, "m")
        assert "z      hidden_W.dot(x1, out=hidden_z)" in panel(app).lines


async def test_a_line_keeps_what_is_hidden(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(pilot, "right_square_bracket", "3", "right", "right")
        lab = app.screen.lab
        assert lab.walk_step.address == "hidden[1].a"
        value = f"{lab.read('hidden[1].a'):.4f}"
        await press(pilot, "b", "escape")
        app.screen.execute("forward line")
        await press(pilot, "end")
        lines = panel(app).lines
        assert any("reciprocal" in line for line in lines)
        assert not any(value in line for line in lines)


async def test_a_term_is_in_the_table_the_pixels_and_the_diagram_at_once(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(pilot, "right_square_bracket", "3", "f", "f", "right", "right", "right")
        lab = app.screen.lab
        assert lab.walk_place.grain == "term"
        x, w = lab.input.reshape(-1), lab.network.layers[0].weight[:, 0]
        page = panel(app).page
        assert page.table.current == 2
        assert page.table.values[2] == pytest.approx(
            [x[2], w[2], w[2] * x[2], float(x[:3] @ w[:3])], rel=1e-12
        )
        assert app.screen.query_one(PixelGrid).marked == {2}
        selection = app.screen.query_one(NetworkDiagram).selection
        assert (selection.layer, selection.unit, selection.source) == (0, 0, 2)
        row = next(line for line in panel(app).lines if line.startswith("▸3 "))
        assert row.split()[1:5] == [f"{v:.4f}" for v in page.table.values[2]]
        # What is still to come is not told yet.
        after = next(line for line in panel(app).lines if line.startswith(" 4 "))
        assert after.split()[3:5] == ["·", "·"]


async def test_bias_activation_and_curve(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(pilot, "right_square_bracket", "3", "f", "f", *["right"] * 13)
        lab, page = app.screen.lab, panel(app).page
        assert [line.label for line in page.results] == ["Σ wᵢ·xᵢ", "+ b", "z", "a"]
        assert page.results[2].value == pytest.approx(lab.read("hidden[1].z"), rel=1e-12)
        assert page.results[3].value is None
        assert page.point is None
        await press(pilot, "right")
        page = panel(app).page
        z = lab.read("hidden[1].z")
        assert page.point.z == z
        assert page.point.a == pytest.approx(1 / (1 + math.exp(-z)), rel=1e-12)
        assert sum(line.count("●") for line in panel(app).lines) == 1


async def test_painting_during_a_walk_walks_on_with_the_new_input(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(pilot, "3", "right", "right")
        before = panel(app).page.results[-1].value
        await press(pilot, "1", "space")
        page = panel(app).page
        assert page.place.startswith("step 2 of")
        assert page.results[-1].value != before
        assert page.results[-1].value == app.screen.lab.read("hidden[1].a")


async def test_a_unit_selected_elsewhere_stands_in_the_panel_and_the_walk_goes_on(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(pilot, "right_square_bracket", "3", "right", "right", "2", "down")
        assert str(app.screen.lab.focus) == "hidden[2].z"
        assert any("goes on with the walk, behind step 2" in line for line in panel(app).lines)
        await press(pilot, "3", "right")
        assert "step 3 of 8" in panel(app).page.place


async def test_the_window_of_a_convolution_slides_over_the_input(open_app):
    app = open_app("digits-8x8-cnn")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right_square_bracket", "3", "right", "right")
        grid, lab = app.screen.query_one(PixelGrid), app.screen.lab
        assert grid.marked == {0, 1, 2, 8, 9, 10, 16, 17, 18}
        for _filter in range(8):
            await press(pilot, "right")
        assert grid.marked == {1, 2, 3, 9, 10, 11, 17, 18, 19}
        window = lab.input.reshape(8, 8)[0:3, 1:4].reshape(-1)
        kernel = lab.network.layers[0].weight[:, :, 0, 0].reshape(-1)
        assert panel(app).page.table.values[:, 2] == pytest.approx(window * kernel, rel=1e-12)
        assert (panel(app).page.image.top, panel(app).page.image.left) == (0, 1)


async def test_a_pool_shows_its_window_and_the_winner(open_app):
    app = open_app("digits-8x8-cnn")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(pilot, "right_square_bracket", "3")
        app.screen.execute("forward neuron")
        app.screen.execute("next 289")
        await pilot.pause()
        page = panel(app).page
        image = app.screen.lab.trace.layers[0].a[0][:2, :2, 0]
        assert sorted(page.table.values[:, 0]) == pytest.approx(sorted(image.reshape(-1)))
        assert page.table.values[page.table.current, 0] == image.max()
        brackets = [line for line in panel(app).lines if "[· " in line and "]" in line]
        assert len(brackets) == 2  # the two rows of the window


async def test_softmax_is_taken_apart(open_app):
    app = open_app("digits-8x8")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(pilot, "right_square_bracket", "3")
        app.screen.execute("forward term")
        lab = app.screen.lab
        app.screen.execute("last")
        app.screen.execute("previous 21")  # loss (10 terms and the whole), prediction, ten shares
        await pilot.pause()
        assert lab.walk_step.kind == "normalise"
        z = lab.trace.layers[-1].z[0]
        shares = np.exp(z) / np.exp(z).sum()
        assert panel(app).page.table.values[:, 2] == pytest.approx(shares, rel=1e-12)
        app.screen.execute("previous 10")
        await pilot.pause()
        assert lab.walk_step.kind == "exp"
        assert panel(app).page.table.columns == ("k", "zₖ", "e^zₖ", "Σ")


async def test_the_loss_is_half_the_squared_distance(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right_square_bracket", "3", "right", "end")
        lab = app.screen.lab
        a, t = lab.output, lab.target
        assert panel(app).page.results[0].value == pytest.approx(0.5 * ((t - a) ** 2).sum())
        assert "C = ½ Σ (t − a)²" in "\n".join(panel(app).lines)


async def test_backward_without_a_target_says_how_to_get_one(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "4")
        text = " ".join(panel(app, "backward").lines)
        assert "There is no target yet" in text
        assert 'target "0"' in text.replace("target  ", "target ")
        await press(pilot, "right")
        assert "there is no target yet" in status(app)
        assert app.screen.lab.walk_place is None
        await press(pilot, "right_square_bracket")
        assert "The loss of this input is" in " ".join(panel(app, "backward").lines)
        await press(pilot, "right")
        assert app.screen.lab.walk_place.direction == "backward"


async def test_the_diagram_carries_gradients_while_the_backward_panel_has_the_keys(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        diagram = app.screen.query_one(NetworkDiagram)
        await press(pilot, "right_square_bracket", "4", "right", "right")
        assert diagram.carried == "gradient"
        assert "gradients" in diagram.border_title
        await press(pilot, "3")
        assert diagram.carried == "weight"
        await press(pilot, "4", "c")  # without a target there are no gradients
        assert diagram.carried == "weight"


async def test_backward_steps_are_upstream_times_local_with_the_gate_s_role(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right_square_bracket", "4", "right", "right")
        lab, page = app.screen.lab, panel(app, "backward").page
        a, t = lab.output[0], lab.target[0]
        up, local, delta = (line.value for line in page.results)
        assert up == pytest.approx(a - t, rel=1e-12)
        assert local == pytest.approx(a * (1 - a), rel=1e-12)
        assert delta == pytest.approx((a - t) * a * (1 - a), rel=1e-12)
        assert page.role.startswith("this gate scales")
        await press(pilot, "right", "right")
        page = panel(app, "backward").page
        assert page.role.startswith("this gate swaps")
        hidden = lab.trace.layers[0].a[0]
        assert page.table.values[:3, 2] == pytest.approx(delta * hidden, rel=1e-12)


async def test_the_update_shows_before_and_after_and_the_loss_again(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right_square_bracket", "4", "right", "end")
        page, lab = panel(app, "backward").page, app.screen.lab
        before, after = (line.value for line in page.results)
        assert before == lab.sample_loss
        assert after < before
        assert "falls" in page.sentence
        # Its printed digits tell the two apart.
        shown = [
            line for line in panel(app, "backward").lines if "before" in line or "▸after" in line
        ]
        assert shown[-1].split()[-1] != shown[-2].split()[-1]
        await press(pilot, "left")
        page = panel(app, "backward").page
        values = page.table.values
        assert values[:, 3] == pytest.approx(values[:, 0] - 0.2 * values[:, 1], rel=1e-12)


async def test_space_plays_and_stops(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "3", "plus", "plus", "plus", "space")
        assert panel(app).playing
        assert "▶ 8 a second" in panel(app).lines[0]
        await until(lambda: not panel(app).playing)
        assert app.screen.lab.walk_place.index == len(app.screen.lab.walk) - 1
        assert not panel(app).playing  # it stops at the end
        await press(pilot, "home", "space")
        assert panel(app).playing
        await press(pilot, "space")
        at = app.screen.lab.walk_place.index
        await pilot.pause(0.4)
        assert app.screen.lab.walk_place.index == at


async def test_escape_stops_playing_before_it_leaves(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "3", "space")
        lab_screen = app.screen
        await press(pilot, "escape")
        assert app.screen is lab_screen
        assert not panel(app).playing


async def test_m_shows_the_matrices_of_the_sample_and_of_the_batch(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right_square_bracket", "3", "right", "right", "m")
        text = "\n".join(panel(app).lines)
        assert "z = x·W + b, a = sigmoid(z)   (the current sample)" in text.replace("\n", " ")
        assert "x  1 × 12" in text
        assert "W  12 × 3" in text
        assert "n_in × n_out" in text
        await press(pilot, "m")
        text = "\n".join(panel(app).lines)
        assert "x  64 × 12" in text
        assert "more rows" in text
        first = app.screen.lab.network.layers[0].weight[0, 0]
        assert f"{first:.4f}" in text
        await press(pilot, "m")
        assert "step 2 of" in panel(app).lines[0]


async def test_a_blank_hides_the_number_until_it_is_right(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right_square_bracket", "3", "right", "right", "b")
        lab = app.screen.lab
        assert app.screen.hidden.addresses == {"hidden[1].a"}
        row = next(line for line in panel(app).lines if line.startswith("▸a"))
        assert row.split()[1] == "?"
        assert "what is hidden[1].a?" in " ".join(panel(app).lines)
        assert panel(app).page.point is None  # the curve would give it away
        assert app.screen.showing.readout().endswith("= ?")
        await press(pilot, *f"{lab.read('hidden[1].z'):.4f}", "enter")
        assert "that is z" in status(app)
        assert app.screen.query(AnswerBar)  # it can be mended
        await press(pilot, *["backspace"] * 10, *f"{lab.read('hidden[1].a'):.5f}", "enter")
        assert status(app).startswith("right: ")
        assert not app.screen.hidden
        assert not app.screen.query(AnswerBar)
        row = next(line for line in panel(app).lines if line.startswith("▸a"))
        assert float(row.split()[1]) == pytest.approx(lab.read("hidden[1].a"), rel=1e-4)


async def test_escape_shows_a_blank_and_no_answer_changes_the_bench(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "right_square_bracket", "4", "right", "right", "b")
        before = app.screen.lab.network.parameters.copy()
        assert app.screen.hidden.addresses == {"output[1].delta"}
        await press(pilot, *"much", "enter")
        assert '"much" is not a number' in str(app.screen.query_one("#bar-help").render())
        await press(pilot, "escape")
        assert not app.screen.hidden
        assert panel(app, "backward").has_focus
        assert np.array_equal(app.screen.lab.network.parameters, before)


async def test_a_given_number_is_no_blank(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "3", "up", "up", "up", "up", "b")
        assert "is given, not worked out" in status(app)
        assert not app.screen.hidden


@pytest.mark.parametrize(
    ("target", "size"), in_turn(["digits-4x3", "digits-8x8-cnn", "score", "line"])
)
async def test_every_kind_of_step_fits_every_size(open_app, size, target):
    app = open_app(target)
    async with app.run_test(size=size) as pilot:
        await press(pilot, "right_square_bracket")
        lab = app.screen.lab
        for direction, key in (("forward", "3"), ("backward", "4")):
            for grain in ("layer", "neuron", "term", "line"):
                app.screen.execute(f"{direction} {grain}")
                await press(pilot, key)
                widget, seen = panel(app, direction), set()
                for index in {*range(0, len(lab.walk), max(1, len(lab.walk) // 25))}:
                    app.screen.execute("first")
                    if index:
                        app.screen.execute(f"next {index}")
                    step = lab.walk_step
                    if step.kind in seen:
                        continue
                    seen.add(step.kind)
                    await pilot.pause()
                    lines = widget.lines
                    assert len(lines) <= widget.content_size.height
                    assert any(f"step {index + 1} of" in line for line in lines)
                    strips = [widget.render_line(y) for y in range(widget.content_size.height)]
                    assert {strip.cell_length for strip in strips} == {widget.content_size.width}


async def test_a_table_that_does_not_fit_says_which_rows_are_in_sight(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await pilot.pause()
        panel = app.screen.query_one("#forward")
        shown = sum(1 for line in panel.lines if line.split()[:1] and line.split()[0].isdigit())
        assert 0 < shown < 12
        assert panel.border_subtitle == f"1–{shown} of 12"
        await pilot.resize_terminal(80, 50)
        await pilot.pause()
        assert not panel.border_subtitle
