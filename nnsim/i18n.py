"""The language of what a person reads: gettext, with English as the source.

Every module that speaks to people does ``from nnsim.i18n import _`` and calls ``_("…")`` at the
moment the text is shown, so that a change of language takes effect at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

SOURCE = "en"
LANGUAGES = (SOURCE, "zh")
# None is the source language; gettext is imported only for others (start-up is measured).
_translation: NullTranslations | None = None
_language = SOURCE


def set_language(language: str) -> None:
    """Translate from now on into `language`; what has no translation stays English."""
    global _translation, _language
    _language = language
    if language == SOURCE:
        _translation = None
        return
    import gettext

    from nnsim.resources import PACKAGE

    _translation = gettext.translation(
        "nnsim", PACKAGE / "locale", languages=[language], fallback=True
    )


def current_language() -> str:
    """Return the chosen language, one of `LANGUAGES`."""
    return _language


def _(message: str) -> str:
    """Return `message` in the chosen language."""
    if _translation is None or not message:  # gettext answers "" with the catalogue's header
        return message
    return _translation.gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Return the form of a message that fits the number `n`, in the chosen language."""
    if _translation is None:
        return singular if n == 1 else plural
    return _translation.ngettext(singular, plural, n)


def N_(message: str) -> str:  # noqa: N802  (the usual name of this marker)
    """Mark a constant for translation; it is translated by `_` where it is shown."""
    return message
