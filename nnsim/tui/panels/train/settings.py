"""What training can be told while it runs: each setting, its next value up and down."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnsim.engine.layers import Dropout
from nnsim.experiments.experiment import OPTIMIZERS
from nnsim.i18n import _

if TYPE_CHECKING:
    from nnsim.lab import Lab

LEAST_L2, LARGEST = 1e-6, 1e6
MOST_DROPOUT = 0.9


@dataclass(frozen=True)
class Setting:
    """One setting of training."""

    # ``"pace"``, ``"rate"``, ``"optimizer"``, ``"batch"``, ``"l2"``, or ``"dropout NAME"``
    key: str
    # name, value: as they are shown
    name: str
    value: str
    # less, more: the commands that change it; nothing at an end, and nothing for the pace
    less: str = ""
    more: str = ""
    typed: str = ""  # the command with its value, to be changed by typing; nothing for the pace
    address: str = ""  # of the number, to ask why of; nothing where it has none


def settings_of(lab: Lab) -> list[Setting]:
    """Return the settings of a bench, in their order on the screen."""
    return [_pace(lab), _rate(lab), _optimizer(lab), _batch(lab), _l2(lab), *_dropout(lab)]


def next_round(value: float, by: int) -> float:
    """Return the next larger (or smaller) number of the form 1, 2 or 5 times a power of ten."""
    if not value > 0:
        return value
    power = math.floor(math.log10(value))
    near = [float(f"{m}e{p}") for p in range(power - 1, power + 2) for m in (1, 2, 5)]
    if by > 0:
        return next((n for n in near if n > value * (1 + 1e-9)), value)
    return next((n for n in reversed(near) if n < value * (1 - 1e-9)), value)


def pace_of(lab: Lab) -> str:
    """How fast training is asked to go, in words."""
    pace = lab.running.pace
    if pace is None:
        return _("flat out")
    return _("{n} steps a second").format(n=pace) if pace > 1 else _("one step a second")


def _pace(lab: Lab) -> Setting:
    return Setting("pace", _("speed"), pace_of(lab))


def _rate(lab: Lab) -> Setting:
    rate = float(lab.trainer.learning_rate)
    less = next_round(rate, -1) if rate else 0.0
    more = next_round(rate, 1) if rate else 0.001
    return Setting(
        "rate",
        _("rate"),
        f"{rate:.4g}",
        f"rate {less:g}" if less != rate and less >= 1e-12 else "",
        f"rate {more:g}" if more <= LARGEST else "",
        f"rate {rate:.10g}",
        "learning_rate",
    )


def _optimizer(lab: Lab) -> Setting:
    name = lab.trainer.optimizer.name
    at = OPTIMIZERS.index(name)
    before, after = OPTIMIZERS[at - 1], OPTIMIZERS[(at + 1) % len(OPTIMIZERS)]
    return Setting(
        "optimizer",
        _("optimizer"),
        name,
        f"optimizer {before}",
        f"optimizer {after}",
        f"optimizer {name}",
    )


def _batch(lab: Lab) -> Setting:
    """Powers of two; after the largest the whole set."""
    size, count = lab.trainer.batch_size or 0, lab.experiment.data.count
    sizes = [1]
    while 2 * sizes[-1] < count:
        sizes.append(2 * sizes[-1])
    less = [n for n in sizes if not size or n < size]
    more = [n for n in sizes if n > size] if size else []
    return Setting(
        "batch",
        _("batch"),
        str(size) if size else _("all {count}").format(count=count),
        f"batch {less[-1]}" if less else "",
        "" if not size else f"batch {more[0]}" if more else "batch 0",
        f"batch {size}",
    )


def _l2(lab: Lab) -> Setting:
    strength = float(lab.network.l2)
    less = next_round(strength, -1)
    more = next_round(strength, 1) if strength else LEAST_L2
    if less < LEAST_L2:
        less = 0.0
    return Setting(
        "l2",
        "l2",
        f"{strength:.4g}",
        f"l2 {less:g}" if strength else "",
        f"l2 {more:g}" if more <= LARGEST else "",
        f"l2 {strength:.10g}",
        "l2",
    )


def _dropout(lab: Lab) -> list[Setting]:
    found = []
    for layer in lab.network.layers:
        if isinstance(layer, Dropout):
            rate = float(layer.rate)
            tenths = rate * 10
            less, more = (math.ceil(tenths - 1 - 1e-9) / 10, math.floor(tenths + 1 + 1e-9) / 10)
            command = f"dropout {layer.name}"
            found.append(
                Setting(
                    command,
                    layer.name if "drop" in layer.name else f"dropout {layer.name}",
                    f"{rate:g}",
                    f"{command} {max(0.0, less):g}" if rate > 0 else "",
                    f"{command} {more:g}" if more <= MOST_DROPOUT + 1e-9 else "",
                    f"{command} {rate:g}",
                )
            )
    return found
