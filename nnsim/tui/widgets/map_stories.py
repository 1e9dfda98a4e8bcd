"""The list of all training images with what became of each along the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import N_, _
from nnsim.lab.reading.samples import Stories, Story
from nnsim.tui.draw.text import fit, width_of
from nnsim.tui.widgets.rows import Row

if TYPE_CHECKING:
    from nnsim.lab import Lab

ORDERS = (N_("most forgotten first"), N_("last learned first"), N_("in the order of the data"))
NEVER = 1 << 62


def in_order(stories: Stories, order: int) -> list[Story]:
    """The stories in one of the `ORDERS`; those never read right count as learned last."""
    if order == 0:
        return sorted(stories.samples, key=lambda s: (-s.forgotten, -_first(s), s.sample))
    if order == 1:
        return sorted(stories.samples, key=lambda s: (-_first(s), -s.forgotten, s.sample))
    return list(stories.samples)


def _first(story: Story) -> int:
    return NEVER if story.first_right is None else story.first_right


class StoryTable:
    """The list in a window of some lines, with a cursor.

    Attributes
    ----------
    order : int
        Which of the `ORDERS`.
    cursor, top : int
        The row of the cursor, and the first row in sight.
    stories : list of Story
        In that order.
    """

    def __init__(self) -> None:
        self.order = self.cursor = self.top = 0
        self.stories: list[Story] = []
        self._told: tuple[Stories, int] | None = None

    def show(self, stories: Stories) -> None:
        """Take new stories; the cursor stays on its image."""
        if self._told == (stories, self.order):
            return
        self._told = (stories, self.order)
        at = self.sample
        self.stories = in_order(stories, self.order)
        self.find(at)

    @property
    def sample(self) -> int | None:
        """The training image under the cursor, from 0."""
        return self.stories[self.cursor].sample if self.cursor < len(self.stories) else None

    def find(self, sample: int | None) -> None:
        """Put the cursor on an image of the data, if it is there."""
        places = (i for i, story in enumerate(self.stories) if story.sample == sample)
        self.cursor = next(places, min(self.cursor, max(0, len(self.stories) - 1)))

    def turn(self) -> None:
        """Go on to the next order."""
        self.order = (self.order + 1) % len(ORDERS)

    def go(self, by: int) -> None:
        """Move the cursor by rows."""
        self.cursor = min(max(0, self.cursor + by), max(0, len(self.stories) - 1))

    def scroll(self, by: int, height: int) -> None:
        """Move the window, not the cursor."""
        self.top = min(max(0, self.top + by), max(0, len(self.stories) - (height - 1)))

    def follow(self, height: int) -> None:
        """Move the window so that the cursor is in it."""
        seen = max(1, height - 1)
        self.top = min(max(self.top, self.cursor - seen + 1), self.cursor)
        self.scroll(0, height)

    def rows(self, lab: Lab, width: int, height: int) -> list[Row]:
        """The header and the rows in sight."""
        names = lab.experiment.classes
        name = min(max([4, *(width_of(n) for n in names)]), 12)
        head = [_("image"), _("is"), _("right from"), _("forgotten"), _("now")]
        wide = [max(5, width_of(head[0])), max(name, width_of(head[1])),
                *(width_of(text) for text in head[2:])]  # fmt: skip
        if sum(wide) + 8 > width:  # short ones, where there is little room
            head = [_("image"), _("is"), _("first"), _("lost"), _("now")]
            wide[2:] = [max(5, width_of(head[2])), max(4, width_of(head[3])), width_of(head[4])]
        if not self.stories:
            return [[(_("nothing here is right or wrong: no classes, or no data"), "dim")]]
        rows: list[Row] = [[("  ".join(map(_right, head, wide)), "header")]]
        for place in range(self.top, min(self.top + height - 1, len(self.stories))):
            story = self.stories[place]
            wanted = lab.experiment.decide(lab.experiment.data.targets[story.sample])
            is_ = names[wanted] if wanted is not None and wanted < len(names) else "?"
            first = _("never") if story.first_right is None else str(story.first_right)
            cells = [str(story.sample + 1), fit(is_, wide[1]), first, str(story.forgotten)]
            text = "  ".join(map(_right, cells, wide))
            here = place == self.cursor
            style = "cursor" if here else "" if story.right else "wrong"
            now = _("right") if story.right else _("wrong")
            rows.append([(f"{text}  {now}", style)])
        return rows


def _right(text: str, width: int) -> str:
    return " " * (width - width_of(text)) + text
