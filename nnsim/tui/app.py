"""The app: which screen is on, the theme, and what works everywhere."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from nnsim.i18n import N_, _
from nnsim.tui import settings
from nnsim.tui.key_queue import KeyQueue
from nnsim.tui.screens.base import GuardedScreen
from nnsim.tui.screens.frame import PLAIN_KEYS
from nnsim.tui.screens.home import HomeScreen

if TYPE_CHECKING:
    from textual.app import SystemCommand
    from textual.command import Provider
    from textual.screen import Screen

    from nnsim.lab import Lab
    from nnsim.lab.circuit_bench import CircuitBench
    from nnsim.tui.screens.lab import LabScreen
    from nnsim.tui.screens.lesson import LessonScreen
    from nnsim.tui.screens.lesson_desk import Desk
    from nnsim.tutor.player import Player

PATIENCE = 10.0  # seconds in which to quit again is meant as an answer

SETTLED = 0.5  # seconds after which a screen that was opened stands


def _bench_commands() -> type[Provider]:
    from nnsim.tui.palette import BenchCommands

    return BenchCommands


class NnsimApp(KeyQueue):
    """The terminal app.

    Parameters
    ----------
    lab : Lab, optional
        A bench to open with; Home without one.
    ascii_only : bool
        Draw with ASCII characters alone.
    lesson : (Player, list of str), optional
        A lesson to open with, as `nnsim.tutor.catalogue.open_player` gives it.
    session : (str, int or None), optional
        The session file that `lab` was opened from, and the panel that was in sight there.

    Attributes
    ----------
    ascii_only : bool
        So that a widget can draw with other signs, where the usual ones would become the same.
    """

    TITLE = "nnsim"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = App.COMMANDS | {
        _bench_commands
    }
    BINDING_GROUP_TITLE = N_("Everywhere")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", N_("Help"), id="app.help",
                tooltip=N_("Every key and command"), key_display="?"),
        Binding("P", "picture", N_("Picture"), id="app.picture", show=False, priority=True,
                tooltip=N_("Write a picture of the screen to an SVG file")),
        Binding("ctrl+q", "quit", N_("Quit"), id="app.quit", show=False, priority=True,
                tooltip=N_("Leave nnsim")),
    ]  # fmt: skip

    def __init__(
        self,
        lab: Lab | None = None,
        *,
        ascii_only: bool = False,
        lesson: tuple[Player, list[str]] | None = None,
        session: tuple[str, int | None] | None = None,
    ) -> None:
        # Textual loads the style sheets of every screen but the first.
        first = ["lab", "lesson"] if lesson is not None else ["home" if lab is None else "lab"]
        folder = Path(__file__).parent / "screens"
        super().__init__(css_path=[folder / f"{name}.tcss" for name in first])
        self._lab, self._lesson, self._session = lab, lesson, session
        self._benches: list[LabScreen] = []
        self._leaves_until = 0.0  # when quitting is no longer meant as an answer to a warning
        self.ascii_only = ascii_only
        if ascii_only:
            from nnsim.tui.ascii import AsciiFilter

            self._filters.append(AsciiFilter())
        if "TEXTUAL_THEME" not in os.environ:
            saved = settings.load().get("theme")
            if isinstance(saved, str) and saved in self.available_themes:
                self.theme = saved

    def get_default_screen(self) -> Screen[Any]:
        """Home, or the lesson or bench that the app was opened with."""
        if self._lesson is not None:
            return self._lesson_screen(*self._lesson)
        if self._lab is not None:
            screen = self._bench(self._lab.experiment.id, self._lab)
            if self._session is not None:
                from nnsim.tui.sessions import Keeper

                file, panel = self._session
                screen.keeping.opened(Keeper(self._lab, file), panel)
            return screen
        home = HomeScreen()
        self.install_screen(home, "home")
        return home

    def on_ready(self) -> None:
        """Collect garbage from now on, among what is made from now on (see `run_app`)."""
        gc.freeze()
        gc.enable()

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, self._keep_theme)

    def _keep_theme(self, _theme: object) -> None:
        if "TEXTUAL_THEME" in os.environ:
            return  # chosen for this terminal, not for good
        try:
            settings.save(theme=self.theme)
        except OSError as problem:
            self.notify(
                _("the theme could not be kept for next time: {problem}").format(problem=problem)
            )

    def _bench(self, name: str, lab: Lab) -> LabScreen:
        """The screen of a bench; installed, so that it stays as it was left."""
        from nnsim.tui.screens.lab import LabScreen

        screen = LabScreen(lab)
        self._benches.append(screen)
        self.install_screen(screen, f"bench {name}")
        return screen

    def open_experiment(self, name: str) -> None:
        """Open an experiment's bench, as it was left if it was open before."""
        from nnsim.experiments import load
        from nnsim.lab import Lab

        if not self.is_screen_installed(f"bench {name}"):
            try:
                self._bench(name, Lab(load(name), load=load))
            except (OSError, ValueError) as problem:
                if isinstance(self.screen, HomeScreen):
                    self.screen.say(str(problem), wrong=True)
                return
        self._keep(f"bench {name}")

    def _lesson_screen(self, player: Player, troubles: list[str]) -> LessonScreen:
        """The screen of a lesson; installed, so that it stays as it was left."""
        from nnsim.tui.screens.lesson import LessonScreen

        screen = LessonScreen(player, troubles)
        self._benches.append(screen)
        self.install_screen(screen, f"lesson {player.key}")
        return screen

    def open_lesson(self, name: str) -> None:
        """Open a lesson at the learner's place; one that was played to its end starts anew."""
        from nnsim.tui.screens.lesson import LessonScreen
        from nnsim.tutor.catalogue import open_player

        if not self.is_screen_installed(f"lesson {name}"):
            try:
                self._lesson_screen(*open_player(name))
            except (OSError, ValueError) as problem:
                if isinstance(self.screen, HomeScreen):
                    self.screen.say(str(problem), wrong=True)
                return
        self._keep(f"lesson {name}")
        screen = self.get_screen(f"lesson {name}")
        if isinstance(screen, LessonScreen) and screen.player.at_end:
            screen.action_again()

    def open_circuits(self) -> None:
        """Open the circuit bench, as it was left if it was open before."""
        from nnsim.lab.circuit_bench import CircuitBench
        from nnsim.tui.screens.circuit import CircuitScreen

        if not self.is_screen_installed("circuits"):
            bench = CircuitBench.of_example("add-multiply")
            self.install_screen(CircuitScreen(bench), "circuits")
        self._go_to("circuits")

    def show_circuit(self, bench: CircuitBench) -> None:
        from nnsim.tui.screens.circuit import CircuitScreen

        self.push_screen(CircuitScreen(bench))

    def show_lesson_circuit(self, desk: Desk) -> None:
        """Show the circuit of a lesson's step, with the pane that asks."""
        from nnsim.tui.screens.lesson_circuit import LessonCircuitScreen

        self.push_screen(LessonCircuitScreen(desk))

    def leave_circuit(self) -> None:
        """Go back to the bench that the circuit belongs to, or Home."""
        if self.is_screen_installed(self.screen) or len(self.screen_stack) < 2:
            self.show_home()
        else:
            self.pop_screen()

    def show_home(self) -> None:
        """Go to Home; the bench stays as it is."""
        if not self.is_screen_installed("home"):
            self.install_screen(HomeScreen(), "home")
        self._go_to("home")

    def _keep(self, name: str) -> None:
        """Go to a screen that stays: once it stands, no search for garbage looks at it again."""
        self._go_to(name)
        self.set_timer(SETTLED, gc.freeze)

    def _go_to(self, name: str) -> None:
        """Bring an installed screen to the top: back down the stack to it, or on top of all.

        (Textual can't switch away from the first screen, so the stack only grows, by screens that
        are not on it yet.)
        """
        screen = self.get_screen(name)
        if screen in self.screen_stack:
            while self.screen is not screen:
                self.pop_screen()
        else:
            self.push_screen(screen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "picture" and self.focused is not None:
            return not self.focused.check_consume_key("P", "P")
        return super().check_action(action, parameters)

    def action_picture(self) -> None:
        try:
            said = _("picture: {file}").format(file=save_picture(self))
        except (OSError, ValueError) as problem:
            self.notify(str(problem), severity="error", markup=False)
        else:
            self.notify(said, markup=False)

    async def action_quit(self) -> None:
        """Leave; where a session has changes that are not in its file, when asked twice."""
        files = sorted({file for bench in self._benches if (file := bench.keeping.unsaved)})
        if not files or monotonic() < self._leaves_until:
            await super().action_quit()
            return
        self._leaves_until = monotonic() + PATIENCE
        said = _("{files} has changes that are not saved; s in the lab saves them. Quit again to "
                 "leave without.")  # fmt: skip
        self.notify(
            said.format(files=", ".join(files)), severity="warning", markup=False, timeout=PATIENCE
        )

    def action_command_palette(self) -> None:
        from nnsim.tui.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def get_key_display(self, binding: Binding) -> str:
        """A key as it is printed; one that has a name, in the chosen language or in ASCII."""
        shown = super().get_key_display(binding)
        if self.ascii_only:  # drawn as < and > they would be other keys
            shown = PLAIN_KEYS.get(shown, shown)
        return _("space") if shown == "space" else shown

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Textual's own commands in the chosen language, and those that choose another."""
        from nnsim.tui.palette import system_commands

        return system_commands(self, super().get_system_commands(screen))

    def search_themes(self) -> None:
        """Choose a theme."""
        from textual.theme import ThemeProvider

        from nnsim.tui.palette import Palette

        self.push_screen(Palette([ThemeProvider], _("Search for themes…")))

    @property
    def has_benches(self) -> bool:
        """Whether any bench, circuit or lesson is open."""
        return any(name != "home" for name in self._installed_screens)

    def action_help(self) -> None:
        from nnsim.tui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            return
        focused = self.focused
        chain = list(focused.ancestors_with_self) if focused is not None else [self.screen, self]
        reference = self.screen.reference() if isinstance(self.screen, GuardedScreen) else None
        self.push_screen(HelpScreen(chain, reference=reference))


_MOST = 10_000


def save_picture(app: App[None]) -> Path:
    """Write what the terminal shows to a new SVG file, and return the file.

    It comes into the current folder, or where that can't be written to among the user's pictures.
    No file is written over.

    Raises
    ------
    ExperimentError
        If it can't be written: ``file: what is wrong``.
    """
    from nnsim.experiments import ExperimentError
    from nnsim.experiments.files import write_file

    drawn = app.export_screenshot()
    folder = _folder()
    for number in range(1, _MOST):
        path = folder / f"nnsim-{number}.svg"
        try:
            if not os.path.lexists(path):
                return write_file(path, drawn, new=True)
        except ExperimentError:
            if not os.path.lexists(path):
                raise  # else someone else was quicker: the next name
    return write_file(folder / f"nnsim-{os.urandom(8).hex()}.svg", drawn, new=True)


def _folder() -> Path:
    if os.access(".", os.W_OK):
        return Path()
    from platformdirs import user_pictures_path

    pictures = user_pictures_path()
    try:
        pictures.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path()  # writing there says what is wrong
    return pictures
