"""Encodings that lack signs, and readers that leave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

import pytest

from nnsim.cli import main
from nnsim.cli.output import to_ascii

GATES = ["gates", "sqrt(x)*y - sigmoid(x)/y", "x=4", "y=5"]
TRACE = ["trace", "demons", "--input", "010/010/010/010", "--target", "1"]


def run(words: list[str], **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "nnsim", *words],
        capture_output=True,
        env={**os.environ, "NNSIM_LANG": "en", **environment},
        check=False,
    )


@cache
def in_ascii(words: tuple[str, ...]) -> str:
    return run([*words, "--ascii"], PYTHONIOENCODING="utf-8").stdout.decode()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "gbk"])
@pytest.mark.parametrize(
    "words", [GATES, TRACE, ["summary", "digits-8x8-cnn"], ["train", "--help"]]
)
def test_other_encodings_get_ascii(words, encoding):
    done = run(words, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode("ascii")
    assert "?" not in text
    assert text == in_ascii(tuple(words))


def test_errors_are_spelled_out_too():
    done = run(["summary", "σ≈½"], PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert b'"sigma~1/2"' in done.stderr


def test_json_is_the_same_in_any_encoding():
    one, other = (run([*TRACE, "--json"], PYTHONIOENCODING=name) for name in ("ascii", "utf-8"))
    assert one.stdout == other.stdout
    assert json.loads(one.stdout)["prediction"] == "1"


def test_chinese_where_it_can_be_written(monkeypatch, capsys):
    import nnsim.cli.commands.experiments as command
    from nnsim.i18n import current_language, set_language

    languages = []
    monkeypatch.setattr(
        command, "run_experiments", lambda *_arguments: languages.append(current_language()) or 0
    )
    try:
        for words in ([], ["--ascii"]):
            assert main(["experiments", "--lang", "zh", *words]) == 0
    finally:
        set_language("en")
    assert languages == ["zh", "en"]  # an output without Chinese is in English


@pytest.mark.skipif(os.name == "nt", reason="pipes of Unix")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "words",
    [
        GATES, [*GATES, "--json"], TRACE, ["experiments"], ["summary", "demons"], ["--help"],
        ["train", "demons", "--epochs", "1"], ["train", "--help"], ["--version"], ["lessons"],
        ["explain", "demons", "hidden[1].z", "--input", "010/010/010/010"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_reader_that_has_left_changes_no_status(words, unbuffered):
    reader, writer = os.pipe()
    os.close(reader)  # nobody will ever read: every write is refused
    try:
        done = subprocess.run(
            [sys.executable, "-m", "nnsim", *words],
            stdout=writer, stderr=subprocess.PIPE, check=False,
            env={**os.environ, "NNSIM_LANG": "en", "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(os.name == "nt", reason="pipes of Unix")
def test_a_status_that_says_something_stays(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    log = tmp_path / "run.jsonl"
    code = (
        "import sys\nfrom nnsim.engine import gradcheck\n"
        "gradcheck.GradientCheck.verdict = 'fail'\n"
        "from nnsim.cli import main\nsys.exit(main())\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, "gradcheck", "demons"],
            stdout=writer, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
        trained = subprocess.run(
            [sys.executable, "-m", "nnsim", "train", "demons", "--epochs", "3", "--log", log],
            stdout=writer, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")
    assert trained.returncode == 0
    assert len(log.read_text().splitlines()) == 3


def test_signs_have_words():
    assert to_ascii("∂C/∂w ≈ σ′(z) · x₁") == "dC/dw ~ sigma'(z) * x1"
