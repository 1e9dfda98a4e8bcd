"""Messages and tabs where there is little room."""

from rich.cells import cell_len

from nnsim.tui.panels.network import NetworkDiagram
from nnsim.tui.screens.frame import PanelTabs, StatusLine


async def test_a_chinese_message_is_broken_by_its_cells_and_loses_nothing(open_app):
    app = open_app("line")
    async with app.run_test(size=(80, 24)) as pilot:
        said = (
            "训练在第二十三轮发散，损失溢出了；保留了最后的有限状态；" * 2
            + "请试试 reset，然后 rate 0.05"
        )
        status = app.screen.query_one(StatusLine)
        status.say(said, "")
        await pilot.pause()
        lines = [status.render_line(y).text.rstrip() for y in range(status.size.height)]
        assert "".join(lines).replace(" ", "") == said.replace(" ", "")
        assert all(cell_len(line) <= 80 for line in lines)


async def test_every_panel_has_its_number_in_sight_at_60_columns(open_app):
    app = open_app("planar")
    async with app.run_test(size=(60, 20)):
        for tabs in app.screen.query(PanelTabs):
            if tabs.display and tabs.size.width:
                text = tabs.render_line(0).text
                assert cell_len(text.rstrip()) <= tabs.size.width
                assert [c for c in text if c.isdigit()] == list("23456789")


async def test_unit_12_is_not_called_1_in_a_narrow_picture(open_app):
    app = open_app("curve")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await pilot.pause()
        diagram = app.screen.query_one(NetworkDiagram)
        text = [diagram.render_line(y).text for y in range(diagram.size.height)]
        assert any(" 12 0.00" in line for line in text)
