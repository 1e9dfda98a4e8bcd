"""Home: what there is to open. Needs neither NumPy nor Markdown, so that it shows at once."""

from __future__ import annotations

import gc
import sys
import threading
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from nnsim.experiments import catalogue
from nnsim.i18n import N_, SOURCE, _, current_language
from nnsim.tui.draw.lines import Row, Table
from nnsim.tui.draw.text import cut, right
from nnsim.tui.screens.base import GuardedScreen, TooSmall
from nnsim.tui.screens.frame import KeyLine, StatusLine

if TYPE_CHECKING:
    from nnsim.tutor.catalogue import Entry
    from nnsim.tutor.progress import Progress

CIRCUITS = ("circuits", N_("Circuits: expressions as gates, forward and backward"))


AFTER = 0.3  # seconds on Home until what most people open next is read ahead


def read_ahead() -> None:
    """Import what a lesson or a bench needs, beside the app, while somebody reads Home."""
    if "nnsim.tui.screens.lesson" not in sys.modules:
        threading.Thread(target=_import_benches, daemon=True).start()


def _import_benches() -> None:

    # All that stays: without it a search for garbage takes a tenth of a second less.
    gc.freeze()


class LessonList(Table):
    """The lessons that ship, with how far each is; Enter begins or continues one.

    It is filled by `fill` once the first picture stands.
    """

    BINDING_GROUP_TITLE = N_("Lessons")
    HELP = N_("Choose a lesson with the arrows; Enter begins it, or continues where you left.")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", N_("Begin or continue"), id="home.lesson", key_display="⏎",
                tooltip=N_("Begin the lesson, or continue where you left")),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__(id="lessons")
        self.entries: list[Entry] = []
        self._progress: Progress | None = None

    def fill(self, entries: list[Entry], progress: Progress) -> None:
        """Show the lessons; the cursor goes to the one that comes next."""
        first = not self.entries
        self.entries, self._progress = entries, progress
        self.update()
        if first or self.entries[self.cursor].id in progress.finished:
            self.move_cursor(self.next_one())

    def next_one(self) -> int:
        """The lesson that was left open last, else the first that is not finished yet."""
        progress = self._progress
        if progress is None:
            return 0
        ids = [entry.id for entry in self.entries]
        begun = [i for i, name in enumerate(ids) if progress.of_lesson(name).place]
        left = [i for i, name in enumerate(ids) if not progress.of_lesson(name).finished]
        return (begun or left or [0])[0]

    def row_count(self) -> int:
        return len(self.entries)

    def row(self, index: int) -> Row:
        """Its number and title, its minutes, how far it is."""
        entry = self.entries[index]
        mark = "▶" if index == self.cursor else " "
        title = cut(entry.title, max(10, min(44, self.size.width - 34)))
        minutes = _("{n} min").format(n=entry.minutes)
        return [
            (f" {mark} {entry.number:02d}  ", "strong"),
            (f"{title}  ", ""),
            (f"{right(minutes, 7)}  ", "dim"),
            (self._how_far(entry), "strong" if self._begun(entry) else "dim"),
        ]

    def _begun(self, entry: Entry) -> bool:
        return self._progress is not None and bool(self._progress.of_lesson(entry.id).place)

    def _how_far(self, entry: Entry) -> str:
        if self._progress is None:
            return ""
        lesson = self._progress.of_lesson(entry.id)
        done = f"{lesson.done(entry.step_ids)}/{entry.steps}"
        if lesson.place:
            return _("continue · {done}").format(done=done)
        if lesson.finished:
            return f"✓ {done}"
        missing = [
            self._called(name) for name in entry.needs if name not in self._progress.finished
        ]
        return _("after {lessons}").format(lessons=", ".join(missing)) if missing else ""

    def _called(self, name: str) -> str:
        """A lesson by its id, which is a word of English; elsewhere by its title."""
        titles = {entry.id: entry.title for entry in self.entries}
        return name if current_language() == SOURCE else titles.get(name, name)

    def action_choose(self) -> None:
        if self.entries:
            self.post_message(self.Chosen(self, self.cursor))


class ExperimentList(Table):
    """The experiments that ship; Enter opens one."""

    BINDING_GROUP_TITLE = N_("Experiments")
    HELP = N_("Choose an experiment with the arrows and open it with Enter.")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", N_("Open"), id="home.open", tooltip=N_("Open the experiment"))
    ]

    def __init__(self) -> None:
        super().__init__(id="experiments")
        self.entries = catalogue()

    def row_count(self) -> int:
        return len(self.entries) + 1

    def row(self, index: int) -> Row:
        """Its id and title."""
        name, title = CIRCUITS
        if index < len(self.entries):
            name, title = self.entries[index].id, self.entries[index].title
        width = max(len(e.id) for e in self.entries)
        mark = "▶" if index == self.cursor else " "
        return [(f" {mark} ", "strong"), (f"{name:<{width}}  ", "strong"), (_(title), "")]

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self, self.cursor))


class HomeScreen(GuardedScreen):
    """The first screen."""

    CSS_PATH = "home.tcss"
    AUTO_FOCUS = "LessonList"
    BINDING_GROUP_TITLE = N_("Home")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "circuits", N_("Circuits"), id="home.circuits",
                tooltip=N_("Expressions as gates, forward and backward")),
        Binding("l", "language", "中文 / English", id="home.language",
                tooltip=N_("The other language; kept for the next start")),
        Binding("q", "app.quit", N_("Quit"), id="home.quit", tooltip=N_("Leave nnsim")),
    ]  # fmt: skip

    def compose(self) -> ComposeResult:
        yield Static(
            _(
                "nnsim · take neural networks apart\n\n"
                "Paint an input, see every number the network makes of it, change any weight, "
                "train it."
            ),
            id="welcome",
            markup=False,
        )
        lessons = LessonList()
        lessons.border_title = _("Lessons")
        yield lessons
        experiments = ExperimentList()
        experiments.border_title = _("Experiments")
        yield experiments
        yield StatusLine(id="status")
        yield KeyLine()
        yield TooSmall()

    def say(self, message: str, *, wrong: bool = False) -> None:
        self.query_one(StatusLine).say(message, "", wrong=wrong)

    def on_screen_resume(self) -> None:
        self.set_timer(0.01, self._fill)

    def _fill(self) -> None:
        from nnsim.tutor.catalogue import shipped
        from nnsim.tutor.progress import ProgressLog

        lessons = self.query_one(LessonList)
        entries = lessons.entries or shipped(current_language())
        lessons.fill(entries, ProgressLog().progress())
        self.set_timer(AFTER, read_ahead)

    def on_table_chosen(self, message: Table.Chosen) -> None:
        if isinstance(message.table, LessonList):
            self.app.open_lesson(message.table.entries[message.row].id)  # type: ignore[attr-defined]
            return
        entries = self.query_one(ExperimentList).entries
        if message.row < len(entries):
            self.app.open_experiment(entries[message.row].id)  # type: ignore[attr-defined]
        else:
            self.action_circuits()

    def action_language(self) -> None:
        from nnsim.tui import settings

        settings.choose(self.app, settings.others()[0])  # type: ignore[arg-type]

    def begin_again(self) -> None:
        """Fill the lists that were composed anew."""
        self._fill()
        self.query_one(LessonList).focus()

    def action_circuits(self) -> None:
        self.app.open_circuits()  # type: ignore[attr-defined]
