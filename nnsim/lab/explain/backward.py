"""Why a gradient is what it is: what comes back to a gate, times the gate's own derivative."""

from __future__ import annotations

from dataclasses import replace

from nnsim.circuit.gates import DISTRIBUTE, KINDS, ROUTE, SCALE, SUM, SWAP
from nnsim.i18n import _
from nnsim.lab.explain import forward, losses
from nnsim.lab.explain.arithmetic import Apply, Node, Number, Product, Quotient, Sum, minus
from nnsim.lab.explain.explanation import Found
from nnsim.lab.explain.source import Index, Source, flat
from nnsim.lab.explain.windows import Windows

# Layers that have no z of their own; their delta is ∂C/∂a.
WITHOUT_Z = ("max_pool2d", "average_pool2d", "flatten", "dropout")
ONE = Number(1.0)
ROUTERS = ("relu",)


def delta(source: Source, layer: int, index: Index) -> Found:
    """∂C/∂z of a unit (∂C/∂a, where a layer has no z)."""
    found = _delta(source, layer, index)
    if layer == source.last:
        return replace(found, chosen_by=losses.choosing(source))
    if source.layer(layer + 1).kind == "max_pool2d":
        return replace(found, chosen_by=_rivals(source, layer + 1, index))
    return found


def _rivals(source: Source, pool: int, index: Index) -> tuple[str, ...]:
    """The addresses of the values that a max pool compares one of its inputs with."""
    row, column, channel = index
    return tuple(
        str(number.address)
        for place, _tap in Windows.of(source, pool).over((row, column))
        for number in forward.window(source, pool, (*place, channel))
    )


def _delta(source: Source, layer: int, index: Index) -> Found:
    made = source.layer(layer)
    source.targets()
    unit = source.unit_name(layer, index)
    if source.is_muted(layer, index) and made.activation != "softmax":
        name = _("δ of {unit}: how the loss changes with its z").format(unit=unit)
        note = _("the unit is muted: nothing goes on from it, so the loss does not depend on it")
        return Found(name, "δ", "δ = 0", Number(0.0), note=note)
    if made.kind in WITHOUT_Z:
        up, formula, roles = coming_back(source, layer, index)
        name = _("δ of {unit}: how the loss changes with its a").format(unit=unit)
        return Found(name, "δ", f"δ = ∂C/∂a = {formula}", up, roles, up, ONE)
    name = _("δ of {unit}: how the loss changes with its z").format(unit=unit)
    if layer == source.last and losses.fused(source):
        a, t = source.number("a", layer, index), source.targets()[index[0]]
        note = _("activation and loss as one gate: their derivatives cancel down to a − t")
        return Found(name, "δ", "δ = ∂C/∂z = a − t", minus(a, t), (SCALE,), ONE, minus(a, t), note)
    if made.activation == "softmax":
        return _through_softmax(source, layer, index, name)
    up, formula, roles = coming_back(source, layer, index)
    if made.activation == "identity":
        return Found(name, "δ", f"δ = ∂C/∂z = {formula}", up, roles, up, ONE)
    local = source.number("slope", layer, index)
    role = ROUTE if made.activation in ROUTERS else SCALE
    formula = f"δ = ∂C/∂a · f′(z) = ({formula}) · f′(z)"
    gate = made.activation if made.activation in KINDS else ""
    node = Product((up, local))
    return Found(name, "δ", formula, node, (*roles, role), up, local, gate=gate)


def _through_softmax(source: Source, layer: int, index: Index, name: str) -> Found:
    """δᵢ = aᵢ(∂C/∂aᵢ − Σⱼ aⱼ ∂C/∂aⱼ): every output of softmax depends on every z."""
    up, formula, roles = coming_back(source, layer, index)
    a = forward.computed(source, layer, index)
    if source.is_muted(layer, index):  # its own a does not count, but it takes from the others
        up = Number(0.0)
    total = Sum(
        tuple(
            Product((source.number("a", layer, j), coming_back(source, layer, j)[0]))
            for j in source.indices(layer)
        )
    )
    text = f"δᵢ = aᵢ·(∂C/∂aᵢ − Σⱼ aⱼ·∂C/∂aⱼ), ∂C/∂a = {formula}"
    node = Product((a, minus(up, total)))
    return Found(name, "δ", text, node, (*roles, SUM, SCALE), minus(up, total), a)


def coming_back(source: Source, layer: int, index: Index) -> tuple[Node, str, tuple[str, ...]]:
    """∂C/∂a of one output of a layer: the node, its formula, the roles of the gates passed."""
    if layer == source.last:
        node, formula = losses.by_output(source, flat(index, source.shape(layer)))
        return node, formula, (ROUTE if source.network.loss_name == "hinge" else SCALE,)
    after = layer + 1
    kind = source.layer(after).kind
    if kind == "dense":
        return _from_dense(source, after, index)
    if kind == "conv2d":
        return _from_convolution(source, after, index)
    if kind in ("max_pool2d", "average_pool2d"):
        return _from_pool(source, after, index)
    if kind == "flatten":
        position = (flat(index, source.shape(layer)),)
        return source.number("delta", after, position), _("δ of the next layer"), (DISTRIBUTE,)
    back = source.number("delta", after, index)
    if kind == "batch_norm":
        local = Quotient(
            source.number("gamma", after, index[-1:]), forward.deviation(source, after, index)
        )
        return Product((back, local)), "δ·γ/√(variance + ε)", (SCALE,)
    return back, _("δ of the next layer"), (DISTRIBUTE,)


def _from_dense(source: Source, after: int, index: Index) -> tuple[Node, str, tuple[str, ...]]:
    terms = tuple(
        Product((source.number("w", after, (*index, *k)), source.number("delta", after, k)))
        for k in source.indices(after)
    )
    if len(terms) == 1:
        return terms[0], "w·δ", (SWAP,)
    return Sum(terms), "Σₖ wₖ·δₖ", (SWAP, SUM)


def _from_convolution(
    source: Source, after: int, index: Index
) -> tuple[Node, str, tuple[str, ...]]:
    row, column, channel = index
    filters = range(source.shape(after)[2])
    terms = tuple(
        Product(
            (
                source.number("w", after, (*tap, channel, f)),
                source.number("delta", after, (*place, f)),
            )
        )
        for place, tap in Windows.of(source, after).over((row, column))
        for f in filters
    )
    return Sum(terms), _("Σ w·δ over the windows it is in"), (SWAP, SUM)


def _from_pool(source: Source, after: int, index: Index) -> tuple[Node, str, tuple[str, ...]]:
    row, column, channel = index
    windows = Windows.of(source, after)
    over = list(windows.over((row, column)))
    many = (SUM,) if len(over) > 1 else ()
    deltas = [source.number("delta", after, (*place, channel)) for place, _tap in over]
    if source.layer(after).kind == "average_pool2d":
        count = Number(float(windows.size[0] * windows.size[1]))
        shares = tuple(Quotient(back, count) for back in deltas)
        formula = _("Σ δ/n over the windows it is in")
        return _one_or_sum(shares), formula, (SCALE, *many)
    routed = []
    for back, (place, tap) in zip(deltas, over, strict=True):
        won = forward.winner(source, after, (*place, channel)) == tap[0] * windows.size[1] + tap[1]
        routed.append(Product((Number(float(won)), back)))
    formula = _("δ where it is the largest of its window, else 0")
    return _one_or_sum(tuple(routed)), formula, (ROUTE, *many)


def _one_or_sum(terms: tuple[Node, ...]) -> Node:
    return terms[0] if len(terms) == 1 else Sum(terms)


# --- gradients of parameters -----------------------------------------------------------------


def by_weight(source: Source, layer: int, index: Index) -> Found:
    """∂C/∂w for the current sample; `index` as in the public weight."""
    source.targets()
    made = source.layer(layer)
    unit = index[-1]
    name = _("gradient of {address}: how the loss changes with this weight").format(
        address=source.address("w", layer, index)
    )
    terms: tuple[Node, ...]
    up: Node
    local: Node | None
    roles: tuple[str, ...]
    if made.kind == "dense":
        up = source.number("delta", layer, (unit,))
        local = source.going_in(layer, index[:-1])
        terms, formula, roles = (Product((up, local)),), "∂C/∂w = δ·x", (SWAP,)
    else:
        terms = _over_places(source, layer, index)
        up, local = Sum(terms), None
        formula = _("∂C/∂w = Σ δ[r,c]·x[r·s+i, c·s+j, k] over all places")
        roles = (SWAP, SUM)
    penalty = _penalty(source, layer, index)
    node = Sum((*terms, *penalty)) if penalty or len(terms) != 1 else terms[0]
    formula += (" + l2·w" if source.network.l2 else "") + (
        " + l1·sign w" if source.network.l1 else ""
    )
    return Found(name, "∂C/∂w", formula, node, roles, up, local)


def _over_places(source: Source, layer: int, index: Index) -> tuple[Node, ...]:
    """δ·x for every place of a convolution's window where the tap lies on a pixel."""
    i, j, channel, unit = index
    windows = Windows.of(source, layer)
    terms: list[Node] = []
    for row in range(windows.places[0]):
        for column in range(windows.places[1]):
            top, left = windows.top_left((row, column))
            if windows.holds((top + i, left + j)):
                back = source.number("delta", layer, (row, column, unit))
                terms.append(Product((back, source.going_in(layer, (top + i, left + j, channel)))))
    return tuple(terms)


def _penalty(source: Source, layer: int, index: Index) -> tuple[Node, ...]:
    """What the penalty adds to the gradient of a weight."""
    weight = source.number("w", layer, index)
    parts: list[Node] = []
    if source.network.l2:
        parts.append(Product((Number(source.network.l2, "l2"), weight)))
    if source.network.l1:
        parts.append(Product((Number(source.network.l1), Apply("sign", (weight,)))))
    return tuple(parts)


def by_bias(source: Source, layer: int, index: Index, kind: str) -> Found:
    """∂C/∂b of a unit, or ∂C/∂β of batch norm."""
    source.targets()
    symbol = "∂C/∂b" if kind == "b" else "∂C/∂β"
    name = _("gradient of {address}: how the loss changes with it").format(
        address=source.address(kind, layer, index)
    )
    places = list(_places(source, layer, index[-1]))
    terms = tuple(source.number("delta", layer, place) for place in places)
    if len(terms) == 1:
        return Found(name, symbol, f"{symbol} = δ", terms[0], (DISTRIBUTE,), terms[0], ONE)
    node = Sum(terms)
    return Found(name, symbol, f"{symbol} = Σ δ", node, (DISTRIBUTE, SUM), node, ONE)


def by_gamma(source: Source, layer: int, index: Index) -> Found:
    """∂C/∂γ of batch norm: Σ δ·x̂."""
    source.targets()
    name = _("gradient of {address}: how the loss changes with it").format(
        address=source.address("gamma", layer, index)
    )
    terms = [
        Product((source.number("delta", layer, place), forward.normal_value(source, layer, place)))
        for place in _places(source, layer, index[-1])
    ]
    roles = (SWAP,) if len(terms) == 1 else (SWAP, SUM)
    formula = "∂C/∂γ = Σ δ·(x − mean)/√(variance + ε)"
    return Found(name, "∂C/∂γ", formula, _one_or_sum(tuple(terms)), roles)


def _places(source: Source, layer: int, unit: int) -> list[Index]:
    """The indices of all values of one unit, filter or channel."""
    return [index for index in source.indices(layer) if index[-1] == unit]
