"""What a network for pictures has to look at: kernels with feature maps, or weight images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nnsim.i18n import _
from nnsim.lab.hiding import HIDDEN, MARK, Hidden, is_hidden
from nnsim.tui.draw.text import number, precise
from nnsim.tui.widgets.map_tiles import Array, Plate, Spot, Tile

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.addresses import LayerNames

PLAIN = ("activation", "batch_norm", "dropout")
"""Layers between a convolution and its pool that keep the shape."""
TOGETHER = 3
"""So many channels of a kernel stand side by side."""
POOLS = ("max_pool2d", "average_pool2d")


def layers_to_see(lab: Lab) -> list[int]:
    """The convolutions; without any, the first dense layer if the input goes right into it."""
    names = lab.names.layers
    found = [i for i, layer in enumerate(names) if layer.kind == "conv2d"]
    if found:
        return found
    if lab.experiment.input.kind not in ("pixels", "vector"):
        return []
    for i, layer in enumerate(names):
        if layer.kind == "dense":
            return [i]
        if layer.kind not in ("flatten", *PLAIN):
            break
    return []


@dataclass(frozen=True)
class Look:
    """What of a network is looked at.

    Attributes
    ----------
    layer : int
    field : str
        ``"a"`` or ``"z"`` of a feature map.
    channel : int
        Which channel of the kernels (or of the picture).
    """

    layer: int
    field: str = "a"
    channel: int = 0


def channels(lab: Lab, layer: int) -> int:
    """How many channels a kernel of a layer has (the picture, where a dense layer looks at it)."""
    shape = lab.names.layers[layer].kernel_shape
    return int(shape[2]) if len(shape) == 3 else lab.experiment.input.channels


def tiles(lab: Lab, look: Look) -> tuple[Tile, ...]:
    """One tile for each filter or unit of a layer, for the input on the bench."""
    if lab.names.layers[look.layer].kind == "conv2d":
        return _filters(lab, look)
    return _units(lab, look)


def _most(values: Array) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0))


def _filters(lab: Lab, look: Look) -> tuple[Tile, ...]:
    """Each filter's kernel (of many channels one), feature map, and the pooled map."""
    names, traced = lab.names.layers[look.layer], lab.trace.layers[look.layer]
    kernel = np.asarray(lab.network.layers[look.layer].weight)
    seen = np.asarray(traced.z if look.field == "z" else traced.a)[0]
    pool = pool_after(lab, look.layer)
    pooled = None if pool is None else np.asarray(lab.trace.layers[pool].a)[0]
    weights, maps = _most(kernel), _most(seen)
    most = maps if pooled is None else _most(pooled)
    bias = traced.bias
    depth = channels(lab, look.layer)
    in_sight = range(depth) if depth <= TOGETHER else (look.channel,)
    found = []
    for unit in range(names.units):
        name = f"{names.name}[{unit + 1}]"
        plates = [
            Plate(kernel[:, :, channel, unit], weights, f"{name}.w[", f",{channel + 1}]", "kernel")
            for channel in in_sight
        ]
        plates.append(Plate(seen[:, :, unit], maps, f"{name}.{look.field}[", "]", "map"))
        if pool is not None and pooled is not None:
            prefix = f"{lab.names.layers[pool].name}[{unit + 1}].a["
            plates.append(Plate(pooled[:, :, unit], most, prefix, "]", "pool"))
        note = "" if bias is None else f"b {number(float(bias[unit]), 6).strip()}"
        found.append(Tile(label(names, unit), tuple(plates), note))
    return tuple(found)


def _units(lab: Lab, look: Look) -> tuple[Tile, ...]:
    """Each unit's weights in the shape of the picture (one channel of it)."""
    names = lab.names.layers[look.layer]
    rows, columns, count = lab.experiment.input.picture_shape
    weight = np.asarray(lab.network.layers[look.layer].weight)
    pictures = weight.reshape(rows, columns, count, -1)[:, :, look.channel, :]
    most = _most(weight)
    return tuple(
        Tile(
            label(names, unit),
            (
                Plate(pictures[:, :, unit], most, f"{names.name}[{unit + 1}].w[", "]",
                      "weights", flat=True, channels=(look.channel, count)),
            ),
        )
        for unit in range(names.units)
    )  # fmt: skip


def label(names: LayerNames, unit: int) -> str:
    """What a filter or unit is called."""
    return names.labels[unit] if names.labels else f"{names.name} {unit + 1}"


def pool_after(lab: Lab, layer: int) -> int | None:
    """The pool that takes a convolution's feature maps, if one does."""
    names = lab.names.layers
    for i in range(layer + 1, len(names)):
        if names[i].kind in POOLS:
            return i
        if names[i].kind not in PLAIN:
            break
    return None


def heading(lab: Lab, look: Look) -> str:
    """What is to be seen, in a line."""
    names = lab.names.layers[look.layer]
    depth = channels(lab, look.layer)
    if names.kind != "conv2d":
        text = _("weights of {name}, in the shape of the input").format(name=names.name)
    elif pool_after(lab, look.layer) is None:
        text = _("{name}: kernel, then its map ({field}) of the input")
        text = text.format(name=names.name, field=look.field)
    else:
        text = _("{name}: kernel, its map ({field}) of the input, pooled")
        text = text.format(name=names.name, field=look.field)
    if depth > (TOGETHER if names.kind == "conv2d" else 1):
        text += " · " + _("channel {n} of {m}").format(n=look.channel + 1, m=depth)
    return text


def covered(found: tuple[Tile, ...], hidden: Hidden) -> tuple[Tile, ...]:
    """The same without the numbers that a lesson asks for."""
    if not hidden:
        return found
    return tuple(
        replace(tile, plates=tuple(_covered(plate, hidden) for plate in tile.plates))
        for tile in found
    )


def _covered(plate: Plate, hidden: Hidden) -> Plate:
    values = plate.values
    for row, column in np.ndindex(*values.shape):
        if hidden.covers(plate.address(row, column)):
            values = values.copy() if values is plate.values else values
            values[row, column] = HIDDEN
    return plate if values is plate.values else replace(plate, values=values)


def footer(lab: Lab, look: Look, address: str, found: tuple[Tile, ...], spot: Spot) -> list[str]:
    """The number under the cursor with its address; and what it is about."""
    plate = found[spot.tile].plates[spot.plate]
    value = float(plate.values[spot.row, spot.column])
    shown = MARK if is_hidden(value) else precise(value).strip()
    first = f"{address} = {shown}"
    row, column, unit = spot.row + 1, spot.column + 1, found[spot.tile].name
    if plate.kind == "kernel":
        text = _("row {row}, column {column} of the kernel of {unit}")
        return [first, text.format(row=row, column=column, unit=unit)]
    if plate.kind == "weights":
        if lab.experiment.input.kind == "pixels":
            text = _("from the pixel at row {row}, column {column} into {unit}")
            return [first, text.format(row=row, column=column, unit=unit)]
        source = lab.names.input_labels[spot.column]
        return [first, _("from {name} into {unit}").format(name=source, unit=unit)]
    layer = look.layer if plate.kind == "map" else pool_after(lab, look.layer)
    assert layer is not None
    if plate.kind == "map" and look.field == "z" and not is_hidden(value):
        traced = lab.trace.layers[layer]
        a = float(np.asarray(traced.a)[0][spot.row, spot.column, spot.tile])
        first += f" → {traced.activation} → {precise(a).strip()}"
    return [first, _window(lab, layer, spot)]


def _window(lab: Lab, layer: int, spot: Spot) -> str:
    """Which rows and columns of the picture before a number of a map is about."""
    made: Any = lab.network.layers[layer]
    pool = made.kind in POOLS
    rows, columns = (made.size, made.size) if pool else made.kernel_size
    padding = 0 if pool else made.padding
    shape = lab.names.layers[layer - 1].output_shape if layer else lab.experiment.input.shape
    ends = []
    for place, size, most in ((spot.row, rows, shape[0]), (spot.column, columns, shape[1])):
        first = place * made.stride - padding
        ends += [max(1, first + 1), min(most, first + size)]
    before = lab.names.layers[layer - 1].name if layer else _("the input")
    text = _("looks at rows {a}–{b}, columns {c}–{d} of {name}")
    return text.format(a=ends[0], b=ends[1], c=ends[2], d=ends[3], name=before)
