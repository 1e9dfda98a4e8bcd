"""Addresses: their text, what they mean, and what is said about those that mean nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnsim.lab.addresses import Address, LayerNames, Names, Quantity
from nnsim.lab.errors import AddressError

DENSE = Names(
    input_shape=(4, 3),
    layers=(
        LayerNames("hidden", "dense", (3,), (12,), True, True, ("A", "B", "C")),
        LayerNames("output", "dense", (2,), (3,), True, True, ("0", "1"), ("A", "B", "C")),
    ),
    classes=("0", "1"),
    input_labels=tuple(str(i) for i in range(1, 13)),
    input_size=12,
)
IMAGES = Names(
    input_shape=(7, 7),
    layers=(
        LayerNames("conv", "conv2d", (5, 4, 3), (3, 2, 1), True, True),
        LayerNames("pool", "max_pool2d", (2, 2, 3), (), False, False),
        LayerNames("output", "dense", (2,), (12,), True, True),
    ),
    input_size=49,
)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("input[5]", Quantity("input", position=(4,))),
        ("input[2,3]", Quantity("input", position=(5,))),  # row 2, column 3 of three columns
        ("input.count", Quantity("input.count")),
        ("hidden[2].z", Quantity("z", 0, 1)),
        ("hidden[B].z", Quantity("z", 0, 1)),
        ("output[1].a", Quantity("a", 1, 0)),  # a position, though a label reads "1" as well
        ("hidden[2].w[5]", Quantity("w", 0, 1, (4,))),
        ("hidden[2].w[5].grad", Quantity("w.grad", 0, 1, (4,))),
        ("output[2].w[C]", Quantity("w", 1, 1, (2,))),
        ("hidden[3].b.grad", Quantity("b.grad", 0, 2)),
        ("hidden[3].theta", Quantity("theta", 0, 2)),
        ("hidden.w.spread", Quantity("statistic", 0, field="w", statistic="spread")),
        ("target[2]", Quantity("target", position=(1,))),
        ("loss.cross_entropy", Quantity("loss.cross_entropy")),
        ("gradcheck.output", Quantity("gradcheck", 1)),
        ("test_accuracy", Quantity("test_accuracy")),
        (" hidden[ 2 ].w[5] ", Quantity("w", 0, 1, (4,))),
    ],
)
def test_an_address_means_the_number_that_the_language_says(text, quantity):
    assert DENSE.resolve(text) == quantity


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("conv[3].z[5,4]", Quantity("z", 0, 2, (4, 3))),
        ("conv[3].w[3,2,1]", Quantity("w", 0, 2, (2, 1, 0))),
        ("conv[1].b", Quantity("b", 0, 0)),
        ("pool[3].a[2,1]", Quantity("a", 1, 2, (1, 0))),
    ],
)
def test_convolutions_and_pools_go_by_filter_row_and_column(text, quantity):
    assert IMAGES.resolve(text) == quantity
    assert IMAGES.resolve(IMAGES.address(quantity)) == quantity


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hiden[2].z", "did you mean hidden"),
        ("hidden[4].z", "from 1 to 3"),
        ("hidden[0].z", "from 1 to 3"),
        ("hidden[D].z", "A, B, C"),
        ("hidden[2].y", "there are .z .a .delta .b .slope .theta .w"),
        ("hidden[2].delt", "did you mean .delta"),
        ("hidden[2]", "hidden[2].z"),
        ("hidden[2].w", ".w[1]"),
        ("hidden[2].z[1]", "takes no brackets"),
        ("hidden[2].z.grad", "no"),
        ("hidden[1,2].z", "one number names a unit"),
        ("hidden", "hidden[1].z"),
        ("hidden.w.most", "there are .min .max"),
        ("input[13]", "from 1 to 12"),
        ("input[5,1]", "from 1 to 4"),
        ("input[1,1,1]", "input[I]"),
        ("input", "which input"),
        ("target[3]", "from 1 to 2"),
        ("acuracy", "did you mean accuracy"),
        ("hidden[].z", "empty"),
        ("hidden[2.z", "not an address"),
        ("", "not an address"),
        ("__class__", "there is no"),
        ("hidden[²].z", "A, B, C"),  # a digit of another kind is no position
        ("pool[1].z", "has no"),
    ],
)
def test_what_is_no_address_is_refused_with_what_would_be_right(text, said):
    names = IMAGES if text.startswith("pool") else DENSE
    with pytest.raises(AddressError) as refusal:
        names.resolve(text)
    assert said in str(refusal.value)


def _quantities(names: Names):
    """Every quantity of a network has some address; draw one."""

    def of_layer(i: int):
        layer = names.layers[i]
        unit = st.integers(0, layer.units - 1)
        choices = []
        spots = st.tuples(*(st.integers(0, n - 1) for n in layer.output_shape[:-1]))
        kinds = st.sampled_from(["z", "a", "delta", "slope"] if layer.has_z else ["a"])
        choices.append(st.builds(Quantity, kinds, st.just(i), unit, spots))
        if layer.has_bias:
            kinds = st.sampled_from(["b", "b.grad", "theta"])
            choices.append(st.builds(Quantity, kinds, st.just(i), unit))
        if layer.kernel_shape:
            taps = st.tuples(*(st.integers(0, n - 1) for n in layer.kernel_shape))
            kinds = st.sampled_from(["w", "w.grad"])
            choices.append(st.builds(Quantity, kinds, st.just(i), unit, taps))
        return st.one_of(choices)

    inputs = st.builds(
        Quantity, st.just("input"), position=st.tuples(st.integers(0, names.input_size - 1))
    )
    return st.one_of(inputs, *(of_layer(i) for i in range(len(names.layers))))


@given(st.sampled_from([DENSE, IMAGES]).flatmap(lambda n: st.tuples(st.just(n), _quantities(n))))
def test_every_address_comes_back_through_its_text(drawn):
    names, quantity = drawn
    text = str(names.address(quantity))
    assert str(Address.parse(text)) == text
    assert names.resolve(text) == quantity


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused_in_a_sentence(text):
    try:
        quantity = DENSE.resolve(text)
    except AddressError as refusal:
        sentence = str(refusal)
        assert len(sentence) > 10
    else:
        assert DENSE.resolve(DENSE.address(quantity)) == quantity
