import asyncio
import pytest
from tests.tui.conftest import is_settled
from tests.tui.test_train_panel import press, head
from nnsim.tui.widgets.train_head import TrainHead
@pytest.mark.parametrize("n", range(4))
async def test_x(open_app, n):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120,36)) as pilot:
        await press(app, pilot, "5")
        def st():
            h=app.screen.query_one(TrainHead); p=app.screen.query_one("TrainPanel")
            return (h.lines[:1], h.region, h.content_size, p.display, p.classes, p.scene is not None, app.screen.panels.chosen, app.focused, is_settled(app), app._key_in_work,[ (repr(t), n) for n in app.screen.walk_children(with_self=True) for t in n._timers if t._repeat==0 and not t._task.done()])
        a=st()
        await asyncio.sleep(1)
        b=st()
        assert a[0], f"{a[0]} {a[7:]} AFTER {b[0]} {b[7:]}"
