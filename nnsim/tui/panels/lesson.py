"""The pane in which a lesson speaks: the step, what it asks, what was said to it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView

from nnsim.i18n import N_, _
from nnsim.tui.draw.lines import Lines, Row
from nnsim.tui.draw.prose import Line, harmless, inline, prose, wrap
from nnsim.tutor.answers import names_to_match
from nnsim.tutor.goals import in_words

if TYPE_CHECKING:
    from nnsim.tutor.lesson import Step
    from nnsim.tutor.player import Player


@dataclass
class Page:
    """Lines, and on which of them the parts start."""

    lines: list[Line] = field(default_factory=list)
    # the line on which each choice of a quiz starts
    choices: list[int] = field(default_factory=list)
    task: int = 0  # the line on which starts what is asked

    @property
    def text(self) -> list[str]:
        return ["".join(text for text, _style in line).rstrip() for line in self.lines]


class PageWriter:
    """Writes the page of a player's place.

    Parameters
    ----------
    width : int
        Cells in a line.
    said : sequence of str
        What the player said last: feedback to an answer, what `reveal` played.
    cursor : int
        The choice that the cursor is on.
    """

    def __init__(self, player: Player, width: int, said: str = "", cursor: int = 0) -> None:
        self.player, self.width, self.cursor = player, max(12, width), cursor
        self.said = said
        self.page = Page()

    def write(self) -> Page:
        player = self.player
        if player.review is not None:
            self._review()
        elif player.at_end:
            self._end()
        else:
            self._step()
        return self.page

    def _step(self) -> None:
        player, step = self.player, self.player.step
        if player.index == 0 and player.lesson.intro:
            self._prose(player.lesson.intro)
            self._gap()
        self._line(step.title, "title")
        self._gap()
        self._prose(step.prose)
        self._gap()
        self.page.task = len(self.page.lines)
        if player.free:
            self._line(_("Free play: your place is kept. F comes back to it."), "strong")
            return
        self._ask(step)
        for number, hint in enumerate(player.hints, start=1):
            self._gap()
            self._line(_("Hint {number}").format(number=number), "strong")
            self._prose(hint.text)
        self._say()
        if step.asks and player.state.over:
            self._gap()
            self._line(_("✓ {status}; n goes on").format(status=_status(player)), "strong")

    def _review(self) -> None:
        review = self.player.review
        assert review is not None
        self._say()
        self._gap()
        self._line(_("From an earlier lesson, {title}:").format(title=review.lesson.title), "title")
        self._gap()
        self._prose(review.step.prose)
        self._gap()
        self.page.task = len(self.page.lines)
        self._ask(review.step)
        self._line(_("n passes over it"))

    def _end(self) -> None:
        self._line(_("The lesson is over."), "title")
        self._gap()
        self._line(self.player.summary().in_words())
        self._gap()
        for step, state in zip(self.player.lesson.steps, self.player.states, strict=True):
            if step.asks:
                mark = "✓" if state.status == "solved" else "·"
                self._line(f"{mark} {step.title}")
        self._gap()
        self._line(_("Enter goes Home; N goes back."))
        self.page.task = 0

    def _ask(self, step: Step) -> None:
        if step.kind == "quiz":
            for number, choice in enumerate(step.choices):
                self.page.choices.append(len(self.page.lines))
                here = number == self.cursor
                mark = "▶" if here else " "
                text = [(f"{mark}{number + 1}. ", "strong"), *inline(harmless(choice.text))]
                self._add(wrap(text, self.width))
            self._line(_("↑ ↓ and Enter choose, or the number here in the lesson."), "stress")
        elif step.kind == "predict":
            self._task(_("What do you think {address} is? a types your answer."), step.predict)
        elif step.kind == "blank":
            self._blank()
        elif step.kind == "expect":
            self._line(_("a types your answer: a number, or a shape such as (4, 3)."), "stress")
        elif step.kind == "label":
            self._labels(step)
        elif step.goal:
            for standing in self.player.goals():
                style = "strong" if standing.met else ""
                self._line(in_words(standing), style)
        else:
            self._line(_("Enter goes on."), "stress")

    def _task(self, text: str, address: str) -> None:
        if not self.player.state.over:
            self._line(text.format(address=address), "stress")

    def _blank(self) -> None:
        for address in self.player.asked[:1]:
            self._task(_("Work out {address}; a types it."), address)

    def _labels(self, step: Step) -> None:
        labels = self.player.state.labels
        for number, thing in enumerate(step.label, start=1):
            matched = f" = {labels[thing]}" if thing in labels else ""
            self._line(f"{number}. {_with_words(thing, step)}{matched}")
        self._line(_("go with"))
        for number, name in enumerate(names_to_match(step), start=1):
            self._line(f"  {number}. {_with_words(name, step)}")
        self._line(_("a types two numbers, as in 1 2, or thing = name."), "stress")

    def _say(self) -> None:
        if self.said:
            self._gap()
            self._prose(self.said)

    def _gap(self) -> None:
        if self.page.lines and self.page.lines[-1]:
            self.page.lines.append([])

    def _prose(self, markdown: str) -> None:
        self._add(prose(markdown, self.width))

    def _line(self, text: str, style: str = "") -> None:
        self._add(wrap([(harmless(text), style)], self.width))

    def _add(self, lines: list[Line]) -> None:
        self.page.lines += lines


def _with_words(name: str, step: Step) -> str:
    return f"{name}: {step.words[name]}" if name in step.words else name


def _status(player: Player) -> str:
    words = {
        "solved": _("solved"),
        "revealed": _("shown to you"),
        "missed": _("predicted differently"),
    }
    return words.get(player.state.status, "")


class LessonPane(Lines, ScrollView, can_focus=True):
    """The page of a lesson; while it has the keys, they choose an answer or scroll."""

    BINDING_GROUP_TITLE = N_("Lesson text")
    HELP = N_("Read here, and choose an answer. Tab goes to the bench and comes back.")
    DEFAULT_CSS = """
    LessonPane {
        border: round $border-blurred;
        border-title-style: bold;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        padding: 0 1;
        &:focus { border: heavy $border; border-title-style: bold underline; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", N_("Up"), id="lesson_text.up", show=False,
                tooltip=N_("The choice above, or a line up")),
        Binding("down,j", "move(1)", N_("Down"), id="lesson_text.down", show=False,
                tooltip=N_("The choice below, or a line down")),
        Binding("enter", "enter", N_("Go on"), id="lesson_text.enter",
                tooltip=N_("Take the choice, type the answer, or go on")),
        *(
            Binding(str(number), f"choose({number})", N_("Choose"),
                    id=f"lesson_text.choose_{number}", show=False,
                    tooltip=N_("Answer a quiz with this choice"))
            for number in range(1, 10)
        ),
    ]  # fmt: skip

    class Pressed(Message):
        """Enter was pressed here."""

    class Chose(Message):
        """A choice of a quiz was taken."""

        def __init__(self, number: int) -> None:
            self.number = number
            super().__init__()

    class Moved(Message):
        """The cursor went to another choice."""

    def __init__(self, *, id: str | None = None, classes: str = "") -> None:  # noqa: A002
        super().__init__(id=id)
        self.add_class(*classes.split(), update=False)
        self.page = Page()
        self.cursor = 0
        self.asking = False  # whether a quiz is open
        self._write: Callable[[int], Page] = lambda _width: Page()

    @property
    def choice(self) -> int:
        """The choice that the cursor is on; none where no quiz is open."""
        return self.cursor if self.asking else -1

    def show(self, write: Callable[[int], Page]) -> None:
        """Show the page that is written for a width; it stays where it was scrolled to."""
        self._write = write
        self.update()

    @property
    def area(self) -> Size:
        size: Size = self.scrollable_content_region.size
        return size

    def circumstances(self) -> Hashable:
        return super().circumstances(), self.scroll_offset

    def rows(self, width: int, height: int) -> list[Row]:
        self.page = self._write(width)
        first = self.scroll_offset.y
        return list(self.page.lines[first : first + height])

    def update(self) -> None:
        super().update()
        size = Size(self.area.width, len(self.page.lines))
        if self.virtual_size != size:
            self.virtual_size = size

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.update()

    @property
    def lines(self) -> list[str]:
        """What stands on the page, also out of sight."""
        return self.page.text

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """The digits answer a quiz; else they lead to the panels, as everywhere."""
        return self.asking if action == "choose" else True

    def action_move(self, by: int) -> None:
        if not self.asking:
            self.scroll_relative(y=by, animate=False)
            return
        self.cursor = max(0, min(len(self.page.choices) - 1, self.cursor + by))
        self.post_message(self.Moved())
        self.scroll_to(y=self.page.choices[self.cursor] - 2, animate=False)

    def action_enter(self) -> None:
        self.post_message(self.Chose(self.cursor + 1) if self.asking else self.Pressed())

    def action_choose(self, number: int) -> None:
        if number <= len(self.page.choices):
            self.cursor = number - 1
            self.post_message(self.Chose(number))
