"""Commands that train, and those that start anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.engine.seeds import LARGEST_SEED
from nnsim.i18n import N_, _
from nnsim.lab.commands.numbers import set_number
from nnsim.lab.commands.table import COMMANDS, Command, command, no_more, number, whole, words
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab

MOST_EPOCHS = 10_000_000


@command("train N", N_("train N more epochs"))
def _train(lab: Lab, rest: str) -> str:
    for _progress in lab.training(epochs(COMMANDS["train"], rest)):
        pass
    return trained(lab)


def epochs(of: Command, rest: str) -> int:
    """How many epochs a ``train N`` asks for."""
    (text,) = words(rest, of.name, 1, 1)
    return whole(text, 1, MOST_EPOCHS)


def trained(lab: Lab) -> str:
    """Where training has led, in a sentence."""
    epochs = _("epoch {epoch}").format(epoch=lab.trainer.epoch)
    if lab.diverged:
        return _("{epochs}: the numbers left the finite; the last finite state is kept").format(
            epochs=epochs
        )
    metrics = lab.metrics
    cost = _("cost {cost}").format(cost=f"{metrics.cost:.4g}")
    if metrics.right is None:
        return f"{epochs} · {cost}"
    right = _("{right} of {samples} right").format(right=metrics.right, samples=metrics.samples)
    return f"{epochs} · {right} · {cost}"


@command("step", N_("make one update: one mini-batch, or all samples at once"))
def _step(lab: Lab, rest: str) -> str:
    no_more(rest, "step")
    lab.step()
    update = _("update {number}").format(number=lab.trainer.updates)
    return f"{update} · {trained(lab)}"


@command("rewind EPOCH [RUN]", N_("go back to an epoch, of this run or of another"))
def _rewind(lab: Lab, rest: str) -> str:
    epoch, *run = words(rest, "rewind", 1, 2)
    wanted = whole(epoch, 0, MOST_EPOCHS * 100)
    if lab.rewind(wanted, whole(run[0], 1, MOST_EPOCHS) if run else None) == wanted:
        return trained(lab)
    nearest = _("epoch {epoch} is not kept; this is the nearest").format(epoch=wanted)
    return f"{nearest} · {trained(lab)}"


@command("rate R", N_("set the learning rate"))
def _rate(lab: Lab, rest: str) -> str:
    (text,) = words(rest, "rate", 1, 1)
    return set_number(lab, f"learning_rate {text}")


@command("optimizer NAME", N_("train on with another optimizer: sgd, momentum, adam, …"))
def _optimizer(lab: Lab, rest: str) -> str:
    (name,) = words(rest, "optimizer", 1, 1)
    lab.use_optimizer(name)
    return _("the optimizer is {name}").format(name=name)


@command("reset", N_("go back to the start parameters, epoch 0"))
def _reset(lab: Lab, rest: str) -> str:
    no_more(rest, "reset")
    lab.restart()
    return _("back at the start, epoch 0")


@command("seed N", N_("start anew from another seed, epoch 0"))
def _seed(lab: Lab, rest: str) -> str:
    (text,) = words(rest, "seed", 1, 1)
    seed = whole(text, 0, LARGEST_SEED)
    lab.restart(seed=seed)
    return _("a new start from seed {seed}, epoch 0").format(seed=seed)


@command("start KIND [VALUE]", N_("start anew: start zeros, constant V, normal, xavier or he"))
def _start(lab: Lab, rest: str) -> str:
    kind, *value = words(rest, "start", 1, 2)
    known = ("zeros", "constant", "normal", "xavier", "he", "uniform")
    if kind not in known or (kind == "constant") != bool(value):
        raise LabError(_("say it like this: {usage}").format(usage=_(COMMANDS["start"].summary)))
    start = f"constant:{number(value[0]):.17g}" if value else kind
    lab.restart(initializer=start)
    return _("a new start ({kind}), epoch 0").format(kind=rest)


@command("experiment ID", N_("put another experiment on the bench"))
def _experiment(lab: Lab, rest: str) -> str:
    words(rest, "experiment", 1, 100)
    lab.load_experiment(rest)
    return _("on the bench: {title}").format(title=_(lab.experiment.title))
