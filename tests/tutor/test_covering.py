"""What has to be out of sight while a number is asked for."""

from __future__ import annotations

import pytest

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.tutor.answers import covered_with


@pytest.mark.parametrize(
    ("experiment", "asked", "covered"),
    [
        ("demons", "hidden[A].z", {"hidden[1].z", "hidden[1].a"}),
        ("demons", "hidden[A].a", {"hidden[1].a"}),  # back to z leads a logarithm
        ("line", "output[1].a", {"output[1].a", "output[1].z"}),  # identity: the same number
        ("neuron-and", "output[1].delta", {"output[1].delta", "output[1].b.grad",
                                           "output[1].w[1].grad", "output[1].w[2].grad"}),
        ("five-numbers", "norm[1].a", {"norm[1].a", "norm[1].z", "drop[1].a"}),
        ("demons", "loss", {"loss", "loss.squared_error"}),
        ("demons", "loss.cross_entropy", {"loss.cross_entropy"}),
        ("demons", "right", {"right", "accuracy"}),
        ("demons", "cost", {"cost"}),
        ("demons", "hidden.w.mean", {"hidden.w.mean"}),
        ("neuron-and", "output.w.max", {"output.w.max", "output[1].w[1]"}),
    ],
)  # fmt: skip
def test_what_would_answer_for_a_number(experiment, asked, covered):
    lab = Lab(load(experiment))
    found = covered_with(lab, lab.quantity(asked))
    assert {str(lab.names.address(quantity)) for quantity in found} == covered


def test_names_of_a_circuit_stay_as_they_are():
    lab = Lab(load("demons"))
    lab.run('circuit "x * y" x=2 y=3')
    gradient = lab.quantity("x.grad")
    assert covered_with(lab, gradient) == {gradient}
    assert str(lab.names.address(gradient)) == "x.grad"
    assert str(lab.names.address(lab.quantity("hidden[A].z"))) == "hidden[1].z"
