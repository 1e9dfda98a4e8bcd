"""For random networks, the arithmetic of every explanation gives what the engine holds."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nnsim.engine import EngineError
from nnsim.lab.explain.arithmetic import function_of

# A failure is shown as it is: making the network smaller takes minutes.
SETTINGS = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def check_every_number(lab, quantities) -> None:
    known: set[str] = set()
    explained = {}
    for quantity in quantities(lab):
        address = str(lab.names.address(quantity))
        assert lab.names.resolve(address) == quantity
        explained[address] = lab.explain(address)
        known.add(address)
    for address, explanation in explained.items():
        held = lab.read(address)
        assert explanation.address == address
        assert explanation.value == held or math.isnan(held)
        scale = np.nanmax([abs(held), explanation.arithmetic.magnitude(), 1e-3])
        for again in (explanation.recompute(), explanation.recompute(lab.read)):
            assert again == pytest.approx(held, rel=0, abs=1e-12 * scale, nan_ok=True), (
                explanation.worked
            )
        assert explanation.agrees
        assert set(explanation.causes) <= known, address
        assert explanation.name
        assert explanation.formula
        assert explanation.worked


@SETTINGS
@given(st.data())
def test_dense_networks_with_all_activations_and_losses(random_labs, data):
    check_every_number(data.draw(random_labs.dense), random_labs.quantities)


@SETTINGS
@given(st.data())
def test_networks_with_muted_units(random_labs, data):
    lab = data.draw(st.one_of(random_labs.dense, random_labs.images))
    layers = [(i, of.units) for i, of in enumerate(lab.names.layers[:-1])]
    lab.network.muted = {
        layer: data.draw(st.sets(st.integers(0, units - 1), max_size=2)) for layer, units in layers
    }
    lab.changed(parameters=True)
    check_every_number(lab, random_labs.quantities)
    for layer, units in lab.network.muted.items():
        assert not lab.trace.layers[layer].a[..., list(units)].any()


@SETTINGS
@given(st.data())
def test_images_through_convolutions_pools_and_norms(random_labs, data):
    check_every_number(data.draw(random_labs.images), random_labs.quantities)


def test_two_convolutions_in_a_row_on_two_channels(random_labs):
    layers = [
        '{ type = "conv2d", name = "one", filters = 2, kernel_size = 2, activation = "tanh" }',
        '{ type = "conv2d", name = "two", filters = 2, kernel_size = 2, padding = 1, stride = 2 }',
        '{ type = "flatten", name = "flat" }',
        '{ type = "dense", name = "out", units = 2, activation = "softmax" }',
    ]
    inputs = '{ kind = "pixels", shape = [3, 4, 2] }'
    rng = np.random.default_rng(1)
    lab = random_labs.open(inputs, layers, "mean_squared_error", rng, 24, 2)
    check_every_number(lab, random_labs.quantities)


def test_an_activation_without_a_rule_of_its_own_is_explained_by_the_engine():
    """A new one needs no line in the lab; what is neither a rule nor an activation is refused."""
    root = math.sqrt(2 / math.pi)
    for z in (-3.0, -0.4, 0.0, 0.7, 5.0):
        gelu = 0.5 * z * (1 + math.tanh(root * (z + 0.044715 * z**3)))
        assert function_of("gelu").compute(z) == pytest.approx(gelu, abs=1e-14)
        logistic = 1 / (1 + math.exp(-z))
        slope = logistic * (1 + z * (1 - logistic))
        assert function_of("swish_slope").compute(z) == pytest.approx(slope, abs=1e-14)
    assert function_of("gelu_slope").template == "gelu′({0})"
    with pytest.raises(EngineError):
        function_of("nonsense")
