"""Addresses: the names of numbers, such as ``hidden[2].w[5].grad``.

An address is text with a shape of its own (this module's :class:`Address`); what it means is
settled against the names and shapes of one experiment (:class:`Names`), which gives a
:class:`Quantity`. Positions count from 1 in addresses and from 0 in quantities.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nnsim.i18n import _
from nnsim.lab.errors import AddressError

if TYPE_CHECKING:
    from nnsim.engine import Network
    from nnsim.experiments import Experiment

# One row per kind of address: how it is written, and what it is. docs/language.md lists the same.
ADDRESS_KINDS: dict[str, str] = {
    "input[I]": "one input (pixels also by row and column: input[R,C])",
    "input.count": "how many inputs are on",
    "LAYER[U].z": "weighted sum of a unit, before its activation",
    "LAYER[U].a": "activation of a unit",
    "LAYER[U].delta": "derivative of the loss with respect to z of a unit (to a where it has no z)",
    "LAYER[U].b": "bias of a unit",
    "LAYER[U].b.grad": "derivative of the loss with respect to a bias",
    "LAYER[U].slope": "derivative of the activation at z",
    "LAYER[U].theta": "threshold of a unit, the opposite of its bias",
    "LAYER[U].w[I]": "weight from input I of the layer into unit U",
    "LAYER[U].w[I].grad": "derivative of the loss with respect to a weight",
    "LAYER[U].gamma": "scale of batch norm",
    "LAYER[U].gamma.grad": "derivative of the loss with respect to that scale",
    "LAYER[U].beta": "shift of batch norm",
    "LAYER[U].beta.grad": "derivative of the loss with respect to that shift",
    "LAYER[U].mean": "running mean of batch norm",
    "LAYER[U].variance": "running variance of batch norm",
    "LAYER.FIELD.STATISTIC": (
        "over a layer: FIELD is w, b, z, a or delta; STATISTIC is min, max, mean, variance, sum, "
        "or spread (largest distance between two units' values)"
    ),
    "target[K]": "what output K should be",
    "prediction": "which output decides, counted from 1",
    "correct": "1 when the prediction is the target's class, else 0",
    "loss": "loss of the current sample alone",
    "loss.squared_error": "half the sum of squared errors of the current sample",
    "loss.cross_entropy": "cross-entropy of the current sample's outputs",
    "cost": "sum of the losses over the training data, without penalty",
    "accuracy": "share of the training data that is read right, 0 to 1",
    "right": "how many samples of the training data are read right",
    "test_accuracy": "share of the test data that is read right, 0 to 1",
    "epoch": "how many epochs were trained",
    "learning_rate": "the step size of training",
    "l2": "strength of the squared penalty on weights",
    "diverged": "1 when training left the finite numbers, else 0",
    "parameters": "how many weights and biases there are",
    "gradcheck.LAYER": "largest relative error of a layer's gradients against nudging",
}

UNIT_FIELDS = ("z", "a", "delta", "b", "slope", "theta", "w")
NORM_FIELDS = ("gamma", "beta", "mean", "variance")
LAYER_FIELDS = ("w", "b", "z", "a", "delta")
STATISTICS = ("min", "max", "mean", "variance", "sum", "spread")
_PLAIN = {k for k in ADDRESS_KINDS if k.isidentifier()}
_DOTTED = {"input.count", "loss.squared_error", "loss.cross_entropy"}
_PART = re.compile(r"([A-Za-z_][\w-]*)(?:\[([^\[\]]*)\])?")

Index = tuple[int | str, ...]


@dataclass(frozen=True)
class Address:
    """The parts of an address: ``hidden[2].w[5]`` is ``(("hidden", (2,)), ("w", (5,)))``."""

    parts: tuple[tuple[str, Index], ...]

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address.

        Raises AddressError when `text` does not have the shape of an address.
        """
        parts: list[tuple[str, Index]] = []
        for piece in _split(text.strip()):
            match = _PART.fullmatch(piece)
            if not match:
                raise AddressError(
                    _('"{text}" is not an address; one looks like hidden[2].z').format(text=text)
                )
            name, inside = match.groups()
            parts.append((name, () if inside is None else _index(inside, text)))
        return cls(tuple(parts))

    def __str__(self) -> str:
        return ".".join(
            f"{name}[{','.join(map(str, index))}]" if index else name for name, index in self.parts
        )


def _split(text: str) -> list[str]:
    """Split at the dots that stand outside brackets (a label may hold a dot)."""
    return re.split(r"\.(?![^\[]*\])", text)


def _index(inside: str, text: str) -> Index:
    entries = [entry.strip() for entry in inside.split(",")]
    if not all(entries):
        raise AddressError(_('"{text}": the brackets are empty').format(text=text))
    # isdecimal() alone takes the digits of every script, and int() reads them; so do we not.
    return tuple(int(e) if e.isascii() and e.isdecimal() and len(e) < 10 else e for e in entries)


@dataclass(frozen=True)
class Quantity:
    """What an address means in one experiment; every index counts from 0."""

    # input input.count z a delta b b.grad slope theta w w.grad gamma gamma.grad beta beta.grad
    # mean variance statistic target prediction correct loss loss.squared_error loss.cross_entropy
    # cost accuracy right test_accuracy epoch learning_rate l2 diverged parameters gradcheck; and
    # node, a named value of a circuit
    kind: str
    # the layer (0 is the first after the input) and its unit, filter or channel
    layer: int = -1
    unit: int = -1
    # row and column in the output of a convolution or pool; row, column, channel in a kernel; the
    # one source of a dense weight; the index of an input or target
    position: tuple[int, ...] = ()
    # of a statistic over a layer; `field` also the name of a `node`, such as x or x.grad
    field: str = ""
    statistic: str = ""

    @property
    def gradient(self) -> Quantity:
        """The derivative of the loss with respect to it, of a weight, bias, γ or β."""
        return Quantity(f"{self.kind}.grad", self.layer, self.unit, self.position)


@dataclass(frozen=True)
class LayerNames:
    """The names and shapes of one layer that addresses need.

    ``kernel_shape`` is the shape of the weights that come into one unit: ``(n_in,)`` of a dense
    layer, ``(rows, columns, channels)`` of a convolution, ``()`` where there are none.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    has_bias: bool
    has_z: bool
    labels: tuple[str, ...] = ()
    source_labels: tuple[str, ...] = ()

    @property
    def units(self) -> int:
        return self.output_shape[-1]


@dataclass(frozen=True)
class Names:
    """All that addresses of one experiment can name, and the way from one to the other."""

    input_shape: tuple[int, ...]
    layers: tuple[LayerNames, ...]
    classes: tuple[str, ...] = ()
    input_labels: tuple[str, ...] = ()
    input_size: int = field(default=0)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {layer.name: i for i, layer in enumerate(self.layers)}

    def resolve(self, address: Address | str) -> Quantity:
        """Settle what an address means here.

        Raises AddressError naming the nearest valid address, or the range, when there is no such
        number.
        """
        if isinstance(address, str):
            address = Address.parse(address)
        (head, index), *rest = address.parts
        text = str(address)
        if not index and (text in _PLAIN or text in _DOTTED):
            return Quantity(text)
        if head == "input" and not rest:
            return Quantity("input", position=(self._input_position(index, text),))
        if head == "target" and not rest and index:
            return Quantity("target", position=(self._output(index, text),))
        if head == "gradcheck" and len(rest) == 1 and not index and not rest[0][1]:
            return Quantity("gradcheck", layer=self._layer(rest[0][0], text))
        if head in self._positions or rest:
            return self._in_layer(self._layer(head, text), index, rest, text)
        raise self._unknown(text)

    def _in_layer(
        self, layer: int, index: Index, rest: Sequence[tuple[str, Index]], text: str
    ) -> Quantity:
        names = self.layers[layer]
        if not index:
            return self._statistic(layer, rest, text)
        if len(index) != 1:
            raise AddressError(
                _('"{text}": one number names a unit, as in {name}[1].z').format(
                    text=text, name=names.name
                )
            )
        unit = _position(index[0], names.units, names.labels, text, names.name)
        if not rest:
            raise AddressError(
                _('"{text}" names a unit; which number of it? {text}.z, {text}.a, …').format(
                    text=text
                )
            )
        (part, part_index), *tail = rest
        known = UNIT_FIELDS + (NORM_FIELDS if names.kind == "batch_norm" else ())
        if part not in known:
            raise _no_such(text, part, known)
        self._check_field(names, part, text)
        grad = list(tail) == [("grad", ())]
        if tail and not (grad and part in ("b", "w", "gamma", "beta")):
            raise self._unknown(text)
        kind = f"{part}.grad" if grad else part
        return Quantity(kind, layer, unit, self._place(names, part, part_index, text))

    def _statistic(self, layer: int, rest: Sequence[tuple[str, Index]], text: str) -> Quantity:
        names = self.layers[layer]
        if len(rest) != 2 or any(index for _name, index in rest):
            raise AddressError(
                _('"{text}": name a unit, as in {name}[1].z, or a statistic: {name}.w.max').format(
                    text=text, name=names.name
                )
            )
        part, statistic = rest[0][0], rest[1][0]
        if part not in LAYER_FIELDS:
            raise _no_such(text, part, LAYER_FIELDS)
        if statistic not in STATISTICS:
            raise _no_such(text, statistic, STATISTICS)
        self._check_field(names, part, text)
        return Quantity("statistic", layer, field=part, statistic=statistic)

    @staticmethod
    def _check_field(names: LayerNames, part: str, text: str) -> None:
        missing = (
            (part == "w" and not names.kernel_shape)
            or (part in ("b", "theta") and not names.has_bias)
            or (part in ("z", "slope") and not names.has_z)
        )
        if missing:
            raise AddressError(
                _('"{text}": the layer {name} ({kind}) has no {part}').format(
                    text=text, name=names.name, kind=names.kind, part=part
                )
            )

    @staticmethod
    def _place(names: LayerNames, part: str, index: Index, text: str) -> tuple[int, ...]:
        """The position inside a unit: of a weight, or in the picture that a filter makes."""
        if part == "w":
            shape, labels = names.kernel_shape, names.source_labels
        elif part in ("z", "a", "delta", "slope"):
            shape, labels = names.output_shape[:-1], ()
        else:
            shape, labels = (), ()
        if len(index) != len(shape):
            example = ",".join("1" for _axis in shape)
            raise AddressError(
                _('"{text}": it should end in .{part}[{example}]').format(
                    text=text, part=part, example=example
                )
                if shape
                else _('"{text}": .{part} takes no brackets here').format(text=text, part=part)
            )
        return tuple(
            _position(entry, size, labels if len(shape) == 1 else (), text, part)
            for entry, size in zip(index, shape, strict=True)
        )

    def _input_position(self, index: Index, text: str) -> int:
        if not index:
            raise AddressError(_('"{text}": which input? input[1], …').format(text=text))
        if len(index) == 1:
            return _position(index[0], self.input_size, self.input_labels, text, "input")
        shape = self.input_shape
        if len(index) != len(shape):
            raise AddressError(
                _('"{text}": an input here goes by {axes}').format(
                    text=text,
                    axes="input[I]" if len(shape) == 1 else f"input[I], input[{_axes(shape)}]",
                )
            )
        place = 0
        for entry, size in zip(index, shape, strict=True):
            place = place * size + _position(entry, size, (), text, "input")
        return place

    def _output(self, index: Index, text: str) -> int:
        outputs = self.layers[-1].units
        if len(index) != 1:
            raise AddressError(
                _('"{text}": one number names a target, as in target[1]').format(text=text)
            )
        return _position(index[0], outputs, self.layers[-1].labels, text, "target")

    def _layer(self, name: str, text: str) -> int:
        try:
            return self._positions[name]
        except KeyError:
            raise self._unknown(text) from None

    def _unknown(self, text: str) -> AddressError:
        head = re.split(r"[.\[]", text, maxsplit=1)[0]
        known = [*self._positions, *sorted(_PLAIN | _DOTTED), "input", "target"]
        near = difflib.get_close_matches(head, known, n=2, cutoff=0.5)
        whole = difflib.get_close_matches(text, known, n=1, cutoff=0.7)
        return AddressError(
            _('there is no "{text}" here; {known}').format(
                text=text,
                known=_("did you mean {names}?").format(names=", ".join(whole or near))
                if whole or near
                else _("the layers are {names}").format(names=", ".join(self._positions)),
            )
        )

    def text(self, quantity: Quantity) -> str:
        """The same, printed: of a unit at once, for an explanation may have thousands."""
        if quantity.unit < 0:
            return str(self.address(quantity))
        part, dot, tail = quantity.kind.partition(".")
        where = (
            f"[{','.join([str(i + 1) for i in quantity.position])}]" if quantity.position else ""
        )
        return f"{self.layers[quantity.layer].name}[{quantity.unit + 1}].{part}{where}{dot}{tail}"

    def address(self, quantity: Quantity) -> Address:
        kind = quantity.kind
        if kind == "node":
            return Address.parse(quantity.field)
        place = tuple(i + 1 for i in quantity.position)
        if kind in ("input", "target"):
            return Address(((kind, place),))
        if kind == "gradcheck":
            return Address((("gradcheck", ()), (self.layers[quantity.layer].name, ())))
        if quantity.layer < 0:
            return Address(tuple((part, ()) for part in kind.split(".")))
        name = self.layers[quantity.layer].name
        if kind == "statistic":
            return Address(((name, ()), (quantity.field, ()), (quantity.statistic, ())))
        part, *tail = kind.split(".")
        return Address(((name, (quantity.unit + 1,)), (part, place), *((t, ()) for t in tail)))


def _position(entry: int | str, size: int, labels: tuple[str, ...], text: str, where: str) -> int:
    if isinstance(entry, int):
        if 1 <= entry <= size:
            return entry - 1
        raise AddressError(
            _('"{text}": {where} counts from 1 to {size}, not {entry}').format(
                text=text, where=where, size=size, entry=entry
            )
        )
    if entry in labels:
        if labels.count(entry) == 1:
            return labels.index(entry)
        raise AddressError(
            _('"{text}": more than one is called {entry}; say its number, 1 to {size}').format(
                text=text, entry=entry, size=size
            )
        )
    usable = [label for label in labels if not label.isdecimal()]
    raise AddressError(
        _('"{text}": {where} has no "{entry}"; it counts from 1 to {size}{labels}').format(
            text=text,
            where=where,
            entry=entry,
            size=size,
            labels=_(" or goes by {names}").format(names=", ".join(usable)) if usable else "",
        )
    )


def _no_such(text: str, part: str, known: Sequence[str]) -> AddressError:
    near = difflib.get_close_matches(part, known, n=1)
    return AddressError(
        _('"{text}": there is no .{part}; {known}').format(
            text=text,
            part=part,
            known=_("did you mean .{name}?").format(name=near[0])
            if near
            else _("there are {names}").format(names=" ".join("." + k for k in known)),
        )
    )


def _axes(shape: tuple[int, ...]) -> str:
    return ",".join(("R", "C", "CHANNEL")[: len(shape)])


def names_of(experiment: Experiment, network: Network) -> Names:
    layers: list[LayerNames] = []
    shape = tuple(network.input_shape)
    labels = tuple(experiment.input.names)
    for spec, layer in zip(experiment.network.layers, network.layers, strict=True):
        weight = getattr(layer, "weight", None)
        layers.append(
            LayerNames(
                name=layer.name,
                kind=layer.kind,
                output_shape=tuple(layer.output_shape),
                kernel_shape=() if weight is None else tuple(weight.shape[:-1]),
                has_bias=getattr(layer, "bias", None) is not None,
                has_z=layer.has_z,
                labels=tuple(spec.labels),
                source_labels=layers[-1].labels if layers else labels,
            )
        )
    return Names(
        input_shape=tuple(experiment.input.shape),
        layers=tuple(layers),
        classes=tuple(experiment.classes),
        input_labels=labels,
        input_size=int(np.prod(shape)),
    )
