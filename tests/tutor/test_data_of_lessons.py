"""Lessons and the data on the bench: their lines may change it, and reach no files."""

from dataclasses import replace

import pytest

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.tutor.goals import MOST_SAMPLES, evaluate, parse_goal
from nnsim.tutor.stage import StageError, run_lines


@pytest.fixture
def lab():
    return Lab(load("digits-4x3"), untrained=True, load=load)


def test_lines_of_a_lesson_may_change_the_data(lab):
    run_lines(("paint 111/001/010/010", "add 1", "label 1 1", "remove 2"), "do", lab)
    assert lab.experiment.data.count == 64
    assert lab.experiment.data.labels[0] == 1


@pytest.mark.parametrize("line", ["savedata x.csv", "savedata x.npz !", "loaddata x.csv",
                                  "savedata ../x.csv !", "savedata ~/x.npz !"])  # fmt: skip
def test_lines_of_a_lesson_reach_no_files(lab, tmp_path, monkeypatch, line):
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    (folder / "x.csv").write_text("mine")
    with pytest.raises(StageError, match=r"no files"):
        run_lines((line,), "do", lab)
    assert (folder / "x.csv").read_text() == "mine"
    assert [path.name for path in folder.iterdir()] == ["x.csv"]


def test_a_goal_for_all_is_asked_of_the_data_that_is_there(lab):
    goal = parse_goal("all: input[1] <= 1")
    assert evaluate(goal, lab).met
    lab.run("input 2 0 0 0 0 0 0 0 0 0 0 0")
    lab.run("add 1")
    standing = evaluate(goal, lab)
    assert (standing.met, standing.failing, standing.sample) == (False, 1, 65)
    lab.run("remove 65")
    assert evaluate(goal, lab).met


def test_a_goal_for_all_of_very_many_is_not_asked(lab):
    data = lab.experiment.data
    many = replace(
        data, inputs=data.inputs.repeat(MOST_SAMPLES // 10, 0),
        targets=data.targets.repeat(MOST_SAMPLES // 10, 0), labels=None, test_labels=None,
    )  # fmt: skip
    lab.experiment = replace(lab.experiment, data=many)
    standing = evaluate(parse_goal("all: input[1] <= 1"), lab)
    assert not standing.met
    assert "at most" in standing.trouble
