"""What stands beside the map: the form under the cursor, and counts over all forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnsim.i18n import _, ngettext
from nnsim.lab.hiding import MARK
from nnsim.lab.reading.beliefs import RIGHT, TEST_RIGHT, TEST_WRONG, WRONG, Beliefs, Marks
from nnsim.lab.reading.samples import Stories, Story
from nnsim.tui.draw.text import bar, short, width_of
from nnsim.tui.widgets.map_field import SIGNS
from nnsim.tui.widgets.rows import Row

if TYPE_CHECKING:
    from nnsim.lab import Lab

MOST_OUTPUTS = 4
BAR = 8


@dataclass(frozen=True)
class Aside:
    """All that the text beside the map is made of."""

    lab: Lab
    beliefs: Beliefs
    marks: Marks
    cursor: int
    stories: Stories
    letters: tuple[str, ...]
    coloured: bool
    hidden: bool = False
    """Whether what the network says of this form is not to be told."""

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
        """Which hidden unit is asked, if one is."""
        if self.beliefs.unit is None:
            return []
        return [[(unit_address(self.lab, self.beliefs.unit), "strong")]]

    def _form(self, width: int) -> list[Row]:
        """The form drawn small, its number, how it is read and how surely."""
        layout, found = self.beliefs.layout, self.beliefs
        rows, columns, channels = self.lab.experiment.input.picture_shape
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
        return [[*left, ("  ", ""), *right] for left, right in zip(picture, says, strict=True)]

    def _outputs(self, width: int) -> list[Row]:
        """What each output says of it."""
        if self.hidden:
            return []
        values = self.beliefs.outputs[self.cursor]
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
        unit, layers = self.beliefs.unit, self.lab.names.layers
        if unit is not None:
            own = layers[unit[0]].labels
            return (own[unit[1]] if own else str(unit[1] + 1),)
        if layers[-1].labels:
            return layers[-1].labels
        if count == len(self.beliefs.names):
            return self.beliefs.names
        return tuple(str(i + 1) for i in range(count))

    def _sample(self) -> list[Row]:
        """Whether it is an image of the data, and what became of it."""
        samples = self.marks.samples_at(self.cursor).tolist()
        if not samples:
            return [[(_("not in the data"), "dim")]]
        rows: list[Row] = []
        for sample in samples[:2]:
            test = sample >= self.marks.count
            text = _("test image {n}") if test else _("training image {n}")
            rows.append([(text.format(n=sample + 1), "strong")])
            wanted = self.marks.wanted
            if wanted is None or self.hidden:
                continue
            right = int(wanted[sample]) == int(self.beliefs.reading[self.cursor])
            name = self.beliefs.names[int(wanted[sample])]
            rows.append([
                (_("is {name}").format(name=name) + " · ", ""),
                (_("right") if right else _("wrong"), "" if right else "wrong"),
            ])  # fmt: skip
            if sample < len(self.stories.samples):
                rows += story_rows(self.stories.samples[sample])
        if len(samples) > 2:
            rows.append([("… " + _("{count} more").format(count=len(samples) - 2), "dim")])
        if not self.stories.complete and samples[0] < self.marks.count:
            text = _("epochs read: {n} of {m}")
            rows.append([(text.format(n=self.stories.epochs, m=self.stories.kept), "dim")])
        return rows

    def _counts(self, width: int) -> list[Row]:
        """How many forms are read as each class."""
        counts, names = self.beliefs.counts, self.beliefs.names
        order: list[int] = list(range(len(counts)))
        if len(order) > MOST_OUTPUTS + 2:
            order = sorted(order, key=lambda k: -counts[k])[: MOST_OUTPUTS + 2]
        rows: list[Row] = []
        for k in order:
            sign = "█" if self.coloured else self.letters[k]
            filled, rest = bar(counts[k], self.beliefs.layout.count, min(BAR, width - 17))
            label = f" {names[k]}"[: max(2, width - 2 - 6 - len(filled + rest))]
            count = f"{counts[k]}".rjust(min(width, 19) - 2 - width_of(label) - len(filled + rest))
            rows.append([
                (sign, f"class-{k % 6}"), (label, "strong"), (count + " ", ""),
                (filled, ""), (rest, "dim"),
            ])  # fmt: skip
        return rows

    def _over_all(self) -> list[Row]:
        """The mean sureness, the boundary, and the signs with their counts."""
        signs = self.marks.signs(self.beliefs)
        count = np.bincount(signs, minlength=5).tolist()
        rows: list[Row] = [
            [(_("mean sure {share}").format(share=f"{self.beliefs.mean_sureness:.3f}"), "")],
            [(_("at a border {n}").format(n=int(self.beliefs.boundary.sum())), "")],
        ]
        told = self.marks.wanted is not None
        for sign, text in (
            (RIGHT, _("images right") if told else _("images")),
            (WRONG, _("images wrong")),
            (TEST_RIGHT, _("test right") if told else _("test images")),
            (TEST_WRONG, _("test wrong")),
        ):
            if count[sign] or (sign == WRONG and told):
                line = f"{SIGNS[sign]} {count[sign]} {text}"
                rows.append([(line, "wrong" if sign == WRONG and count[sign] else "")])
        if self.marks.left_out:
            text = ngettext("{n} image is grey", "{n} images are grey", self.marks.left_out)
            rows.append([(text.format(n=self.marks.left_out), "dim")])
        return rows


def unit_address(lab: Lab, unit: tuple[int, int]) -> str:
    """A hidden unit as it is written: hidden[A]."""
    layer = lab.names.layers[unit[0]]
    return f"{layer.name}[{layer.labels[unit[1]] if layer.labels else unit[1] + 1}]"


def story_rows(story: Story) -> list[Row]:
    """When it was first read right, and how often that was forgotten."""
    if story.first_right is None:
        return [[(_("never right yet"), "wrong")]]
    times = ngettext("forgotten {n} time", "forgotten {n} times", story.forgotten)
    return [
        [(_("right from epoch {n}").format(n=story.first_right), "")],
        [(times.format(n=story.forgotten), "" if not story.forgotten else "strong")],
    ]
