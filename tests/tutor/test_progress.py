"""The log of what a learner has done, with everything that can happen to a file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nnsim.tutor.progress import Event, Progress, ProgressLog, key_of

WRITER = """
import sys
from pathlib import Path
from nnsim.tutor.progress import Event, ProgressLog
log = ProgressLog(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for i in range(int(sys.argv[3])):
    assert log.append(Event("solved", sys.argv[2], f"step-{i}")), log.trouble
"""


@pytest.fixture
def log(tmp_path: Path) -> ProgressLog:
    return ProgressLog(tmp_path / "data" / "progress.jsonl")


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_is_written_is_read(log):
    events = [Event("opened", "a", "one"), Event("solved", "a", "one"), Event("finished", "a")]
    assert all(log.append(event) for event in events)
    assert list(log.events()) == events
    lines = log.path.read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["opened", "solved", "finished"]


def test_four_processes_at_once_lose_nothing(log):
    processes = [writer(log.path, name, 250) for name in "abcd"]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    events = list(log.events())
    assert len(events) == 1000
    assert {(e.lesson, e.step) for e in events} == {
        (name, f"step-{i}") for name in "abcd" for i in range(250)
    }


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_what_was_written_outlives_kill_9(log):
    with writer(log.path, "a", 100_000) as process:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        while sum(1 for _event in log.events()) < 20:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    steps = [event.step for event in log.events()]
    assert steps == [f"step-{i}" for i in range(len(steps))]
    assert log.append(Event("finished", "a"))
    assert list(log.events())[-1] == Event("finished", "a")


def test_a_torn_last_line_is_skipped_and_swallows_nothing(log):
    log.append(Event("solved", "a", "one"))
    with log.path.open("ab") as stream:
        stream.write(b'{"event": "solved", "les')
    assert [e.step for e in log.events()] == ["one"]
    assert log.append(Event("solved", "a", "two"))
    assert [e.step for e in log.events()] == ["one", "two"]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[1]",
        b"\xff\xfe\x00",
        b'{"event": "conquered", "lesson": "a"}',
        b'{"event": "solved", "lesson": 7, "step": "one"}',
        b'{"event": ["solved"]}',
        b"[" * 2500,
        b'{"event": "solved", "lesson": "' + b"a" * 5000 + b'"}',
    ],
)
def test_lines_that_are_none_of_ours(line, log):
    log.append(Event("solved", "a", "one"))
    with log.path.open("ab") as stream:
        stream.write(line + b"\n")
    log.append(Event("solved", "a", "two"))
    assert [e.step for e in log.events()] == ["one", "two"]


def test_without_a_file_there_is_no_progress(log):
    assert log.progress() == Progress()


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    log = ProgressLog(tmp_path / "file" / "progress.jsonl")
    assert not log.append(Event("opened", "a", "one"))
    assert "the lesson goes on" in log.trouble
    assert list(log.events()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_in_a_sentence(tmp_path):
    (tmp_path / "progress.jsonl").symlink_to("/dev/full")
    log = ProgressLog(tmp_path / "progress.jsonl")
    assert not log.append(Event("opened", "a", "one"))
    assert "No space left" in log.trouble


def test_a_write_that_came_through_clears_the_trouble(tmp_path):
    blocker = tmp_path / "data"
    blocker.write_text("")
    log = ProgressLog(blocker / "progress.jsonl")
    assert not log.append(Event("opened", "a", "one"))
    blocker.unlink()
    assert log.append(Event("opened", "a", "one"))
    assert log.trouble == ""


def test_the_best_of_each_step_counts():
    progress = Progress.of(
        [
            Event("opened", "a", "one"),
            Event("skipped", "a", "one"),
            Event("solved", "a", "one"),
            Event("opened", "a", "one"),
            Event("revealed", "a", "two"),
            Event("wrong", "a", "three"),
        ]
    ).of_lesson("a")
    assert progress.steps == {"one": "solved", "two": "revealed"}
    assert progress.missed == {"one", "two", "three"} - {"one"} | {"one"}
    assert progress.place == "one"
    # Ids that a lesson does not have count for nothing.
    assert progress.done(["one", "three", "four"]) == 1


def test_reset_is_an_event_and_deletes_nothing(log):
    for name in "ab":
        log.append(Event("solved", name, "one"))
        log.append(Event("finished", name))
    size = log.path.stat().st_size
    log.append(Event("reset", "a"))
    assert log.path.stat().st_size > size
    assert log.progress().finished == ["b"]
    assert log.progress().of_lesson("a").steps == {}
    log.append(Event("reset"))
    assert log.progress() == Progress()


def test_a_lesson_of_ones_own_goes_by_its_file(lesson):
    assert key_of(lesson) == str(lesson.path.resolve())
