"""Help: the keys that work where it was asked for, and every command, from their own tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen
from textual.widgets import Static

from nnsim.i18n import N_, _

if TYPE_CHECKING:
    from nnsim.lab import Command


class HelpScreen(ModalScreen[None]):
    """A page over the screen it was opened on."""

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        VerticalScroll {
            width: 90%;
            max-width: 96;
            height: 90%;
            border: round $border;
            border-title-style: bold;
            background: $surface;
            padding: 0 1;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", N_("Close"), id="help.close"),
        Binding("j", "scroll(1)", N_("Down"), show=False, id="help.down"),
        Binding("k", "scroll(-1)", N_("Up"), show=False, id="help.up"),
    ]

    def __init__(
        self,
        nodes: Iterable[DOMNode],
        *,
        reference: tuple[Mapping[str, Command], Mapping[str, str]] | None,
    ) -> None:
        super().__init__()
        self._explained = list(nodes)
        self._reference = reference

    def compose(self) -> ComposeResult:
        page = VerticalScroll(Static(self._page(), markup=False))
        page.border_title = _("Help")
        page.border_subtitle = _("Esc closes")
        yield page

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def _page(self) -> Text:
        page = Text()
        for node in self._explained:
            self._keys(page, node)
        if self._reference is not None:
            commands, addresses = self._reference
            rows = [(c.usage, _(c.summary)) for c in commands.values()]
            self._section(page, _("Commands (type them after :)"), "", rows)
            kinds = [(kind, _(meaning)) for kind, meaning in addresses.items()]
            self._section(page, _("Addresses (every number has one; positions from 1)"), "", kinds)
        return page

    def _keys(self, page: Text, node: DOMNode) -> None:
        rows: list[tuple[str, str]] = []
        for _key, binding in node._bindings:
            if not binding.id:
                continue
            shown = self.app.get_key_display(binding)
            text = _(binding.tooltip or binding.description)
            if rows and rows[-1][1] == text:
                rows[-1] = (f"{rows[-1][0]} {shown}", text)
            else:
                rows.append((shown, text))
        title = getattr(node, "BINDING_GROUP_TITLE", None) or type(node).__name__
        if rows:
            self._section(page, _(title), _(getattr(node, "HELP", "") or ""), rows)

    @staticmethod
    def _section(page: Text, title: str, text: str, rows: list[tuple[str, str]]) -> None:
        page.append(f"\n{title}\n", "bold underline")
        if text:
            page.append(f"{text}\n")
        for left, right in rows:
            page.append(f"  {left:<22} ", "bold")
            page.append(f"{right}\n")
