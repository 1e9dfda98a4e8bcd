"""What a picture of the network needs to know, frozen: values, weights, names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.addresses import LayerNames

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LayerView:
    """One layer for the current sample, flattened: n_in values come in, n_out go out.

    Attributes
    ----------
    name, kind, activation : str
        Such as ``"hidden"``, ``"dense"``, ``"sigmoid"``.
    labels : tuple of str
        What the units are called, n_out of them (their numbers from 1 where they have no label).
    z, a : array (n_out,)
        Before and after the activation.
    weight : array (n_in, n_out), or None where a layer has none of that shape
    bias : array (n_out,), or None
    delta : array (n_out,), or None without a target
    grad_weight : array (n_in, n_out), or None
    """

    name: str
    kind: str
    activation: str
    labels: tuple[str, ...]
    z: Array
    a: Array
    weight: Array | None
    bias: Array | None
    delta: Array | None = None
    grad_weight: Array | None = None


@dataclass(frozen=True)
class NetworkView:
    """A network and its reading of one input.

    Attributes
    ----------
    input : array (n_in,)
    input_shape : tuple of int
        ``(rows, columns)`` or ``(rows, columns, channels)`` of pixels, ``(n,)`` otherwise.
    input_labels : tuple of str
        n_in names; for pixels their numbers from 1.
    layers : tuple of LayerView
    """

    input: Array
    input_shape: tuple[int, ...]
    input_labels: tuple[str, ...]
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
    def flat(values: Any) -> Array | None:
        return None if values is None else np.asarray(values, dtype=np.float64)[0].reshape(-1)

    dense = len(names.kernel_shape) == 1
    a = flat(traced.a)
    if a is None:
        raise LabError(_("the layer {name} has no output").format(name=names.name))
    z = flat(traced.z)
    labels = names.labels or tuple(str(i + 1) for i in range(a.size))
    return LayerView(
        name=names.name,
        kind=names.kind,
        activation=traced.activation,
        labels=labels,
        z=a if z is None else z,
        a=a,
        weight=traced.weight if dense else None,
        bias=traced.bias if dense else None,
        delta=flat(traced.delta),
        grad_weight=traced.grad_weight if dense else None,
    )
