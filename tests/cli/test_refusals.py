"""Whatever is wrong with a command is one line on standard error, and status 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nnsim.cli.output import CommandError
from nnsim.cli.start import choose_language, first_word


@pytest.fixture
def refused(nnsim):
    def refused(*words):
        result = nnsim(*words)
        assert result.status == 2
        assert result.out == ""
        assert result.err.startswith("nnsim: ")
        assert result.err.count("\n") == 1
        assert result.err.endswith("\n")
        return result.err.removeprefix("nnsim: ").rstrip("\n")

    return refused


ONE = "010/010/010/010"
WRONG = [
    (["demon"], 'there is no experiment, lesson or command "demon"; did you mean "demons"'),
    (["trac"], 'command "trac"; did you mean "trace"'),
    (["trac", "demons", "--json"], 'command "trac"; did you mean "trace"'),
    ([""], 'there is no experiment, lesson or command ""'),
    (["demons", "digits-4x3"], "digits-4x3 makes no sense here"),
    (["demons", "--verbose"], "--verbose makes no sense here"),
    (["gone.toml"], "gone.toml: there is no such file"),
    (["--lang", "xx"], "--lang xx is no language of nnsim; it has en, zh"),
    (["--lang"], "--lang needs one of en, zh"),
    (["demons", "--lang=xx"], "--lang xx is no language"),
    (["summary"], "EXPERIMENT is missing: an id, or a file; nnsim summary --help has the options"),
    (["summary", "demon"], 'there is no experiment "demon"; did you mean "demons"'),
    (["summary", "demons", "--foo"], '"--foo" makes no sense here; known are --lang, --ascii'),
    (["predict", "demons"], '--input is missing: numbers as in "0.05 0.10", pixel rows as'),
    (
        ["predict", "demons", "--input"],
        '--input needs a value behind it: numbers as in "0.05 0.10", pixel rows',
    ),
    (["predict", "demons", "--inp", ONE], "--input is missing: numbers"),
    (["predict", "demons", "--input", ONE, "--modl", "x"], '"--modl" makes no sense here; did you'),
    (["predict", "demons", "--input", ONE, "--modl=x"], 'here; did you mean "--model"?'),
    (["summary", "demons", "xor"], '"xor" makes no sense here; nnsim summary --help has the'),
    (["predict"], "EXPERIMENT is missing: an id, or a file; --input is missing: numbers as in"),
    (["lessons", "bogus"], "should be one of check, new, reset"),
    (["summary", "demons", "--json=1"], "--json takes no value"),
    (["predict", "demons", "--input", "010/010/010"], "too short: it has 3 rows"),
    (["predict", "demons", "--input", f"{ONE}/010"], "too long: it has 5 rows"),
    (["predict", "demons", "--input", "010/abc/010/010"], '"abc", which is not a number'),
    (["predict", "demons", "--input", "1 " * 11 + "nan"], "every number must be finite"),
    (["predict", "demons", "--input", ""], "the input is empty"),
    (["predict", "demons", "--input", "@gone.txt"], "gone.txt: there is no such file"),
    (["predict", "demons", "--input", "@/"], "this is a folder"),
    (
        ["trace", "demons", "--input", ONE, "--target", "2"],
        "the target has 1 number and should have 2, or be",
    ),
    (["trace", "demons", "--input", ONE, "--target", "x"], 'the target "x" is no class'),
    (["trace", "demons", "--input", "\x1b[31m"], '"?[31m", which is not a number'),
    (
        ["train", "demons", "--epochs", "1.5"],
        '--epochs is "1.5"; it should be a whole number from 0, such as',
    ),
    (["train", "demons", "--epochs", "-1"], '--epochs is "-1"; it should be a whole number from 0'),
    (
        ["train", "demons", "--learning-rate", "inf"],
        '--learning-rate is "inf"; it should be a finite number from 0',
    ),
    (
        ["train", "demons", "--seed", "x"],
        '--seed is "x"; it should be a whole number from 0 to 9223372036854775807',
    ),
    (["train", "demons", "--seed", str(2**63)], "it should be a whole number from 0 to 92233"),
    (["train", "demons", "--save", "x", "--log", "x"], "x: --save and --log are one file here"),
    (["train", "demons", "--save", "x", "--log", "./x"], "./x: --save and --log are one file"),
    (["train", "demons", "--save", "gone/model.npz"], "there is no folder gone"),
    (["train", "demons", "--log", "gone/run.jsonl"], "there is no folder gone"),
    (["train", "demons", "--save", "/"], "/: this is a folder"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[" ".join(w) or "''" for w, _ in WRONG])
def test_wrong_words(refused, monkeypatch, tmp_path, words, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused(*words)


FILES = {
    "unknown.toml": ("id = 'x'\nlearn = 1\n", 'unknown.toml:2: unknown key "learn"'),
    "syntax.toml": ("id = 'x'\n[network\n", "syntax.toml:2: not valid TOML"),
    "empty.toml": ("", "empty.toml: the file is empty"),
    "binary.toml": ("\x7fELF\x00\x01", "binary.toml:1: this is a binary file"),
    "rubbish.bin": ("\x7fELF\x00\x01", "rubbish.bin:1: this is a binary file"),
    "negative.toml": (
        'input = { kind = "number" }\n[network]\nlayers = [{ type = "dense", units = -1 }]\n',
        "negative.toml:3: units is -1; it should be a whole number from 1",
    ),
    "nan.toml": (
        'input = { kind = "number" }\n[network]\nlayers = [{ type = "dense", units = 1 }]\n'
        "[data]\ninputs = [1,\n nan]\ntargets = [1, 2]\n",
        "nan.toml:6: inputs holds nan",
    ),
    "missing.toml": (
        'input = { kind = "number" }\n[network]\nlayers = [{ type = "dense", units = 1 }]\n'
        "[data]\nfile = 'data.csv'\n",
        'missing.toml:5: there is no file "data.csv"',
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_broken_files(refused, tmp_path, name):
    text, said = FILES[name]
    path = tmp_path / name
    path.write_text(text)
    for words in ([path], ["summary", path], ["predict", path, "--input", "1"]):
        assert said in refused(*words)


def test_no_traceback_from_a_real_process(process, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("id = 'x'\nunits = 1\n")
    for words in ([path], ["trace", path, "--input", "1"], ["predict", "demons", "--input", "1"]):
        result = process(*words)
        assert result.status == 2
        assert result.err.count("\n") == 1
        assert "Traceback" not in result.err


def test_without_a_terminal_the_app_says_so(process):
    for words in ([], ["digits-4x3"], ["demons", "--ascii"]):
        result = process(*words)
        assert result.status == 2
        assert result.err.startswith("nnsim: ")
        assert result.err.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_output_that_cannot_be_written():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nnsim", "summary", "demons"],
            stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("nnsim: can't write the output")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="shells of Unix")
def test_closed_output_and_readers_that_leave():
    command = f"{sys.executable} -m nnsim summary demons"
    closed = subprocess.run(
        f"{command} >&-", shell=True, stderr=subprocess.PIPE, text=True, check=False
    )
    assert (closed.returncode, closed.stderr) == (2, "nnsim: standard output is closed\n")
    left = subprocess.run(
        f"{command} | true; {command} --json | head -c 1",
        shell=True, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert left.stderr == ""
    no_errors = subprocess.run(f"{command} x 2>&-", shell=True, stdout=subprocess.PIPE, check=False)
    assert (no_errors.returncode, no_errors.stdout) == (2, b"")


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ([], None),
        (["demons"], "demons"),
        (["--lang", "zh", "demons"], "demons"),
        (["--lang=zh", "--ascii"], None),
        (["--json", "trace", "demons"], "trace"),
    ],
)
def test_the_first_word(words, word):
    assert first_word(words) == word


@pytest.mark.parametrize(
    ("words", "environment", "language"),
    [
        (["--lang", "zh"], {"NNSIM_LANG": "en"}, "zh"),
        ([], {"NNSIM_LANG": "zh", "LANG": "en_GB"}, "zh"),
        ([], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ([], {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ([], {"LANG": "de_DE.UTF-8"}, "en"),
        ([], {}, "en"),
    ],
)
def test_the_language(words, environment, language):
    assert choose_language(words, environment) == language


@pytest.mark.parametrize(
    ("saved", "words", "environment", "language"),
    [
        ('{"language": "zh"}', [], {"LANG": "en_GB"}, "zh"),
        ('{"language": "en"}', [], {"LANG": "zh_CN"}, "en"),
        ('{"language": "zh"}', [], {"NNSIM_LANG": "en"}, "en"),
        ('{"language": "zh"}', ["--lang", "en"], {}, "en"),
        # a settings file that went wrong is as none
        ('{"language": "de"}', [], {"LANG": "zh_CN"}, "zh"),
        ('{"language": 7}', [], {}, "en"),
        ('{"language": ["zh"]}', [], {}, "en"),
        ("[]", [], {"LANG": "zh_CN"}, "zh"),
        ('{"langu', [], {}, "en"),
        ("[" * 100_000, [], {}, "en"),
    ],
)
def test_the_saved_language(saved, words, environment, language, tmp_path):
    from nnsim.tui import settings

    settings._path().parent.mkdir(parents=True)
    settings._path().write_text(saved)
    assert choose_language(words, environment) == language


def test_a_lesson_goes_by_its_id_or_its_number_and_id():
    from nnsim.cli.start import check_target

    check_target("gates")
    check_target("15-gates")
    for name in ("15-gate", "xx-gates", "150gates"):
        with pytest.raises(CommandError, match="there is no experiment"):
            check_target(name)
