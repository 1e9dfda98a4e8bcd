"""What outputs mean as answers."""

from __future__ import annotations

import numpy as np

from nnsim.engine.losses import decide, right


def test_the_largest_decides_the_first_on_a_tie_and_a_single_one_at_a_half():
    assert decide(np.array([[0.1, 0.7, 0.7], [3.0, -1.0, 0.0]])).tolist() == [1, 0]
    assert decide(np.array([[0.5], [0.49], [2.0]])).tolist() == [1, 0, 1]


def test_no_samples_have_no_answers():
    for outputs in (1, 2):
        nothing = np.zeros((0, outputs))
        assert decide(nothing).shape == (0,)
        assert right(nothing, nothing).shape == (0,)
