"""The choice of a language in the app: by a key of Home, or from the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import LANGUAGES, _, current_language, set_language
from nnsim.tui import settings

if TYPE_CHECKING:
    from nnsim.tui.app import NnsimApp

NAMES = {"en": "English", "zh": "中文"}
"""Each language in its own words."""


def others() -> list[str]:
    """Return the languages that could be chosen instead of the present one."""
    return [language for language in LANGUAGES if language != current_language()]


def choose(app: NnsimApp, language: str) -> None:
    """Save the choice, and follow it: at once where only Home is open, else from the next start.

    (What stands on other screens, lessons above all, is read in one language as a whole.)
    """
    from nnsim.tui.screens.home import HomeScreen

    try:
        settings.save(language=language)
    except OSError as problem:
        text = _("the language could not be kept for next time: {problem}")
        _say(app, text.format(problem=problem))
        return
    home = app.screen
    alone = isinstance(home, HomeScreen) and len(app.screen_stack) == 1
    if alone and not app.has_benches:
        set_language(language)
        home.refresh(recompose=True)
        home.call_after_refresh(HomeScreen.begin_again, home)
        return
    said = [_("{language}: from the next start on").format(language=NAMES[language])]
    now = current_language()
    set_language(language)  # for the one who will read it then
    said.append(_("{language}: from the next start on").format(language=NAMES[language]))
    set_language(now)
    _say(app, " · ".join(dict.fromkeys(said)))


def _say(app: NnsimApp, text: str) -> None:
    """Say it in the status line; where there is none, in a note over the screen."""
    from nnsim.tui.screens.base import LineScreen
    from nnsim.tui.screens.home import HomeScreen

    if isinstance(app.screen, HomeScreen):
        app.screen.say(text)
    elif isinstance(app.screen, LineScreen):
        app.screen.show(text)
    else:
        app.notify(text, markup=False)
