"""What the screen shows of a network: its numbers as one record, and which of them are hidden."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnsim.lab.addresses import Address, Names, Quantity
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.circuit import Circuit
    from nnsim.lab.addresses import LayerNames

Array = NDArray[np.float64]


class Shown(Protocol):
    """As much of a bench as it takes to show it, so that the bench may know of this."""

    names: Names

    @property
    def view(self) -> NetworkView: ...
    def read(self, address: Any) -> float: ...
    def quantity(self, address: Any) -> Quantity: ...


@dataclass(frozen=True)
class LayerView:
    """One layer for the current sample, flattened: n_in values come in, n_out go out."""

    # such as "hidden", "dense", "sigmoid"
    name: str
    kind: str
    activation: str
    # what the units are called, n_out of them (their numbers from 1 where they have no label)
    labels: tuple[str, ...]
    # (n_out,): before and after the activation
    z: Array
    a: Array
    weight: Array | None  # (n_in, n_out); None where a layer has none of that shape
    bias: Array | None  # (n_out,)
    delta: Array | None = None  # (n_out,); None without a target
    grad_weight: Array | None = None  # (n_in, n_out)


@dataclass(frozen=True)
class NetworkView:
    """A network and its reading of one input."""

    input: Array  # (n_in,)
    # (rows, columns) or (rows, columns, channels) of pixels, (n,) otherwise
    input_shape: tuple[int, ...]
    input_labels: tuple[str, ...]  # n_in names; for pixels their numbers from 1
    layers: tuple[LayerView, ...]


@dataclass(frozen=True)
class Selection:
    """A place in the picture, 0-based: a unit, or the weight that comes into it from `source`.

    ``layer`` is -1 for the input; then ``unit`` is the input's index and ``source`` is None.
    """

    layer: int
    unit: int
    source: int | None = None


def layer_view(names: LayerNames, traced: Any) -> LayerView:
    """The picture of one layer, from the engine's trace of it; always in 64 bits."""

    def doubles(values: Any) -> Array | None:
        return None if values is None else np.asarray(values, np.float64)

    def flat(values: Any) -> Array | None:
        return None if values is None else np.asarray(values, np.float64)[0].reshape(-1)

    dense = len(names.kernel_shape) == 1
    a = np.asarray(traced.a, np.float64)[0].reshape(-1)
    z = flat(traced.z)
    return LayerView(
        name=names.name,
        kind=names.kind,
        activation=traced.activation,
        labels=names.labels or tuple(str(i + 1) for i in range(a.size)),
        z=a if z is None else z,
        a=a,
        weight=doubles(traced.weight) if dense else None,
        bias=doubles(traced.bias) if dense else None,
        delta=flat(traced.delta),
        grad_weight=doubles(traced.grad_weight) if dense else None,
    )


MARK = "?"
"""What stands in the place of a number."""

_CODE = 0x7FF8_0000_0000_0F1D
_BITS = struct.pack("<Q", _CODE)
HIDDEN: float = struct.unpack("<d", _BITS)[0]
"""A NaN of its own, in the arrays of a picture: a number that is hidden, not one gone wrong."""

_COMMON = (0.0, 1.0, -1.0)
_NUMBER = re.compile(r"(?P<equals>[=≈] ?)?(?P<number>(?<![\w.])[-−+]?\d+(?:\.\d+)?(?:e[-−+]?\d+)?)")


@dataclass(frozen=True)
class Hidden:
    """The numbers that must not be shown now."""

    quantities: frozenset[Quantity] = frozenset()
    names: Names | None = None  # what addresses mean on their bench

    @classmethod
    def of(cls, lab: Shown, addresses: Iterable[str | Quantity]) -> Hidden:
        found = set()
        for address in addresses:
            with suppress(LabError):
                found.add(lab.quantity(address))
        return cls(frozenset(found), lab.names)

    def covers(self, number: Quantity | Address | str | None) -> bool:
        if number is None or not self.quantities:
            return False
        if isinstance(number, Quantity):
            return number in self.quantities
        if Quantity("node", field=str(number)) in self.quantities:
            return True
        try:
            return self.names is not None and self.names.resolve(number) in self.quantities
        except LabError:
            return False

    def asks(self, *kinds: str, layer: int | None = None) -> bool:
        """Whether a number of one of these kinds is among them (of that layer, if one is given)."""
        return any(q.kind in kinds and (layer is None or q.layer == layer) for q in self.quantities)

    @property
    def addresses(self) -> frozenset[str]:
        names = self.names or Names((), ())
        return frozenset(str(names.address(quantity)) for quantity in self.quantities)

    def __or__(self, other: Hidden) -> Hidden:
        return Hidden(self.quantities | other.quantities, self.names or other.names)

    def __bool__(self) -> bool:
        return bool(self.quantities)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, Quantity | Address | str) and self.covers(number)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.addresses))


NOTHING = Hidden()


def is_hidden(value: float) -> bool:
    return value != value and struct.pack("<d", value) == _BITS


def where_hidden(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    if values.dtype != np.float64:  # what is hidden is put into numbers of 64 bits
        return np.zeros(values.shape, np.bool_)
    found: NDArray[np.bool_] = np.ascontiguousarray(values).view(np.uint64) == _CODE
    return found


def values_of(lab: Shown, hidden: Hidden) -> tuple[float, ...]:
    found = []
    for quantity in hidden.quantities:
        with suppress(LabError):
            found.append(float(lab.read(quantity)))
    return tuple(value for value in dict.fromkeys(found) if math.isfinite(value))


def tells(value: float, secrets: Iterable[float], *, whole: bool = False) -> bool:
    """Whether a number without an address is one of those that are hidden.

    0 and ±1 stand everywhere and tell nothing, except where the number is known to be the `whole`
    of what is asked, as the sum of all terms is.
    """
    if not whole and value in _COMMON:
        return False
    return any(math.isclose(value, secret, rel_tol=1e-9) for secret in secrets)


def masked(text: str, secrets: Iterable[float]) -> str:
    """Return a sentence with a mark for the numbers in it that are hidden.

    A number counts as one of them if it has three digits or more and is as near as they can say;
    one with two if it is just that number, one with a single digit only behind an equals sign.
    """
    secrets = tuple(secrets)
    if not secrets:
        return text

    def mask(match: re.Match[str]) -> str:
        number = match["number"]
        if any(_is_written(number, secret, match["equals"]) for secret in secrets):
            return f"{match['equals'] or ''}{MARK}"
        return match[0]

    return _NUMBER.sub(mask, text)


def _is_written(number: str, secret: float, equals: str | None) -> bool:
    plain = number.replace("−", "-")
    mantissa, _e, exponent = plain.partition("e")
    digits = mantissa.lstrip("+-").replace(".", "").lstrip("0")
    if len(digits) < 2 and not equals:
        return False
    last = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    room = 0.5 * last * (1 + 1e-9) if len(digits) >= 3 else 1e-9 * abs(secret)
    return abs(float(plain) - secret) <= room


def hidden_in_circuit(circuit: Circuit, hidden: Hidden) -> tuple[frozenset[int], frozenset[int]]:
    """Return the nodes of a circuit whose value is hidden, and those whose gradient is.

    Besides those that `hidden` names they are all with just that number: a plus gate copies what
    comes back, and one of the copies would answer for the other.
    """
    found: list[frozenset[int]] = []
    for end, numbers in (("", circuit.values), (".grad", circuit.gradients)):
        named = {
            node
            for name, node in circuit.graph.names.items()
            if hidden.covers(Quantity("node", field=f"{name}{end}"))
        }
        secrets = [float(numbers[node]) for node in named]
        same = {node for node, number in enumerate(numbers) if tells(float(number), secrets)}
        found.append(frozenset(named | same))
    return found[0], found[1]


def covered(lab: Shown, hidden: Hidden) -> NetworkView:
    view = lab.view
    layers = list(view.layers)
    for quantity in hidden.quantities:
        if 0 <= quantity.layer < len(layers) and quantity.unit >= 0:
            layer = layers[quantity.layer]
            layers[quantity.layer] = _cover(layer, quantity.kind, _index(lab, quantity))
    return replace(view, layers=tuple(layers)) if hidden else view


def _index(lab: Shown, quantity: Quantity) -> tuple[int, ...]:
    shape = lab.names.layers[quantity.layer].output_shape
    if quantity.kind.startswith("w"):
        return (*quantity.position, quantity.unit)
    if len(shape) == 3 and len(quantity.position) == 2:
        row, column = quantity.position
        return ((row * shape[1] + column) * shape[2] + quantity.unit,)
    return (quantity.unit,)


_FIELDS = {
    "z": "z", "a": "a", "delta": "delta", "b": "bias", "w": "weight", "w.grad": "grad_weight",
}  # fmt: skip


def _cover(layer: LayerView, kind: str, index: tuple[int, ...]) -> LayerView:
    name = _FIELDS.get(kind, "")
    values: NDArray[np.float64] | None = getattr(layer, name) if name else None
    if values is None or len(index) != values.ndim:
        return layer
    values = values.astype(np.float64)
    values[index] = HIDDEN
    changed: dict[str, Any] = {name: values}
    return replace(layer, **changed)
