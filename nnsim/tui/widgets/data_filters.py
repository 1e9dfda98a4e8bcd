"""The line above the samples: which of them are listed, and in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from nnsim.i18n import _
from nnsim.lab.reading.samples import BY_NUMBER, FORGOTTEN, ORDERS, WORST, Choice

if TYPE_CHECKING:
    from nnsim.lab.reading.samples import Review

TURN = {None: False, False: True, True: None}


class Piece(NamedTuple):
    """A piece of the line: its style, and the action of a click on it."""

    text: str
    style: str = "plain"
    action: str = ""


class _Filter(NamedTuple):
    """What a filter is set to: in full and in short, and whether it leaves anything out."""

    key: str
    action: str
    full: str
    short: str
    on: bool


class Filters:
    """What is listed, and how that is said.

    Attributes
    ----------
    choice : Choice
    """

    def __init__(self) -> None:
        self.choice = Choice()

    def turn(self, what: str, found: Review) -> None:
        """Go on to the next setting of a filter: ``"wanted"``, ``"right"`` or ``"test"``."""
        choice = self.choice
        if what == "wanted":
            following = 0 if choice.wanted is None else choice.wanted + 1
            wanted = following if following < len(found.classes) else None
            self.choice = replace(choice, wanted=wanted, reading=None)
        elif what == "right":
            self.choice = replace(choice, right=TURN[choice.right], reading=None)
        else:
            self.choice = replace(choice, test=TURN[choice.test])

    def turn_order(self, *, told: bool) -> None:
        """Go on to the next order; `told` says whether it is known what was forgotten."""
        orders = ORDERS if told else ORDERS[:2]
        at = orders.index(self.choice.order) if self.choice.order in orders else 0
        self.choice = replace(self.choice, order=orders[(at + 1) % len(orders)])

    def _settings(self, found: Review) -> list[_Filter]:
        choice, every = self.choice, _("all")
        settings: list[_Filter] = []

        def add(key: str, action: str, text: str, *, on: bool) -> None:
            settings.append(_Filter(key, action, text, text if on else every, on))

        if found.classes:
            text = _("all classes")
            if choice.wanted is not None:
                text = _("is {name}").format(name=found.name(choice.wanted))
            if choice.reading is not None:
                reads = _("reads {name}").format(name=found.name(choice.reading))
                text = f"{text}, {reads}"
            add("f", "filter('wanted')", text, on=choice.wanted is not None)
            text = {None: _("right and wrong"), True: _("right"), False: _("wrong")}[choice.right]
            add("x", "filter('right')", text, on=choice.right is not None)
        if found.data.test_count:
            text = {None: _("training and test"), True: _("test"), False: _("training")}[
                choice.test
            ]
            add("v", "filter('test')", text, on=choice.test is not None)
        text = {BY_NUMBER: _("by number"), WORST: _("worst first"),
                FORGOTTEN: _("most forgotten first")}[choice.order]  # fmt: skip
        short = {BY_NUMBER: _("number"), WORST: _("worst"), FORGOTTEN: _("forgotten")}[choice.order]
        settings.append(_Filter("o", "order", text, short, choice.order != BY_NUMBER))
        return settings

    def pieces(self, found: Review | None, listed: int, width: int) -> list[Piece]:
        """The line, in full where there is room for it, else in short."""
        if found is None:
            return []
        whole = f"{listed}/{found.count}"
        pieces, count = list[Piece](), ""
        for full, count in ((True, whole), (False, whole), (False, str(listed))):
            pieces = [Piece(" ")]
            for each in self._settings(found):
                pieces.append(Piece(f"{each.key} ", "header", each.action))
                text = each.full if full else each.short
                pieces.append(Piece(text, "on" if each.on else "dim", each.action))
                pieces.append(Piece("  "))
            if sum(cell_len(piece.text) for piece in pieces) <= width - cell_len(count) - 1:
                break
        return [*pieces, Piece(count, "strong")]
