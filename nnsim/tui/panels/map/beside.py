"""What stands beside the map of all forms, and the list of training images in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import N_, _, ngettext
from nnsim.lab.hiding import MARK
from nnsim.lab.reading.beliefs import RIGHT, TEST_RIGHT, TEST_WRONG, WRONG, Beliefs, Marks
from nnsim.lab.reading.samples import Stories, Story
from nnsim.tui.draw.lines import Piece, Row
from nnsim.tui.draw.numbers import bar, short
from nnsim.tui.draw.styles import COLOURS
from nnsim.tui.draw.text import fit, right, width_of
from nnsim.tui.panels.map.field import SIGNS

if TYPE_CHECKING:
    from nnsim.experiments import Experiment
    from nnsim.lab.addresses import Names

MOST_OUTPUTS = 4
BAR = 8


@dataclass(frozen=True, eq=False)
class Shown:
    """What the map is of."""

    experiment: Experiment
    names: Names
    beliefs: Beliefs
    marks: Marks
    signs: NDArray[np.int8]  # what each form is among the data
    stories: Stories

    def unit_address(self) -> str:
        """The hidden unit that is asked, as it is written (hidden[A]); nothing for the outputs."""
        if self.beliefs.unit is None:
            return ""
        number, unit = self.beliefs.unit
        layer = self.names.layers[number]
        return f"{layer.name}[{layer.labels[unit] if layer.labels else unit + 1}]"


@dataclass(frozen=True)
class Aside:
    """The form under the cursor, and counts over all forms."""

    shown: Shown
    cursor: int
    letters: tuple[str, ...]  # what stands for each class; empty where colours tell them
    hidden: bool = False  # whether what the network says of this form is not to be told

    def rows(self, width: int, height: int) -> list[Row]:
        """The lines; where there are too many, first the blank ones and then the last go."""
        parts = [
            self._unit(), self._form(width), self._outputs(width), self._sample(),
            self._counts(width), self._over_all(),
        ]  # fmt: skip
        parts = [part for part in parts if part]
        blank = sum(len(part) for part in parts) + len(parts) - 1 <= height
        rows: list[Row] = []
        for part in parts:
            rows += ([[]] if rows and blank else []) + part
        return rows[:height]

    def _unit(self) -> list[Row]:
        address = self.shown.unit_address()
        return [[(address, "strong")]] if address else []

    def _form(self, width: int) -> list[Row]:
        """The form drawn small, its number, how it is read and how surely."""
        layout, found = self.shown.beliefs.layout, self.shown.beliefs
        rows, columns, channels = self.shown.experiment.input.picture_shape
        pixels = layout.bits(self.cursor).reshape(rows, columns, channels)
        bits: list[list[bool]] = np.max(pixels, axis=2).tolist()
        wide = 2 if columns * 2 <= width else 1
        picture: list[Row] = [
            [(("█" if on else "·") * wide, "" if on else "dim") for on in row] for row in bits
        ]
        name = MARK if self.hidden else found.names[int(found.reading[self.cursor])]
        sure = MARK if self.hidden else f"{found.sureness[self.cursor]:.3f}"
        says: list[Row] = [
            [(_("form {n}").format(n=self.cursor + 1), "strong")],
            [(_("of {n}").format(n=layout.count), "dim")],
            [(name if found.unit else _("reads {name}").format(name=name), "strong")],
            [(_("sure {share}").format(share=sure), "")],
        ]
        beside = width - columns * wide - 2
        if beside < 10:
            return [*picture, *says]
        height = max(len(picture), len(says))
        picture += [[(" " * (columns * wide), "")]] * (height - len(picture))
        says += [[]] * (height - len(says))
        return [[*small, ("  ", ""), *said] for small, said in zip(picture, says, strict=True)]

    def _outputs(self, width: int) -> list[Row]:
        if self.hidden:
            return []
        values = self.shown.beliefs.outputs[self.cursor]
        labels = self._labels(len(values))
        order = np.argsort(-values, kind="stable")[:MOST_OUTPUTS] if (
            len(values) > MOST_OUTPUTS) else range(len(values))  # fmt: skip
        name = min(6, max(width_of(labels[int(k)]) for k in order))
        rows: list[Row] = []
        for k in order:
            filled, rest = bar(float(values[k]), 1.0, min(BAR, width - name - 9))
            label = labels[int(k)][:name]
            rows.append([
                (label + " " * (name + 1 - width_of(label)), "strong"), (filled, ""),
                (rest, "dim"), (" " + short(float(values[k]), 7), ""),
            ])  # fmt: skip
        return rows

    def _labels(self, count: int) -> tuple[str, ...]:
        """What the outputs are called, or the hidden unit."""
        unit, layers = self.shown.beliefs.unit, self.shown.names.layers
        if unit is not None:
            own = layers[unit[0]].labels
            return (own[unit[1]] if own else str(unit[1] + 1),)
        if layers[-1].labels:
            return layers[-1].labels
        if count == len(self.shown.beliefs.names):
            return self.shown.beliefs.names
        return tuple(str(i + 1) for i in range(count))

    def _sample(self) -> list[Row]:
        """Whether it is an image of the data, and what became of it."""
        samples = self.shown.marks.samples_at(self.cursor).tolist()
        if not samples:
            return [[(_("not in the data"), "dim")]]
        rows: list[Row] = []
        for sample in samples[:2]:
            test = sample >= self.shown.marks.count
            text = _("test image {n}") if test else _("training image {n}")
            rows.append([(text.format(n=sample + 1), "strong")])
            wanted = self.shown.marks.wanted
            if wanted is None or self.hidden:
                continue
            right = int(wanted[sample]) == int(self.shown.beliefs.reading[self.cursor])
            name = self.shown.beliefs.names[int(wanted[sample])]
            rows.append([
                (_("is {name}").format(name=name) + " · ", ""),
                (_("right") if right else _("wrong"), "" if right else "wrong"),
            ])  # fmt: skip
            if sample < len(self.shown.stories.samples):
                rows += story_rows(self.shown.stories.samples[sample])
        if len(samples) > 2:
            rows.append([("… " + _("{count} more").format(count=len(samples) - 2), "dim")])
        if not self.shown.stories.complete and samples[0] < self.shown.marks.count:
            text = _("epochs read: {n} of {m}")
            rows.append(
                [(text.format(n=self.shown.stories.epochs, m=self.shown.stories.kept), "dim")]
            )
        return rows

    def _counts(self, width: int) -> list[Row]:
        """How many forms are read as each class."""
        counts, names = self.shown.beliefs.counts, self.shown.beliefs.names
        order: list[int] = list(range(len(counts)))
        if len(order) > MOST_OUTPUTS + 2:
            order = sorted(order, key=lambda k: -counts[k])[: MOST_OUTPUTS + 2]
        rows: list[Row] = []
        for k in order:
            sign = self.letters[k] if self.letters else "█"
            filled, rest = bar(counts[k], self.shown.beliefs.layout.count, min(BAR, width - 17))
            label = f" {names[k]}"[: max(2, width - 2 - 6 - len(filled + rest))]
            count = f"{counts[k]}".rjust(min(width, 19) - 2 - width_of(label) - len(filled + rest))
            rows.append([
                (sign, f"class-{k % COLOURS}"), (label, "strong"), (count + " ", ""),
                (filled, ""), (rest, "dim"),
            ])  # fmt: skip
        return rows

    def _over_all(self) -> list[Row]:
        """The mean sureness, the boundary, and the signs with their counts."""
        count = np.bincount(self.shown.signs, minlength=5).tolist()
        rows: list[Row] = [
            [(_("mean sure {share}").format(share=f"{self.shown.beliefs.mean_sureness:.3f}"), "")],
            [(_("at a border {n}").format(n=int(self.shown.beliefs.boundary.sum())), "")],
        ]
        told = self.shown.marks.wanted is not None
        for sign, text in (
            (RIGHT, _("images right") if told else _("images")),
            (WRONG, _("images wrong")),
            (TEST_RIGHT, _("test right") if told else _("test images")),
            (TEST_WRONG, _("test wrong")),
        ):
            if count[sign] or (sign == WRONG and told):
                line = f"{SIGNS[sign]} {count[sign]} {text}"
                rows.append([(line, "wrong" if sign == WRONG and count[sign] else "")])
        if self.shown.marks.left_out:
            text = ngettext("{n} image is grey", "{n} images are grey", self.shown.marks.left_out)
            rows.append([(text.format(n=self.shown.marks.left_out), "dim")])
        return rows


def story_rows(story: Story) -> list[Row]:
    """When it was first read right, and how often that was forgotten."""
    if story.first_right is None:
        return [[(_("never right yet"), "wrong")]]
    times = ngettext("forgotten {n} time", "forgotten {n} times", story.forgotten)
    return [
        [(_("right from epoch {n}").format(n=story.first_right), "")],
        [(times.format(n=story.forgotten), "" if not story.forgotten else "strong")],
    ]


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
    """The list in a window of some lines, with a cursor."""

    def __init__(self) -> None:
        self.order = 0  # which of the `ORDERS`
        self.cursor = self.top = 0  # the row of the cursor, and the first row in sight
        self.following = True  # whether the cursor is to be in sight, whatever the size
        self.stories: list[Story] = []  # in that order
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

    def first(self, height: int) -> int:
        """The first row in sight, as the room there is allows."""
        seen, top = max(1, height - 1), self.top
        if self.following:
            top = min(max(top, self.cursor - seen + 1), self.cursor)
        return max(0, min(top, len(self.stories) - seen))

    def scroll(self, by: int, height: int) -> None:
        """Move the window, not the cursor."""
        top, self.following = self.first(height), False
        self.top = max(0, top + by)
        self.top = self.first(height)

    def follow(self, height: int) -> None:
        """Move the window so that the cursor is in it."""
        self.following = True
        self.top = self.first(height)

    def rows(self, experiment: Experiment, width: int, height: int) -> list[Row]:
        """The header and the rows in sight."""
        names = experiment.classes
        name = min(max([4, *(width_of(n) for n in names)]), 12)
        head = [_("image"), _("is"), _("right from"), _("forgotten"), _("now")]
        wide = [max(5, width_of(head[0])), max(name, width_of(head[1])),
                *(width_of(text) for text in head[2:])]  # fmt: skip
        if sum(wide) + 8 > width:  # short ones, where there is little room
            head = [_("image"), _("is"), _("first"), _("lost"), _("now")]
            wide[2:] = [max(5, width_of(head[2])), max(4, width_of(head[3])), width_of(head[4])]
        if not self.stories:
            return [[(_("nothing here is right or wrong: no classes, or no data"), "dim")]]
        rows: list[Row] = [[("  ".join(map(right, head, wide)), "header")]]
        top = self.first(height)
        for place in range(top, min(top + height - 1, len(self.stories))):
            story = self.stories[place]
            wanted = experiment.decide(experiment.data.targets[story.sample])
            is_ = names[wanted] if wanted is not None and wanted < len(names) else "?"
            first = _("never") if story.first_right is None else str(story.first_right)
            cells = [str(story.sample + 1), fit(is_, wide[1]), first, str(story.forgotten)]
            now = _("right") if story.right else _("wrong")
            style = "cursor" if place == self.cursor else "" if story.right else "wrong"
            rows.append([Piece(f"{'  '.join(map(right, cells, wide))}  {now}", style, place)])
        return rows
