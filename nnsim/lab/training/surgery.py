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
    from nnsim.engine import Network
    from nnsim.experiments import Experiment
    from nnsim.experiments.layers import LayerSpec
    from nnsim.lab.learning import Learning

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
        """The condition that a network is in."""
        return cls(network.l2, network.seed, network.bug, network.muted)

    def restore(self, network: Network) -> None:
        """Put a network back into this condition."""
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


# Muting ---------------------------------------------------------------------------------------


def mute(lab: Learning, text: str) -> str:
    """Let a unit's activation count as 0; returns the unit."""
    layer, unit, name = _unit(lab.names, text)
    muted = lab.network.muted
    if layer == len(lab.names.layers) - 1:
        raise LabError(
            _("nothing follows {unit}; mute a unit of a layer before the last").format(unit=name)
        )
    if unit in muted.get(layer, ()):
        raise LabError(_("{unit} is muted already").format(unit=name))
    lab.network.muted = {**muted, layer: (*muted.get(layer, ()), unit)}
    lab.changed(parameters=True)
    return name


def unmute(lab: Learning, text: str = "") -> str:
    """Let a unit be heard again, or all; returns which."""
    muted = lab.network.muted
    if not muted:
        raise LabError(_("nothing is muted"))
    name = muted_names(lab)
    if text:
        layer, unit, name = _unit(lab.names, text)
        if unit not in muted.get(layer, ()):
            raise LabError(
                _("{unit} is not muted, but {muted}").format(unit=name, muted=muted_names(lab))
            )
        muted[layer] = tuple(other for other in muted[layer] if other != unit)
    lab.network.muted = muted if text else {}
    lab.changed(parameters=True)
    return name


def muted_names(lab: Learning) -> str:
    """The units that are muted, as one writes them."""
    names = lab.names.layers
    return ", ".join(
        f"{names[layer].name}[{unit + 1}]"
        for layer, units in lab.network.muted.items()
        for unit in units
    )


def refuse_muted(lab: Learning, what: str) -> None:
    """Refuse what a network can't do while units are muted."""
    if lab.network.muted:
        raise LabError(
            _("{units} would not count in {what}; type unmute first").format(
                units=muted_names(lab), what=what
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


# Planting -------------------------------------------------------------------------------------


def plant(lab: Learning, bug: str, layer: str) -> None:
    """Let the backward pass of a layer make a known mistake."""
    lab.network.plant(bug, layer)
    lab.changed(parameters=True)


def mend(lab: Learning, layer: str) -> None:
    """Take the planted mistake out of the layer that it is in."""
    found = lab.network.layer(layer)
    bug = lab.network.bug
    if bug is None:
        raise LabError(_("there is no planted mistake"))
    if lab.network.layers[bug[1]] is not found:
        raise LabError(_("the mistake is not in {layer}; look further").format(layer=layer))
    lab.network.mend()
    lab.changed(parameters=True)


# Joining --------------------------------------------------------------------------------------


def install(lab: Learning, setup: Setup) -> None:
    """Put another network of the same experiment on the bench, or the same with another start.

    The data stays.
    """
    lab.start = setup.start
    if setup.network is not lab.network:
        lab.experiment = replace(setup.experiment, data=lab.experiment.data)
        lab.network, lab.trainer = setup.network, setup.trainer
        lab.renamed()
        lab.changed(parameters=True)


def collapse(lab: Learning) -> tuple[str, Setup]:
    """Make one dense layer of those with no activation between them: W₁W₂ and b₁W₂ + b₂.

    The training goes on at the same epoch with the same settings, the optimiser without a past;
    the start becomes that of the joined layers as well.
    """
    groups = _groups(lab.experiment.network.layers)
    if all(len(group) == 1 for group in groups):
        raise LabError(
            _("there is nothing to collapse: no dense layer without activation is before another")
        )
    refuse_muted(lab, _("the new weights"))
    if lab.network.bug is not None:
        raise LabError(_("a mistake is planted; find it and take it out first: mend LAYER"))
    old, state, stopped = lab.network, lab.trainer.state(), lab.trainer.stopped
    specs = _joined(groups)
    start = _join(groups, specs, old.blocks(lab.start))
    experiment = _with_layers(lab.experiment, specs, start)
    network = experiment.build_network(old.seed)
    network.l2 = old.l2
    first = network.parameters.copy()
    _fill(network, _join(groups, specs, old.blocks(old.parameters)))
    trainer = experiment.build_trainer(network)
    parameters = network.parameters.copy()
    trainer.restore({**state, "parameters": parameters, "slots": {}, "best": None})
    trainer.stopped = stopped
    setup = Setup.of(experiment, network, trainer, first)
    install(lab, setup)
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
            count = (first.input_shape[0] + 1) * last.units
            spec = replace(spec, input_shape=first.input_shape, parameters=count)
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
    """The experiment with other layers, which start from these parameters."""
    parameters = {(name, kind): v for (name, _dot, kind), v in _split(start)}
    network = replace(experiment.network, layers=tuple(specs), parameters=parameters)
    return replace(experiment, network=network)


def _split(blocks: Blocks) -> list[tuple[tuple[str, str, str], Array]]:
    return [(name.rpartition("."), values) for name, values in blocks.items()]


def _fill(network: Network, blocks: Blocks) -> None:
    for name, view in network.blocks(network.parameters).items():
        view[...] = blocks[name]
