"""Why a number of the forward pass is what it is: z, a, slope, and what they are made of."""

from __future__ import annotations

from nnsim.i18n import _
from nnsim.lab.explain.arithmetic import (
    Apply,
    Node,
    Number,
    Product,
    Quotient,
    Square,
    Sum,
    minus,
)
from nnsim.lab.explain.explanation import Found
from nnsim.lab.explain.source import Index, Source, deep
from nnsim.lab.explain.windows import Windows

ONE = Number(1.0)


def products(source: Source, layer: int, index: Index) -> list[Product]:
    """The products w·x that a unit of a dense layer or a convolution adds up."""
    unit = index[-1]
    if source.layer(layer).kind == "dense":
        return [
            Product((source.number("w", layer, (*i, unit)), source.going_in(layer, i)))
            for i in source.indices(layer - 1)
        ]
    channels = source.shape(layer - 1)[2]
    return [
        Product(
            (
                source.number("w", layer, (*tap, channel, unit)),
                source.going_in(layer, (*pixel, channel)),
            )
        )
        for tap, pixel in Windows.of(source, layer).pixels((index[0], index[1]))
        if pixel is not None
        for channel in range(channels)
    ]


def z(source: Source, layer: int, index: Index) -> Found:
    """The weighted sum of a unit, or what goes into an activation layer."""
    kind = source.layer(layer).kind
    unit = source.unit_name(layer, index)
    name = _("z of {unit}: the weighted sum before the activation").format(unit=unit)
    if kind == "activation":
        into = _("z of {unit}: what comes in").format(unit=unit)
        return Found(into, "z", "z = x", source.going_in(layer, index))
    if kind == "batch_norm":
        return normalised(source, layer, index, "z")
    node = Sum((Sum(tuple(products(source, layer, index))), source.number("b", layer, index[-1:])))
    if kind == "dense":
        return Found(name, "z", "z = Σᵢ wᵢ·xᵢ + b", node)
    note = ""
    if Windows.of(source, layer).padding:
        note = _("pixels in the padding are 0 and left out")
    return Found(name, "z", "z[r,c] = Σ w[i,j,k]·x[r·s+i, c·s+j, k] + b", node, note=note)


def normalised(source: Source, layer: int, index: Index, symbol: str) -> Found:
    """What batch norm makes of a value, in use: γ·x̂ + β."""
    unit = index[-1:]
    normal = normal_value(source, layer, index)
    gamma, beta = source.number("gamma", layer, unit), source.number("beta", layer, unit)
    return Found(
        _("{symbol} of {unit}: the input, normalised, scaled and shifted").format(
            symbol=symbol, unit=source.unit_name(layer, index)
        ),
        symbol,
        f"{symbol} = γ·(x − mean)/√(variance + ε) + β",
        Sum((Product((gamma, normal)), beta)),
        note=_("in use, mean and variance are the running ones that training has gathered"),
    )


def normal_value(source: Source, layer: int, index: Index) -> Quotient:
    """x̂ = (x − mean) / √(variance + ε)."""
    centred = minus(source.going_in(layer, index), source.number("mean", layer, index[-1:]))
    return Quotient(centred, deviation(source, layer, index))


def deviation(source: Source, layer: int, index: Index) -> Node:
    """√(variance + ε)."""
    epsilon = Number(float(source.layer(layer).epsilon))
    return Apply("root", (Sum((source.number("variance", layer, index[-1:]), epsilon)),))


def activation(source: Source, layer: int, index: Index) -> Found:
    """What comes out of a unit."""
    made = source.layer(layer)
    name = _("a of {unit}: its activation, what it passes on").format(
        unit=source.unit_name(layer, index)
    )
    if source.is_muted(layer, index):
        note = _("the unit is muted: its activation counts as 0, whatever its z")
        return Found(name, "a", "a = 0", Number(0.0), note=note)
    if made.kind in ("max_pool2d", "average_pool2d"):
        return _pooled(source, layer, index, name)
    if made.kind == "flatten":
        before = source.shape(layer - 1)
        return Found(name, "a", "a = x", source.going_in(layer, deep(index[0], before)))
    if made.kind == "dropout":
        note = _("in use, dropout lets everything through; it drops values in training only")
        return Found(name, "a", "a = x", source.going_in(layer, index), note=note)
    if made.activation == "softmax":
        return softmax(source, layer, index, name)
    value = function(source, layer, source.number("z", layer, index))
    formula = made.function.formula
    return Found(name, "a", formula if formula.startswith("a =") else f"a = {formula}", value)


def function(source: Source, layer: int, argument: Node) -> Node:
    """f(z) of a layer whose activation takes one number."""
    made = source.layer(layer)
    if made.activation == "identity":
        return argument
    if made.activation == "leaky_relu":
        return Apply("leaky_relu", (argument, Number(made.function.leak)))
    return Apply(made.activation, (argument,))


def softmax(source: Source, layer: int, index: Index, name: str) -> Found:
    """One of the shares of softmax."""
    scores = [source.number("z", layer, i) for i in source.indices(layer)]
    own = scores[index[0]]
    formula = "aᵢ = e^zᵢ / Σⱼ e^zⱼ"
    if max(abs(score.value) for score in scores) < 700:
        powers = [Apply("exp", (score,)) for score in scores]
        whole = Sum(tuple(powers))
        return Found(name, "a", formula, Quotient(Apply("exp", (own,)), whole))
    note = _("computed with z − max z, which changes nothing and never overflows")
    return Found(name, "a", formula, Apply("softmax", (own, *scores)), note=note)


def window(source: Source, layer: int, index: Index) -> list[Number]:
    """The values in the window of a pool, row by row."""
    place, channel = (index[0], index[1]), index[2]
    return [
        source.going_in(layer, (*pixel, channel))
        for _tap, pixel in Windows.of(source, layer).pixels(place)
        if pixel is not None
    ]


def winner(source: Source, layer: int, index: Index) -> int:
    """The position of the largest value in the window of a max pool, the first on a tie."""
    values = [number.value for number in window(source, layer, index)]
    return values.index(max(values))


def _pooled(source: Source, layer: int, index: Index, name: str) -> Found:
    pixels = tuple(window(source, layer, index))
    if source.layer(layer).kind == "max_pool2d":
        formula = _("a = the largest x in the window")
        return Found(name, "a", formula, Apply("max", pixels))
    mean = Quotient(Sum(pixels), Number(float(len(pixels))))
    return Found(name, "a", _("a = the mean of the window, Σ x / n"), mean)


def slope(source: Source, layer: int, index: Index) -> Found:
    """The derivative of the activation at z."""
    formula = source.layer(layer).function.slope_formula
    if formula.startswith("a′"):
        formula = "f′(z) = 1"
    if source.layer(layer).activation == "softmax":
        formula = "∂aᵢ/∂zᵢ = aᵢ(1 − aᵢ)"
    name = _("slope of the activation of {unit} at z").format(unit=source.unit_name(layer, index))
    return Found(name, "f′(z)", formula, slope_of(source, layer, index))


def computed(source: Source, layer: int, index: Index) -> Node:
    """f(z): the unit's a, or what a would be of one that is muted."""
    if not source.is_muted(layer, index):
        return source.number("a", layer, index)
    if source.layer(layer).activation == "softmax":
        return softmax(source, layer, index, "").arithmetic
    return function(source, layer, source.number("z", layer, index))


def slope_of(source: Source, layer: int, index: Index) -> Node:
    """f′(z) as a node; for softmax ∂aᵢ/∂zᵢ."""
    made = source.layer(layer)
    name = made.activation
    z_value = source.number("z", layer, index)
    if name in ("sigmoid", "softmax"):
        a = computed(source, layer, index)
        return Product((a, minus(ONE, a)))
    if name == "tanh":
        return minus(ONE, Square(computed(source, layer, index)))
    if name == "identity":
        return ONE
    if name == "step":
        return Number(0.0)
    if name == "leaky_relu":
        return Apply("leaky_slope", (z_value, Number(made.function.leak)))
    functions = {"relu": "positive", "softplus": "sigmoid"}
    return Apply(functions.get(name, f"{name}_slope"), (z_value,))
