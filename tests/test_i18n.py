"""Translation: English as it stands, other languages through their catalogue."""

import struct

import pytest

from nnsim import i18n, resources


def catalogue(messages: dict[str, str]) -> bytes:
    """The bytes of a compiled catalogue (the .mo format of gettext, version 0)."""
    messages = {"": "Content-Type: text/plain; charset=UTF-8\n", **messages}
    pairs = [(k.encode(), v.encode()) for k, v in sorted(messages.items())]
    start = 28 + 16 * len(pairs)
    keys = b"\0".join(k for k, _v in pairs) + b"\0"
    values = b"\0".join(v for _k, v in pairs) + b"\0"
    table, at = b"", start
    for texts in ([k for k, _v in pairs], [v for _k, v in pairs]):
        for text in texts:
            table += struct.pack("<II", len(text), at)
            at += len(text) + 1
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start)
    return head + table + keys + values


@pytest.fixture(autouse=True)
def english_again():
    yield
    i18n.set_language("en")


def test_english_is_the_source():
    assert i18n._("nothing to undo") == "nothing to undo"
    assert i18n.ngettext("{n} change", "{n} changes", 1) == "{n} change"
    assert i18n.ngettext("{n} change", "{n} changes", 2) == "{n} changes"


def test_a_catalogue_translates_what_it_has(tmp_path, monkeypatch):
    folder = tmp_path / "locale" / "zh" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "nnsim.mo").write_bytes(catalogue({"Network": "网络"}))
    monkeypatch.setattr(resources, "PACKAGE", tmp_path)
    i18n.set_language("zh")
    assert i18n._("Network") == "网络"
    assert i18n._("no such entry") == "no such entry"
    assert i18n._("") == ""
    i18n.set_language("en")
    assert i18n._("Network") == "Network"


def test_a_language_without_a_catalogue_stays_english(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "PACKAGE", tmp_path)
    i18n.set_language("zh")
    assert i18n._("Network") == "Network"
