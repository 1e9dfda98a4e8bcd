"""Answers that a learner types: how they are read, and what is said to the wrong ones."""

from __future__ import annotations

import pytest

from nnsim.tutor.answers import (
    AnswerError,
    check_answer,
    check_choice,
    check_expect,
    names_to_match,
    read_number,
)
from nnsim.tutor.lesson import Step


def expect(wanted: str, given: str, tolerance: float | None = None):
    return check_expect(Step("s", "S", "expect", "", expect=wanted, tolerance=tolerance), given)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5), (".5", 0.5), ("0,5", 0.5), ("-3", -3), ("−3", -3), ("1/4", 0.25),
        ("1e-3", 0.001), ("90,000", 90000), ("50%", 0.5), (" 2 ", 2), ("０．５", 0.5), ("１２", 12),
    ],
)  # fmt: skip
def test_numbers_as_people_type_them(text, value):
    assert read_number(text) == value


@pytest.mark.parametrize("text", ["", "a", "1/0", "nan", "inf", "1 2", "--1", "9" * 400])
def test_what_is_no_number(text):
    with pytest.raises(AnswerError):
        read_number(text)


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("3072", "3072"), ("3072", "3,072"), ("90000", "90 000".replace(" ", "")), ("0.5", ".5"),
        ("(4, 3)", "(4,3)"), ("(4, 3)", "4 x 3"), ("(4, 3)", "4×3"), ("(4, 3)", "[4 3]"),
        ("(4, 3)", "（4，3）".translate(str.maketrans("（）", "()"))), ("(4, 3)", "4, 3"),
        ("(12,)", "(12)"), ("0.1192", "0.1192"),
    ],
)  # fmt: skip
def test_right_answers(wanted, given):
    feedback = expect(wanted, given)
    assert feedback.right
    assert feedback.done


@pytest.mark.parametrize(
    ("wanted", "given", "named"),
    [
        ("(4, 3)", "(3, 4)", "turned round"),
        ("(4, 3)", "12", "how many numbers"),
        ("(3, 4, 5)", "(4, 3, 5)", "their order is not"),
        ("(4, 3)", "(4, 3, 1)", "2 numbers"),
        ("(4, 3)", "(4, 2)", "number 2"),
        ("3072", "1024", "third"),
        ("1024", "3072", "three times"),
        ("0.2", "2", "decimal point"),
        ("-0.75", "0.75", "sign"),
        ("13", "12", "off by one"),
        ("0.5", "1", "twice"),
        ("3072", "(32, 32)", "not a shape"),
        ("7", "100", "too large"),
    ],
)
def test_the_mistake_is_named(wanted, given, named):
    feedback = expect(wanted, given)
    assert not feedback.right
    assert not feedback.done
    assert named in feedback.text


def test_a_tolerance_is_kept():
    assert expect("0.1192", "0.1190", 0.0005).right
    assert not expect("0.1192", "0.118", 0.0005).right


def test_choices_by_number_or_letter(lesson):
    quiz = lesson.steps[1]
    assert not check_choice(quiz, "1").right
    assert check_choice(quiz, "1").text == "only when the bias is 0 too."
    assert check_choice(quiz, "B").right
    for text in ("0", "4", "", "its bias b", "99999999999"):
        with pytest.raises(AnswerError, match="1 to 3"):
            check_choice(quiz, text)


def test_labels_all_at_once(lesson):
    roles = lesson.steps[6]
    assert names_to_match(roles) == ["distribute", "swap"]
    assert check_answer(roles, "plus = distribute, times = swap").done
    wrong = check_answer(roles, "plus = swap")
    assert "plus" in wrong.text
    assert not wrong.right
    with pytest.raises(AnswerError, match="there are plus, times"):
        check_answer(roles, "divide = swap")
