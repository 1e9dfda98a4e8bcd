"""Explanations: why any number of the bench is what it is.

`explain` gives the name, formula, worked arithmetic and causes of the number at an address. The
arithmetic is kept as data (`arithmetic.py`), so that it can be evaluated again, written with any
of its numbers hidden, and followed from cause to cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnsim.lab.addresses import Address, Quantity
from nnsim.lab.explain import backward, forward, plain
from nnsim.lab.explain.explanation import Explanation, Found, Term
from nnsim.lab.explain.source import Source

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab

__all__ = ["Explanation", "Term", "explain"]


def explain(lab: Lab, address: str | Address) -> Explanation:
    """Explain the number at `address`, for the current sample.

    Raises
    ------
    AddressError
        There is no such number.
    NoValueError
        It has no value now.
    """
    quantity = lab.names.resolve(address)
    text = str(lab.names.address(quantity))
    with np.errstate(all="ignore"):
        value = lab.read(text)
        found = _find(Source(lab), quantity, text)
    return Explanation(
        address=text,
        name=found.name,
        symbol=found.symbol,
        formula=found.formula,
        value=value,
        arithmetic=found.arithmetic,
        role=found.roles[-1] if found.roles else None,
        roles=found.roles,
        gate=found.gate,
        upstream=found.upstream,
        local=found.local,
        note=found.note,
        chosen_by=found.chosen_by,
        precision=1e-12 if lab.network.dtype == np.float64 else 1e-5,
    )


def _find(source: Source, quantity: Quantity, address: str) -> Found:
    kind = quantity.kind
    if kind in plain.ALONE:
        return plain.ALONE[kind](source)
    if kind == "statistic":
        return plain.statistic(source, quantity)
    if kind in ("w", "b", "gamma", "beta"):
        return plain.parameter(source, quantity)
    if kind == "theta":
        return plain.theta(source, quantity)
    if kind in ("mean", "variance"):
        return plain.running(source, quantity)
    if quantity.layer < 0 or kind == "gradcheck":
        return plain.given(source, quantity, address)
    return _of_unit(source, quantity)


def _of_unit(source: Source, quantity: Quantity) -> Found:
    kind, layer = quantity.kind, quantity.layer
    index = (*quantity.position, quantity.unit)
    if kind == "z":
        return forward.z(source, layer, index)
    if kind == "a":
        return forward.activation(source, layer, index)
    if kind == "slope":
        return forward.slope(source, layer, index)
    if kind == "delta":
        return backward.delta(source, layer, index)
    if kind == "w.grad":
        return backward.by_weight(source, layer, index)
    if kind == "gamma.grad":
        return backward.by_gamma(source, layer, index)
    return backward.by_bias(source, layer, index, kind.partition(".")[0])
