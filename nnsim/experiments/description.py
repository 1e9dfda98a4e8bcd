"""An experiment as a table of JSON and arrays, from which it is made again anywhere.

The table has the keys of an experiment file, and is read by the same readers with the same
refusals; only the samples and the exact start parameters lie beside it, as arrays.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nnsim.engine.losses import loss as engine_loss
from nnsim.experiments.datasets import DataSet
from nnsim.experiments.experiment import Experiment
from nnsim.experiments.layers import LAYER_KEYS
from nnsim.experiments.loading import LONGEST_TITLE, read_parts, read_title
from nnsim.experiments.samples import MOST_SAMPLES, MOST_VALUES
from nnsim.i18n import _

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnsim.experiments.archive import Archive
    from nnsim.experiments.inputs import InputSpec
    from nnsim.experiments.layers import LayerSpec
    from nnsim.experiments.network import NetworkSpec
    from nnsim.experiments.table import Table
    from nnsim.experiments.training import TrainingSpec

    Array = NDArray[Any]

KEYS = ("id", "title", "input", "classes", "network", "training", "given")
DATA_KEYS = ("samples", "tests", "labels", "test_labels")
_ROWS = {"inputs": "samples", "targets": "samples", "test_inputs": "tests", "test_targets": "tests"}


def describe(experiment: Experiment, name: str) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return an experiment without its samples, as a table and arrays.

    Parameters
    ----------
    experiment : Experiment
    name : str
        What the names of its arrays begin with.
    """
    given = experiment.network.parameters
    table = {
        "id": experiment.id,
        "title": experiment.title,
        "input": _input(experiment.input),
        "classes": list(experiment.classes),
        "network": _network(experiment.network),
        "training": _training(experiment.training),
        "given": [f"{layer}.{key}" for layer, key in given],
    }
    return table, {f"{name}.{layer}.{key}": values for (layer, key), values in given.items()}


def _input(spec: InputSpec) -> dict[str, Any]:
    shape = {"shape": list(spec.shape)} if spec.kind in ("pixels", "vector") else {}
    return {"kind": spec.kind, **shape, "names": list(spec.names)}


def _network(spec: NetworkSpec) -> dict[str, Any]:
    start = {} if spec.initializer is None else {"initializer": spec.initializer}
    return {
        "loss": spec.loss,
        "reduction": spec.reduction,
        "dtype": spec.dtype,
        "seed": spec.seed,
        **start,
        "layers": [_layer(layer) for layer in spec.layers],
    }


def _layer(spec: LayerSpec) -> dict[str, Any]:
    values = {key: getattr(spec, key) for key in LAYER_KEYS[spec.type]}
    told = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in values.items()
        if value is not None and value != ()
    }
    return {"type": spec.type, **told}


def _training(spec: TrainingSpec) -> dict[str, Any]:
    return {key: value for key, value in vars(spec).items() if value is not None}


def read_experiment(table: Table, archive: Archive, name: str, data: DataSet | None) -> Experiment:
    """Return the experiment that `describe` described, with these samples.

    Parameters
    ----------
    table : Table
    archive : Archive
        Holds its arrays.
    name : str
        What their names begin with.
    data : DataSet or None
        Its samples; None to read them from the archive and the table ``data`` at its top.

    Raises
    ------
    ExperimentError
    """
    table.only(KEYS)
    called = table.text("id")
    if not called.strip() or len(called) > LONGEST_TITLE or not called.isprintable():
        table.fail("id", _("id should be a word of letters, digits and -, such as my-experiment"))
    given, classes, training, network = read_parts(table)
    network = replace(network, parameters=_given(table, archive, name, network))
    if data is None:
        data = _read_data(archive.header.table("data", required=True), archive, network, classes)
    return Experiment(
        id=called,
        title=read_title(table, called),
        path=Path(archive.file),
        input=given,
        classes=classes,
        network=network.with_output_labels(classes),
        data=data,
        training=training,
    )


def _given(
    table: Table, archive: Archive, name: str, network: NetworkSpec
) -> dict[tuple[str, str], Array]:
    """Return the exact start, where the experiment has one."""
    shapes = {
        f"{layer.name}.{key}": (layer.name, key, shape)
        for layer in network.layers
        for key, shape in layer.parameter_shapes.items()
    }
    found = {}
    for entry in table.texts("given"):
        if entry not in shapes:
            table.fail("given", _("{key} is no parameter of the network").format(key=entry))
        layer, key, shape = shapes[entry]
        found[layer, key] = archive.array(f"{name}.{entry}", shape)
    return found


# The samples --------------------------------------------------------------------------------------


def describe_data(data: DataSet, *, pixels: bool) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return samples as a table and arrays; pixels that are bytes, divided by 255, as bytes."""
    table = {
        "samples": data.count,
        "tests": data.test_count,
        "labels": data.labels is not None,
        "test_labels": data.test_labels is not None,
    }
    arrays: dict[str, Array] = {f"data.{name}": getattr(data, name) for name in _ROWS}
    for name in ("labels", "test_labels"):
        if table[name]:
            arrays[f"data.{name}"] = np.asarray(getattr(data, name), np.int64)
    if pixels:
        for name in ("data.inputs", "data.test_inputs"):
            arrays[name] = _narrow(arrays[name])
    return table, arrays


def _narrow(values: Array) -> Array:
    """Return pixels as bytes where nothing is lost by it."""
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        return values
    narrow = np.rint(values * 255).astype(np.uint8)
    return narrow if np.array_equal(narrow / 255, values) else values


def _read_data(
    table: Table, archive: Archive, network: NetworkSpec, classes: tuple[str, ...]
) -> DataSet:
    """Return the samples of an archive, checked for this network."""
    table.only(DATA_KEYS)
    counts = {key: table.integer(key, None, 0, MOST_SAMPLES) for key in ("samples", "tests")}
    numbers = int(np.prod(network.input_shape)) + network.outputs
    if sum(counts.values()) * numbers > MOST_VALUES + MOST_SAMPLES * network.outputs:
        table.fail("samples", _("there are too many samples"))
    shapes = {"inputs": network.input_shape, "targets": (network.outputs,)}
    found: dict[str, Any] = {}
    for name, rows in _ROWS.items():
        shape = (counts[rows], *shapes[name.removeprefix("test_")])
        entry = f"data.{name}"
        if name.endswith("inputs") and archive.kind(entry) == "uint8":
            found[name] = archive.array(entry, shape, np.uint8) / 255
        else:
            found[name] = archive.array(entry, shape)
        found[name].setflags(write=False)
    for name in ("targets", "test_targets"):
        try:
            engine_loss(network.loss).check_targets(found[name])
        except ValueError as error:
            table.fail(name, str(error))
    for name, rows in (("labels", "samples"), ("test_labels", "tests")):
        found[name] = None
        if table.boolean(name, False):
            found[name] = labels = archive.array(f"data.{name}", (counts[rows],), np.int64)
            most = max(2, network.outputs, len(classes))
            if labels.size and not (labels.min() >= 0 and labels.max() < most):
                table.fail(name, _("a label is out of range: 0 to {most}").format(most=most - 1))
            found[name] = labels.astype(np.intp)
    return DataSet(**found)
