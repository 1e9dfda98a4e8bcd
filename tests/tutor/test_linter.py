"""``nnsim lessons check``: each problem at the line of the key it is about."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest

from nnsim.tutor.catalogue import SkeletonError, write_skeleton
from nnsim.tutor.lesson import MOST_BYTES
from nnsim.tutor.linter import check


def problems(path: Path) -> list[tuple[int, str]]:
    _files, found = check([path])
    return [(p.line, p.message) for p in found]


def line_of(path: Path, start: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(i for i, line in enumerate(lines, 1) if line.startswith(start))


def test_a_lone_file_is_complete(write):
    assert check([write()]) == (1, [])


# What is changed, the start of the line that is to be blamed, and a word of the sentence.
CHANGES = [
    ("id: sample\n", "", "---", "no id"),
    ("id: sample", "id: a sample", "id:", "word of letters"),
    ("minutes: 6", "minutes: 0", "minutes:", "1 to"),
    ("minutes: 6", "minutes: [6]", "minutes:", "whole number"),
    ("minutes: 6", "minute: 6", "minute:", '"minutes"'),
    ("minutes: 6", "minutes: 6\nminutes: 7", "minutes: 7", "second time"),
    ("minutes: 6", "six minutes", "six", "key: value"),
    ("needs: []", 'needs: ["neuronn"]', "needs:", '"neuron"'),
    ("needs: []", "needs: neuron", "needs:", "list"),
    ("needs: []", 'needs: ["neuron"', "needs:", "can't be read"),
    ("title: A sample", "title: Another", "title:", "differs"),
    ("experiment: digits-4x3", "experiment: digits-4x4", "experiment:", '"digits-4x3"'),
    ("experiment: digits-4x3", "experiment: ../x.toml", "experiment:", "leaves"),
    ("experiment: digits-4x3", "experiment: /etc/x.toml", "experiment:", "leaves"),
    ('id = "read"', "", "```toml nnsim", "needs an id"),
    ('id = "read"', 'id = "silence"', 'id     = "silence"', "taken"),
    ('do = ["paint', 'doo = ["paint', "doo", '"do"'),
    ('do = ["paint 111', 'do = ["pant 111', "do = ", "paint"),
    ('do = ["paint 111/101', 'do = ["paint 111', "do = ", "paint"),
    ('do = ["paint 111/101/101/111"]', "do = 7", "do = 7", "list of texts"),
    ('do = ["paint 111/101/101/111"]', 'do = ["train 10000000"]', "do = ", "too long"),
    ('do = ["paint 111/101/101/111"]', 'do = ["experiment ../x"]', "do = ", "no experiment"),
    ('do = ["paint 111/101/101/111"]', "do = [", "do = [", "TOML"),
    ('[1].z"]\nanswer', '[9].z"]\nanswer', 'do     = ["clear"', "1 to 3"),
    ("answer = 2", "answer = 4", "answer", "there are 3"),
    ("answer = 2", "answer = 0", "answer", "there are 3"),
    ("answer = 2", 'answer = "2"', "answer", "number of the right choice"),
    ("answer = 2", 'answer = 2\nexpect = "3"', "expect", "one thing"),
    ("- [ ] always 0 — only", "- [x] always 0 — only", "- [x]", "unticked"),
    ("- [ ] always 0 — only when the bias is 0 too.", "- [ ] always 0", "- [ ] always", "feedback"),
    ("- [ ] always 0 — only", "- always 0 — only", "- always", "no choice"),
    ('"hidden[1].z == 0.5 +- 0.01"', '"hidden[1].z = 0.5"', "goal     = [\"hidden", "no goal"),
    ("0.5 +- 0.01", "0.5", "goal     = [\"hidden", "tolerance"),
    ("[\"hidden[1].z ==", "[\"hidden[7].z ==", "goal     = [\"hidden", "1 to 3"),
    ("0.5 +- 0.01", "0 +- 0.01", "goal     = [\"hidden", "already"),
    ('solution = ["set hidden[1].b 0.5"]', "", "goal     = [\"hidden", "needs a solution"),
    ('= ["set hidden[1].b 0.5"]', '= ["set hidden[1].b 1"]', "solution", "does not reach"),
    ('solution = ["set hidden[1].b 0.5"]', 'solution = ["sett x 1"]', "solution", '"sett"'),
    ("Hint 2", "Hint 3", "<details>\n<summary>Hint 3", "count from 1"),
    ("Nothing but the bias is left.\n\n</details>", "Nothing.", "<details>", "never closed"),
    ("predict = \"hidden[1].a\"", "predict = \"loss\"", "predict", "target"),
    ("tolerance = 0.01", "tolerance = -1", "tolerance", "from 0"),
    ("keep    = true", 'keep = "yes"', "keep", "true or false"),
    ('blank = ["hidden[A].z"', 'blank = ["hidden[D].z"', "blank", "hidden"),
    ('"hidden[A].z", "hidden[B].z"]', '"hidden[A].z", "hidden[A].z"]', "blank", "twice"),
    ('expect = "(4, 3)"', 'expect = "four"', "expect", "shape"),
    ('label = { plus = "distribute", times = "swap" }', "label = {}", "label", "match"),
    ('toml nnsim\nid     = "shape"', 'toml nnsin\nid     = "shape"', "```toml nnsin", "toml nnsim"),
    ("## Roles", "```toml nnsim\n```\n\n## Roles", "```toml nnsim\n```", "one"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "blamed", "word"), CHANGES)
def test_each_problem_at_its_line(old, new, blamed, word, write):
    path = write((old, new))
    text = path.read_text(encoding="utf-8")
    line = (
        text[: text.index(f"\n{blamed}")].count("\n") + 2
        if "\n" in blamed
        else line_of(path, blamed)
    )
    found = problems(path)
    assert any(n == line and word in message for n, message in found), (line, word, found)


def test_a_problem_is_printed_with_file_line_and_column(write):
    path = write(("answer = 2", "  answer = 4"))
    _files, (problem,) = check([path])
    assert str(problem).startswith(f"{path}:{line_of(path, '  answer')}:3: ")


def test_all_problems_at_once(write):
    path = write(
        ("answer = 2", "answer = 9"), ("minutes: 6", "minutes: x"), ("train 100", "trian 100")
    )
    assert len(problems(path)) == 3


# Twins ------------------------------------------------------------------------------------------


@pytest.fixture
def twins(write, tmp_path) -> Path:
    for language in ("en", "zh"):
        write(name=f"lessons/{language}/01-sample.md")
    return tmp_path / "lessons"


def test_twins_that_agree(twins):
    assert check([twins]) == (2, [])


def test_a_missing_twin(twins):
    (twins / "zh" / "01-sample.md").unlink()
    ((line, message),) = problems(twins)
    assert line == 1
    assert "twin" in message
    assert str(twins / "zh" / "01-sample.md") in message


def test_fences_that_differ_are_told_on_both_sides(twins):
    path = twins / "zh" / "01-sample.md"
    path.write_text(
        path.read_text(encoding="utf-8").replace("answer = 2", "answer = 3"), encoding="utf-8"
    )
    found = check([twins])[1]
    assert {Path(p.file).parent.name for p in found} == {"en", "zh"}
    assert {p.line for p in found} == {line_of(path, "answer")}


def test_a_fence_that_a_twin_lacks(twins):
    path = twins / "zh" / "01-sample.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('```toml nnsim\nid     = "shape"\nexpect = "(4, 3)"\n```', "x"))
    assert any("fence" in p.message for p in check([twins])[1] if p.file == str(path))


def test_minutes_and_choices_of_twins_agree(twins):
    path = twins / "zh" / "01-sample.md"
    text = path.read_text(encoding="utf-8").replace("minutes: 6", "minutes: 7")
    path.write_text(re.sub(r"- \[ \] its weight.*\n", "", text), encoding="utf-8")
    messages = [p.message for p in check([path])[1]]
    assert any("minutes differs" in m for m in messages)
    assert any("2 choices here and 3" in m for m in messages)


def test_names_and_ids_in_a_folder(twins):
    for language in ("en", "zh"):
        shutil.copy(twins / language / "01-sample.md", twins / language / "02-sample.md")
        shutil.copy(twins / language / "01-sample.md", twins / language / "03-other.md")
        (twins / language / "01-sample.md").rename(twins / language / "sample.md")
    text = "\n".join(map(str, check([twins])[1]))
    assert "en/sample.md:1:1: a lesson's file is called NN-ID.md" in text
    assert 'en/03-other.md:2:1: the id is "sample"' in text
    assert 'en/03-other.md:2:1: the id "sample" is taken by 02-sample.md' in text


def test_a_lesson_builds_on_earlier_ones_only(twins, write):
    write(("needs: []", 'needs: ["later"]'), name="lessons/en/01-sample.md")
    write(("id: sample", "id: later"), name="lessons/en/02-later.md")
    assert any("comes later" in p.message for p in check([twins / "en"])[1])


# Hostile lessons --------------------------------------------------------------------------------


def test_ten_megabytes_are_refused(tmp_path):
    path = tmp_path / "big.md"
    path.write_bytes(b"a" * 10_000_000)
    ((line, message),) = problems(path)
    assert line == 1
    assert str(MOST_BYTES // 1024) in message


def test_a_million_steps_are_refused(tmp_path):
    path = tmp_path / "many.md"
    path.write_text("## x\n" * 1_000_000)
    assert "KB" in problems(path)[0][1]


def test_many_steps_are_refused(write):
    path = write(("## Read this", "## x\n\ntext\n\n" * 201 + "## Read this"))
    assert any("at most 200 steps" in message for _line, message in problems(path))


@pytest.mark.parametrize(
    ("name", "character"),
    [
        ("escape", "\x1b[2J"), ("bell", "\a"), ("nul", "\0"), ("c1", "\x9b31m"), ("rtl", "\u202e"),
        ("line", "\u2028"), ("zero", "\u200b"), ("delete", "\x7f"), ("form feed", "\f"),
    ],
)  # fmt: skip
def test_control_characters_are_refused_where_they_stand(name, character, write):
    path = write(("Prose.", f"Pro{character}se."))
    found = check([path])[1]
    assert found[0].line == line_of(path, "Pro")
    assert found[0].column == 4
    assert all(str(p).isprintable() for p in found)


def test_escapes_in_toml_cannot_smuggle_them_in(write):
    path = write(('do = ["paint 111/101/101/111"]', 'do = ["focus \\u001b[2J"]'))
    found = check([path])[1]
    assert [p.line for p in found] == [line_of(path, "do = ")]
    assert all(str(p).isprintable() for p in found)


@pytest.mark.parametrize(
    "goal",
    ["__import__('os').abort() > 0", "exec > 0", "cost.__class__ > 0", "right > ().__len__()"],
)
def test_code_in_goals_is_no_goal(goal, write):
    path = write(('"epoch > 0", "right == 64"', f'"{goal}"'))
    assert [line for line, _message in problems(path)] == [
        line_of(path, 'goal     = ["' + goal[:4])
    ]


@pytest.mark.parametrize(
    "line", ["savedata stolen.csv", "savedata stolen.csv !", "loaddata ../secret.csv",
             "save mine.nnsim", "save mine.nnsim !", "save"],
)  # fmt: skip
@pytest.mark.parametrize("key", ["do", "solution"])
def test_lines_touch_no_files(key, line, write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    old = 'do = ["paint 111/101/101/111"]' if key == "do" else 'solution = ["train 100"]'
    path = write((old, f'{key} = ["{line}"]'))
    ((at, message),) = problems(path)
    assert at == line_of(path, f'{key} = ["{line}')
    assert "no files" in message
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_an_experiment_linked_out_of_the_folder_is_refused(write, tmp_path):
    secret = tmp_path / "secret.toml"
    secret.write_text('id = "secret"')
    path = write(("experiment: digits-4x3", "experiment: link.toml"), name="lessons/sample.md")
    (path.parent / "link.toml").symlink_to(secret)
    assert any("link" in message for _line, message in problems(path))


def test_an_experiment_beside_the_lesson_is_welcome(write):
    from nnsim.experiments import catalogue

    path = write(("experiment: digits-4x3", "experiment: mine.toml"))
    source = next(e.path for e in catalogue() if e.id == "digits-4x3")
    shutil.copy(source, path.parent / "mine.toml")
    (path.parent / "data").mkdir()
    shutil.copy(source.parent / "data" / "digits-4x3.txt", path.parent / "data")
    assert problems(path) == []


def test_toml_nested_too_deep(write):
    path = write(("answer = 2", "answer = " + "[" * 3000 + "]" * 3000))
    assert any(line >= line_of(path, 'id     = "silence"') for line, _message in problems(path))


def test_markdown_nested_too_deep(write):
    path = write(("Prose.", ">" * 5000 + " x"))
    assert isinstance(problems(path), list)


@pytest.mark.parametrize("name", ["nothing.md", "a\0b.md", "folder"])
def test_what_can_not_be_read(name, tmp_path):
    (tmp_path / "folder").mkdir()
    ((line, _message),) = problems(tmp_path / name)
    assert line == 1


def test_bytes_that_are_no_text(write):
    path = write()
    content = path.read_bytes().replace(b"Prose.", b"Pro\xff\xfe.")
    path.write_bytes(content)
    ((line, message),) = problems(path)
    assert line == content[: content.index(b"\xff")].count(b"\n") + 1
    assert "UTF-8" in message


# 200 lessons that went wrong somewhere ----------------------------------------------------------


def mutate(text: str, chance: random.Random) -> str:
    """Change a lesson in one to five places, in the ways files go wrong."""
    pieces = [
        "```", "```toml nnsim\n", "---", "[", "]", '"', "=", "\n", "## ", "- [ ] ", "</details>",
        "—", "<details>", "\t", "\x00", "\x1b[", "\u202e", "9" * 30, "1e999", "é" * 3, "权重",
        "all:", "'''", "hidden[", "+-", "keep = true\n", "goal = []\n", "answer = 1\n",
        "train 9999999", "#", "\r",
    ]  # fmt: skip
    for _change in range(chance.randint(1, 5)):
        at, size = chance.randrange(len(text)), chance.randint(0, 40)
        kind = chance.randrange(5)
        if kind == 0:
            text = text[:at] + text[at + size :]
        elif kind == 1:
            text = text[:at] + chance.choice(pieces) + text[at:]
        elif kind == 2:
            text = text[:at] + chr(chance.randrange(1, 0x3000)) + text[at + 1 :]
        elif kind == 3:
            other = chance.randrange(len(text))
            text = text[:at] + text[other : other + size] + text[at:]
        else:
            lines = text.split("\n")
            chance.shuffle(lines[: chance.randint(2, 20)])
            first = chance.randrange(len(lines))
            del lines[first : first + chance.randint(1, 3)]
            text = "\n".join(lines)
        text = text or "x"
    return text


def test_two_hundred_mutated_lessons(text, tmp_path):
    path = tmp_path / "mutated.md"
    broken = 0
    for seed in range(200):
        path.write_bytes(mutate(text, random.Random(seed)).encode("utf-8", "surrogatepass"))
        lines = path.read_bytes().count(b"\n") + path.read_bytes().count(b"\r") + 1
        found = check([path])[1]
        broken += bool(found)
        for problem in found:
            assert 1 <= problem.line <= lines, (seed, problem)
            assert problem.column >= 1, (seed, problem)
            assert str(problem).startswith(f"{path}:{problem.line}:{problem.column}: "), seed
            assert str(problem).isprintable(), (seed, problem)
    assert broken > 150  # some mutations only change prose


# A new lesson -----------------------------------------------------------------------------------


def test_the_skeleton_passes(tmp_path):
    path = write_skeleton("my-lesson", tmp_path)
    assert path.name == "01-my-lesson.md"
    assert check([path]) == (1, [])
    assert write_skeleton("07-seven", tmp_path).name == "07-seven.md"
    assert write_skeleton("next", tmp_path).name == "08-next.md"


def test_the_skeleton_overwrites_nothing(tmp_path):
    path = write_skeleton("my-lesson", tmp_path)
    path.write_text("mine")
    with pytest.raises(SkeletonError, match="already"):
        write_skeleton("my-lesson", tmp_path)
    with pytest.raises(SkeletonError, match="already"):
        write_skeleton("01-my-lesson", tmp_path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["", "../evil", "a b", "x/y", "é", "\0"])
def test_the_skeleton_needs_an_id(name, tmp_path):
    with pytest.raises(SkeletonError, match="no id"):
        write_skeleton(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
