"""From an experiment file to an `Experiment`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nnsim.engine.losses import loss as engine_loss
from nnsim.experiments.catalogue import find
from nnsim.experiments.datasets import KEYS as DATA_KEYS
from nnsim.experiments.datasets import read_data
from nnsim.experiments.experiment import Experiment
from nnsim.experiments.inputs import KEYS as INPUT_KEYS
from nnsim.experiments.inputs import read_input
from nnsim.experiments.layers import LAYER_KEYS
from nnsim.experiments.network import CLASS_LOSSES, read_network
from nnsim.experiments.network import KEYS as NETWORK_KEYS
from nnsim.experiments.samples import Wanted
from nnsim.experiments.table import Document
from nnsim.experiments.training import KEYS as TRAINING_KEYS
from nnsim.experiments.training import read_training
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from pathlib import Path

    from nnsim.experiments.datasets import DataSet
    from nnsim.experiments.inputs import InputSpec
    from nnsim.experiments.network import NetworkSpec
    from nnsim.experiments.table import Table
    from nnsim.experiments.training import TrainingSpec

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
    layers = {f"layers.{kind}": ("type", *keys) for kind, keys in LAYER_KEYS.items()}
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

    Raises
    ------
    ExperimentError
        If there is none, or if anything is wrong with its file or its data: one sentence, with
        file and line.
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


def read_parts(
    root: Table,
) -> tuple[InputSpec, tuple[str, ...], TrainingSpec, NetworkSpec]:
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
    """Return the title, one line; `name` where there is none."""
    title = root.text("title", name)
    if not title.strip() or len(title) > LONGEST_TITLE or not title.isprintable():
        problem = _("title should be one line of at most {most} characters")
        root.fail("title", problem.format(most=LONGEST_TITLE))
    return title
