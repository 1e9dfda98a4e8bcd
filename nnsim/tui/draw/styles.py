"""The one style sheet: what each name means in colour, on every theme.

One meaning each: blue is positive, orange negative, violet goes back (δ, ∂), yellow is *here*
(cursor, walk, probe), green is right, red is wrong, white is light, grey is said quietly. A sign
or a state is never told by colour alone: whoever draws with these also writes a sign or a mark.

A name is one of `LOOKS`, with ``@0`` … ``@4`` behind it for how strong it is: it fades into the
background where colours can be mixed, and is dim, plain or bold where they can't. ``%0`` …
``%100`` behind it is a share of the colour, in steps as fine as a picture needs. A name that begins
with ``#`` is a colour itself, as that of a pixel. In front of a name, ``cell:`` fills the cell with
the colour and writes on it in one that can be read, ``field:`` in one that stands back, and ``on:``
is the background alone. Several names with spaces between are laid over one another:
``"positive cursor"``, ``"light%80 on:light%25"``.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.style import Style
from textual.color import Color

if TYPE_CHECKING:
    from textual.widget import Widget

STRONGEST = 4
SHARES = (0.3, 0.45, 0.62, 0.82, 1.0)
"""How much of a colour is left at each strength, on the widget's background."""
_CONTRASTS = {"cell": 0.95, "field": 0.5}
"""How clearly text stands on a cell that is filled."""


@dataclass(frozen=True)
class Look:
    """How a name looks: a colour of the theme (``$…``) or one of our own, and a text style."""

    colour: str = ""
    text: str = ""
    light: str = ""  # the colour on a light theme, where it is another
    ansi: str = ""  # the same in a terminal's own colours
    ansi_text: str = ""


def _quiet(text: str = "") -> Look:
    return Look("$text-muted", text, ansi="ansi_default", ansi_text=f"{text} dim".strip())


_BLUE = {"colour": "#5aa9ff", "light": "#0b5cc4", "ansi": "ansi_bright_blue"}
_ORANGE = {"colour": "#ff9a3c", "light": "#b34700", "ansi": "ansi_yellow"}
_VIOLET = {"colour": "#c792ff", "light": "#7d1fb0", "ansi": "ansi_bright_magenta"}
_YELLOW = {"colour": "#ffd75f", "light": "#7a5b00", "ansi": "ansi_bright_yellow"}
_GREEN = {"colour": "#5fd38a", "light": "#14713a", "ansi": "ansi_green"}
_RED = {"colour": "#ff7b8b", "light": "#a8233c", "ansi": "ansi_bright_red"}
_CLASSES = (
    ("#35c4b5", "#00695f", "ansi_cyan"),
    ("#ff8fb1", "#b01652", "ansi_bright_magenta"),
    ("#e0c27a", "#7a5a00", "ansi_yellow"),
    ("#5aa9ff", "#0b5cc4", "ansi_bright_blue"),
    ("#ff9a3c", "#b34700", "ansi_bright_yellow"),
    ("#5fd38a", "#14713a", "ansi_green"),
    ("#c792ff", "#7d1fb0", "ansi_magenta"),
    ("#f2f06a", "#666100", "ansi_bright_white"),
    ("#b0b0b0", "#555555", "ansi_white"),
    ("#8fd0ff", "#00607a", "ansi_bright_cyan"),
)

LOOKS: dict[str, Look] = {
    "strong": Look(text="bold"),
    "stress": Look(text="italic"),
    "link": Look(text="underline"),
    "title": Look(text="bold underline"),
    "dim": _quiet(),
    "header": _quiet("bold"),
    "faint": Look("$text-disabled", ansi="ansi_default", ansi_text="dim"),
    "positive": Look(**_BLUE),
    "negative": Look(**_ORANGE),
    "back": Look(**_VIOLET),
    "key": Look(text="bold"),
    "here": Look(**_YELLOW, text="bold"),
    "probe": Look(**_YELLOW, text="bold reverse"),
    "right": Look(**_GREEN),
    "wrong": Look(**_RED, text="bold"),
    "asked": Look(**_YELLOW, text="bold reverse"),
    "light": Look("$foreground", ansi="ansi_default"),
    "dark": Look("$text-disabled", ansi="ansi_default", ansi_text="dim"),
    "red": Look(**_RED),
    "green": Look(**_GREEN),
    "blue": Look(**_BLUE),
    # Laid over others: the cursor, what is chosen, what is near it.
    "cursor": Look(text="bold reverse"),
    "reverse": Look(text="reverse"),
    "near": Look(text="bold underline"),
    **{
        f"class-{n}": Look(dark, light=light, ansi=ansi)
        for n, (dark, light, ansi) in enumerate(_CLASSES)
    },
}
COLOURS = len(_CLASSES)
"""So many classes have a colour of their own; with more they begin again."""


def blended(stops: tuple[str, ...], count: int) -> list[str]:
    """Colours that lead in `count` equal steps from the first stop to the last."""
    colours = [Color.parse(stop) for stop in stops]
    found = []
    for step in range(count):
        place = step / max(1, count - 1) * (len(colours) - 1)
        first = min(int(place), len(colours) - 2)
        found.append(colours[first].blend(colours[first + 1], place - first).hex)
    return found


HEATS = 16
"""Levels of a heat map, from low to high: ``heat-0`` … ``heat-15``. A terminal that mixes no
colours has none for them: there characters tell."""
LOOKS |= {
    f"heat-{n}": Look(colour, ansi="ansi_default")
    for n, colour in enumerate(blended(("#1d2a6b", "#1f8f83", "#f4dc62"), HEATS))
}


class Sheet:
    """The Rich style of each name on the background of one widget, looked up once.

    Call `clear` when the widget's own style or the theme may have changed.
    """

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[str, Style] = {}
        self._colours: dict[str, Color | None] = {}
        self.mixed: dict[Hashable, Style] = {}  # styles that were mixed of several colours

    def clear(self) -> None:
        """Forget everything that was looked up."""
        self._styles.clear()
        self._colours.clear()
        self.mixed.clear()

    @property
    def background(self) -> Color:
        """What the widget's text stands on."""
        colour: Color = self._widget.background_colors[1]
        return colour

    @property
    def mixes(self) -> bool:
        """Whether colours can be mixed; a terminal's own can't be."""
        return not self._widget.app.native_ansi_color and self.background.ansi is None

    def colour(self, name: str, share: float = 1.0) -> Color | None:
        """The colour of a name, faded into the background; None where colours can't be mixed."""
        if not self.mixes:
            return None
        return self._of(name, LOOKS[name], share)

    def __getitem__(self, names: str) -> Style:
        style = self._styles.get(names)
        if style is None:
            style = self._widget.visual_style.rich_style
            for name in names.split():
                if name != "plain":
                    style += self._one(name)
            self._styles[names] = style
        return style

    def _one(self, name: str) -> Style:
        place, colon, name = name.rpartition(":")
        name, _at, strength = name.partition("@")
        name, _percent, share = name.partition("%")
        look = Look(name) if name.startswith("#") else LOOKS[name]
        if not self.mixes:
            if place == "on" or name.startswith("#"):
                return Style.null()
            return self._plain(look, int(strength or STRONGEST), graded=bool(strength))
        style = Style.parse(look.text) if look.text else Style()
        faded = int(share) / 100 if share else SHARES[int(strength)] if strength else 1.0
        front = self._of(name, look, faded)
        if front is None:
            return style
        if not colon:
            return style + Style(color=front.rich_color)
        if place == "on":
            return Style(bgcolor=front.rich_color)
        on = front + front.get_contrast_text(_CONTRASTS[place])
        return style + Style.from_color(on.rich_color, front.rich_color)

    def _of(self, name: str, look: Look, share: float) -> Color | None:
        if name not in self._colours:
            self._colours[name] = self._front(look)
        front = self._colours[name]
        return None if front is None else self.background.blend(front, share)

    @staticmethod
    def _plain(look: Look, strength: int, *, graded: bool) -> Style:
        """How it looks in a terminal's own colours: its strength as weight."""
        text = look.ansi_text or look.text
        style = Style.parse(text) if text else Style()
        if look.ansi or look.colour:
            style += Style(color=Color.parse(look.ansi or "ansi_default").rich_color)
        return style + Style(dim=strength <= 1, bold=strength >= STRONGEST) if graded else style

    def _front(self, look: Look) -> Color | None:
        wanted = (
            look.light if look.light and not self._widget.app.current_theme.dark else look.colour
        )
        if wanted.startswith("$"):
            wanted = self._widget.app.theme_variables[wanted[1:]]
        if not wanted:
            return None
        auto, _space, share = wanted.partition(" ")
        if auto == "auto":  # black or white, whichever can be read here, faded so far
            text = self.background.get_contrast_text(float(share.rstrip("%")) / 100)
            return self.background + text
        return self.background + Color.parse(wanted)
