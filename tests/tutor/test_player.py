"""Playing a lesson as a learner does."""

from __future__ import annotations

import pytest

from nnsim.lab import LabError
from nnsim.tutor.answers import AnswerError
from nnsim.tutor.lesson import read_lesson
from nnsim.tutor.player import Player, Review
from nnsim.tutor.progress import Event

READ, QUIZ, GOAL, PREDICT, BLANK, EXPECT, LABEL, TRAIN = range(8)


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def player(lesson, events) -> Player:
    return Player(lesson, record=events.append)


def kinds(events, step=None):
    return [e.kind for e in events if step is None or e.step == step]


def test_a_step_to_read_is_over_at_once(player, events):
    assert player.step.id == "read"
    assert player.lab.read("input.count") == 10
    assert kinds(events) == ["opened", "solved"]


def test_each_step_starts_from_a_blank_input_and_the_start_parameters(player):
    player.run("set hidden[1].b 3")
    player.next()
    assert player.lab.read("input.count") == 0
    assert player.lab.read("hidden[1].b") == 0
    assert player.lab.read("epoch") == 0


def test_quiz(player, events):
    player.go(QUIZ)
    assert player.answer("1").text == "only when the bias is 0 too."
    assert not player.state.over
    assert player.answer("2").done
    assert player.state.status == "solved"
    assert kinds(events, "silence") == ["opened", "wrong", "solved"]


def test_goals_are_met_one_by_one(player):
    player.go(GOAL)
    assert [s.met for s in player.goals()] == [False, True]
    player.run("pixel 1 1")
    player.run("set hidden[1].b 5")
    assert [s.met for s in player.goals()] == [False, False]
    assert player.goals()[1].value == 1
    player.run("clear")
    player.run("set hidden[1].b 0.505")
    assert player.state.status == "solved"


def test_a_refused_command_changes_nothing(player):
    player.go(GOAL)
    with pytest.raises(LabError):
        player.run("set hidden[9].b 0.5")
    assert [s.met for s in player.goals()] == [False, True]


def test_a_goal_step_takes_no_typed_answer(player):
    player.go(GOAL)
    with pytest.raises(AnswerError, match="bench"):
        player.answer("0.5")


def test_keeping_the_bench_of_a_solved_step(player):
    player.go(GOAL)
    player.run("set hidden[1].b 0.505")
    player.next()
    assert player.lab.read("hidden[1].b") == 0.505
    player.reset()
    assert player.lab.read("hidden[1].b") == 0.5  # where the solution ends


def test_keeping_the_bench_of_a_skipped_step_takes_its_solution(player):
    player.go(GOAL)
    player.run("set hidden[1].b -7")
    player.skip()
    assert player.step.id == "predict"
    assert player.lab.read("hidden[1].b") == 0.5


def test_prediction_actual_difference(player):
    player.go(PREDICT)
    assert player.hidden.addresses == {"hidden[1].a"}
    feedback = player.answer("0.7")
    # 1/(1 + exp(-0.5)) = 0.6224593...
    assert feedback.actual == pytest.approx(0.6224593312018546)
    assert feedback.difference == pytest.approx(0.0775406687981454)
    assert not feedback.right
    assert feedback.done
    assert player.state.status == "missed"
    assert not player.hidden


def test_a_prediction_within_the_tolerance(player):
    player.go(PREDICT)
    assert player.answer("0.63").right
    assert player.state.status == "solved"


def test_blanks_name_the_mistake_and_open_one_by_one(player):
    player.go(BLANK)
    assert player.asked == ("hidden[1].z", "hidden[2].z")
    # who sees a knows z, and the other way round
    assert player.hidden.addresses == {"hidden[1].z", "hidden[1].a", "hidden[2].z", "hidden[2].a"}
    # A: 4 + 4 + 8/2 = 12, and the bias is -6
    feedback = player.answer("12")
    assert not feedback.right
    assert "bias" in feedback.text
    assert player.answer("6").right
    assert player.asked == ("hidden[2].z",)
    assert player.answer("-1").done  # B: ten others at .5, less 6
    assert player.state.status == "solved"
    assert not player.hidden


def test_a_wrong_answer_on_a_changed_bench_says_that_it_is_changed(player):
    player.go(BLANK)
    assert "no longer as this step began" not in player.answer("12").text
    player.lab.run("set hidden[1].b 100")
    assert "no longer as this step began" in player.answer("6").text  # right a moment ago
    player.reset()
    assert player.answer("6").right


def test_labels_are_matched_one_by_one(player):
    player.go(LABEL)
    assert not player.answer("plus = swap").right
    assert player.answer("1 1").right
    assert player.state.labels == {"plus": "distribute"}
    assert player.answer("times = swap").done


def test_hints_then_reveal(player, events):
    player.go(GOAL)
    assert player.hint().text == "Nothing but the bias is left."
    assert "0.5" in player.hint().text
    assert player.hint() is None
    assert len(player.hints) == 2
    assert player.reveal() == "set hidden[1].b 0.5"
    assert all(standing.met for standing in player.goals())
    player.run("set hidden[1].b 0.5")
    assert player.state.status == "revealed"
    assert kinds(events, "set-bias") == ["opened", "revealed"]


@pytest.mark.parametrize(
    ("index", "shown"),
    [
        (QUIZ, "2. its bias b"),
        (EXPECT, "(4, 3)"),
        (LABEL, "plus = distribute"),
        (BLANK, "hidden[B].z: z ="),
    ],
)
def test_reveal_shows_what_would_have_been_right(index, shown, player):
    player.go(index)
    assert shown in player.reveal().replace("−", "-")
    assert player.state.status == "revealed"
    assert not player.hidden


def test_reset_brings_the_start_back(player):
    player.go(GOAL)
    player.run("set hidden[1].b 4")
    player.run("paint 111/111/111/111")
    player.reset()
    assert player.lab.read("hidden[1].b") == 0
    assert player.lab.read("input.count") == 0


def test_free_play_keeps_the_place_and_the_bench(player):
    player.go(GOAL)
    player.run("set hidden[1].b 0.25")
    player.play_freely()
    player.run("experiment xor")
    player.run("train 5")
    assert player.free
    assert not player.state.over
    player.come_back()
    assert player.step.id == "set-bias"
    assert player.lab.experiment.id == "digits-4x3"
    assert player.lab.read("hidden[1].b") == 0.25
    assert player.goals()[0].value == 0.25


def test_what_is_met_in_free_play_does_not_count(player):
    player.go(GOAL)
    player.play_freely()
    player.run("set hidden[1].b 0.5")
    assert player.state.status == ""
    player.come_back()
    assert player.goals()[0].value == 0


def test_another_experiment_in_the_middle_leaves_goals_unmet_and_nothing_broken(player):
    player.go(TRAIN)
    player.run("experiment line")
    assert [standing.met for standing in player.goals()] == [False, False]
    player.run("undo")
    player.run("train 100")
    assert player.state.status == "solved"


def test_to_the_end_and_the_summary(player, events):
    player.next()
    player.answer("1")
    player.answer("2")
    player.next()
    player.hint()
    player.reveal()
    player.next()
    player.answer("0.2")
    player.next()
    player.skip()
    player.answer("(4, 3)")
    player.next()
    player.answer("1 1")
    player.answer("2 2")
    player.next()
    player.run("train 100")
    player.next()
    assert player.at_end
    summary = player.summary()
    assert (summary.asked, summary.solved) == (7, 4)
    assert (summary.revealed, summary.missed, summary.skipped, summary.hints) == (1, 1, 1, 1)
    assert kinds(events)[-1] == "finished"
    player.next()
    player.back()
    assert player.step.id == "train"
    player.go(len(player.states))
    assert kinds(events).count("finished") == 1


def test_going_back(player):
    player.go(EXPECT)
    player.back()
    assert player.step.id == "fill"
    player.go(0)
    player.back()
    assert player.index == 0


def test_continuing_where_one_left(lesson):
    assert Player(lesson, at="shape").index == EXPECT
    assert Player(lesson, at="gone").index == 0


def test_an_earlier_item_is_asked_again(lesson, events):
    player = Player(lesson, record=events.append, reviews=[Review(lesson, lesson.steps[QUIZ], 1)])
    assert player.review.step.id == "silence"
    with pytest.raises(AnswerError):
        player.answer_review("9")
    assert not player.answer_review("3").right
    assert player.review is None
    assert events[-1] == Event("reviewed", "sample", "silence", right=False)


def test_a_circuit_on_the_bench(write):
    path = write(
        (
            'do    = ["paint 111/101/101/111"]\nblank = ["hidden[A].z", "hidden[B].z"]',
            'do    = ["circuit \\"(x + y) * z\\" x=-2 y=5 z=-4"]\nblank = ["x.grad", "z.grad"]',
        )
    )
    player = Player(read_lesson(path))
    player.go(BLANK)
    assert player.hidden.addresses == {"x.grad", "z.grad"}
    assert "sign" in player.answer("4").text
    assert player.answer("-4").right
    assert player.answer("3").done
    assert not player.hidden
