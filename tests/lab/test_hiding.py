"""Numbers out of sight: in the picture of a network, in tables without addresses, in sentences."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.hiding import (
    HIDDEN,
    Hidden,
    covered,
    is_hidden,
    masked,
    tells,
    values_of,
    where_hidden,
)


def test_a_hidden_number_is_no_number_gone_wrong():
    assert math.isnan(HIDDEN)
    assert is_hidden(HIDDEN)
    assert not is_hidden(math.nan)
    assert not is_hidden(math.inf)
    values = np.array([1.0, math.nan, HIDDEN])
    assert where_hidden(values).tolist() == [False, False, True]
    assert is_hidden(float(values[2]))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the loss of this sample is 0.06500", "the loss of this sample is ?"),
        ("falls from 0.065 to 0.0278", "falls from ? to 0.0278"),
        ("−0.0650 is another number", "−0.0650 is another number"),
        ("6.50e-2 too", "? too"),
        ("hidden[65].w[650]", "hidden[65].w[650]"),  # places are no values
        ("0.07 says too little to be it", "0.07 says too little to be it"),
        ("step 3 of 25", "step 3 of 25"),
        ("Σ = 24", "Σ = ?"),
    ],
)
def test_a_sentence_keeps_the_secret(text, shown):
    assert masked(text, (0.065, 24.0)) == shown


def test_what_stands_everywhere_tells_nothing():
    assert tells(0.25, (0.25,))
    assert not tells(1.0, (1.0,))
    assert tells(1.0, (1.0,), whole=True)
    assert not tells(0.5, (0.25,), whole=True)


def test_the_picture_without_a_number_of_each_kind():
    lab = Lab(load("demons"))
    lab.run("sample 1")
    hidden = Hidden.of(lab, ("hidden[1].z", "hidden[2].a", "output[1].delta", "output[2].w[3]",
                             "output[2].w[1].grad", "output[1].b"))  # fmt: skip
    first, second = covered(lab, hidden).layers
    assert np.flatnonzero(where_hidden(first.z)).tolist() == [0]
    assert np.flatnonzero(where_hidden(first.a)).tolist() == [1]
    assert np.flatnonzero(where_hidden(second.delta)).tolist() == [0]
    assert np.argwhere(where_hidden(second.weight)).tolist() == [[2, 1]]
    assert np.argwhere(where_hidden(second.grad_weight)).tolist() == [[0, 1]]
    assert np.flatnonzero(where_hidden(second.bias)).tolist() == [0]
    assert not where_hidden(lab.view.layers[1].weight).any()
    assert len(values_of(lab, hidden)) == len({float(lab.read(address)) for address in hidden})


def test_a_picture_of_a_convolution_without_one_number():
    lab = Lab(load("window-4x4"))
    conv = covered(lab, Hidden.of(lab, ["conv[1].z[2,1]"])).layers[0]
    # two by two places of one filter: row 2, column 1 is the third
    assert np.flatnonzero(where_hidden(conv.z)).tolist() == [conv.z.size // 2]


def test_one_question_is_asked_of_what_is_hidden():
    lab = Lab(load("demons"))
    lab.run("sample 1")
    lab.run('circuit "x * y" x=2 y=3')
    hidden = Hidden.of(lab, ("hidden[A].z", "loss", "x.grad", "no.such", "hidden[9].z"))
    assert hidden.addresses == {"hidden[1].z", "loss", "x.grad"}
    for told in ("hidden[1].z", "hidden[A].z", lab.names.resolve("hidden[1].z"), "loss", "x.grad"):
        assert hidden.covers(told)
    for told in ("hidden[1].a", "hidden[11].z", "x", "y.grad", "output.loss", "", None):
        assert not hidden.covers(told)
    assert hidden.asks("cost", "loss")
    assert hidden.asks("z", layer=0)
    assert not hidden.asks("z", layer=1)
    assert not Hidden()
    assert (Hidden() | hidden).covers("loss")


def test_numbers_of_32_bits_are_hidden_too():
    from dataclasses import replace

    experiment = load("demons")
    lab = Lab(replace(experiment, network=replace(experiment.network, dtype="float32")))
    lab.run("sample 1")
    assert lab.network.dtype == np.float32
    assert not where_hidden(lab.view.layers[0].weight).any()
    weight = covered(lab, Hidden.of(lab, ["hidden[1].w[2]"])).layers[0].weight
    assert np.argwhere(where_hidden(weight)).tolist() == [[1, 0]]
