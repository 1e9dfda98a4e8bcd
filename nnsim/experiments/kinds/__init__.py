"""The layers of an experiment: one file for each family of kinds, with all that is said of it here.

A kind has its keys in the file, what shapes flow through it, and its lines in each exported
program; it is built by the engine's layer of its name.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nnsim.experiments.files import quoted

from nnsim.experiments.kinds import dense, images, normalisation, passing  # noqa: F401  isort:skip
from nnsim.experiments.kinds.kind import KINDS, Kind, LayerSpec, Shape, kind_of, read_initializer
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from nnsim.experiments.toml import Table

__all__ = [
    "KINDS", "MOST_LAYERS", "Kind", "LayerSpec", "Shape", "kind_of", "read_initializer",
    "read_layers", "wants_image",
]  # fmt: skip

RESERVED_NAMES = frozenset({
    "input", "target", "prediction", "correct", "loss", "cost", "accuracy", "right",
    "test_accuracy", "epoch", "learning_rate", "l1", "l2", "diverged", "parameters", "gradcheck",
    "gates",
})  # fmt: skip
"""What means something else in an address."""

MOST_LAYERS = 100
MOST_PARAMETERS = 20_000_000
MOST_OUTPUTS = 10_000_000


def read_layers(tables: list[Table], input_shape: Shape) -> tuple[LayerSpec, ...]:
    """Return the checked layers of `tables` for samples of `input_shape`.

    Raises ExperimentError for unknown keys and types, shapes that don't fit, and sizes beyond all
    measure; nothing of the network's size has been allocated by then.
    """
    layers: list[LayerSpec] = []
    names: dict[str, int] = {}
    shape, total = input_shape, 0
    for position, table in enumerate(tables, start=1):
        layer = _read_layer(table, position, shape)
        if layer.name in names:
            problem = _("the name {name} is taken by layer {other}; layers need different names")
            table.fail("name", problem.format(name=quoted(layer.name), other=names[layer.name]))
        names[layer.name] = position
        total += layer.parameters
        if total > MOST_PARAMETERS or math.prod(layer.output_shape) > MOST_OUTPUTS:
            problem = _(
                "the network is too large here: {count} parameters, {outputs} outputs; "
                "at most {most} and {most_outputs}"
            )
            table.fail(None, problem.format(
                count=total, outputs=math.prod(layer.output_shape),
                most=MOST_PARAMETERS, most_outputs=MOST_OUTPUTS,
            ))  # fmt: skip
        shape = layer.output_shape
        layers.append(layer)
    if len(shape) != 1:
        problem = _("the network ends in an image; put a flatten layer before a dense one")
        tables[-1].fail(None, problem)
    return tuple(layers)


def wants_image(tables: list[Table]) -> bool:
    """Tell whether pixels go into the first of these that cares as an image, not in a row."""
    for table in tables:
        kind = table.content.get("type")
        if isinstance(kind, str) and kind in KINDS and KINDS[kind].starts_from_image is not None:
            return bool(KINDS[kind].starts_from_image)
    return False


def _read_layer(table: Table, position: int, shape: Shape) -> LayerSpec:
    kind = KINDS[table.choice("type", tuple(KINDS))]
    table.only(("type", *kind.keys))
    name = _read_name(table, position)
    if kind.needs_image and len(shape) != 3:
        problem = ngettext(
            "a {kind} layer needs an image, and gets {count} number",
            "a {kind} layer needs an image, and gets {count} numbers in a row",
            math.prod(shape),
        )
        table.fail("type", problem.format(kind=kind.type, count=math.prod(shape)))
    return kind.read(table, name, shape)


def _read_name(table: Table, position: int) -> str:
    if "name" not in table:
        return f"layer{position}"
    name = table.text("name")
    other_number = name.startswith("layer") and name[5:].isdigit() and name != f"layer{position}"
    if not name.isidentifier() or name in RESERVED_NAMES or other_number:
        problem = _(
            "{name} can't be a layer's name; take a word of letters, digits and _ "
            "that means nothing else, such as hidden1"
        )
        table.fail("name", problem.format(name=quoted(name)))
    return name
