"""Reading samples in parts: few at a time for wide layers, and the same numbers."""

import numpy as np
import pytest

from nnsim.engine import Dense, Network
from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.reading.metrics import chunk_size


def network(*widths):
    return Network([Dense(n, "tanh") for n in widths[1:]], input_shape=(widths[0],))


def test_the_widest_layer_decides():
    assert chunk_size(network(64, 32, 10)) * 64 * 32 <= 1 << 17
    assert chunk_size(network(64, 32, 10)) == chunk_size(network(10, 32, 64))
    assert chunk_size(network(1, 1)) == 4096
    assert chunk_size(network(1000, 1000)) == 32  # a call costs something as well


@pytest.mark.parametrize("name", ["digits-8x8", "digits-8x8-cnn"])
def test_parts_add_up_to_the_whole(name):
    lab = Lab(load(name), untrained=True)
    data = lab.experiment.data
    assert chunk_size(lab.network) < data.count
    losses = lab.network.losses(data.inputs, data.targets)
    assert lab.metrics.cost == pytest.approx(losses.sum(), rel=1e-12)
    run = lab.timeline.run
    outputs = run.setup.reader.outputs(run.frames[0], data.inputs)
    assert outputs == pytest.approx(np.asarray(lab.network.forward(data.inputs)), rel=1e-12)
