"""The map of panel 9 as it is computed: of what is on the bench, in slices between the keys."""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from textual.timer import Timer

from nnsim.i18n import _
from nnsim.lab.errors import LabError
from nnsim.lab.landscape import WEIGHTS, CostMap, PathOnPlane, Surface, Window
from nnsim.tui.panels.panel import Scene
from nnsim.tui.widgets.landscape_lines import LandscapeLines
from nnsim.tui.widgets.rows import Row

if TYPE_CHECKING:
    from nnsim.lab import Lab

SLICE = 0.012  # seconds of work between two turns of keys and screen
EVERY = 2.0  # least seconds between two maps while the parameters beside the plane change


class LandscapeMaps(LandscapeLines):
    """Follows the bench: the plane through it, the path of training, and the map."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lab: Lab | None = None
        self.window = Window(-1.0, 1.0, -1.0, 1.0)
        self._asked: object = None  # the network for which a plane was asked for
        self._way: PathOnPlane | None = None
        self._path: NDArray[np.float64] = np.zeros((0, 2))
        self._now = (0.0, 0.0)
        self._beside = 0.0
        self._surface: Surface | None = None
        self._surface_key: tuple[Any, ...] = ()
        self._next: CostMap | None = None  # what is being computed
        self._key: tuple[Any, ...] = ()  # what the map, or the next one, is of
        self._of = (0, 0)  # the epochs of the map and of what is being computed
        self._begun = 0.0  # when the last one was begun
        self._spent = self._took = 0.0  # seconds of work on it so far, and on the one before
        self._timer: Timer | None = None

    # What is shown ------------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Show the landscape, with the path as far as it goes now."""
        self.scene, lab = scene, scene.lab
        self._lab = lab
        plane = lab.landscape
        if plane is None:
            self._ask_for_one(lab)
            return
        if plane is not self.plane:
            self.plane, self._way = plane, PathOnPlane(plane)
            self._find(lab)
            self.cursor = self._now
            self.window = Window.of(plane, self._path, self._now)
            self.map = self._next = None
        else:
            self._find(lab)
        self._compute(lab)
        self.take(self._path, self._now)
        self.draw()

    def _ask_for_one(self, lab: Lab) -> None:
        """There is no plane for this network yet: begin with the usual one."""
        self.plane = self.map = self._next = None
        if self._asked is not lab.network:
            self._asked = lab.network
            self.sorry = ""
            if lab.network.parameters.size < 2:
                self.sorry = _("a plane needs two parameters, and this network has fewer")
            else:
                self.post_message(self.Asked("landscape"))
        self.draw()

    def _find(self, lab: Lab) -> None:
        """Find where path and present parameters lie on the plane."""
        assert self.plane is not None
        assert self._way is not None
        now = lab.network.parameters.astype(np.float64)
        x, y = self.plane.project(now[None])[0]
        self._now = float(x), float(y)
        self.now = (self._now, lab.metrics.cost) if lab.metrics.samples else None
        self._path = self._way.points(lab.timeline.run.frames)
        self._beside = 0.0
        if self.plane.kind != WEIGHTS:
            away = self.plane.distance(now)
            self._beside = away if away > 1e-6 * max(1e-12, float(np.linalg.norm(now))) else 0.0

    # Computing ----------------------------------------------------------------------------------

    def _compute(self, lab: Lab) -> None:
        """See to it that the map is of what is on the bench; in slices."""
        if not self.content_size.width or self.plane is None:
            return
        muted = tuple(sorted(lab.network.muted.items()))
        surface_key = (lab.network, lab.experiment.data, muted, lab.network.running.tobytes())
        plane = self.plane.through(lab.network.parameters.astype(np.float64))
        where = (self.plane, self.window, self.content_size)
        key = (*where, *surface_key, plane.origin.tobytes())
        if key == self._key:
            if self._next is not None:  # it was out of sight meanwhile
                self._soon()
            return
        same_place = where == self._key[: len(where)]
        if same_place and self.map is not None and lab.running.on and self._is_early():
            return  # the others move with every epoch: a new map every now and then
        if not self._look_at(lab, surface_key):
            return
        assert self._surface is not None
        self.plot, columns, rows = self.fitted(self.window)
        self._next = CostMap(self._surface, plane, self.window, columns, rows)
        self._of = (self._of[0], lab.trainer.epoch)
        self._key, self._begun, self._spent = key, perf_counter(), 0.0
        if not same_place or self.map is None:
            self.map = self._next  # coarse at first
            self._of = (lab.trainer.epoch, lab.trainer.epoch)
            self._work()
        else:
            self._soon()

    @property
    def _wait(self) -> float:
        """Seconds between two maps while the others move: at most a fifth of the time for them."""
        return max(EVERY, math.ceil(5 * self._took))

    def _is_early(self) -> bool:
        return self._next is not None or perf_counter() - self._begun < self._wait

    def _look_at(self, lab: Lab, key: tuple[Any, ...]) -> bool:
        """Take the data and the kind of network that are on the bench; say whether that goes."""
        if key == self._surface_key and self._surface is not None:
            return True
        try:
            self._surface, self._surface_key, self.sorry = (
                Surface(lab.network, lab.experiment.data),
                key,
                "",
            )
        except LabError as problem:
            self.sorry, self.map, self._next, self._surface = str(problem), None, None, None
            return False
        return True

    def _work(self) -> None:
        """Compute for a moment, then let keys and the screen have their turn."""
        if self._next is None:
            return
        begun = perf_counter()
        done = self._next.work(SLICE)
        self._spent += perf_counter() - begun
        if done:
            self.map, self._next, self._took = self._next, None, self._spent
            self._of = (self._of[1], self._of[1])
        else:
            self._soon()
        if done or self.map is self._next:
            self.take(self._path, self._now)
            self.draw()

    def _soon(self) -> None:
        """Go on computing in a moment, while anybody looks."""

        def go_on() -> None:
            self._timer = None
            self._work()

        if self._timer is None and self.is_attached and self.display:
            self._timer = self.set_timer(0.001, go_on)

    def on_resize(self) -> None:
        """Lay everything out anew."""
        if self.scene is not None:
            self.map = self._next = None
            self._key = ()
            self.show(self.scene)
        self.redraw_all()

    # Text ---------------------------------------------------------------------------------------

    def state(self) -> Row:
        """How far the map is computed, of which epoch it is, and what lies beside it."""
        lab, surface = self._lab, self._surface
        assert lab is not None
        if self.map is not None and self.map is self._next:
            return [(_("computing …"), "dim")]
        said = []
        if self._beside:
            away = f"{self._beside:.3g}"
            said.append(_("now lies {distance} beside this plane; r lays one through it").format(
                distance=away))  # fmt: skip
        others = self.plane is not None and self.plane.kind == WEIGHTS
        others = others and lab.network.parameters.size > 2
        if others and self._of[0] != lab.trainer.epoch:
            text = _("the other weights are those of epoch {epoch}; a new map every {n} s")
            said.append(text.format(epoch=self._of[0], n=f"{self._wait:g}"))
        if surface is not None and surface.every > 1:
            said.append(_("of every {n}th sample, times {n}").format(n=surface.every))
        window = self.window
        inside = (
            window.left <= self._now[0] <= window.right
            and window.bottom <= self._now[1] <= window.top
        )
        if not inside:
            said.append(_("now is out of sight; f brings it back"))
        return [(" · ".join(said), "dim")]

    def address(self) -> str | None:
        """The parameter of the horizontal axis, or the cost."""
        if self.plane is not None and self.plane.kind == WEIGHTS:
            return self.plane.names[0]
        return "cost"
