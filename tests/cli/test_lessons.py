"""``nnsim lessons`` and ``nnsim lesson``."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from nnsim.tutor.progress import Event, ProgressLog


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    """A progress log of the test's own."""
    path = tmp_path / "data" / "progress.jsonl"
    monkeypatch.setattr("nnsim.tutor.progress.default_path", lambda: path)
    return path


@pytest.fixture
def play(nnsim, monkeypatch):
    """Play a lesson in plain mode with these lines typed."""

    def play(name, *typed, **options):
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in typed)))
        words = [word for option, value in options.items() for word in (f"--{option}", value)]
        return nnsim("lesson", name, "--plain", *words)

    return play


def test_list_with_progress(nnsim):
    log = ProgressLog()
    log.append(Event("solved", "tensors", "scalar"))
    log.append(Event("solved", "tensors", "no-such-step"))
    log.append(Event("solved", "no-such-lesson", "x"))
    row = nnsim("lessons", "--json").json[0]
    assert (row["id"], row["number"], row["done"], row["finished"]) == ("tensors", 1, 1, False)
    log.append(Event("finished", "tensors"))
    result = nnsim("lessons")
    assert result.status == 0
    assert "Tensors and images" in result.out
    assert "✓" in result.out


def test_list_in_chinese(nnsim):
    assert "张量与图像" in nnsim("lessons", "--lang", "zh").out


def test_reset_one_then_all(nnsim):
    log = ProgressLog()
    for name in ("tensors", "neuron"):
        log.append(Event("finished", name))
    assert nnsim("lessons", "reset", "01-tensors").status == 0
    assert log.progress().finished == ["neuron"]
    assert nnsim("lessons", "reset").status == 0
    assert log.progress().finished == []


def test_reset_of_what_there_is_not(nnsim):
    result = nnsim("lessons", "reset", "tensor")
    assert result.status == 2
    assert '"tensors"' in result.err


def test_new_then_check(nnsim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert nnsim("lessons", "new", "mine").status == 0
    assert nnsim("lessons", "check", "01-mine.md").status == 0
    again = nnsim("lessons", "new", "mine")
    assert again.status == 2
    assert "already" in again.err


def test_check_prints_file_line_column(nnsim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nnsim("lessons", "new", "mine")
    path = tmp_path / "01-mine.md"
    path.write_text(path.read_text().replace("answer = 2", "answer = 9"))
    line = path.read_text().split("answer = 9")[0].count("\n") + 1
    result = nnsim("lessons", "check", "01-mine.md")
    assert result.status == 1
    assert result.out.startswith(f"01-mine.md:{line}:1: ")
    (problem,) = nnsim("lessons", "check", "01-mine.md", "--json").json
    assert (problem["file"], problem["line"]) == ("01-mine.md", line)


def test_check_all_that_ship(nnsim):
    result = nnsim("lessons", "check")
    assert result.status == 0
    assert "no problems" in result.out


def test_an_unknown_lesson(nnsim):
    result = nnsim("lesson", "tensor", "--plain")
    assert result.status == 2
    assert '"tensors"' in result.err


def test_a_broken_lesson_is_refused_at_its_line(nnsim, tmp_path):
    path = tmp_path / "broken.md"
    path.write_text("---\nid: x\n")
    result = nnsim("lesson", path, "--plain")
    assert result.status == 2
    assert f"{path}:1:1: " in result.err


def test_plain_mode_asks_checks_and_goes_on(play):
    result = play("neuron", "", "1", "2", "", "0.4", "")
    assert result.status == 0
    assert "Step 1 of 9: What a nerve cell does" in result.out
    assert "but a signal has one size only" in result.out
    assert "right: all or nothing" in result.out
    assert "you said 0.4; it is 1; difference -0.6" in result.out


def test_plain_mode_runs_commands_and_shows_goals(play):
    typed = [
        "next",
        "skip",
        "skip",
        "skip",
        "goals",
        "set output[1].theta 0.75",
        "?output[1].theta",
    ]
    result = play("neuron", *typed)
    assert "✗ all: output[1].a == target[1]" in result.out
    assert "3 samples fail" in result.out
    assert "✓ all: output[1].a == target[1]" in result.out
    assert "output[1].theta = 0.75" in result.out


def test_plain_mode_keeps_the_answer_hidden(play):
    result = play("neuron", "next", "skip", "?output[1].z", "?output[1].a")
    assert result.out.count("that is what is asked") == 2  # who sees a knows much of z


def test_plain_mode_keeps_it_hidden_on_a_walk_too(play):
    # the loss that is asked for is ½ (0.2² + 0.3²) = 0.065
    result = play("squared-error", "next", "1", "skip", "!forward", "!last")
    assert "the loss of this sample is ?" in result.out
    assert "0.065" not in result.out


def test_plain_mode_helps(play):
    result = play(
        "neuron", "next", "skip", "skip", "skip", "hint", "hint", "hint", "reveal", "help"
    )
    assert "no more hints" in result.out
    assert "set output[1].theta 0.75" in result.out
    assert "?ADDRESS" in result.out


def test_plain_mode_plays_freely_and_returns(play):
    result = play("neuron", "free", "experiment xor", "next", "train 3", "return", "next")
    assert "free play" in result.out
    assert "epoch 3" in result.out
    assert "Step 2 of 9" in result.out


def test_plain_mode_reaches_commands_of_the_bench_that_share_a_name(play):
    result = play("neuron", "input 1 1", "forward", "!next", "!reset", "quit")
    assert "back at the start, epoch 0" in result.out
    assert "Step 2 of 9" not in result.out


def test_plain_mode_survives_nonsense(play):
    nonsense = ["set", "paint", "%%%", "train 99999999", "\x00", "?", "?nothing", "goals", "权重"]
    result = play("neuron", "next", *nonsense, "skip", *nonsense, "skip", *nonsense, "quit")
    assert result.status == 0
    assert "Step 4 of 9" in result.out


def test_plain_mode_continues_where_one_left(play, data_folder):
    play("neuron", "next", "skip", "quit")
    assert "Step 3 of 9" in play("neuron", "quit").out.splitlines()[3]


def test_an_earlier_item_is_asked_first(play):
    ProgressLog().append(Event("finished", "tensors"))
    result = play("neuron", "0", "quit")
    assert "From an earlier lesson, Tensors and images:" in result.out
    assert "right: 0" in result.out
    assert "Step 1 of 9" in result.out


def test_a_lesson_in_chinese(play):
    assert "神经元与阈值" in play("neuron", "quit", lang="zh").out


def test_ascii_only(nnsim, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("next\n"))
    assert nnsim("lesson", "sigmoid", "--plain", "--ascii").out.isascii()


def test_a_lesson_goes_on_when_progress_can_not_be_kept(play, data_folder):
    data_folder.parent.write_text("in the way")
    result = play("neuron", "next", "quit")
    assert "Step 2 of 9" in result.out
    assert result.err.count("the lesson goes on without") == 1


def test_through_a_pipe(tmp_path):
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "NNSIM_LANG": "en"}
    run = subprocess.run(
        [sys.executable, "-m", "nnsim", "lesson", "neuron", "--plain"],
        input=b"next\n2\n\xff\xfe\nquit\n",
        capture_output=True,
        env=environment,
    )
    assert run.returncode == 0
    assert b"right: all or nothing" in run.stdout
    assert run.stderr == b""
