"""The Network panel: a picture of the network that a person walks through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from nnsim.i18n import N_, _
from nnsim.lab.hiding import LayerView, NetworkView, Selection
from nnsim.tui.draw.lines import Lines, Piece
from nnsim.tui.panels.network.focus import Carried, FocusPicture
from nnsim.tui.panels.panel import Panel, Scene

if TYPE_CHECKING:
    from nnsim.tui.panels.network.overview import OverviewPicture

Mode = Literal["focus", "overview"]
Step = Literal["left", "right", "up", "down", "home", "end"]
_MOVE = Binding.Group(N_("Walk"), compact=True)


class NetworkDiagram(Panel, Lines):
    """The network as a picture, after `show` has given it one.

    In *focus* mode the selected unit with its incoming wires; in *overview* mode the strongest
    wires beside images of the weights. The wires carry the weights, or their gradients.
    """

    BINDING_GROUP_TITLE = N_("Network")
    HELP = N_(
        "The network, and what every unit makes of the input. Left goes from a unit to its "
        "incoming weights and on to what they come from, right goes back; up and down choose "
        "among them. Blue solid lines are positive weights, orange dashed ones negative; the "
        "thicker, the larger. `o` shows all the weights as pictures."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "walk('left')", N_("To the left"), id="diagram.left", group=_MOVE,
                tooltip=N_("To the incoming weights, then to where they come from")),
        Binding("right,l", "walk('right')", N_("To the right"), id="diagram.right", group=_MOVE,
                tooltip=N_("Along the weight to the unit it leads to")),
        Binding("up,k", "walk('up')", N_("Up"), id="diagram.up", group=_MOVE,
                tooltip=N_("The one above")),
        Binding("down,j", "walk('down')", N_("Down"), id="diagram.down", group=_MOVE,
                tooltip=N_("The one below")),
        Binding("home", "walk('home')", N_("First"), id="diagram.first", show=False,
                tooltip=N_("The first of the column")),
        Binding("end", "walk('end')", N_("Last"), id="diagram.last", show=False,
                tooltip=N_("The last of the column")),
        Binding("o", "toggle_overview", N_("Overview"), id="diagram.overview",
                tooltip=N_("One unit's wires, or all the weights as pictures")),
    ]  # fmt: skip

    mode: reactive[Mode] = reactive[Mode]("focus", repaint=False)

    class Selected(Message):
        """The person selected a unit, an input or a weight."""

        def __init__(self, diagram: NetworkDiagram, selection: Selection) -> None:
            self.diagram = diagram
            self.selection = selection
            super().__init__()

        @property
        def control(self) -> NetworkDiagram:
            return self.diagram

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.selection = Selection(0, 0)
        self._walk = Walk()
        self._heading: str | None = None

    @property
    def carried(self) -> Carried:
        """What the wires carry."""
        return "gradient" if self.scene is not None and self.scene.backward else "weight"

    def show(self, scene: Scene) -> None:
        if self.scene is None or not same_shape(self.scene.view, scene.view):
            self._walk = Walk()
        self.scene = scene
        if self._heading is None:
            self._heading = str(self.border_title or "")
        title = self._heading + (" · " + _("gradients") if scene.backward else "")
        if self.border_title != title:
            self.border_title = title
        self._go(inside(scene.view, scene.selection))

    def _go(self, selection: Selection) -> None:
        self.selection = selection
        self._walk.note(selection)
        self.update()

    def picture(self, width: int, height: int) -> FocusPicture | OverviewPicture | None:
        """What there is to draw; None before there is a network or room for one."""
        if self.scene is None or not width or not height:
            return None
        view = self.scene.view
        focus = self._walk.focus(view, self.selection)
        units = dict(self._walk.units)
        make = FocusPicture.make
        if self.mode == "overview":  # imported late: it is never the first picture
            from nnsim.tui.panels.network.overview import OverviewPicture

            make = OverviewPicture.make  # type: ignore[assignment]
        return make(view, self.selection, focus, units, (width, height), self.carried)

    def rows(self, width: int, height: int) -> Sequence[list[Piece]]:
        picture = self.picture(width, height)
        return [] if picture is None else [picture.line(y).pieces() for y in range(height)]

    def watch_mode(self) -> None:
        self.update()

    def on_click(self, event: events.Click) -> None:
        place = self.under(event)
        if place is not None:
            self._select(Selection(*place))

    def action_walk(self, step: Step) -> None:
        if self.scene is not None:
            self._select(self._walk.move(self.scene.view, self.selection, step))

    def action_toggle_overview(self) -> None:
        self.mode = "overview" if self.mode == "focus" else "focus"

    def _select(self, selection: Selection) -> None:
        assert self.scene is not None
        selection = inside(self.scene.view, selection)
        if selection != self.selection:
            self._go(selection)
            self.post_message(self.Selected(self, selection))


class Walk:
    """Walks with keys through units, the weights that come into them, and their sources.

    Left goes against the flow of the forward pass, right with it: unit, weight, source, and so on.
    Up and down stay in the column. In each layer it is remembered where the person was, so that a
    way back leads there.
    """

    def __init__(self) -> None:
        self.units: dict[int, int] = {}
        self._sources: dict[tuple[int, int], int] = {}

    def note(self, selection: Selection) -> None:
        self.units[selection.layer] = selection.unit
        if selection.source is not None:
            self._sources[selection.layer, selection.unit] = selection.source
            self.units[selection.layer - 1] = selection.source

    def focus(self, view: NetworkView, selection: Selection) -> tuple[int, int]:
        """Return (layer, unit) whose incoming wires are shown; (-1, 0) without layers.

        For an input that is the unit of the first layer that was looked at last.
        """
        if not view.layers:
            return -1, 0
        layer = max(0, selection.layer)
        unit = selection.unit if selection.layer >= 0 else self.units.get(0, 0)
        return layer, min(unit, size_of(view, layer) - 1)

    def move(self, view: NetworkView, selection: Selection, step: Step) -> Selection:
        """Return where a step leads; the same place where there is nothing further."""
        if step == "left":
            return self._left(view, selection)
        if step == "right":
            return self._right(view, selection)
        at, count = selection.unit, size_of(view, selection.layer)
        if selection.source is not None:
            at, count = selection.source, size_of(view, selection.layer - 1)
        to = {"up": at - 1, "down": at + 1, "home": 0, "end": count - 1}[step]
        to = min(max(0, to), max(0, count - 1))
        if selection.source is not None:
            return replace(selection, source=to)
        return replace(selection, unit=to)

    def _left(self, view: NetworkView, selection: Selection) -> Selection:
        layer, unit, source = selection.layer, selection.unit, selection.source
        if layer < 0:
            return selection
        if source is not None:
            return Selection(layer - 1, source)
        weight = view.layers[layer].weight
        if weight is None:
            return Selection(layer - 1, self._remembered(view, layer - 1))
        strongest = int(np.argmax(np.abs(weight[:, unit])))
        return Selection(layer, unit, self._sources.get((layer, unit), strongest))

    def _right(self, view: NetworkView, selection: Selection) -> Selection:
        if selection.source is not None:
            return replace(selection, source=None)
        layer = selection.layer + 1
        if layer >= len(view.layers):
            return selection
        unit = self._remembered(view, layer)
        source = None if view.layers[layer].weight is None else selection.unit
        return Selection(layer, unit, source)

    def _remembered(self, view: NetworkView, layer: int) -> int:
        return min(self.units.get(layer, 0), size_of(view, layer) - 1)


def size_of(view: NetworkView, layer: int) -> int:
    """Return how many units a layer has (-1: how many inputs there are)."""
    return int(view.input.size) if layer < 0 else len(view.layers[layer].labels)


def inside(view: NetworkView, selection: Selection) -> Selection:
    """Return `selection`, moved to the nearest place that this network has."""
    layer = min(max(-1, selection.layer), len(view.layers) - 1)
    unit = min(max(0, selection.unit), max(0, size_of(view, layer) - 1))
    source = selection.source
    if layer < 0 or source is None or layer != selection.layer:
        return Selection(layer, unit)
    weight = view.layers[layer].weight
    if weight is None:
        return Selection(layer, unit)
    return Selection(layer, unit, min(max(0, source), weight.shape[0] - 1))


def same_shape(one: NetworkView | None, other: NetworkView) -> bool:
    """Whether both are the same network for the picture: sizes, names and labels."""

    def names(layer: LayerView) -> tuple[object, ...]:
        has_weight = layer.weight is None
        return layer.name, layer.kind, layer.activation, layer.labels, has_weight

    return (
        one is not None
        and one.input_shape == other.input_shape
        and one.input_labels == other.input_labels
        and [names(layer) for layer in one.layers] == [names(layer) for layer in other.layers]
    )
