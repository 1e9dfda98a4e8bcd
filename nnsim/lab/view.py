"""What a picture of the network needs to know, frozen: values, weights, names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nnsim.lab.addresses import LayerNames

Array = NDArray[np.float64]


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
