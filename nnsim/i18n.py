"""The language of what a person reads: gettext, with English as the source.

Every module that speaks to people does ``from nnsim.i18n import _`` and calls ``_("…")`` at the
moment the text is shown, so that a change of language takes effect at once.
"""

from __future__ import annotations

import gettext
from pathlib import Path

LANGUAGES = ("en", "zh")
_LOCALE = Path(__file__).parent / "locale"
_translation: gettext.NullTranslations = gettext.NullTranslations()


def set_language(language: str) -> None:
    """Translate from now on into `language`; what has no translation stays English."""
    global _translation
    _translation = gettext.translation("nnsim", _LOCALE, languages=[language], fallback=True)


def _(message: str) -> str:
    """Return `message` in the chosen language."""
    return _translation.gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Return the form of a message that fits the number `n`, in the chosen language."""
    return _translation.ngettext(singular, plural, n)


def N_(message: str) -> str:  # noqa: N802  (the usual name of this marker)
    """Mark a constant for translation; it is translated by `_` where it is shown."""
    return message
