"""What would be right where a file is not TOML."""

from __future__ import annotations

import re

from nnsim.i18n import N_, _

_END = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_ADVICE = (
    ("Expected '='", N_("a key is followed by = and a value, as in: epochs = 50")),
    ("Expected ']]'", N_("close the name with two brackets, as in [[name]]")),
    ("Expected ']'", N_("close the name of the table with a bracket, as in [network]")),
    ("Expected newline", N_("one key and its value stand on a line; start a new line here")),
    ("Expected '(\"\"\"|''')'", N_("a text of several lines ends with three quotes")),
    ("Expected", N_("a quote that closes the text is missing")),
    ("Invalid statement", N_("a line is key = value, [table], or a comment that starts with #")),
    ("Invalid initial character", N_("a key is a word of letters, digits, - and _, or in quotes")),
    ("Invalid value", N_("a value is a number, true, false, a text in quotes, or a list in [ ]")),
    ("Invalid date", N_("a date is written as 2024-12-31; put other texts in quotes")),
    ("Invalid hex|Escaped|Unescaped", N_("in quotes \\ starts an escape; write \\\\ for one")),
    ("Illegal character '\\\\n'", N_("close the text with a quote before the line ends")),
    ("(Illegal|Found invalid) character", N_("take out this control character")),
    ("Unterminated string", N_("close the text with a quote")),
    ("Unclosed array", N_("entries of a list stand with commas between them, and ] closes it")),
    ("Unclosed inline", N_("between the keys of a table in braces stand commas, } closes it")),
    ("Cannot declare", N_("this table is here twice; put its keys together under one heading")),
    ("Cannot overwrite|Duplicate|Cannot redefine", N_("this key is here twice; leave one of them")),
    ("Cannot mutate", N_("a table or list that has been written out can't be added to")),
)  # fmt: skip
"""How tomllib's message starts, and what to write instead."""


def explain(message: str, text: str) -> tuple[int, str]:
    """Return the line of an error in a TOML document, and a sentence that says what is right.

    Parameters
    ----------
    message : str
        What tomllib says; it ends in ``(at line 3, column 5)`` or ``(at end of document)``.
    text : str
        The document.
    """
    found = _END.search(message)
    line = int(found[1]) if found and found[1] else text.rstrip("\n").count("\n") + 1
    why = message[: found.start()] if found else message
    advice = next((right for start, right in _ADVICE if re.match(start, why)), None)
    if advice is None:
        return line, _("not valid TOML: {why}").format(why=why)
    return line, _("not valid TOML: {advice}").format(advice=_(advice))
