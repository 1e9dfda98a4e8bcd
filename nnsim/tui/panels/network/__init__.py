"""The network diagram: a widget that draws a `NetworkView` and lets a person walk through it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from nnsim.i18n import N_
from nnsim.lab.view import NetworkView, Selection
from nnsim.tui.widgets.colours import Palette
from nnsim.tui.widgets.diagram_canvas import Run
from nnsim.tui.widgets.diagram_focus import FocusPicture
from nnsim.tui.widgets.diagram_footer import Carried
from nnsim.tui.widgets.diagram_walk import Step, Walk, inside, same_shape

if TYPE_CHECKING:
    from nnsim.tui.widgets.diagram_overview import OverviewPicture

Mode = Literal["focus", "overview"]
_GRADED = ("positive", "negative", "fill")
_MOVE = Binding.Group(N_("Walk"), compact=True)


class NetworkDiagram(Widget, can_focus=True):
    """The network as a picture, after `show` has given it one.

    In *focus* mode the selected unit with its incoming wires; in *overview* mode the strongest
    wires beside images of the weights. `carried` chooses what the wires carry: the weights, or
    their gradients.
    """

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = N_("Network")
    HELP = N_(
        "The network, and what every unit makes of the input. Left goes from a unit to its "
        "incoming weights and on to what they come from, right goes back; up and down choose "
        "among them. Blue solid lines are positive weights, orange dashed ones negative; the "
        "thicker, the larger. `o` shows all the weights as pictures."
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "diagram--positive",
        "diagram--negative",
        "diagram--positive-chosen",
        "diagram--negative-chosen",
        "diagram--fill",
        "diagram--fill-cell",
        "diagram--on",
        "diagram--label",
        "diagram--name",
        "diagram--heading",
        "diagram--muted",
        "diagram--selected",
    }
    DEFAULT_CSS = """
    NetworkDiagram {
        .diagram--positive { color: #5aa9ff; }
        .diagram--negative { color: #ff9a3c; }
        .diagram--positive-chosen { color: #5aa9ff; text-style: bold reverse; }
        .diagram--negative-chosen { color: #ff9a3c; text-style: bold reverse; }
        .diagram--fill, .diagram--fill-cell { color: $success; }
        .diagram--on { color: $foreground; }
        .diagram--label { color: $foreground 80%; }
        .diagram--name { color: $foreground; text-style: bold; }
        .diagram--heading { color: $foreground; text-style: bold; }
        .diagram--muted { color: $text-muted; }
        .diagram--selected { color: $text-warning; text-style: bold; }
        &:light {
            .diagram--positive, .diagram--positive-chosen { color: #0b5cc4; }
            .diagram--negative, .diagram--negative-chosen { color: #b34700; }
        }
        &:ansi {
            .diagram--positive, .diagram--positive-chosen { color: ansi_bright_blue; }
            .diagram--negative, .diagram--negative-chosen { color: ansi_yellow; }
            .diagram--fill { color: ansi_green; }
            .diagram--fill-cell { color: ansi_default; text-style: bold; }
            .diagram--on, .diagram--label, .diagram--name { color: ansi_default; }
            .diagram--heading, .diagram--muted { color: ansi_default; }
            .diagram--muted { text-style: dim; }
            .diagram--selected { color: ansi_magenta; }
        }
        &:ansi:light {
            .diagram--positive, .diagram--positive-chosen { color: ansi_blue; }
            .diagram--negative, .diagram--negative-chosen { color: ansi_red; }
        }
    }
    """
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

    mode: reactive[Mode] = reactive[Mode]("focus")
    carried: reactive[Carried] = reactive[Carried]("weight")

    class Selected(Message):
        """The person selected a unit, an input or a weight."""

        def __init__(self, diagram: NetworkDiagram, selection: Selection) -> None:
            self.diagram = diagram
            self.selection = selection
            super().__init__()

        @property
        def control(self) -> NetworkDiagram:
            """The diagram it happened in."""
            return self.diagram

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)
        self._view: NetworkView | None = None
        self._selection = Selection(0, 0)
        self._walk = Walk()
        self._picture: FocusPicture | OverviewPicture | None = None
        # The lines drawn: what they say, and how they look in the colours of now.
        self._strips: dict[int, tuple[list[Run], Strip]] = {}
        self._palette = Palette(self, "diagram--", _GRADED)

    @property
    def selection(self) -> Selection:
        """What is selected."""
        return self._selection

    def show(self, view: NetworkView, selection: Selection) -> None:
        """Show a network and what is selected in it; only what differs is drawn again."""
        old, self._view = self._view, view
        selection = inside(view, selection)
        if old is None or not same_shape(old, view):
            self._walk = Walk()
        moved = selection != self._selection
        self._selection = selection
        self._walk.note(selection)
        if moved or self._picture is None or old is None or not self._same_wires(old, view):
            self._redraw()
        else:
            self._picture = self._picture.with_view(view)
            self._redraw_rows(self._changed_rows(old, view))

    def _same_wires(self, old: NetworkView, new: NetworkView) -> bool:
        """Whether all that the wires depend on stayed as it was."""
        if not same_shape(old, new):
            return False
        for before, after in zip(old.layers, new.layers, strict=True):
            pairs = [(before.weight, after.weight)]
            if self.carried == "gradient":
                pairs.append((before.grad_weight, after.grad_weight))
            if not all(_equal(one, other) for one, other in pairs):
                return False
        return True

    def _changed_rows(self, old: NetworkView, new: NetworkView) -> set[int]:
        picture = self._picture
        if picture is None:
            return set()
        rows = picture.rows_of(-1, _differing(old.input, new.input))
        for i, (before, after) in enumerate(zip(old.layers, new.layers, strict=True)):
            rows |= picture.rows_of(i, _differing(before.a, after.a))
        footer = picture.footer_row()
        return rows if footer is None else rows | {footer}

    def _redraw(self) -> None:
        """Lay out and draw everything again, when it is next asked for."""
        self._picture = None
        self._strips.clear()
        self.refresh()

    def _redraw_rows(self, rows: Iterable[int]) -> None:
        """Draw those of the rows again on which something looks different now."""
        picture = self._picture
        if picture is None:
            return
        for y in rows:
            drawn = self._strips.get(y)
            if drawn is not None and drawn[0] != picture.line(y).runs():
                del self._strips[y]
                self.refresh(Region(0, y, picture.size[0], 1))

    @property
    def picture(self) -> FocusPicture | OverviewPicture | None:
        """What is drawn now; None before there is a network or room for one."""
        size = (self.content_size.width, self.content_size.height)
        if self._view is None or not all(size):
            return None
        picture = self._picture
        if picture is None or picture.size != size:
            focus = self._walk.focus(self._view, self._selection)
            what = (
                self._view, self._selection, focus, dict(self._walk.units), size, self.carried
            )  # fmt: skip
            if self.mode == "focus":
                picture = FocusPicture.make(*what)
            else:  # imported late: it is never the first picture
                from nnsim.tui.widgets.diagram_overview import OverviewPicture

                picture = OverviewPicture.make(*what)
            self._picture = picture
            self._strips.clear()
        return picture

    def render_line(self, y: int) -> Strip:
        """Return one line of the picture, kept until something on it changes."""
        picture = self.picture
        width = self.content_size.width
        if picture is None or y >= picture.size[1]:
            return Strip.blank(width, self._palette["plain", 0])
        drawn = self._strips.get(y)
        if drawn is None:
            runs = picture.line(y).runs()
            segments = [Segment(text, self._palette[key]) for text, key in runs]
            drawn = self._strips[y] = (runs, Strip(segments, width).simplify())
        return drawn[1]

    def notify_style_update(self) -> None:
        """Take the colours of the new theme or state."""
        super().notify_style_update()
        self._palette.clear()
        self._strips.clear()

    def on_resize(self) -> None:
        """Lay the picture out for the new size."""
        self._redraw()

    def watch_mode(self) -> None:
        """Draw the other picture."""
        self._redraw()

    def watch_carried(self) -> None:
        """Draw the other numbers."""
        self._redraw()

    def on_click(self, event: events.Click) -> None:
        """Select what is drawn under the mouse."""
        offset = event.get_content_offset(self)
        picture = self.picture
        if offset is not None and picture is not None:
            hit = picture.hit(offset.x, offset.y)
            if hit is not None:
                self._select(hit)

    def action_walk(self, step: Step) -> None:
        """Go one step from what is selected."""
        if self._view is not None:
            self._select(self._walk.move(self._view, self._selection, step))

    def action_toggle_overview(self) -> None:
        """Change between one unit's wires and all the weights."""
        self.mode = "overview" if self.mode == "focus" else "focus"

    def _select(self, selection: Selection) -> None:
        if self._view is None:
            return
        selection = inside(self._view, selection)
        if selection != self._selection:
            self.show(self._view, selection)
            self.post_message(self.Selected(self, selection))


def _equal(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    if one is None or other is None:
        return one is other
    return one is other or np.array_equal(one, other, equal_nan=True)


def _differing(one: np.ndarray, other: np.ndarray) -> list[int]:
    return [int(i) for i in np.flatnonzero(one != other)]
