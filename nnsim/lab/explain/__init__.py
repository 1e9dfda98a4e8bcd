"""Explanations: why any number of the bench is what it is.

`explain` gives the name, formula, worked arithmetic and causes of the number at an address. The
arithmetic is kept as data (`arithmetic.py`), so that it can be evaluated again, written with any
of its numbers hidden, and followed from cause to cause.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnsim.lab import values
from nnsim.lab.addresses import Address, Quantity
from nnsim.lab.explain import plain, units
from nnsim.lab.explain.explanation import Explanation, Source, Term
from nnsim.lab.kinds import kind_of
from nnsim.lab.values import Readable

__all__ = ["Explanation", "Term", "explain"]


def explain(lab: Readable, address: str | Address | Quantity) -> Explanation:
    """Explain the number at `address`, for the current sample.

    Raises
    ------
    AddressError
        There is no such number.
    NoValueError
        It has no value now.
    """
    quantity = address if isinstance(address, Quantity) else lab.names.resolve(address)
    with np.errstate(all="ignore"):
        value = values.read(lab, quantity)
        found = _find(Source(lab), quantity, float(value))
    precision = 1e-12 if lab.network.dtype == np.float64 else 1e-5
    return replace(found, quantity=quantity, names=lab.names, value=value, precision=precision)


def _find(source: Source, quantity: Quantity, value: float) -> Explanation:
    kind = quantity.kind
    if kind in plain.ALONE:
        return plain.ALONE[kind](source)
    if kind in plain.GIVEN:
        return plain.given(source, quantity, value)
    if kind in plain.OF_LAYER:
        return plain.OF_LAYER[kind](source, quantity)
    layer, index = quantity.layer, (*quantity.position, quantity.unit)
    part, _dot, gradient = kind.partition(".")
    if gradient:
        return kind_of(source, layer).gradient(part, index)
    if kind == "z":
        return kind_of(source, layer).z(index)
    return _OF_UNIT[kind](source, layer, index)


_OF_UNIT = {"a": units.activation, "slope": units.slope, "delta": units.delta}
