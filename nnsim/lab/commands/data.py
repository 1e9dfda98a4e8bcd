"""Commands that change what the network learns from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.checks import LARGEST_SEED
from nnsim.experiments import datasets
from nnsim.experiments.datasets import MOST_SAMPLES, MOST_VALUES
from nnsim.i18n import N_, _, ngettext
from nnsim.lab.commands.inputs import learnable_target
from nnsim.lab.commands.table import COMMANDS, MOST_WORDS, command, number, whole, words
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.lab import DataFiles, Lab

Array = NDArray[np.float64]


@command(
    "add [TARGET]", N_("add the input to the training data; TARGET is what it is: add 1"), rest=True
)
def _add(lab: Lab, rest: str) -> str:
    data, target = lab.experiment.data, _target(lab, rest)
    if data.count >= MOST_SAMPLES or (data.count + 1) * lab.input.size > MOST_VALUES:
        raise LabError(
            _("there are {count} samples to train on; more do not fit").format(count=data.count)
        )
    lab.take_data(datasets.added(data, lab.input, target, lab.decide(target)))
    lab.target, lab.sample, lab.edited = target, data.count, False
    return _("sample {number} is new: {what}").format(
        number=data.count + 1, what=lab.describe_target(target)
    )


def _target(lab: Lab, text: str) -> Array:
    if text:
        return learnable_target(lab, text)
    if lab.target is None:
        example = lab.suggestion()
        raise LabError(
            _("say what it is, as in: add {example}").format(example=example)
            if not lab.experiment.classes
            else _("say what it is, as in: add {example} (the classes are {classes})").format(
                example=example, classes=", ".join(lab.experiment.classes)
            )
        )
    if lab.sample is not None and not lab.edited:
        what = lab.describe_target(lab.target)
        raise LabError(
            _(
                "this is sample {number} already; change it first, or say what it is: add {what}"
            ).format(number=lab.sample + 1, what=what)
        )
    return lab.target.copy()


@command("remove N", N_("take sample N out of the data"))
def _remove(lab: Lab, text: str) -> str:
    index, data = _sample(lab, text), lab.experiment.data
    if index < data.count == 1:
        raise LabError(
            _("this is the last sample to train on; add another one before this is removed")
        )
    what = lab.describe_target(lab.sample_at(index)[1])
    lab.take_data(datasets.without(data, index))
    if lab.sample is not None:  # what lies on the input stays there
        if lab.sample == index:
            lab.sample = None
        elif lab.sample > index:
            lab.sample -= 1
    return _("sample {number} is removed; it was {what}").format(number=index + 1, what=what)


@command("label N TARGET", N_("say what sample N is: label 3 1"), rest=True)
def _label(lab: Lab, rest: str) -> str:
    text, _space, said = rest.partition(" ")
    index = _sample(lab, text)
    _inputs, before = lab.sample_at(index)
    target = learnable_target(lab, said.strip())
    before_words = lab.describe_target(before)
    lab.take_data(datasets.relabelled(lab.experiment.data, index, target, lab.decide(target)))
    if lab.sample == index:
        lab.target = target
    return _("sample {number} is {after} now; it was {before}").format(
        number=index + 1, after=lab.describe_target(target), before=before_words
    )


@command(
    "loaddata FILE", N_("put the data in a file on the bench: loaddata my-digits.csv"), rest=True
)
def _load(lab: Lab, rest: str) -> str:
    name, _overwrite = file_name(rest, "loaddata")
    before, data = lab.experiment.data, _files(lab).read(name, lab.experiment)
    if not data.test_count:  # test samples stay where the file has none
        data = replace(
            data,
            test_inputs=before.test_inputs,
            test_targets=before.test_targets,
            test_labels=before.test_labels,
        )
    if (data.labels is None) != (data.test_labels is None):
        data = replace(data, labels=None, test_labels=None).labelled()
    lab.take_data(data, new=True)
    if lab.sample is not None:
        lab.sample, lab.target = None, None  # it belonged to the data that are gone
    text = ngettext(
        "{count} sample to train on from {file}",
        "{count} samples to train on from {file}",
        data.count,
    ).format(count=data.count, file=name)
    return text + _(", {count} to test on").format(count=data.test_count)


@command(
    "savedata FILE [!]",
    N_("write the data to a file: savedata my-digits.csv; with ! in the place of another"),
    changes=False,
    training="leaves",
    rest=True,
)
def _save(lab: Lab, rest: str) -> str:
    name, overwrite = file_name(rest, "savedata")
    return _files(lab).write(name, lab.experiment, overwrite=overwrite)


def _files(lab: Lab) -> DataFiles:
    if lab.files is None:
        raise LabError(_("no files can be reached from here"))
    return lab.files


def file_name(rest: str, of: str) -> tuple[str, bool]:
    words(rest, COMMANDS[of].usage, 1, MOST_WORDS)
    overwrite = of != "loaddata" and rest.endswith("!")
    return unquoted(rest[:-1].strip() if overwrite else rest), overwrite


def unquoted(name: str) -> str:
    quoted = len(name) > 1 and name[0] == name[-1] and name[0] in "\"'"
    return name[1:-1] if quoted else name


def _sample(lab: Lab, text: str) -> int:
    if not lab.sample_count:
        raise LabError(_("this experiment has no samples"))
    return whole(text, 1, lab.sample_count) - 1


@command(
    "points KIND [SAMPLES [NOISE [SEED]]]",
    N_("learn from generated data in place of what there is: points moons 200 0.1"),
)
def _points(lab: Lab, kind: str, samples: str = "", noise: str = "", seed: str = "0") -> str:
    from nnsim.experiments.generators import drawn

    new = drawn(
        lab.experiment,
        kind,
        whole(samples, 1, MOST_SAMPLES) if samples else None,
        number(noise) if noise else None,
        whole(seed, 0, LARGEST_SEED),
    )
    lab.take_data(new, new=True)
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
