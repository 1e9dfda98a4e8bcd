"""Taking a network apart: muting units, joining linear layers, planting a known mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.addresses import Address, Names
from nnsim.lab.errors import AddressError, LabError
from nnsim.lab.training.timeline import Setup

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments import Experiment
    from nnsim.experiments.kinds import LayerSpec

Array = NDArray[np.float64]
Blocks = dict[str, Array]


@dataclass(frozen=True)
class Condition:
    """What a network is told beside its parameters, for undo."""

    l2: float
    seed: int
    bug: tuple[str, int] | None
    muted: Mapping[int, tuple[int, ...]]

    @classmethod
    def of(cls, network: Network) -> Condition:
        return cls(network.l2, network.seed, network.bug, network.muted)

    def restore(self, network: Network) -> None:
        if network.l2 != self.l2:
            network.l2 = self.l2
        network.seed = self.seed
        network.muted = dict(self.muted)
        if network.bug == self.bug:
            return
        if self.bug is None:
            network.mend()
        else:
            network.plant(self.bug[0], network.layers[self.bug[1]].name)


def mute(network: Network, names: Names, text: str) -> str:
    layer, unit, name = _unit(names, text)
    muted = network.muted
    if layer == len(names.layers) - 1:
        raise LabError(
            _("nothing follows {unit}; mute a unit of a layer before the last").format(unit=name)
        )
    if unit in muted.get(layer, ()):
        raise LabError(_("{unit} is muted already").format(unit=name))
    network.muted = {**muted, layer: (*muted.get(layer, ()), unit)}
    return name


def unmute(network: Network, names: Names, text: str = "") -> str:
    muted = network.muted
    if not muted:
        raise LabError(_("nothing is muted"))
    name = _muted_names(network)
    if text:
        layer, unit, name = _unit(names, text)
        if unit not in muted.get(layer, ()):
            raise LabError(
                _("{unit} is not muted, but {muted}").format(unit=name, muted=_muted_names(network))
            )
        muted[layer] = tuple(other for other in muted[layer] if other != unit)
    network.muted = muted if text else {}
    return name


def _muted_names(network: Network) -> str:
    return ", ".join(
        f"{network.layers[layer].name}[{unit + 1}]"
        for layer, units in network.muted.items()
        for unit in units
    )


def refuse_muted(network: Network, what: str) -> None:
    if network.muted:
        raise LabError(
            _("{units} would not count in {what}; type unmute first").format(
                units=_muted_names(network), what=what
            )
        )


def _unit(names: Names, text: str) -> tuple[int, int, str]:
    """The layer and unit, from 0, that a text such as ``hidden[2]`` names; and that in numbers."""
    address = Address.parse(text)
    (head, index), *rest = address.parts
    layers = {layer.name: layer for layer in names.layers}
    if rest or len(index) != 1 or (head not in layers and head in ("input", "target")):
        example = f"{names.layers[0].name}[1]"
        raise AddressError(
            _('"{text}" is not a unit of a layer; one is {example}').format(
                text=text, example=example
            )
        )
    places = len(layers[head].output_shape) - 1 if head in layers else 0
    found = names.resolve(Address((*address.parts, ("a", (1,) * places))))
    return found.layer, found.unit, f"{head}[{found.unit + 1}]"


def mend(network: Network, layer: str) -> None:
    found, bug = network.layer(layer), network.bug
    if bug is None:
        raise LabError(_("there is no planted mistake"))
    if network.layers[bug[1]] is not found:
        raise LabError(_("the mistake is not in {layer}; look further").format(layer=layer))
    network.mend()


def collapse(
    experiment: Experiment, network: Network, trainer: Trainer, start: Array
) -> tuple[str, Setup]:
    """Make one dense layer of those with no activation between them: W₁W₂ and b₁W₂ + b₂.

    The training goes on at the same epoch with the same settings, the optimiser without a past;
    the start becomes that of the joined layers as well.
    """
    groups = _groups(experiment.network.layers)
    if all(len(group) == 1 for group in groups):
        raise LabError(
            _("there is nothing to collapse: no dense layer without activation is before another")
        )
    refuse_muted(network, _("the new weights"))
    if network.bug is not None:
        raise LabError(_("a mistake is planted; find it and take it out first: mend LAYER"))
    specs = _joined(groups)
    joined_start = _join(groups, specs, network.blocks(start))
    new_experiment = _with_layers(experiment, specs, joined_start)
    new = new_experiment.build_network(network.seed)
    new.l2 = network.l2
    first = new.parameters.copy()
    _fill(new, _join(groups, specs, network.blocks(network.parameters)))
    new_trainer = new_experiment.build_trainer(new)
    parameters = new.parameters.copy()
    new_trainer.restore({**trainer.state(), "parameters": parameters, "slots": {}, "best": None})
    new_trainer.stopped = trainer.stopped
    setup = Setup.of(new_experiment, new, new_trainer, first)
    joined = next(spec for group, spec in zip(groups, specs, strict=True) if len(group) > 1)
    message = _("{layer} is one layer from {inputs} to {units} now, with the same outputs").format(
        layer=joined.name, inputs=joined.input_shape[0], units=joined.units
    )
    return message, setup


def _groups(layers: tuple[LayerSpec, ...]) -> list[list[LayerSpec]]:
    """The layers, with those that make one dense layer together."""
    groups: list[list[LayerSpec]] = []
    waiting: list[LayerSpec] = []  # a dense layer without activation, and what does nothing
    for layer in layers:
        if layer.type == "dense":
            waiting.append(layer)
            if layer.activation != "identity":
                groups.append(waiting)
                waiting = []
        elif waiting and layer.type == "activation" and layer.activation == "identity":
            waiting.append(layer)
        else:
            groups += _apart(waiting)
            groups.append([layer])
            waiting = []
    return groups + _apart(waiting)


def _apart(waiting: list[LayerSpec]) -> list[list[LayerSpec]]:
    """Dense layers that are joined, without the identities behind the last."""
    dense = max((i for i, layer in enumerate(waiting) if layer.type == "dense"), default=-1)
    joined = [waiting[: dense + 1]] if dense >= 0 else []
    return joined + [[layer] for layer in waiting[dense + 1 :]]


def _joined(groups: list[list[LayerSpec]]) -> list[LayerSpec]:
    """One layer for each group: the last of it, with the inputs of the first."""
    found, before = [], 0
    for place, group in enumerate(groups, start=1):
        first, last = group[0], group[-1]
        before += len(group)
        # A layer without a name of its own goes by its position.
        name = f"layer{place}" if last.name == f"layer{before}" else last.name
        spec = replace(last, name=name)
        if len(group) > 1:
            spec = replace(spec, input_shape=first.input_shape)
        found.append(spec)
    return found


def _join(groups: list[list[LayerSpec]], specs: list[LayerSpec], blocks: Blocks) -> Blocks:
    """The parameters of the joined layers, by ``NAME.weight`` and so on."""
    found: Blocks = {}
    for group, spec in zip(groups, specs, strict=True):
        if len(group) == 1:
            for kind in spec.parameter_shapes:
                found[f"{spec.name}.{kind}"] = blocks[f"{group[0].name}.{kind}"].copy()
            continue
        first, *others = (layer.name for layer in group if layer.type == "dense")
        weight = blocks[f"{first}.weight"].astype(np.float64)
        bias = blocks[f"{first}.bias"].astype(np.float64)
        for name in others:
            after = blocks[f"{name}.weight"].astype(np.float64)
            weight, bias = weight @ after, bias @ after + blocks[f"{name}.bias"]
        found[f"{spec.name}.weight"], found[f"{spec.name}.bias"] = weight, bias
    return found


def _with_layers(experiment: Experiment, specs: list[LayerSpec], start: Blocks) -> Experiment:
    parameters = {(name, kind): v for (name, _dot, kind), v in _split(start)}
    network = replace(experiment.network, layers=tuple(specs), parameters=parameters)
    return replace(experiment, network=network)


def _split(blocks: Blocks) -> list[tuple[tuple[str, str, str], Array]]:
    return [(name.rpartition("."), values) for name, values in blocks.items()]


def _fill(network: Network, blocks: Blocks) -> None:
    for name, view in network.blocks(network.parameters).items():
        view[...] = blocks[name]
