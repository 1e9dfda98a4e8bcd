"""How many samples are read at a time, beside a network that trains in another thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnsim.engine import Network

# BLAS spreads larger products over threads of its own; they wait for one another wherever the
# cores are busy, which took 20 to 80 ms in place of one.
_PRODUCTS = 1 << 17
_LEAST, _MOST, _NUMBERS = 32, 4096, 1_000_000


def at_a_time(network: Network) -> int:
    """Return how many samples to send through a network together."""
    weights = [getattr(layer, "weight", None) for layer in network.layers]
    largest = max((weight.size for weight in weights if weight is not None), default=1)
    most = min(_MOST, _NUMBERS // network.activations(1))
    return max(1, min(most, max(_LEAST, _PRODUCTS // largest)))
