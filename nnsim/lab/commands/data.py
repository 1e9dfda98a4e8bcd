"""Commands that change what the network learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.engine.seeds import LARGEST_SEED
from nnsim.experiments.samples import MOST_SAMPLES
from nnsim.i18n import N_, _, ngettext
from nnsim.lab import data
from nnsim.lab.commands.table import command, number, whole, words
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab


@command("add [TARGET]", N_("add the input to the training data; TARGET is what it is: add 1"))
def _add(lab: Lab, rest: str) -> str:
    words(rest, "add", 0, 10**4)
    number = data.add(lab, rest) + 1
    assert lab.target is not None
    return _("sample {number} is new: {what}").format(
        number=number, what=lab.describe_target(lab.target)
    )


@command("remove N", N_("take sample N out of the data"))
def _remove(lab: Lab, rest: str) -> str:
    (text,) = words(rest, "remove", 1, 1)
    index = _sample(lab, text)
    what = lab.describe_target(lab.sample_at(index)[1])
    data.remove(lab, index)
    return _("sample {number} is removed; it was {what}").format(number=index + 1, what=what)


@command("label N TARGET", N_("say what sample N is: label 3 1"))
def _label(lab: Lab, rest: str) -> str:
    words(rest, "label", 2, 10**4)
    text, _space, target = rest.partition(" ")
    index = _sample(lab, text)
    before, after = data.label(lab, index, target.strip())
    return _("sample {number} is {after} now; it was {before}").format(
        number=index + 1, after=after, before=before
    )


@command("loaddata FILE", N_("put the data in a file on the bench: loaddata my-digits.csv"))
def _load(lab: Lab, rest: str) -> str:
    name, _overwrite = file_name(rest, "loaddata")
    found = data.load(lab, name)
    count = found.count
    text = ngettext(
        "{count} sample to train on from {file}", "{count} samples to train on from {file}", count
    ).format(count=count, file=name)
    return text + _(", {count} to test on").format(count=found.test_count)


@command(
    "savedata FILE [!]",
    N_("write the data to a file: savedata my-digits.csv; with ! in the place of another"),
    changes=False,
)
def _save(lab: Lab, rest: str) -> str:
    name, overwrite = file_name(rest, "savedata")
    return data.save(lab, name, overwrite=overwrite)


def file_name(rest: str, of: str) -> tuple[str, bool]:
    """The name of a file behind a command, and whether it ends with a ``!``."""
    words(rest, of, 1, 10**4)
    overwrite = of == "savedata" and rest.endswith("!")
    name = rest[:-1].strip() if overwrite else rest
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1]
    return name, overwrite


def _sample(lab: Lab, text: str) -> int:
    """The position, from 0, of the sample of a number."""
    if not lab.sample_count:
        raise LabError(_("this experiment has no samples"))
    return whole(text, 1, lab.sample_count) - 1


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
