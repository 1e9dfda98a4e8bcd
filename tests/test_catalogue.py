"""The Chinese catalogue has every message, with the same placeholders, and is compiled."""

import ast
import gettext
import re
import string
import tomllib
from pathlib import Path

import pytest

from nnsim import i18n
from nnsim.circuit import gates
from nnsim.cli import main
from nnsim.resources import resource

PACKAGE = Path(i18n.__file__).parent
FOLDER = PACKAGE / "locale" / "zh" / "LC_MESSAGES"
FUNCTIONS = {"_": 1, "N_": 1, "ngettext": 2}


def said_in_code(path: Path) -> set[str]:
    """The messages (the singular of those with a plural) of one module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        for argument in node.args[: FUNCTIONS.get(node.func.id, 0)][:1]:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                found.add(argument.value)
    return found


def plurals() -> dict[str, str]:
    """The plural of every singular."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ngettext":
                singular, plural = node.args[:2]
                if isinstance(singular, ast.Constant) and isinstance(plural, ast.Constant):
                    found[singular.value] = plural.value
    return found


def said_in_assets() -> set[str]:
    tables = [
        tomllib.loads(p.read_text(encoding="utf-8")) for p in resource("assets").rglob("*.toml")
    ]
    return {table[key] for table in tables for key in ("title", "note") if key in table}


def entries(path: Path) -> dict[tuple[str, ...], str]:
    """The entries of a .po file, by singular and plural; the header's is the empty text."""
    found: dict[tuple[str, ...], str] = {}
    keys: list[str] = []
    value: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        word, _space, quoted = line.partition(" ")
        if line.startswith('"'):
            (value if value else keys)[-1] += ast.literal_eval(line)
        elif word in ("msgid", "msgid_plural"):
            keys.append(ast.literal_eval(quoted))
        elif word in ("msgstr", "msgstr[0]"):
            value.append(ast.literal_eval(quoted))
        elif not line and keys:
            found[tuple(keys)] = "".join(value)
            keys, value = [], []
        else:
            assert line.startswith("#") or not line, f"{path.name}: {line}"
    return found


def fields(text: str) -> set[tuple[str, str, str | None]]:
    """The placeholders of a message: their names, formats and conversions."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:  # a brace that is no placeholder, in a text that is never formatted
        return set()
    return {(name, spec or "", how) for _text, name, spec, how in parts if name is not None}


@pytest.fixture(autouse=True)
def english_again():
    yield
    i18n.set_language("en")


@pytest.fixture(scope="module")
def chinese() -> dict[tuple[str, ...], str]:
    return entries(FOLDER / "nnsim.po")


def test_every_message_is_translated_and_none_is_left_over(chinese):
    said = set().union(*(said_in_code(path) for path in PACKAGE.rglob("*.py")))
    kinds = {kind.id for kind in vars(gates).values() if isinstance(kind, gates.Kind)}
    assert len(said) > 1000
    assert "multiply" in kinds
    said |= said_in_assets() | kinds
    translated = {keys[0] for keys, text in chinese.items() if text and keys[0]}
    assert sorted(said - translated) == []
    assert sorted(translated - said) == []


def test_plurals_are_those_of_the_code(chinese):
    assert {keys[0]: keys[1] for keys in chinese if len(keys) == 2} == plurals()


def test_placeholders_are_the_same(chinese):
    different = [
        (keys[-1], text)
        for keys, text in chinese.items()
        if keys[0] and fields(text) != fields(keys[-1])
    ]
    assert different == []


def test_blanks_at_the_ends_and_line_ends_are_kept(chinese):
    """Two blanks at the start are columns; a line end counts on a screen of 24 lines."""
    different = [
        keys[0]
        for keys, text in chinese.items()
        if keys[0]
        and (
            (re.match(" {2,}", keys[0] + "x") is not None and not text.startswith("  "))
            or text.rstrip() != text
            or text.count("\n") != keys[0].count("\n")
        )
    ]
    assert different == []


def test_words_of_the_glossary_are_used(chinese):
    terms = tomllib.loads((resource("lessons") / "glossary.toml").read_text(encoding="utf-8"))[
        "term"
    ]
    unwanted = {word for term in terms for word in term.get("not", ())}
    assert unwanted
    assert [(text, word) for text in chinese.values() for word in unwanted if word in text] == []


def test_the_compiled_catalogue_says_what_the_text_says(chinese):
    with (FOLDER / "nnsim.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert {k if isinstance(k, str) else k[0] for k in compiled._catalog} == {k[0] for k in chinese}
    for keys, text in chinese.items():
        if len(keys) == 2:
            assert {compiled.ngettext(*keys, n) for n in (0, 1, 2, 5)} == {text}
        elif keys[0]:
            assert compiled.gettext(keys[0]) == text


@pytest.mark.parametrize("how", ["--lang", "NNSIM_LANG", "LANG"])
def test_the_command_line_speaks_chinese(how, monkeypatch, capsys):
    for name in ("NNSIM_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    if how == "--lang":
        status = main(["--lang", "zh", "summary", "digits-4x3"])
    else:
        monkeypatch.setenv(how, "zh_CN.UTF-8" if how == "LANG" else "zh")
        status = main(["summary", "digits-4x3"])
    output = capsys.readouterr().out
    assert status in (0, None)
    assert "激活函数" in output
    assert "activation" not in output
