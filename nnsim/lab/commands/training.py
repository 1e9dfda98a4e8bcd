"""Commands that train, start anew, and take a network apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnsim.engine.checks import LARGEST_SEED
from nnsim.engine.layers import Dropout
from nnsim.i18n import N_, _
from nnsim.lab.commands.looking import set_number
from nnsim.lab.commands.table import COMMANDS, command, number, whole, words
from nnsim.lab.errors import LabError
from nnsim.lab.training import surgery

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab

MOST_EPOCHS = 10_000_000


def _train_command(usage: str, summary: str) -> None:
    def run(lab: Lab, rest: str) -> str:
        for _progress in lab.training(epochs(lab, usage.split()[0], rest)):
            pass
        return trained(lab)

    command(usage, summary, training="starts", rest=True)(run)


_train_command("train N", N_("train N more epochs"))
_train_command("until N", N_("train on to epoch N"))


def epochs(lab: Lab, of: str, rest: str) -> int:
    """How many epochs a ``train N`` or ``until N`` asks for."""
    (text,) = words(rest, COMMANDS[of].usage, 1, 1)
    if of != "until":
        return whole(text, 1, MOST_EPOCHS)
    wanted, now = whole(text, 1, MOST_EPOCHS * 100), lab.trainer.epoch
    if wanted <= now:
        raise LabError(
            _("epoch {wanted} is not ahead, this is epoch {now}; rewind {wanted} goes back").format(
                wanted=wanted, now=now
            )
        )
    return wanted - now


def trained(lab: Lab) -> str:
    if lab.diverged:
        return _diverged(lab)
    epochs = _("epoch {epoch}").format(epoch=lab.trainer.epoch)
    metrics = lab.metrics
    cost = _("cost {cost}").format(cost=f"{metrics.cost:.4g}")
    said = [epochs, cost]
    if metrics.right is not None:
        right = _("{right} of {samples} right").format(right=metrics.right, samples=metrics.samples)
        said.insert(1, right)
    if lab.trainer.stopped == "early":
        said.append(_("stopped early, at the parameters of the lowest loss"))
    return " · ".join(said)


def _diverged(lab: Lab) -> str:
    """When and why training stopped, what is kept, and what to try, in a sentence.

    Training has just diverged: the parameters are the last finite ones.
    """
    rate = lab.trainer.learning_rate
    lower = min(rate / 10, lab.experiment.training.learning_rate)  # the file's own went well
    return _(
        "training diverged in epoch {epoch}, at learning rate {rate}: {why}; the last finite "
        "parameters are kept; try reset, then rate {lower}"
    ).format(epoch=lab.trainer.epoch + 1, rate=f"{rate:.6g}", why=_why(lab), lower=f"{lower:.6g}")


def _why(lab: Lab) -> str:
    data, network = lab.experiment.data, lab.network
    with np.errstate(all="ignore"):
        loss = network.loss(data.inputs, data.targets)
        gradient = network.gradients(data.inputs, data.targets)
        square = float(np.dot(gradient, gradient))
    if not np.isfinite(loss):
        return _("the loss has overflowed")
    if not np.isfinite(gradient).all():
        return _("the gradient is no longer finite")
    if not np.isfinite(square):
        return _("the gradient is so large that its square overflows")
    return _("the next step would leave the finite numbers")


@command("step", N_("make one update: one mini-batch, or all samples at once"))
def _step(lab: Lab) -> str:
    lab.step()
    update = _("update {number}").format(number=lab.trainer.updates)
    return f"{update} · {trained(lab)}"


@command(
    "rewind EPOCH [RUN]", N_("go back to an epoch, of this run or of another"), training="pauses"
)
def _rewind(lab: Lab, epoch: str, run: str = "") -> str:
    wanted = whole(epoch, 0, MOST_EPOCHS * 100)
    if lab.rewind(wanted, whole(run, 1, MOST_EPOCHS) if run else None) == wanted:
        return trained(lab)
    nearest = _("epoch {epoch} is not kept; this is the nearest").format(epoch=wanted)
    return f"{nearest} · {trained(lab)}"


@command("rate R", N_("set the learning rate"))
def _rate(lab: Lab, text: str) -> str:
    return set_number(lab, "learning_rate", text)


@command("optimizer NAME", N_("train on with another optimizer: sgd, momentum, adam, …"))
def _optimizer(lab: Lab, name: str) -> str:
    lab.use_optimizer(name)
    return _("the optimizer is {name}").format(name=name)


@command("batch N", N_("set how many samples one update takes; 0 takes the whole set"))
def _batch(lab: Lab, text: str) -> str:
    size = whole(text, 0, max(1, lab.experiment.data.count))
    norm = next((layer.name for layer in lab.network.layers if layer.kind == "batch_norm"), "")
    if size == 1 and norm:
        raise LabError(
            _("{layer} takes the mean of each batch: give 2 samples or more").format(layer=norm)
        )
    lab.trainer.batch_size = size
    lab.changed(parameters=True)
    if not size:
        return _("an update takes the whole set")
    return _("an update takes {size} samples").format(size=size)


@command("l2 R", N_("set the penalty on weights, ½·l2·Σw²; 0 for none"))
def _l2(lab: Lab, text: str) -> str:
    return set_number(lab, "l2", text)


@command("dropout LAYER RATE", N_("set how often a dropout layer switches a number off, 0 to 1"))
def _dropout(lab: Lab, name: str, text: str) -> str:
    layers = {layer.name: layer for layer in lab.network.layers if isinstance(layer, Dropout)}
    if name not in layers:
        raise LabError(
            _("{name} is no dropout layer; there is {known}").format(
                name=name, known=", ".join(layers)
            )
            if layers
            else _("this network has no dropout layer")
        )
    rate = number(text)
    if not 0 <= rate < 1:
        raise LabError(_("a dropout rate is at least 0 and below 1: {value}").format(value=text))
    layers[name].rate = rate
    lab.changed(parameters=True)
    return _("{layer} drops {rate} of its inputs in training").format(layer=name, rate=f"{rate:g}")


@command("reset", N_("go back to the start parameters, epoch 0"))
def _reset(lab: Lab) -> str:
    lab.restart()
    return _("back at the start, epoch 0")


@command("seed N", N_("start anew from another seed, epoch 0"))
def _seed(lab: Lab, text: str) -> str:
    seed = whole(text, 0, LARGEST_SEED)
    lab.restart(seed=seed)
    return _("a new start from seed {seed}, epoch 0").format(seed=seed)


@command(
    "start KIND [VALUE]",
    N_("start anew from other weights: zeros, constant V, normal, uniform, xavier or he"),
)
def _start(lab: Lab, kind: str, value: str = "") -> str:
    known = ("zeros", "constant", "normal", "xavier", "he", "uniform")
    if kind not in known or (kind == "constant") != bool(value):
        kinds = "start " + "|".join((*(name for name in known if name != "constant"), "constant V"))
        raise LabError(_("say it like this: {usage}").format(usage=kinds))
    start = f"constant:{number(value):.17g}" if value else kind
    lab.restart(initializer=start)
    return _("a new start ({kind}), epoch 0").format(kind=f"{kind} {value}".strip())


@command("experiment ID", N_("put another experiment on the bench"), training="pauses", rest=True)
def _experiment(lab: Lab, rest: str) -> str:
    lab.load_experiment(rest)
    return _("on the bench: {title}").format(title=_(lab.experiment.title))


@command("collapse", N_("make one of dense layers with no activation between them"))
def _collapse(lab: Lab) -> str:
    return lab.collapse()


@command("mute UNIT", N_("let the activation of a unit count as 0: mute hidden[2]"))
def _mute(lab: Lab, unit: str) -> str:
    name = surgery.mute(lab.network, lab.names, unit)
    lab.changed(parameters=True)
    return _("{unit} is muted: its activation counts as 0").format(unit=name)


@command("unmute [UNIT]", N_("let a muted unit be heard again; without a unit, all"))
def _unmute(lab: Lab, unit: str = "") -> str:
    names = surgery.unmute(lab.network, lab.names, unit)
    lab.changed(parameters=True)
    return _("heard again: {units}").format(units=names)


@command("plant BUG LAYER", N_("let the gradients of a layer be wrong: plant wrong_sign hidden"))
def _plant(lab: Lab, bug: str, layer: str) -> str:
    lab.network.plant(bug, layer)
    lab.changed(parameters=True)
    return _("{layer} makes a mistake on the way back: {bug}").format(layer=layer, bug=bug)


@command("mend LAYER", N_("take the planted mistake out of the layer that it is in"))
def _mend(lab: Lab, layer: str) -> str:
    surgery.mend(lab.network, layer)
    lab.changed(parameters=True)
    return _("the mistake was in {layer}, and is taken out").format(layer=layer)
