"""How every sample is read: against the network asked one sample at a time, and counts by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.reading.samples import BY_NUMBER, FORGOTTEN, WORST, Choice, Review, review


def found_for(wanted, outputs, *, tests=0, losses=None):
    """A review of made-up readings of three classes."""
    count = len(wanted) - tests
    data = load("digits-4x3").data
    targets = np.eye(3)[wanted]
    data = replace(
        data, inputs=np.zeros((count, 12)), targets=targets[:count], labels=None,
        test_inputs=np.zeros((tests, 12)), test_targets=targets[count:], test_labels=None,
    )  # fmt: skip
    losses = np.zeros(len(wanted)) if losses is None else np.array(losses, float)
    return Review(data, ("a", "b", "c"), np.eye(3)[outputs], losses)


@pytest.mark.parametrize("name", ["digits-4x3", "digits-8x8-cnn", "line", "score"])
def test_every_sample_is_read_as_if_it_were_alone(name):
    lab = Lab(load(name), untrained=True)
    lab.run("train 1")
    found = review(lab)
    assert found.count == lab.sample_count
    for index in [*range(3), lab.sample_count - 1]:
        lab.run(f"sample {index + 1}")
        assert found.losses[index] == pytest.approx(lab.read("loss"), rel=1e-9)
        assert found.outputs[index] == pytest.approx(lab.output, rel=1e-9)
        assert np.array_equal(found.inputs(index), lab.input)
        assert found.residual(index) == pytest.approx(lab.target - lab.output, rel=1e-9)
        if found.classes:
            assert found.readings[index] == lab.prediction
            assert found.right[index] == lab.read("correct")
    count = lab.experiment.data.count
    assert found.losses[:count].sum() == pytest.approx(lab.read("cost"), rel=1e-9)
    if found.classes:
        assert found.right[:count].sum() == lab.read("right")


def test_it_is_the_same_until_something_changes():
    lab = Lab(load("digits-4x3"))
    first = review(lab)
    lab.run("sample 3")
    assert review(lab) is first
    lab.run("label 3 1")
    assert review(lab) is not first
    assert review(lab).wanted[2] == 1
    lab.run("train 1")
    assert review(lab).losses[0] != first.losses[0]


def test_the_confusion_matrix_counts_pairs():
    found = found_for([0, 0, 1, 2, 2, 1, 0], [0, 1, 1, 2, 0, 2, 0], tests=2)
    assert found.confusion(test=False).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]
    assert found.confusion(test=True).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert found.right.tolist() == [True, False, True, True, False, False, True]


def test_filters_and_orders():
    found = found_for([0, 0, 1, 2, 2, 1, 0], [0, 1, 1, 2, 0, 2, 0], tests=2,
                      losses=[1, 9, 2, 2, np.nan, 8, 3])  # fmt: skip
    assert Choice().of(found).tolist() == list(range(7))
    assert Choice(right=False).of(found).tolist() == [1, 4, 5]
    assert Choice(wanted=0).of(found).tolist() == [0, 1, 6]
    assert Choice(wanted=0, reading=1).of(found).tolist() == [1]
    assert Choice(test=True).of(found).tolist() == [5, 6]
    assert Choice(test=False, right=True).of(found).tolist() == [0, 2, 3]
    # What is no number is the worst; equals stay in the order of their numbers.
    assert Choice(order=WORST).of(found).tolist() == [4, 1, 5, 6, 2, 3, 0]
    times = np.array([0, 2, 0, 5, 2])
    assert Choice(order=FORGOTTEN).of(found, times).tolist() == [3, 1, 4, 0, 2, 5, 6]
    assert Choice(order=FORGOTTEN).of(found).tolist() == list(range(7))


@settings(max_examples=100, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=20),
    tests=st.integers(0, 5),
    choice=st.builds(
        Choice,
        wanted=st.sampled_from([None, 0, 1, 2]),
        reading=st.sampled_from([None, 0, 1, 2]),
        right=st.sampled_from([None, True, False]),
        test=st.sampled_from([None, True, False]),
        order=st.sampled_from([BY_NUMBER, WORST]),
    ),
)
def test_what_is_listed_is_what_was_asked_for(pairs, tests, choice):
    tests = min(tests, len(pairs) - 1)
    losses = [(7 * i) % 5 for i in range(len(pairs))]
    found = found_for([a for a, _b in pairs], [b for _a, b in pairs], tests=tests, losses=losses)
    wanted = [
        i
        for i, (is_, reads) in enumerate(pairs)
        if choice.wanted in (None, is_)
        and choice.reading in (None, reads)
        and choice.right in (None, is_ == reads)
        and choice.test in (None, i >= len(pairs) - tests)
    ]
    if choice.order == WORST:
        wanted.sort(key=lambda i: -losses[i])
    assert choice.of(found).tolist() == wanted
