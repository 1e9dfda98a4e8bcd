"""Walks through random networks: every number is visited, every step stands where it says."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nnsim.lab.walk import GRAINS, Walk

# A failure is shown as it is: making the network smaller takes minutes.
SETTINGS = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
FORWARD = ("z", "a", "w", "b", "gamma", "beta", "mean", "variance")
BACKWARD = ("delta", "slope", "w.grad", "b.grad", "gamma.grad", "beta.grad")


def visited(walk: Walk) -> set[str]:
    found: set[str] = set()
    for step in walk:
        found.update(step.addresses)
        found.update(line.address for line in step.lines if line.address)
        if step.kind == "input":
            found.update(step.table.addresses(row, 0) for row in range(len(step.table)))
    return found


def check_walks(lab, quantities) -> None:
    of_kind: dict[str, set[str]] = {}
    for quantity in quantities(lab):
        of_kind.setdefault(quantity.kind, set()).add(str(lab.names.address(quantity)))
    forward = visited(Walk(lab, "forward", "term"))
    for kind in (*FORWARD, "input", "loss", "prediction", "target"):
        assert of_kind.get(kind, set()) <= forward, kind
    backward = visited(Walk(lab, "backward", "term"))
    for kind in (*BACKWARD, "loss"):
        missing = of_kind.get(kind, set()) - backward
        if kind == "slope":  # where f is the identity, or one gate with the loss, none is needed
            missing = {a for a in missing if needs_slope(lab, a)}
        assert not missing, kind
    for direction in ("forward", "backward"):
        for grain in GRAINS:
            check_steps(lab, Walk(lab, direction, grain))


def needs_slope(lab, address: str) -> bool:
    layer = lab.names.resolve(address).layer
    last = layer == len(lab.names.layers) - 1
    activation = lab.network.layers[layer].activation
    fused = last and lab.network.loss_function.fused_with == activation
    return activation not in ("identity", "softmax") and not fused


def check_steps(lab, walk: Walk) -> None:
    parameters = lab.network.parameters.copy()
    for i, step in enumerate(walk):
        assert (step.index, step.total) == (i, len(walk))
        assert step.sentence
        for address in step.addresses:
            lab.names.resolve(address)
        for line in step.lines:
            if line.value is not None and line.address:
                assert line.value == pytest.approx(lab.read(line.address), rel=1e-12, nan_ok=True)
        if step.table is not None:
            check_table(lab, step.table)
        for view in (walk.matrices(i), walk.matrices(i, batch=True)):
            assert all(len(m.axes) == m.values.ndim for m in view.matrices)
    assert walk[-1].index == len(walk) - 1
    assert np.array_equal(lab.network.parameters, parameters)


def check_table(lab, table) -> None:
    assert table.values.shape == (len(table.labels), len(table.columns) - 1)
    for row in range(len(table)):
        for column in range(len(table.columns) - 1):
            address = table.addresses(row, column)
            if address is not None:
                held = lab.read(address)
                assert table.values[row, column] == pytest.approx(held, rel=1e-12, nan_ok=True)


@SETTINGS
@given(st.data())
def test_dense_networks(random_labs, data):
    check_walks(data.draw(random_labs.dense), random_labs.quantities)


@SETTINGS
@given(st.data())
def test_networks_for_images(random_labs, data):
    check_walks(data.draw(random_labs.images), random_labs.quantities)


def test_the_running_sum_ends_at_z(random_labs):
    rng = np.random.default_rng(4)
    layers = ['{ type = "dense", name = "only", units = 2, activation = "tanh" }']
    lab = random_labs.open(
        '{ kind = "vector", names = ["a", "b", "c"] }', layers, "squared_error", rng, 3, 2
    )
    walk = Walk(lab, "forward", "neuron")
    unit = walk[walk.find("only[2].z")]
    assert unit.table.columns == ("i", "xᵢ", "wᵢ", "wᵢ·xᵢ", "Σ")
    total = unit.table.values[-1, -1] + lab.read("only[2].b")
    assert total == pytest.approx(lab.read("only[2].z"), rel=1e-12)
