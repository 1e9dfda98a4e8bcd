"""From an experiment file to an `Experiment`."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.checks import LARGEST_SEED
from nnsim.engine.losses import loss as engine_loss
from nnsim.experiments.catalogue import find
from nnsim.experiments.data_files import is_idx, is_table, read_samples
from nnsim.experiments.datasets import (
    MOST_SAMPLES,
    DataSet,
    Samples,
    Wanted,
    check_size,
    for_network,
    index_classes,
)
from nnsim.experiments.experiment import (
    CLASS_LOSSES,
    NETWORK_KEYS,
    TRAINING_KEYS,
    Experiment,
    read_network,
    read_training,
)
from nnsim.experiments.files import ExperimentError, inside, quoted
from nnsim.experiments.inputs import INPUT_KEYS, parse_input, read_input
from nnsim.experiments.kinds import KINDS
from nnsim.experiments.toml import Document, read_rows
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from pathlib import Path

    from nnsim.experiments.experiment import NetworkSpec, TrainingSpec
    from nnsim.experiments.inputs import InputSpec
    from nnsim.experiments.toml import Table

Array = NDArray[np.float64]
KEYS = ("id", "title", "input", "classes", "network", "data", "training")
LONGEST_TITLE = 200
MOST_UPDATES_ON_OPEN = 200_000
MOST_PRODUCTS_ON_OPEN = 5 * 10**9
"""What a slow computer trains in some seconds, counted in updates and in multiplications."""


def file_keys() -> dict[str, tuple[str, ...]]:
    """Return every key that an experiment file may have, by table.

    The tables are ``""`` (the top), ``input``, ``network``, ``data``, ``training``, and
    ``layers.TYPE`` for each type of layer.
    """
    layers = {f"layers.{name}": ("type", *kind.keys) for name, kind in KINDS.items()}
    return {
        "": KEYS,
        "input": INPUT_KEYS,
        "network": NETWORK_KEYS,
        "data": DATA_KEYS,
        "training": TRAINING_KEYS,
        **layers,
    }


def load(name_or_path: str | Path) -> Experiment:
    """Return the experiment with this id, or of this file.

    Raises ExperimentError if there is none, or if anything is wrong with its file or its data: one
    sentence, with file and line.
    """
    root = Document.read(find(name_or_path)).root()
    root.only(KEYS)
    name = _read_id(root)
    given, classes, training, network = read_parts(root)
    wanted = Wanted(
        input=given,
        classes=classes,
        outputs=network.outputs,
        classified=bool(classes) or network.loss in ("softmax_cross_entropy", "hinge"),
    )
    table = root.table("data")
    data, classes = read_data(table, wanted, network.input_shape)
    _check_targets(table, network, data)
    if training.validation_fraction:
        _check_validation(root.table("training"), training.validation_fraction, data.count)
    if training.on_open:
        _check_on_open(root.table("training"), network, training, data.count)
    if not classes and network.loss in CLASS_LOSSES:
        classes = tuple(str(k) for k in range(max(2, network.outputs)))
    if classes:
        data = data.labelled()
    return Experiment(
        id=name,
        title=read_title(root, name),
        path=root.document.path,
        input=given,
        classes=classes,
        network=network.with_output_labels(classes),
        data=data,
        training=training,
    )


def read_parts(root: Table) -> tuple[InputSpec, tuple[str, ...], TrainingSpec, NetworkSpec]:
    """Return input, classes, training and network of an experiment, which fit together."""
    given = read_input(root.table("input", required=True))
    classes = root.texts("classes")
    training = read_training(root.table("training"))
    network = read_network(root.table("network", required=True), given, training.seed)
    _check_classes(root, classes, network)
    return given, classes, training, network


def _check_classes(root: Table, classes: tuple[str, ...], network: NetworkSpec) -> None:
    """Refuse a number of classes that the network's outputs can't tell apart."""
    one_for_two = network.outputs == 1 and len(classes) == 2
    if not classes or len(classes) == network.outputs or one_for_two:
        return
    problem = ngettext(
        "classes has {got} name; there should be {want}, one per output of the network "
        "(or two for one output)",
        "classes has {got} names; there should be {want}, one per output of the network "
        "(or two for one output)",
        len(classes),
    )
    root.fail("classes", problem.format(got=len(classes), want=network.outputs))


def _check_targets(table: Table, network: NetworkSpec, data: DataSet) -> None:
    """Refuse targets that the loss makes no sense for, such as −1 for cross-entropy."""
    for key, targets in (("targets", data.targets), ("test_file", data.test_targets)):
        try:
            engine_loss(network.loss).check_targets(targets)
        except ValueError as error:
            table.fail(key, str(error))


def _check_validation(table: Table, fraction: float, samples: int) -> None:
    """Refuse a share that leaves no sample on one side."""
    held = round(fraction * samples)
    if samples and not 0 < held < samples:
        problem = ngettext(
            "validation_fraction holds back {held} of {samples} sample; "
            "there should be some to train on and some to look at",
            "validation_fraction holds back {held} of {samples} samples; "
            "there should be some to train on and some to look at",
            samples,
        )
        table.fail("validation_fraction", problem.format(held=held, samples=samples))


def _check_on_open(
    table: Table, network: NetworkSpec, training: TrainingSpec, samples: int
) -> None:
    """Refuse to train on the spot what can't be trained, or would keep a person waiting."""
    for layer in network.layers:
        if layer.activation == "step":
            problem = _("{layer} has a step activation, through which nothing can be trained")
            table.fail("on_open", problem.format(layer=layer.name))
    updates = training.epochs * math.ceil(samples / (training.batch_size or max(1, samples)))
    products = training.epochs * samples * network.products
    if updates > MOST_UPDATES_ON_OPEN or products > MOST_PRODUCTS_ON_OPEN:
        problem = _(
            "training takes too long to happen whenever this opens ({updates} updates); "
            "take fewer epochs, or on_open = false"
        )
        table.fail("on_open", problem.format(updates=updates))


def _read_id(root: Table) -> str:
    name = root.text("id", root.document.path.stem)
    if "id" in root and not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        root.fail("id", _("id should be a word of letters, digits and -, such as my-experiment"))
    return name


def read_title(root: Table, name: str) -> str:
    title = root.text("title", name)
    if not title.strip() or len(title) > LONGEST_TITLE or not title.isprintable():
        problem = _("title should be one line of at most {most} characters")
        root.fail("title", problem.format(most=LONGEST_TITLE))
    return title


DATA_KEYS = ("file", "test_file", "test_fraction", "inputs", "targets", "labels", "generator",
        "samples", "noise", "seed")  # fmt: skip


def read_data(
    table: Table, wanted: Wanted, shape: tuple[int, ...]
) -> tuple[DataSet, tuple[str, ...]]:
    """Return the data that ``[data]`` describes, and the names of its classes.

    `wanted`: what the experiment asks of its samples.
    `shape`: what the network takes: ``(n,)`` or ``(height, width, channels)``.

    Raises ExperimentError, with the line of the key, or of the data file, that is at fault.
    """
    table.only(DATA_KEYS)
    train, test = _samples(table, wanted)
    classes = train.classes or wanted.classes
    if "test_file" in table:
        path = _path(table, "test_file")
        classified = wanted.classified or bool(classes)
        shown, hidden = read_samples(path, replace(wanted, classes=classes, classified=classified))
        test = shown.join(hidden)
    train, test = _split(table, train, test)
    _check_class_count(table, wanted, classes, train)
    return DataSet(*for_network(train, wanted, shape), *for_network(test, wanted, shape)), classes


def _samples(table: Table, wanted: Wanted) -> tuple[Samples, Samples]:
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


def _check_class_count(
    table: Table, wanted: Wanted, classes: tuple[str, ...], train: Samples
) -> None:
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
