"""Blanks: what counts as right, and which mistake is named."""

import math

import pytest

from nnsim.lab import AddressError, NoValueError
from nnsim.lab.blanks import Blank, Blanks
from nnsim.lab.hiding import Hidden


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("hidden[1].z", 0.3775),
        ("hidden[1].z", 0.378),
        ("hidden[1].a", 0.593),
        ("output[1].delta", 0.138),
        ("loss", 0.298),
        ("hidden[1].w[1].grad", 0.000439),
    ],
)
def test_an_answer_within_rounding_is_right(mazur, address, answer):
    verdict = Blank(address).check(mazur, answer)
    assert verdict.right
    assert verdict.mistake is None


# Each answer is worked out by hand from the published numbers of the example.
@pytest.mark.parametrize(
    ("address", "answer", "mistake"),
    [
        ("hidden[1].z", 0.0275, "bias"),  # 0.15·0.05 + 0.2·0.1, without 0.35
        ("hidden[1].z", 0.5933, "a-for-z"),
        ("hidden[1].a", 0.3775, "z-for-a"),
        ("output[1].z", 1.105906 - 0.4 * 0.59327, "term"),
        ("output[1].z", (0.4 * 0.59327 + 0.45 * 0.596884) / 2 + 0.6, "mean"),
        ("output[1].delta", -0.1385, "sign"),
        ("output[1].delta", 0.75136507 - 0.01, "slope"),
        ("output[1].delta", 0.1868, "factor"),
        ("hidden[1].delta", 0.03635, "slope"),
        ("output[1].w[1].grad", 0.1385, "factor"),  # δ alone
        ("output[1].w[1].grad", 0.5933, "factor"),  # the input alone
        ("loss", 0.5967422, "half"),  # the sum of squares
        ("loss", 0.1491855, "mean"),
        ("loss", 0.5 * (0.01 - 0.75136507) ** 2, "term"),
        ("hidden[1].a", 59.33, "percent"),
        ("hidden[1].a", 0.6, "digits"),
    ],
)
def test_the_likely_mistake_is_named(mazur, address, answer, mistake):
    verdict = Blank(address).check(mazur, answer)
    assert not verdict.right
    assert verdict.mistake == mistake
    assert verdict.sentence


def test_an_answer_of_no_known_kind_is_wrong_with_the_rule(mazur):
    verdict = Blank("hidden[1].z").check(mazur, 17.25)
    assert (verdict.right, verdict.mistake) == (False, None)
    assert "Σᵢ wᵢ·xᵢ + b" in verdict.sentence
    assert not Blank("hidden[1].z").check(mazur, math.nan).right


def test_the_sum_for_the_mean_is_named(random_labs):
    import numpy as np

    layers = ['{ type = "dense", name = "out", units = 2 }']
    lab = random_labs.open(
        '{ kind = "vector", names = ["x"] }', layers, "mean_squared_error",
        np.random.default_rng(2), 1, 2,
    )  # fmt: skip
    assert Blank("loss").check(lab, 2 * lab.read("loss")).mistake == "sum"
    assert Blank("loss").check(lab, lab.read("loss")).right
    variance = lab.read("out.a.variance")
    assert Blank("out.a.variance").check(lab, 2 * variance).mistake == "sum"


def test_a_tolerance_of_its_own(mazur):
    assert Blank("hidden[1].z", tolerance=0.1).check(mazur, 0.4).right
    assert not Blank("hidden[1].z", tolerance=1e-6).check(mazur, 0.378).right


def test_a_count_is_exact(mazur):
    assert Blank("parameters").check(mazur, 12).right
    assert not Blank("parameters").check(mazur, 12.01).right


def test_a_right_answer_uncovers_the_number(mazur):
    blanks = Blanks()
    blanks.hide(mazur, "hidden[1].z")
    explanation = mazur.explain("hidden[1].a")
    assert (
        explanation.worked_without(Hidden(frozenset(blanks.hidden), mazur.names))
        == "a = 1/(1 + e^(−?)) ≈ 0.59327"
    )
    assert not blanks.answer(mazur, "hidden[1].z", 0.1).right
    assert list(blanks.hidden) == [mazur.names.resolve("hidden[1].z")]
    assert blanks.answer(mazur, "hidden[1].z", 0.3775).right
    assert not blanks.hidden
    with pytest.raises(NoValueError, match="not hidden"):
        blanks.answer(mazur, "hidden[1].z", 0.3775)


def test_only_a_number_that_is_there_can_be_hidden(mazur):
    with pytest.raises(AddressError):
        Blanks().hide(mazur, "hidden[3].z")
    mazur.run("clear")
    with pytest.raises(NoValueError):
        Blanks().hide(mazur, "loss")
