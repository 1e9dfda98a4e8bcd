"""An experiment in one file: a table of JSON, and arrays beside it, in a zip."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.lib import format as npy

from nnsim.engine.losses import loss as engine_loss
from nnsim.experiments.arrays import DAMAGE
from nnsim.experiments.datasets import MOST_SAMPLES, MOST_VALUES, DataSet
from nnsim.experiments.experiment import Experiment
from nnsim.experiments.files import ExperimentError, at, quoted
from nnsim.experiments.loading import LONGEST_TITLE, read_parts, read_title
from nnsim.experiments.toml import Document, Table
from nnsim.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from nnsim.experiments.experiment import NetworkSpec, TrainingSpec
    from nnsim.experiments.inputs import InputSpec
    from nnsim.experiments.kinds import LayerSpec
    from nnsim.experiments.toml import KeyPath

    Array = NDArray[Any]

HEADER = "session.json"
LARGEST = 2**30
"""Bytes of a file that is opened at all."""
_LARGEST_HEADER = 64 * 2**20
_MOST_ENTRIES = 10_000
_LEVEL = 1
# Parameters hardly shrink, and nobody wants to wait: so large an array has to shrink by so much.
_LARGE, _PIECE, _WORTH = 2**20, 2**16, 0.6
_NAME = re.compile(r"[\w.]+\.npy")

_DAMAGE = (*DAMAGE, IndexError, TypeError)


def pack(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Return the file; the same header and arrays always give the same bytes."""
    text = json.dumps(header, allow_nan=False, separators=(",", ":"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(_entry(HEADER), text, compresslevel=_LEVEL)
        for name, array in arrays.items():
            content = io.BytesIO()
            npy.write_array(content, np.asarray(array, order="C"), allow_pickle=False)
            entry = _entry(f"{name}.npy", packed=_shrinks(content.getbuffer()))
            archive.writestr(entry, content.getbuffer(), compresslevel=_LEVEL)
    return buffer.getvalue()


def _shrinks(content: memoryview) -> bool:
    """Tell whether packing is worth the time; large arrays are tried at a piece of the middle."""
    if len(content) < _LARGE:
        return True
    piece = content[len(content) // 2 :][:_PIECE]
    return len(zlib.compress(piece, _LEVEL)) < _WORTH * len(piece)


def _entry(name: str, *, packed: bool = True) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # of 1980: the time is no part of what is saved
    entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    entry.external_attr = 0o600 << 16
    return entry


@dataclass(frozen=True)
class _Header(Document):
    """A header as a document whose refusals name the place in it by its keys."""

    def error(self, path: KeyPath, problem: str) -> ExperimentError:
        where = "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in path)[1:]
        return at(str(self.path), None, f"{where}: {problem}" if where else problem)


class Archive:
    """A file that `pack` made, or that says so.

    `file`: its name, for refusals.

    Raises ExperimentError if it is none, is damaged, or holds what has no place in it.
    """

    def __init__(self, content: bytes, file: str) -> None:
        self.file = file
        self._read: set[str] = set()
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except _DAMAGE:
            if content[:2] == b"PK":
                self.refuse(_("the file is cut short or damaged; take a copy that is whole"))
            self.refuse(_("this is no session of nnsim; the key s in the lab saves one"))
        self._entries = self._look()
        self.header = self._header()

    def refuse(self, problem: str) -> NoReturn:
        raise at(self.file, None, problem)

    def _look(self) -> dict[str, zipfile.ZipInfo]:
        """Return the entries by name, after a look at what they say of themselves."""
        entries: dict[str, zipfile.ZipInfo] = {}
        found = self._zip.infolist()
        if not any(entry.filename == HEADER for entry in found):
            self.refuse(_("this is no session of nnsim; the key s in the lab saves one"))
        for entry in found:
            name = entry.filename
            known = name == HEADER or _NAME.fullmatch(name)
            plain = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            if not known or name in entries or len(found) > _MOST_ENTRIES:
                problem = _("{name} has no place in a session").format(name=quoted(name))
                self.refuse(problem)
            if entry.flag_bits & 1 or not plain:
                self.refuse(_("{name} is encrypted or packed otherwise").format(name=quoted(name)))
            entries[name] = entry
        return entries

    def _header(self) -> Table:
        try:
            with self._zip.open(self._entries[HEADER]) as member:
                raw = member.read(_LARGEST_HEADER + 1)
            if len(raw) > _LARGEST_HEADER:
                self.refuse(_("its description is too large"))
            content = json.loads(raw.decode("utf-8"), parse_constant=self._no_number)
        except ExperimentError:
            raise
        except (*_DAMAGE, RecursionError):
            self.refuse(_("its description is damaged; take a copy that is whole"))
        if not isinstance(content, dict):
            self.refuse(_("its description is damaged; take a copy that is whole"))
        return _Header(Path(self.file), content, "").root()

    def _no_number(self, text: str) -> NoReturn:
        problem = _("its description holds {value}; every number must be finite")
        self.refuse(problem.format(value=text))

    def holds(self, name: str) -> bool:
        """Tell whether there is an array of this name."""
        return f"{name}.npy" in self._entries

    def array(self, name: str, shape: tuple[int, ...], dtype: Any = np.float64) -> Array:
        """Return an array of just this shape and kind of number, all of them finite.

        Raises ExperimentError if there is none of this name, or another one.
        """
        if not self.holds(name):
            self.refuse(_("the array {name} is missing").format(name=name))
        wanted = np.dtype(dtype)
        try:
            with self._zip.open(self._entries[f"{name}.npy"]) as member:
                if npy.read_magic(member) != (1, 0):
                    raise ValueError
                found, turned, kind = npy.read_array_header_1_0(member)
                if found != shape or kind.newbyteorder("=") != wanted.newbyteorder("="):
                    self._refuse_other(name, (found, kind), (shape, wanted))
                size = math.prod(shape) * wanted.itemsize
                raw = member.read(size + 1)
        except ExperimentError:
            raise
        except _DAMAGE:
            raw, size, turned, kind = b"", -1, False, wanted
        if len(raw) != size:
            self.refuse(_("the array {name} is damaged; take a copy that is whole")
                        .format(name=name))  # fmt: skip
        array = np.frombuffer(raw, kind).reshape(shape, order="F" if turned else "C")
        array = np.array(array, wanted, order="C")
        if wanted.kind == "f" and not np.isfinite(array).all():
            problem = _("the array {name} holds numbers that are not finite")
            self.refuse(problem.format(name=name))
        self._read.add(f"{name}.npy")
        return array

    def _refuse_other(self, name: str, *found_and_wanted: tuple[Any, np.dtype[Any]]) -> NoReturn:
        got, want = (
            f"{' × '.join(map(str, shape)) or '1'} {kind.name}" for shape, kind in found_and_wanted
        )
        problem = _("the array {name} is {got}; it should be {want}")
        self.refuse(problem.format(name=name, got=quoted(got)[1:-1], want=want))

    def kind(self, name: str) -> str:
        """Return the kind of number of an array (``"uint8"``), or ``""`` where there is none."""
        try:
            with self._zip.open(self._entries[f"{name}.npy"]) as member:
                if npy.read_magic(member) != (1, 0):
                    return ""
                return npy.read_array_header_1_0(member)[2].name
        except _DAMAGE:
            return ""

    def finish(self) -> None:
        """Refuse arrays that nothing asked for."""
        for name in self._entries:
            if name != HEADER and name not in self._read:
                self.refuse(_("{name} has no place in a session").format(name=quoted(name)))


KEYS = ("id", "title", "input", "classes", "network", "training", "given")
DATA_KEYS = ("samples", "tests", "labels", "test_labels")
_ROWS = {"inputs": "samples", "targets": "samples", "test_inputs": "tests", "test_targets": "tests"}


def describe(experiment: Experiment, name: str) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return an experiment without its samples, as a table and arrays.

    `name`: what the names of its arrays begin with.
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
    values = {key: getattr(spec, key) for key in spec.kind.keys}
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

    `archive`: holds its arrays.
    `name`: what their names begin with.
    `data`: its samples; None to read them from the archive and the table ``data`` at its top.
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
