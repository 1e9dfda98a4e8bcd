"""The command that puts generated data on the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.engine.seeds import LARGEST_SEED
from nnsim.experiments.samples import MOST_SAMPLES
from nnsim.i18n import N_, ngettext
from nnsim.lab import data
from nnsim.lab.commands.table import command, number, whole, words

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab


@command(
    "points KIND [SAMPLES [NOISE [SEED]]]",
    N_("learn from generated data in place of what there is: points moons 200 0.1"),
)
def _points(lab: Lab, rest: str) -> str:
    from nnsim.experiments.drawing import drawn

    kind, *more = words(rest, "points", 1, 4)
    new = drawn(
        lab.experiment,
        kind,
        whole(more[0], 1, MOST_SAMPLES) if more else None,
        number(more[1]) if len(more) > 1 else None,
        whole(more[2], 0, LARGEST_SEED) if len(more) > 2 else 0,
    )
    data.take_all(lab, new)
    if lab.sample is not None:
        lab.target = None  # it belonged to the sample that is gone
    lab.sample, lab.edited = None, False
    lab.changed()
    text = ngettext(
        "{kind}: {train} sample to train on, {test} to test on",
        "{kind}: {train} samples to train on, {test} to test on",
        new.count,
    )
    return text.format(kind=kind, train=new.count, test=new.test_count)
