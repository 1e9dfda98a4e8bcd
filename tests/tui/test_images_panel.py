"""Kernels, feature maps and weight images: every number under the cursor is the bench's own."""

import numpy as np
import pytest

from nnsim.experiments import catalogue
from nnsim.tui.panels.map.images import ImagesPanel
from nnsim.tui.panels.map.plates import Plate, Spot, Tile, Tiling
from nnsim.tui.panels.panel import Panel
from nnsim.tui.panels.why import Inspector
from tests.tui.conftest import until


async def opened(pilot, *keys) -> ImagesPanel:
    await pilot.pause()
    await pilot.press("right_square_bracket", "7")
    panel = pilot.app.screen.query_one(ImagesPanel)
    await until(lambda: panel.tiling.tiles and pilot.app.focused is panel)
    await pilot.press(*keys)
    await pilot.pause()
    return panel


def text(panel) -> str:
    return "\n".join(
        panel.render_line(y).text.rstrip() for y in range(panel.content_size.height)
    )  # fmt: skip


def every_number(panel):
    for index, tile in enumerate(panel.tiling.tiles):
        for i, plate in enumerate(tile.plates):
            for row, column in np.ndindex(*plate.values.shape):
                yield Spot(index, i, row, column), plate.address(row, column), plate


@pytest.mark.parametrize("name", ["window-4x4", "window-7x7", "rgb-4x4", "digits-8x8-cnn"])
async def test_every_number_has_its_address(open_app, name):
    async with open_app(name).run_test(size=(120, 36)) as pilot:
        panel, lab = await opened(pilot), pilot.app.screen.lab
        kinds = set()
        for field in ("a", "z"):
            for spot, address, plate in every_number(panel):
                assert lab.read(address) == plate.values[spot.row, spot.column]
                kinds.add(lab.names.resolve(address).kind)
                if spot.tile == 0:
                    x, y, _width = panel.tiling.place(spot)
                    assert panel.tiling.at(x, y) == spot
            assert panel.look.field == field
            await pilot.press("v")
        assert kinds == {"w", "z", "a"}


async def test_a_feature_map_by_its_definition(open_app):
    """Cross-correlation written out: a sum over the window, the bias, relu; then 2 × 2 maxima."""
    async with open_app("digits-8x8-cnn").run_test(size=(80, 24)) as pilot:
        panel, lab = await opened(pilot), pilot.app.screen.lab
        picture, conv = lab.input[:, :, 0], lab.network.layers[0]
        for unit, tile in enumerate(panel.tiling.tiles):
            kernel, found, pooled = (plate.values for plate in tile.plates)
            expected = np.zeros((6, 6))
            for row, column in np.ndindex(6, 6):
                total = conv.bias[unit]
                for i, j in np.ndindex(3, 3):
                    total += picture[row + i, column + j] * kernel[i, j]
                expected[row, column] = max(0.0, total)
            assert found == pytest.approx(expected, abs=1e-12)
            for row, column in np.ndindex(3, 3):
                window = expected[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                assert pooled[row, column] == pytest.approx(window.max(), abs=1e-12)
        assert f"b {conv.bias[0]:+.3f}".replace("-", "−") in text(panel)


async def test_the_cursor_goes_through_kernel_map_and_pool_and_asks_why(open_app):
    async with open_app("digits-8x8-cnn").run_test(size=(120, 36)) as pilot:
        panel, lab = await opened(pilot), pilot.app.screen.lab
        seen = []
        for _step in range(12):
            seen.append(panel.address())
            await pilot.press("l")
        assert seen[:4] == ["conv[1].w[1,1,1]", "conv[1].w[1,2,1]", "conv[1].w[1,3,1]",
                            "conv[1].a[1,1]"]  # fmt: skip
        assert seen[9:] == ["pool[1].a[1,1]", "pool[1].a[1,2]", "pool[1].a[1,3]"]
        assert panel.address() == "conv[2].w[1,1,1]"
        await pilot.press("pagedown", "v", *["right"] * 4, "down")
        address = "conv[3].z[2,2]"
        assert panel.address() == address
        value = lab.read(address)
        assert f"{address} = " in text(panel)
        assert "looks at rows 2–4, columns 2–4 of the input" in text(panel)
        await pilot.press("enter")
        inspector = pilot.app.screen.query_one(Inspector)
        await until(lambda: inspector.display)
        assert f"Why {address}" in str(inspector.border_title)
        assert str(lab.focus) == address
        assert lab.read(address) == value


async def test_it_follows_the_input_and_training(open_app):
    async with open_app("digits-8x8-cnn").run_test(size=(120, 36)) as pilot:
        panel, screen = await opened(pilot), pilot.app.screen
        before = text(panel)
        screen.execute("sample 12")
        await until(lambda: text(panel) != before)
        assert "−2.50" not in text(panel)
        screen.execute("set conv[1].w[1,1,1] -2.5")
        await until(lambda: "−2.50" in text(panel))


async def test_the_number_under_the_cursor_can_be_typed_anew(open_app):
    async with open_app("window-4x4").run_test(size=(80, 24)) as pilot:
        panel, lab = await opened(pilot, "right"), pilot.app.screen.lab
        await until(lambda: str(lab.focus) == "conv[1].w[1,2,1]")
        await pilot.press("e", "ctrl+u", *"0.5", "enter")
        await until(lambda: "+0.50" in text(panel))
        assert lab.network.layers[0].weight[0, 1, 0, 0] == 0.5
        await pilot.press("u")
        await until(lambda: lab.network.layers[0].weight[0, 1, 0, 0] == 0.0)


async def test_channels_of_a_colour_stand_side_by_side(open_app):
    async with open_app("rgb-4x4").run_test(size=(80, 24)) as pilot:
        panel = await opened(pilot)
        kernels = [plate for plate in panel.tiling.tiles[0].plates if plate.kind == "kernel"]
        assert [plate.values[0, 0] for plate in kernels] == [0.3, 0.6, 0.1]
        assert "+0.30" in text(panel)
        assert panel.check_action("channel", (1,)) is False


async def test_many_channels_come_one_after_another(open_app, tmp_path):
    path = tmp_path / "deep.toml"
    path.write_text("""
id = "deep"
title = "deep"
input = { kind = "pixels", shape = [6, 6] }
[network]
loss = "squared_error"
layers = [
  { type = "conv2d", name = "one", filters = 5, kernel_size = 3, activation = "relu" },
  { type = "conv2d", name = "two", filters = 2, kernel_size = 2, padding = 1 },
  { type = "flatten", name = "flat" }, { type = "dense", name = "out", units = 1 },
]
[data]
inputs = ["100000/010000/001000/000100/000010/000001"]
targets = [[1.0]]
""")
    async with open_app(str(path)).run_test(size=(80, 24)) as pilot:
        panel, lab = await opened(pilot, "o", "d", "d"), pilot.app.screen.lab
        assert panel.look.layer == 1
        assert panel.address() == "two[1].w[1,1,3]"
        assert "channel 3 of 5" in " ".join(text(panel).split())
        assert panel.tiling.tiles[1].plates[0].values.tolist() == (
            lab.network.layers[1].weight[:, :, 2, 1].tolist()
        )
        await pilot.press("D", "D", "D")
        assert panel.address() == "two[1].w[1,1,5]"
        await pilot.press("o")
        assert panel.look.layer == 0
        assert panel.look.channel == 0


async def test_weights_of_a_dense_layer_in_the_shape_of_the_picture(open_app):
    async with open_app("digits-8x8").run_test(size=(80, 24)) as pilot:
        panel, lab = await opened(pilot, "end", "down", "right"), pilot.app.screen.lab
        assert "at most 12 pixels" in " ".join(text(panel).split())
        assert panel.address() == "hidden[32].w[10]"
        for spot, address, plate in every_number(panel):
            if spot.tile % 8 == 0:
                assert lab.read(address) == plate.values[spot.row, spot.column]
        assert "from the pixel at row 2, column 2 into hidden 32" in text(panel)
        assert panel.border_subtitle == "32 of 32"


async def test_named_fields_have_their_weights_too(open_app):
    async with open_app("score").run_test(size=(80, 24)) as pilot:
        panel = await opened(pilot, "right")
        assert panel.address() == "score[1].w[2]"
        assert "from middle into sea" in text(panel)


async def test_a_click_chooses_a_number_and_another_asks_why(open_app):
    async with open_app("window-4x4").run_test(size=(80, 24)) as pilot:
        panel = await opened(pilot)
        x, y, _width = panel.tiling.place(Spot(0, 1, 1, 1))
        place = (1 + x, 1 + y + len(panel.head(*panel.content_size)))
        await pilot.click(panel, offset=place)
        assert panel.address() == "conv[1].a[2,2]"
        await pilot.click(panel, offset=place)
        await until(lambda: pilot.app.screen.query_one(Inspector).display)


def test_from_anywhere_the_arrows_lead_to_the_next_number():
    """Right from each number of a row, until there is none: no number is left out or met twice."""
    tiles = tuple(
        Tile(str(k), (Plate(np.ones((3, 3)), 1, f"c[{k}].w[", ",1]", "kernel"),
                      Plate(np.ones((6, 6)), 1, f"c[{k}].a[", "]", "map")))
        for k in range(8)
    )  # fmt: skip
    for room in ((52, 16), (84, 26), (20, 8), (200, 50)):
        tiling = Tiling.of(tiles, room)
        met = set()
        for index, tile in enumerate(tiles):
            for i, plate in enumerate(tile.plates):
                spot = Spot(index, i, 0, 0)
                for _row in range(len(plate.values)):
                    met.add(spot)
                    ahead = spot
                    for _column in range(plate.values.shape[1] - 1):
                        after = tiling.step(ahead, 1, 0)
                        assert (after.row, after.column) == (ahead.row, ahead.column + 1)
                        assert tiling.step(after, -1, 0) == ahead
                        ahead = after
                        met.add(ahead)
                    spot = tiling.step(spot, 0, 1)
        assert len(met) >= 8 * (9 + 36) - 8


@pytest.mark.parametrize("name", [entry.id for entry in catalogue()])
async def test_panel_7_of_every_experiment_shows_something(open_app, screen_text, name):
    async with open_app(name).run_test(size=(80, 24)) as pilot:
        await pilot.press("right_square_bracket", "7")
        await until(lambda: isinstance(pilot.app.focused, Panel))

        def something() -> bool:
            inside = pilot.app.focused.content_region
            lines = [line[inside.x : inside.right] for line in screen_text(pilot.app)]
            return any(line.strip() for line in lines[inside.y : inside.bottom])

        await until(something)
