"""Which numbers must not be in sight while one of them is asked for.

Some numbers are another one by a different name: of a unit without activation a is z, of a sample
that is alone the gradient of a bias is its δ. To show one is to answer for the other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nnsim.lab import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnsim.lab import Lab, Quantity

_SAME = (("accuracy", "right"), ("prediction", "correct"))
_LOSSES = {
    "loss.squared_error": ("squared_error",),
    "loss.cross_entropy": ("softmax_cross_entropy", "binary_cross_entropy"),
}


def canonical(lab: Lab, address: str) -> str:
    """Return an address as the bench writes it; names of a circuit stay as they are."""
    if lab.circuit is not None and lab.circuit.reads(address):
        return address
    return str(lab.names.address(lab.names.resolve(address)))


def covered_with(lab: Lab, address: str) -> frozenset[str]:
    """Return the addresses of the numbers that would answer for the one at `address`, itself too.

    Raises
    ------
    AddressError
        When the address names nothing on the bench.
    """
    if lab.circuit is not None and lab.circuit.reads(address):
        return frozenset([address])
    quantity = lab.names.resolve(address)
    found = {str(lab.names.address(quantity))}
    for other in _twins(lab, quantity):
        try:
            found.add(str(lab.names.address(lab.names.resolve(other))))
        except LabError:  # this network has none
            continue
    return frozenset(found)


def _twins(lab: Lab, quantity: Quantity) -> Iterator[str]:
    """Addresses of what is, or all but is, the same number."""
    kind = quantity.kind
    for group in _SAME:
        if kind in group:
            yield from group
    loss = lab.experiment.network.loss
    if kind == "loss":
        yield from (name for name, of in _LOSSES.items() if loss in of)
    elif loss in _LOSSES.get(kind, ()):
        yield "loss"
    if quantity.layer < 0 or quantity.unit < 0:
        return
    layer = lab.network.layers[quantity.layer]
    if kind == "z" or (kind == "a" and getattr(layer, "activation", "") == "identity"):
        yield str(lab.names.address(replace(quantity, kind="a" if kind == "z" else "z")))
    if kind == "delta" and lab.names.layers[quantity.layer].has_bias and not quantity.position:
        yield str(lab.names.address(replace(quantity, kind="b.grad")))
