"""What explanations say, against published numbers and by hand."""

import re
from decimal import Decimal

import pytest

from nnsim.experiments import load
from nnsim.lab import AddressError, Lab, LabError, NoValueError

# Matt Mazur, "A Step by Step Backpropagation Example" (2015), to the digits printed there.
PUBLISHED = {
    "hidden[1].z": 0.3775,
    "hidden[1].a": 0.593269992,
    "hidden[2].a": 0.596884378,
    "output[1].z": 1.105905967,
    "output[1].a": 0.75136507,
    "output[2].a": 0.772928465,
    "loss": 0.298371109,
    "output[1].slope": 0.186815602,
    "output[1].delta": 0.138498562,
    "output[2].delta": -0.0380982366,
    "output[1].w[1].grad": 0.082167041,
    "hidden[1].slope": 0.241300709,
    "hidden[1].w[1].grad": 0.000438568,
}


@pytest.mark.parametrize(("address", "value"), PUBLISHED.items())
def test_published_numbers_come_out_of_the_arithmetic(mazur, address, value):
    explanation = mazur.explain(address)
    assert explanation.recompute() == pytest.approx(value, abs=1e-9)
    assert explanation.value == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("address", "worked"),
    [
        ("hidden[1].z", "z = 0.15·0.05 + 0.2·0.1 + 0.35 = 0.3775"),
        ("hidden[1].a", "a = 1/(1 + e^(−0.3775)) ≈ 0.59327"),
        ("output[1].delta", "δ = (0.751365 − 0.01)·0.186816 ≈ 0.138499"),
        ("output[1].w[1].grad", "∂C/∂w = 0.138499·0.59327 ≈ 0.082167"),
        ("output[1].b.grad", "∂C/∂b ≈ 0.138499"),
        ("loss", "C = ½·((0.01 − 0.751365)² + (0.99 − 0.772928)²) ≈ 0.298371"),
        ("hidden[1].theta", "θ = −0.35"),
        ("input[2]", "x = 0.1"),
        ("parameters", "n = 6 + 6 = 12"),
    ],
)
def test_the_numbers_stand_in_the_formula(mazur, address, worked):
    assert mazur.explain(address).worked == worked


def test_causes_lead_from_the_loss_to_the_inputs(mazur):
    seen, ahead = set(), ["loss"]
    while ahead:
        address = ahead.pop()
        if address not in seen:
            seen.add(address)
            ahead += mazur.explain(address).causes
    assert {"input[1]", "input[2]", "hidden[2].w[1]", "hidden[1].b", "target[2]"} <= seen
    assert not any("delta" in address for address in seen)  # the way forward knows no gradients


@pytest.mark.parametrize(
    ("address", "role", "roles"),
    [
        ("output[1].w[2].grad", "swap", ("swap",)),
        ("output[1].b.grad", "distribute", ("distribute",)),
        ("output[2].delta", "scale", ("scale", "scale")),
        ("hidden[1].delta", "scale", ("swap", "sum", "scale")),
        ("hidden[1].z", None, ()),
    ],
)
def test_gradients_have_the_role_of_their_gate(mazur, address, role, roles):
    explanation = mazur.explain(address)
    assert (explanation.role, explanation.roles) == (role, roles)
    assert (explanation.role_words is None) == (role is None)


def test_a_gradient_is_upstream_times_local(mazur):
    delta = mazur.explain("hidden[1].delta")
    # 0.4·0.138498562 + 0.5·(−0.038098236) and σ′, as published.
    assert delta.upstream.evaluate() == pytest.approx(0.036350306, abs=1e-9)
    assert delta.local.evaluate() == pytest.approx(0.241300709, abs=1e-9)


def test_terms_are_kept_as_data(mazur):
    terms = mazur.explain("hidden[1].z").terms
    assert [term.causes for term in terms] == [
        ("hidden[1].w[1]", "input[1]"), ("hidden[1].w[2]", "input[2]"), ("hidden[1].b",),
    ]  # fmt: skip
    assert terms[0].factors == (0.15, 0.05)
    assert terms[1].value == pytest.approx(0.02)


def test_a_changed_cause_changes_the_result(mazur):
    explanation = mazur.explain("hidden[1].z")

    def read(address: str) -> float:
        return 1.05 if address == "input[1]" else mazur.read(address)

    assert explanation.recompute(read) == pytest.approx(0.3775 + 0.15)


def test_json_has_the_keys_of_the_language(mazur):
    assert mazur.explain("hidden[2].b").as_json() == {
        "address": "hidden[2].b",
        "name": "bias of unit 2 of hidden: what it adds to the weighted inputs",
        "formula": "a parameter: b ← b − η·∂C/∂b at each step of training",
        "worked": "b = 0.35",
        "value": 0.35,
        "role": None,
        "causes": [],
    }


def test_hidden_numbers_are_left_out(mazur):
    explanation = mazur.explain("hidden[1].z")
    hidden = explanation.worked_without(
        [mazur.names.resolve(a) for a in ("input[1]", "hidden[1].z")]
    )
    assert hidden == "z = 0.15·? + 0.2·0.1 + 0.35 = ?"


def test_many_terms_are_elided_but_all_there():
    lab = Lab(load("digits-4x3"))
    lab.run("sample 1")
    explanation = lab.explain("hidden[1].z")
    assert len(explanation.terms) == 13
    lab = Lab(load("digits-8x8"), untrained=True)
    lab.run("sample 1")
    explanation = lab.explain("hidden[1].z")
    assert len(explanation.causes) == 64 + 64 + 1
    assert "… 58 more …" in explanation.worked
    assert len(explanation.terms) == 65


def test_what_needs_a_target_says_so(mazur):
    mazur.run("clear")
    with pytest.raises(NoValueError, match="target"):
        mazur.explain("hidden[1].delta")
    assert mazur.explain("hidden[1].z").value == pytest.approx(0.35)


def test_what_is_no_number_is_refused(mazur):
    with pytest.raises(AddressError, match="did you mean hidden"):
        mazur.explain("hiden[1].z")
    with pytest.raises(AddressError, match="which number of it"):
        mazur.explain("hidden[1]")


def test_a_planted_mistake_shows(mazur):
    explanation = mazur.explain("output[1].delta")
    assert explanation.agrees
    mazur.trace.layers[1].delta[0, 0] *= 2  # as a bug in backpropagation would
    wrong = mazur.explain("output[1].delta")
    assert wrong.value == pytest.approx(2 * explanation.value)
    assert not wrong.agrees
    assert wrong.worked == "δ = (0.751365 − 0.01)·0.186816 ≠ 0.276997"


def test_max_pooling_routes_to_the_winner(random_labs):
    import numpy as np

    layers = [
        '{ type = "max_pool2d", name = "pool", size = 2 }',
        '{ type = "flatten", name = "flat" }',
        '{ type = "dense", name = "out", units = 2 }',
    ]
    rng = np.random.default_rng(0)
    lab = random_labs.open(
        '{ kind = "pixels", shape = [2, 2] }', layers, "squared_error", rng, 4, 2
    )
    lab.run("paint 0.1 0.9 / 0.3 0.2")
    lab.run("target 1 0")
    pooled = lab.explain("pool[1].a[1,1]")
    assert pooled.worked == "a = max(0.1, 0.9, 0.3, 0.2) = 0.9"
    assert pooled.causes == ("input[1]", "input[2]", "input[3]", "input[4]")
    assert lab.explain("flat[1].a").causes == ("pool[1].a[1,1]",)
    assert lab.explain("pool[1].delta[1,1]").role == "distribute"


@pytest.mark.parametrize(
    ("bug", "address"),
    [
        ("forgot_slope", "hidden[1].delta"),
        ("wrong_sign", "hidden[1].w[1].grad"),
        ("doubled", "hidden[2].w[1].grad"),
        ("no_bias", "hidden[2].b.grad"),
    ],
)
def test_a_bug_in_backpropagation_shows_at_its_layer(mazur, bug, address):
    mazur.network.plant(bug, "hidden")
    mazur.changed()
    assert "≠" in mazur.explain(address).worked
    assert mazur.explain("output[1].delta").agrees
    assert mazur.explain("output[1].w[1].grad").agrees


def test_float32_is_held_to_its_own_precision(mazur_file):
    text = mazur_file.read_text(encoding="utf-8")
    mazur_file.write_text(text.replace("[network]", '[network]\ndtype = "float32"'), "utf-8")
    lab = Lab(load(mazur_file))
    lab.run("sample 1")
    for address in PUBLISHED:
        explanation = lab.explain(address)
        assert explanation.agrees
        assert explanation.recompute() == pytest.approx(explanation.value, rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "activation", "z", "worked"),
    [
        ("binary_cross_entropy", "sigmoid", 40.0, "C = −(0·ln 1 + (1 − 0)·(−ln(1 + e^40))) ≈ 40"),
        (
            "binary_cross_entropy",
            "sigmoid",
            800.0,
            "C = −(0·ln 1 + (1 − 0)·(−ln(1 + e^800))) ≈ 800",
        ),
        ("squared_error", "sigmoid", 800.0, None),
    ],
)
def test_cross_entropy_is_finite_where_an_output_rounds_to_one(
    random_labs, loss, activation, z, worked
):
    """ln(1 + e^z) is z for a large z, to all digits: −ln(1 − σ(z)) in exact arithmetic."""
    import numpy as np

    layers = [f'{{ type = "dense", name = "only", units = 1, activation = "{activation}" }}']
    inputs = '{ kind = "vector", names = ["a"] }'
    lab = random_labs.open(inputs, layers, loss, np.random.default_rng(0), 1, 1)
    lab.network.parameters[:] = [0.0, z]
    lab.run("target 0")
    lab.changed(parameters=True)
    for address in ("loss", "loss.cross_entropy") if worked else ("loss.cross_entropy",):
        explanation = lab.explain(address)
        assert explanation.value == pytest.approx(z, rel=1e-15)
        assert explanation.recompute() == pytest.approx(z, rel=1e-15)
        assert worked is None or explanation.worked == worked


def test_cross_entropy_is_finite_where_a_share_of_softmax_is_nothing(random_labs):
    import numpy as np

    layers = ['{ type = "dense", name = "only", units = 2, activation = "softmax" }']
    inputs = '{ kind = "vector", names = ["a"] }'
    lab = random_labs.open(inputs, layers, "softmax_cross_entropy", np.random.default_rng(0), 1, 2)
    lab.network.parameters[:] = 0.0
    lab.run("set only[1].b 1000")
    lab.run("target 0 1")
    for address in ("loss", "loss.cross_entropy"):
        explanation = lab.explain(address)
        assert explanation.value == explanation.recompute() == 1000
        assert "ln 0" not in explanation.worked.replace("0·ln 1", "")


def test_a_layer_of_an_unknown_kind_is_refused(mazur, monkeypatch):
    monkeypatch.setattr(mazur.network.layers[1], "kind", "mystery", raising=False)
    for address in ("output[1].z", "output[1].a", "hidden[1].delta", "output[1].w[1].grad"):
        with pytest.raises(LabError, match="mystery"):
            mazur.explain(address)
    with pytest.raises(LabError, match="mystery"):
        mazur.run("forward term")


def test_every_kind_of_layer_of_the_engine_is_known():
    from nnsim.engine.layers import LAYERS
    from nnsim.lab.kinds import _kinds

    assert set(_kinds()) == set(LAYERS)


def test_names_say_which_number_it_is():
    lab = Lab(load("digits-4x3"))
    lab.run("sample 1")
    assert lab.explain("input[5]").name == "input 5: the pixel in row 2, column 2"
    assert lab.explain("hidden[B].b").name.startswith("bias of B of hidden")
    assert lab.explain("output[1].a").name.startswith('a of unit 1 of output ("0")')
    assert lab.explain("prediction").note.startswith("that is the class")


def test_equality_is_claimed_only_where_it_holds(random_labs):
    """As printed, worked arithmetic with = is exactly true, term by term, in decimals."""
    import numpy as np

    layers = ['{ type = "dense", name = "only", units = 2, activation = "relu" }']
    inputs = '{ kind = "vector", names = ["a", "b", "c"] }'
    claimed = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        lab = random_labs.open(inputs, layers, "squared_error", rng, 3, 2)
        digits = int(rng.integers(1, 5))
        lab.network.parameters[:] = lab.network.parameters.round(digits)
        lab.changed(parameters=True)
        for address in ("only[1].z", "only[2].z"):
            worked = lab.explain(address).worked.removeprefix("z = ")
            text, sign, result = worked.rpartition(" = " if " = " in worked else " ≈ ")
            # −0.3·(−0.2) reads as Python once its signs are ASCII; decimals are kept exact.
            for old, new in (("−", "-"), ("·", "*")):
                text, result = text.replace(old, new), result.replace(old, new)
            exact = eval(re.sub(r"[0-9.]+(?:e-?\d+)?", r'D("\g<0>")', text), {"D": Decimal})
            equal = exact == Decimal(result)
            assert equal == (sign.strip() == "="), worked
            claimed += equal
    assert 0 < claimed < 40


def test_the_largest_of_one_number_is_that_number(random_labs):
    import numpy as np

    layers = ['{ type = "dense", name = "only", units = 1 }']
    inputs = '{ kind = "vector", names = ["a"] }'
    lab = random_labs.open(inputs, layers, "squared_error", np.random.default_rng(0), 1, 1)
    for statistic in ("min", "max"):
        explanation = lab.explain(f"only.w.{statistic}")
        assert explanation.recompute() == lab.read("only[1].w[1]")
