"""From the bytes of a session to a bench. Nothing in them is trusted, and nothing is executed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.checks import LARGEST_SEED
from nnsim.engine.layers.base import initializer_from
from nnsim.engine.optimizers import OPTIMIZERS, schedule
from nnsim.experiments import Experiment, ExperimentError
from nnsim.experiments.archive import Archive, read_experiment
from nnsim.i18n import _
from nnsim.lab.errors import LabError
from nnsim.lab.lab import Lab
from nnsim.lab.session.writing import (
    BENCH_KEYS,
    FORMAT,
    FRAME_KEYS,
    KEYS,
    MOST,
    NETWORK_KEYS,
    RUN_KEYS,
    STATE_KEYS,
    STOPPED,
    VERSION,
)
from nnsim.lab.training.surgery import Condition
from nnsim.lab.training.timeline import (
    MOST_BYTES,
    MOST_FRAMES,
    MOST_RUNS,
    Frame,
    Run,
    Setup,
    Timeline,
)
from nnsim.lab.undo import Kept, UndoState

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments.toml import Table

Array = NDArray[Any]
Shape = tuple[int, ...]
# Sums of squares, and the steps that Adam counts.
_NOT_NEGATIVE = ("squares", "moment2", "time")
MOST_AT_ONCE = 10_000_000  # samples of a batch, as the engine takes them
MOST_NETWORKS = MOST_RUNS + 1
MOST_PANELS = 9


@dataclass(frozen=True)
class Opened:
    """A session that was opened."""

    lab: Lab
    panel: int | None  # the panel that was in sight, by its number key


def unpack(content: bytes, file: str, *, load: Callable[[str], Experiment] | None = None) -> Opened:
    """Return the bench that `pack` made these bytes of.

    `file` is the name of their file, for refusals; `load` finds other experiments, for the `Lab`.

    Raises ExperimentError if they are no session, one of a newer nnsim, or damaged in whatever way:
    ``file: what is wrong``.
    """
    archive = Archive(content, file)
    try:
        return _Reader(archive).open(load)
    except ExperimentError:
        raise
    except MemoryError:
        archive.refuse(_("there is not enough memory for this"))
    except ValueError as error:  # what engine and bench refuse
        archive.refuse(str(error))


class _Reader:
    def __init__(self, archive: Archive) -> None:
        self._archive, self._top = archive, archive.header
        self._check_form()
        self._top.only(KEYS)
        self._experiments = self._read_experiments()
        self._setups = [self._read_network(table) for table in self._tables("networks")]
        self._starts = self._read_starts()
        self._states = [read_state(table) for table in self._tables("states", 10**6)]

    def _check_form(self) -> None:
        top = self._top
        if top.content.get("format") != FORMAT:
            self._archive.refuse(_("this is no session of nnsim; the key s in the lab saves one"))
        version = top.integer("version", None, 1, 10**6)
        if version > VERSION:
            problem = _(
                "nnsim {newer} saved it, in version {version} of the form; this nnsim reads up to "
                "version {ours}: install nnsim {newer} or later"
            )
            newer = top.text("nnsim", "?")
            newer = newer if newer.isprintable() and len(newer) < 40 else "?"
            self._archive.refuse(problem.format(newer=newer, version=version, ours=VERSION))

    def _tables(self, key: str, most: int = MOST_NETWORKS) -> list[Table]:
        return self._top.tables(key, most)

    def _read_experiments(self) -> list[Experiment]:
        found: list[Experiment] = []
        for number, table in enumerate(self._tables("experiments")):
            data = found[0].data if found else None
            experiment = read_experiment(table, self._archive, f"experiment{number}", data)
            first = found[0] if found else experiment
            if (experiment.input_shape, experiment.outputs) != (first.input_shape, first.outputs):
                table.fail("network", _("it does not fit the samples"))
            found.append(experiment)
        return found

    def _read_network(self, table: Table) -> tuple[Network, Trainer, Condition]:
        table.only(NETWORK_KEYS)
        experiment = self._experiments[place_in(table, "experiment", self._experiments)]
        seed = table.integer("seed", None, 0, LARGEST_SEED)
        network = experiment.build_network(seed)
        trainer = experiment.build_trainer(
            network, table.integer("trainer_seed", None, 0, LARGEST_SEED)
        )
        network.l1 = table.number("l1", None, 0)
        network.generator.bit_generator.state = read_generator(table, "generator")
        trainer.clip = optional(table, "clip", lambda t, k: t.number(k, None, 0, above=True))
        trainer.train_biases = table.boolean("train_biases", True)
        network.l2 = table.number("l2", None, 0)
        network.muted = self._muted(table, network)
        self._plant(table, network)
        return network, trainer, Condition.of(network)

    def _muted(self, table: Table, network: Network) -> dict[int, tuple[int, ...]]:
        given = table.table("muted")
        numbers = {layer.name: number for number, layer in enumerate(network.layers)}
        given.only(tuple(numbers))
        return {numbers[name]: tuple(integers(given, name, 0, 10**8)) for name in given.content}

    def _plant(self, table: Table, network: Network) -> None:
        if table.content.get("bug") is None:
            return
        bug = table.texts("bug", distinct=False)
        if len(bug) != 2:
            table.fail("bug", _("it should be a mistake and the layer that it is in"))
        network.plant(*bug)

    def _read_starts(self) -> list[tuple[Array, int]]:
        if len(self._top.values("starts")) > MOST_NETWORKS + 1:
            self._top.fail("starts", _("there are too many of them"))
        networks = integers(self._top, "starts", 0, len(self._setups) - 1)
        found = []
        for number, network in enumerate(networks):
            built = self._setups[network][0]
            shape = built.parameters.shape
            found.append((self._archive.array(f"start{number}", shape, built.dtype), network))
        return found

    def _start(self, table: Table, network: int) -> Array:
        start, of = self._starts[place_in(table, "start", self._starts)]
        if of != network:
            table.fail("start", _("it belongs to another network"))
        return start

    def _timeline(self, bench: Experiment) -> Timeline:
        groups = [
            self._group(table, number) for number, table in enumerate(self._groups())
        ]  # fmt: skip
        setups: list[Setup] = []
        runs = tuple(self._run(table, groups, setups) for table in self._tables("runs", MOST_RUNS))
        if len({run.number for run in runs}) < len(runs):
            self._top.fail("runs", _("two runs have the same number"))
        for run in runs:
            run.setup.reader.experiment = bench
        current = self._top.integer("current", None, 1, MOST)
        if current not in {run.number for run in runs}:
            self._top.fail("current", _("there is no such run"))
        return Timeline(runs, current)

    def _groups(self) -> list[Table]:
        # A network that is too large for its epochs to be kept has none.
        return self._tables("frames", 100) if self._top.content.get("frames") != [] else []

    def _group(self, table: Table, number: int) -> tuple[int, list[Frame]]:
        table.only(FRAME_KEYS)
        network = place_in(table, "network", self._setups)
        epochs = integers(table, "epochs", 0, MOST)
        updates = integers(table, "updates", 0, MOST)
        places = integers(table, "states", 0, len(self._states) - 1)
        l2 = table.values("l2")
        count, built = len(epochs), self._setups[network][0]
        if not len(updates) == len(places) == len(l2) == count:
            table.fail("epochs", _("these lists should be equally long"))
        if any(self._states[place]["optimizer"] != table.text("optimizer") for place in places):
            table.fail("states", _("the frames of a group should have one optimizer"))
        if not 1 <= count <= MOST_RUNS * MOST_FRAMES:
            table.fail("epochs", _("there are too many or no epochs"))
        forms = array_forms(built, self._states[places[0]])
        if count * sum(int(np.prod(shape)) * 8 for shape, _kind in forms.values()) > (
            2 * MOST_RUNS * MOST_BYTES
        ):
            table.fail("epochs", _("there are too many or no epochs"))
        arrays = read_arrays(self._archive, f"frames{number}", forms, (count,))
        frames: list[Frame] = []
        for row in range(count):
            rest = {
                **self._states[places[row]], "epoch": epochs[row], "updates": updates[row]
            }  # fmt: skip
            own = {name: np.array(array[row]) for name, array in arrays.items()}
            like = frames[-1] if frames else None
            frames.append(Frame.of_state(whole(built, rest, own), self._l2(l2, row), like))
        return network, frames

    def _l2(self, values: list[Any], row: int) -> float:
        value = values[row]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e300:
            self._top.fail("frames", _("a penalty should be a number from 0"))
        return float(value)

    def _run(self, table: Table, groups: list[tuple[int, list[Frame]]], setups: list[Setup]) -> Run:
        table.only(RUN_KEYS)
        network = place_in(table, "network", self._setups)
        experiment = place_in(table, "experiment", self._experiments)
        setup = self._setup(table, experiment, network, setups)
        first = table.integer("first", None, 0, MOST)
        last = table.integer("last", None, first, MOST)
        frames = tuple(self._frames(table, groups, network))
        epochs = [frame.epoch for frame in frames]
        ascending = all(a < b for a, b in pairwise(epochs))
        if not ascending or (epochs and not (first <= epochs[0] and epochs[-1] <= last)):
            table.fail("frames", _("its epochs should ascend, from the first to the last"))
        # Frames that share a part are counted a little otherwise when they are made anew.
        if len(frames) > MOST_FRAMES or sum(f.size for f in frames) > MOST_BYTES * 5 // 4:
            table.fail("frames", _("there are more epochs than a run keeps"))
        return Run(
            table.integer("number", None, 1, MOST), setup, frames, first, last,
            parent=optional_integer(table, "parent", 1, MOST),
            fork=optional_integer(table, "fork", first, last),
            digits=table.integer("digits", None, -64, 64),
        )  # fmt: skip

    def _setup(self, table: Table, experiment: int, network: int, setups: list[Setup]) -> Setup:
        """Return what the frames of a run belong to; runs that have it in common share it."""
        start = self._start(table, network)
        built, trainer, _condition = self._setups[network]
        new = Setup.of(self._experiments[experiment], built, trainer, start)
        shared = [setup.reader for setup in setups if setup.network is built]
        text = table.text("initializer", "")
        new = replace(
            new,
            reader=shared[0] if shared else new.reader,
            seed=optional_integer(table, "seed", 0, LARGEST_SEED),
            initializer=table.accepted("initializer", initializer_from, "") if text else "",
        )
        parts = ("experiment", "network", "start", "seed", "initializer")
        for known in setups:
            if all(getattr(known, part) is getattr(new, part) for part in parts[:3]) and all(
                getattr(known, part) == getattr(new, part) for part in parts[3:]
            ):
                return known
        setups.append(new)
        return new

    def _frames(
        self, table: Table, groups: list[tuple[int, list[Frame]]], network: int
    ) -> list[Frame]:
        found = []
        for index, place in enumerate(table.values("frames")):
            pair = isinstance(place, list) and len(place) == 2
            if not pair or not all(isinstance(p, int) and not isinstance(p, bool) for p in place):
                table.fail("frames", _("it should be a group and a row of it"), index)
            group, row = place
            fits = 0 <= group < len(groups) and 0 <= row < len(groups[group][1])
            if not fits or groups[group][0] != network:
                table.fail("frames", _("there is no such frame of this network"), index)
            found.append(groups[group][1][row])
        return found

    def open(self, load: Callable[[str], Experiment] | None) -> Opened:
        table = self._top.table("bench", required=True)
        table.only((*BENCH_KEYS, *(kept.key for kept in Lab.kept.values() if kept.key)))
        experiment = self._experiments[place_in(table, "experiment", self._experiments)]
        timeline = self._timeline(experiment)
        place = place_in(table, "network", self._setups)
        network, trainer, condition = self._setups[place]
        state = self._state(table, network)
        lab = Lab(experiment, untrained=True, load=load)
        view: dict[str, Any] = {
            name: self._kept(lab, kept, table) for name, kept in lab.kept.items()
        }
        view["input"] = self._archive.array("bench.input", experiment.input_shape)
        if table.boolean("target", False):
            view["target"] = self._archive.array("bench.target", (experiment.outputs,))
        stood = UndoState(
            experiment=experiment,
            network=network,
            trainer=trainer,
            training=state,
            start=self._start(table, place),
            epoch=state["epoch"],
            stopped=optional(table, "stopped", lambda t, k: t.choice(k, STOPPED)),
            condition=condition,
            timeline=timeline,
            view=view,
        )
        panel = optional_integer(table, "panel", 1, MOST_PANELS)
        self._archive.finish()
        lab.restore(stood)
        return Opened(lab, panel)

    def _state(self, table: Table, network: Network) -> dict[str, Any]:
        rest = {
            **self._states[place_in(table, "state", self._states)],
            "epoch": table.integer("epoch", None, 0, MOST),
            "updates": table.integer("updates", None, 0, MOST),
        }
        forms = array_forms(network, rest)
        arrays = read_arrays(self._archive, "bench", forms)
        return whole(network, rest, arrays)

    def _kept(self, lab: Lab, kept: Kept[Any], table: Table) -> Any:
        if kept.read is None:
            return kept.take(kept.start(lab))
        try:
            return kept.take(kept.read(table, kept.key, lab))
        except LabError as error:
            table.fail(kept.key, str(error))


def read_state(table: Table) -> dict[str, Any]:
    table.only(STATE_KEYS)
    kind = table.choice("optimizer", tuple(OPTIMIZERS))
    constants = table.table("constants", required=True)
    numbers = {name: constants.number(name, None) for name in constants.content}
    try:
        OPTIMIZERS[kind](**numbers)
    except (TypeError, ValueError) as error:
        table.fail("constants", str(error))
    return {
        "period": table.integer("period", None, 0, MOST),
        "position": table.integer("position", None, 0, MOST),
        "waited": table.integer("waited", None, 0, MOST),
        "order_state": optional(table, "order_state", read_generator),
        "optimizer": kind,
        "constants": numbers,
        "learning_rate": table.number("learning_rate", None, 0),
        "batch_size": optional_integer(table, "batch_size", 1, MOST_AT_ONCE),
        "schedule": table.accepted("schedule", schedule, "constant"),
        "shuffling": read_generator(table, "shuffling"),
        "noise": read_generator(table, "noise"),
        "dropout": _rates(table),
    }


def _rates(table: Table) -> list[float]:
    rates = table.values("dropout")
    for index, rate in enumerate(rates):
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
            table.fail("dropout", _("a rate should be a number from 0 below 1"), index)
    return rates


def read_generator(table: Table, key: str) -> dict[str, Any]:
    given = table.table(key, required=True)
    given.only(("bit_generator", "state", "has_uint32", "uinteger"))
    state = given.table("state", required=True)
    state.only(("state", "inc"))
    return {
        "bit_generator": given.choice("bit_generator", ("PCG64",)),
        "state": {name: state.integer(name, None, 0, 2**128 - 1) for name in ("state", "inc")},
        "has_uint32": given.integer("has_uint32", None, 0, 1),
        "uinteger": given.integer("uinteger", None, 0, 2**32 - 1),
    }


def optional(table: Table, key: str, read: Any) -> Any:
    return None if table.content.get(key, 0) is None else read(table, key)


def optional_integer(table: Table, key: str, low: int, high: int) -> int | None:
    found: int | None = optional(table, key, lambda t, k: t.integer(k, None, low, high))
    return found


def integers(table: Table, key: str, low: int, high: int) -> list[int]:
    values = table.values(key)
    for index, value in enumerate(values):
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            problem = _("it should be a whole number from {low} to {high}")
            table.fail(key, problem.format(low=low, high=high), index)
    return values


def place_in(table: Table, key: str, things: list[Any] | tuple[Any, ...]) -> int:
    if not things:
        table.fail(key, _("there is nothing that it could mean"))
    return table.integer(key, None, 0, len(things) - 1)


def array_forms(network: Network, state: Mapping[str, Any]) -> dict[str, tuple[Shape, Any]]:
    rule = OPTIMIZERS[state["optimizer"]](**state["constants"])
    rule.prepare(np.zeros(0, network.dtype), state["learning_rate"])
    n = network.parameters.shape
    forms: dict[str, tuple[Shape, Any]] = {"parameters": (n, network.dtype)}
    if network.running.size:
        forms["running"] = (network.running.shape, network.dtype)
    for name, slot in rule.slots.items():
        forms[name] = (n if slot.ndim else (), slot.dtype)
    return forms


def read_arrays(
    archive: Archive, prefix: str, forms: Mapping[str, tuple[Shape, Any]], lead: Shape = ()
) -> dict[str, Array]:
    found = {}
    for name, (shape, kind) in forms.items():
        found[name] = array = archive.array(f"{prefix}.{name}", (*lead, *shape), kind)
        if name in _NOT_NEGATIVE and array.size and array.min() < 0:
            archive.refuse(_("the array {name} holds negative numbers").format(name=name))
        if name == "time" and not np.array_equal(array, np.floor(array)):
            archive.refuse(_("the array {name} should hold whole numbers").format(name=name))
    return found


def whole(network: Network, rest: Mapping[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
    slots = {k: v for k, v in arrays.items() if k not in ("parameters", "running")}
    running = arrays.get("running", np.zeros(0, network.dtype))
    return {
        **rest, "parameters": arrays["parameters"], "running": running, "slots": slots, "best": None
    }  # fmt: skip
