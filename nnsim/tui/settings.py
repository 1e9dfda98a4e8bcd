"""The few choices that outlive a session, in one small file of the user's; that of a language."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnsim.i18n import LANGUAGES, _, current_language, set_language

if TYPE_CHECKING:
    from nnsim.tui.app import NnsimApp


def _path() -> Path:
    from platformdirs import user_config_path

    return user_config_path("nnsim", appauthor=False) / "settings.json"


def load() -> dict[str, Any]:
    """The saved choices; none where there is no readable file."""
    try:
        text = _path().read_text("utf-8")
        import json  # late: where nothing was ever chosen, there is nothing to read it from

        saved = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return {}
    return saved if isinstance(saved, dict) else {}


def save(**choices: str) -> None:
    """Keep choices beside those already saved; the file is replaced whole or not at all.

    Raises
    ------
    OSError
        When the file can't be written.
    """
    import json
    import tempfile  # late: every start loads, few save

    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps({**load(), **choices}, indent=2)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


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
        save(language=language)
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
