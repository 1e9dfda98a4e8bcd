"""The data of an experiment: the keys of ``[data]``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from nnsim.engine import losses as metrics
from nnsim.engine.checks import LARGEST_SEED
from nnsim.experiments.arrays import read_rows
from nnsim.experiments.errors import ExperimentError, quoted
from nnsim.experiments.files import inside, is_idx, is_table, read_samples
from nnsim.experiments.inputs import class_targets, parse_input
from nnsim.experiments.samples import MOST_SAMPLES, Samples, check_size, index_classes
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nnsim.experiments.editing import Room
    from nnsim.experiments.samples import Wanted
    from nnsim.experiments.table import Table

    Array = NDArray[np.float64]
    Labels = NDArray[np.intp]

KEYS = ("file", "test_file", "test_fraction", "inputs", "targets", "labels", "generator",
        "samples", "noise", "seed")  # fmt: skip


@dataclass(frozen=True, eq=False)
class DataSet:
    """What an experiment learns from and is tested on.

    Attributes
    ----------
    inputs : array (m, …)
        As the network takes them: ``(m, n)``, or ``(m, height, width, channels)``.
    targets : array (m, outputs)
    labels : array (m,) or None
        The class of each sample, counted from 0; None for regression.
    test_inputs, test_targets, test_labels
        The same of the samples that are never trained on; there may be none of them.
    room : Room or None
        Where the arrays to train on can grow (see `nnsim.experiments.editing`).
    grown : int
        Bytes that the last change of one sample took.
    """

    inputs: Array
    targets: Array
    labels: Labels | None
    test_inputs: Array
    test_targets: Array
    test_labels: Labels | None
    room: Room | None = field(default=None, repr=False)
    grown: int = 0

    @property
    def count(self) -> int:
        """How many samples there are to train on."""
        return len(self.inputs)

    @property
    def test_count(self) -> int:
        """How many samples there are to test on."""
        return len(self.test_inputs)

    def labelled(self) -> DataSet:
        """Return the same with labels, where targets are classes written as numbers."""
        both = np.concatenate([self.targets, self.test_targets])
        if self.labels is not None or not len(both) or not metrics.are_classes(both):
            return self
        labels = metrics.decide(both)
        return replace(self, labels=labels[: self.count], test_labels=labels[self.count :])


def read_data(
    table: Table, wanted: Wanted, shape: tuple[int, ...]
) -> tuple[DataSet, tuple[str, ...]]:
    """Return the data that ``[data]`` describes, and the names of its classes.

    Parameters
    ----------
    table : Table
    wanted : Wanted
        What the experiment asks of its samples.
    shape : tuple of int
        What the network takes: ``(n,)`` or ``(height, width, channels)``.

    Raises
    ------
    ExperimentError
        With the line of the key, or of the data file, that is at fault.
    """
    table.only(KEYS)
    train, test = _read_samples(table, wanted)
    classes = train.classes or wanted.classes
    if "test_file" in table:
        path = _path(table, "test_file")
        shown, hidden = read_samples(path, _with_classes(wanted, classes))
        test = shown.join(hidden)
    train, test = _split(table, train, test)
    _check_classes(table, wanted, classes, train)
    return DataSet(*for_network(train, wanted, shape), *for_network(test, wanted, shape)), classes


def _read_samples(table: Table, wanted: Wanted) -> tuple[Samples, Samples]:
    """Return what there is to train on, and what the file itself sets aside to test on."""
    origins = [key for key in ("file", "generator", "inputs") if key in table]
    columns = origins == ["file", "inputs"]
    if not origins and not table.content:
        return _none(wanted), _none(wanted)
    if len(origins) != 1 and not columns:
        problem = _("[data] should have one of file, generator and inputs")
        table.fail(origins[1] if origins else None, problem)
    for key in ("samples", "noise"):
        if key in table and origins != ["generator"]:
            table.fail(key, _("{key} belongs to a generator only").format(key=key))
    if origins[0] == "file":
        return _from_file(table, wanted)
    if origins[0] == "generator":
        return _generated(table, wanted), _none(wanted)
    return _inline(table, wanted), _none(wanted)


def _none(wanted: Wanted) -> Samples:
    """Return no samples at all."""
    inputs = np.zeros((0, wanted.input.count))
    if wanted.classified:
        return Samples(inputs, np.zeros(0, np.intp), None, wanted.classes)
    return Samples(inputs, None, np.zeros((0, wanted.outputs)))


def _path(table: Table, key: str) -> Path:
    """Return the file that `key` names; it is inside the folder of the experiment, and is there."""
    name = table.text(key)
    try:
        path = inside(table.document.path.parent, name)
    except ExperimentError as error:
        table.fail(key, str(error))
    if path.is_dir():
        table.fail(key, _("{name} is a folder; give a file").format(name=quoted(name)))
    if not path.exists():
        problem = _("there is no file {name} in the folder of the experiment")
        table.fail(key, problem.format(name=quoted(name)))
    return path


def _from_file(table: Table, wanted: Wanted) -> tuple[Samples, Samples]:
    """Read the data file; labels and targets may name columns of it, or a file of labels."""
    path = _path(table, "file")
    for key in ("labels", "targets", "inputs"):
        if key in table and not is_table(path, wanted) and not (key == "labels" and is_idx(path)):
            problem = _("{key} does not go with {file}; it names columns of a CSV file")
            table.fail(key, problem.format(key=key, file=quoted(path.name)))
    if "labels" in table and "targets" in table:
        table.fail("targets", _("[data] should have only one of targets and labels"))
    labels: Path | None = None
    if "labels" in table and is_idx(path):
        labels = _path(table, "labels")
    elif "labels" in table:
        wanted = replace(wanted, label_column=table.text("labels"), classified=True)
    if "targets" in table:
        if isinstance(table.content["targets"], str):
            wanted = replace(wanted, target_columns=(table.text("targets"),))
        else:
            wanted = replace(wanted, target_columns=table.texts("targets"))
    if "inputs" in table:
        wanted = replace(wanted, input_columns=table.texts("inputs"))
    return read_samples(path, wanted, labels)


def _inline(table: Table, wanted: Wanted) -> Samples:
    """Read the samples that stand in the experiment file itself."""

    def parse(text: str) -> Array:
        return parse_input(wanted.input, text)

    inputs = read_rows(table, "inputs", wanted.input.count, parse)
    where = str(table.document.path)
    check_size(where, len(inputs), wanted.input.count, table.document.line((*table.path, "inputs")))
    if ("labels" in table) == ("targets" in table):
        table.fail("labels" if "labels" in table else "inputs",
                   _("[data] should have one of targets and labels beside inputs"))  # fmt: skip
    key = "labels" if "labels" in table else "targets"
    if key == "targets":
        rows = read_rows(table, key, wanted.outputs)
        count = len(rows)
        samples = Samples(inputs, None, rows)
    else:
        count = len(table.values(key))
        names = [_class_name(table, index, name) for index, name in enumerate(table.values(key))]
        labels, classes = index_classes(
            names, wanted.classes, where, lambda row: table.document.line((*table.path, key, row))
        )
        samples = Samples(inputs, labels, None, classes)
    if count != len(inputs):
        problem = ngettext(
            "{key} has {got} entry; it should have {want}, one per input",
            "{key} has {got} entries; it should have {want}, one per input",
            count,
        )
        table.fail(key, problem.format(key=key, got=count, want=len(inputs)))
    return samples


def _class_name(table: Table, index: int, name: object) -> str:
    if isinstance(name, bool) or not isinstance(name, int | str):
        table.fail("labels", _("labels should hold names of classes"), index)
    return str(name)


def _generated(table: Table, wanted: Wanted) -> Samples:
    from nnsim.experiments.generators import GENERATORS, generate

    kind = table.choice("generator", tuple(GENERATORS))
    generator = GENERATORS[kind]
    if wanted.input.count != generator.inputs:
        problem = ngettext(
            "{kind} gives {count} number per sample, and the input has {want}",
            "{kind} gives {count} numbers per sample, and the input has {want}",
            generator.inputs,
        )
        table.fail("generator", problem.format(
            kind=kind, count=generator.inputs, want=wanted.input.count))  # fmt: skip
    count = len(wanted.classes) or 2
    if generator.classes and count not in generator.classes:
        problem = ngettext(
            "{kind} gives {count} class, and the experiment has {want}",
            "{kind} gives {count} classes, and the experiment has {want}",
            generator.classes[-1],
        )
        table.fail("generator", problem.format(
            kind=kind, count=generator.classes[-1], want=count))  # fmt: skip
    return generate(
        kind,
        table.integer("samples", generator.samples, 1, MOST_SAMPLES),
        noise=table.number("noise", generator.noise, 0, 1e6),
        seed=table.integer("seed", 0, 0, LARGEST_SEED),
        classes=wanted.classes or tuple(map(str, range(count))),
    )


def _split(table: Table, train: Samples, test: Samples) -> tuple[Samples, Samples]:
    """Set aside `test_fraction` of the samples, drawn with the seed, to test on."""
    fraction = table.number("test_fraction", 0.0, 0, 1)
    seed = table.integer("seed", 0, 0, LARGEST_SEED)
    count = round(len(train) * fraction)
    if not count:
        return train, test
    if count == len(train):
        problem = _("test_fraction {fraction} leaves no sample to train on")
        table.fail("test_fraction", problem.format(fraction=fraction))
    order = np.random.default_rng(seed).permutation(len(train))
    return train.take(np.sort(order[count:])), train.take(np.sort(order[:count])).join(test)


def _check_classes(table: Table, wanted: Wanted, classes: tuple[str, ...], train: Samples) -> None:
    if train.labels is None:
        return
    fits = len(classes) == wanted.outputs or (wanted.outputs == 1 and len(classes) <= 2)
    if not fits and len(train):
        problem = ngettext(
            "the data has {classes} class; there should be {outputs}, one per output of the "
            "network (or two for one output)",
            "the data has {classes} classes; there should be {outputs}, one per output of the "
            "network (or two for one output)",
            len(classes),
        )
        key = next((k for k in ("labels", "file", "generator") if k in table), None)
        table.fail(key, problem.format(classes=len(classes), outputs=wanted.outputs))


def _with_classes(wanted: Wanted, classes: tuple[str, ...]) -> Wanted:
    return replace(wanted, classes=classes, classified=wanted.classified or bool(classes))


def for_network(
    samples: Samples, wanted: Wanted, shape: tuple[int, ...]
) -> tuple[Array, Array, Labels | None]:
    """Return inputs in the shape that the network takes, its targets, and the labels."""
    inputs = np.ascontiguousarray(samples.inputs.reshape(len(samples), *shape))
    targets = samples.targets
    if targets is None:
        labels = samples.labels if samples.labels is not None else np.zeros(0, np.intp)
        targets = class_targets(labels, wanted.outputs)
    for array in (inputs, targets):
        array.setflags(write=False)
    return inputs, targets, samples.labels
