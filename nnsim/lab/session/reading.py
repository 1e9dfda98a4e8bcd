"""From the bytes of a session to a bench. Nothing in them is trusted, and nothing is executed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.initializers import initializer
from nnsim.engine.seeds import LARGEST_SEED
from nnsim.experiments import Experiment, ExperimentError
from nnsim.experiments.archive import Archive
from nnsim.experiments.description import read_experiment
from nnsim.i18n import _
from nnsim.lab.addresses import Address
from nnsim.lab.errors import LabError
from nnsim.lab.frames import Frame
from nnsim.lab.lab import Lab
from nnsim.lab.moment import Moment
from nnsim.lab.session import form, states
from nnsim.lab.surgery import Condition
from nnsim.lab.timeline import MOST_BYTES, MOST_FRAMES, MOST_RUNS, Run, Setup, Timeline

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments.table import Table

Array = NDArray[Any]
MOST_NETWORKS = MOST_RUNS + 1
MOST_PANELS = 9


@dataclass(frozen=True)
class Opened:
    """A session that was opened.

    Attributes
    ----------
    lab : Lab
    panel : int or None
        The panel that was in sight, by its number key.
    """

    lab: Lab
    panel: int | None


def unpack(content: bytes, file: str, *, load: Callable[[str], Experiment] | None = None) -> Opened:
    """Return the bench that `pack` made these bytes of.

    Parameters
    ----------
    content : bytes
    file : str
        The name of their file, for refusals.
    load : callable, optional
        What finds other experiments, for the `Lab`.

    Raises
    ------
    ExperimentError
        If they are no session, one of a newer nnsim, or damaged in whatever way:
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
        self._top.only(form.KEYS)
        self._experiments = self._read_experiments()
        self._setups = [self._read_network(table) for table in self._tables("networks")]
        self._starts = self._read_starts()
        self._states = [states.read_state(table) for table in self._tables("states", 10**6)]

    def _check_form(self) -> None:
        top = self._top
        if top.content.get("format") != form.FORMAT:
            self._archive.refuse(_("this is no session of nnsim; the key s in the lab saves one"))
        version = top.integer("version", None, 1, 10**6)
        if version > form.VERSION:
            problem = _(
                "nnsim {newer} saved it, in version {version} of the form; this nnsim reads up to "
                "version {ours}: install nnsim {newer} or later"
            )
            newer = top.text("nnsim", "?")
            newer = newer if newer.isprintable() and len(newer) < 40 else "?"
            self._archive.refuse(problem.format(newer=newer, version=version, ours=form.VERSION))

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

    # Networks ---------------------------------------------------------------------------------

    def _read_network(self, table: Table) -> tuple[Network, Trainer, Condition]:
        table.only(form.NETWORK_KEYS)
        experiment = self._experiments[states.place_in(table, "experiment", self._experiments)]
        seed = table.integer("seed", None, 0, LARGEST_SEED)
        network = experiment.build_network(seed)
        trainer = experiment.build_trainer(
            network, table.integer("trainer_seed", None, 0, LARGEST_SEED)
        )
        network.l1 = table.number("l1", None, 0)
        network.generator.bit_generator.state = states.read_generator(table, "generator")
        trainer.clip = states.optional(table, "clip", lambda t, k: t.number(k, None, 0, above=True))
        trainer.train_biases = table.boolean("train_biases", True)
        network.l2 = table.number("l2", None, 0)
        network.muted = self._muted(table, network)
        self._plant(table, network)
        return network, trainer, Condition.of(network)

    def _muted(self, table: Table, network: Network) -> dict[int, tuple[int, ...]]:
        given = table.table("muted")
        numbers = {layer.name: number for number, layer in enumerate(network.layers)}
        given.only(tuple(numbers))
        return {
            numbers[name]: tuple(states.integers(given, name, 0, 10**8)) for name in given.content
        }

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
        networks = states.integers(self._top, "starts", 0, len(self._setups) - 1)
        found = []
        for number, network in enumerate(networks):
            built = self._setups[network][0]
            shape = built.parameters.shape
            found.append((self._archive.array(f"start{number}", shape, built.dtype), network))
        return found

    def _start(self, table: Table, network: int) -> Array:
        start, of = self._starts[states.place_in(table, "start", self._starts)]
        if of != network:
            table.fail("start", _("it belongs to another network"))
        return start

    # Runs -------------------------------------------------------------------------------------

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
        current = self._top.integer("current", None, 1, form.MOST)
        if current not in {run.number for run in runs}:
            self._top.fail("current", _("there is no such run"))
        return Timeline(runs, current)

    def _groups(self) -> list[Table]:
        # A network that is too large for its epochs to be kept has none.
        return self._tables("frames", 100) if self._top.content.get("frames") != [] else []

    def _group(self, table: Table, number: int) -> tuple[int, list[Frame]]:
        """Return the frames of one group, and the network that they belong to."""
        table.only(form.FRAME_KEYS)
        network = states.place_in(table, "network", self._setups)
        epochs = states.integers(table, "epochs", 0, form.MOST)
        updates = states.integers(table, "updates", 0, form.MOST)
        places = states.integers(table, "states", 0, len(self._states) - 1)
        l2 = table.values("l2")
        count, built = len(epochs), self._setups[network][0]
        if not len(updates) == len(places) == len(l2) == count:
            table.fail("epochs", _("these lists should be equally long"))
        if any(self._states[place]["optimizer"] != table.text("optimizer") for place in places):
            table.fail("states", _("the frames of a group should have one optimizer"))
        if not 1 <= count <= MOST_RUNS * MOST_FRAMES:
            table.fail("epochs", _("there are too many or no epochs"))
        forms = states.array_forms(built, self._states[places[0]])
        if count * sum(int(np.prod(shape)) * 8 for shape, _kind in forms.values()) > (
            2 * MOST_RUNS * MOST_BYTES
        ):
            table.fail("epochs", _("there are too many or no epochs"))
        arrays = states.read_arrays(self._archive, f"frames{number}", forms, (count,))
        frames: list[Frame] = []
        for row in range(count):
            rest = {
                **self._states[places[row]], "epoch": epochs[row], "updates": updates[row]
            }  # fmt: skip
            own = {name: np.array(array[row]) for name, array in arrays.items()}
            like = frames[-1] if frames else None
            frames.append(Frame.of_state(states.whole(built, rest, own), self._l2(l2, row), like))
        return network, frames

    def _l2(self, values: list[Any], row: int) -> float:
        value = values[row]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e300:
            self._top.fail("frames", _("a penalty should be a number from 0"))
        return float(value)

    def _run(
        self,
        table: Table,
        groups: list[tuple[int, list[Frame]]],
        setups: list[Setup],
    ) -> Run:
        table.only(form.RUN_KEYS)
        network = states.place_in(table, "network", self._setups)
        experiment = states.place_in(table, "experiment", self._experiments)
        setup = self._setup(table, experiment, network, setups)
        first = table.integer("first", None, 0, form.MOST)
        last = table.integer("last", None, first, form.MOST)
        frames = tuple(self._frames(table, groups, network))
        epochs = [frame.epoch for frame in frames]
        ascending = all(a < b for a, b in pairwise(epochs))
        if not ascending or (epochs and not (first <= epochs[0] and epochs[-1] <= last)):
            table.fail("frames", _("its epochs should ascend, from the first to the last"))
        # Frames that share a part are counted a little otherwise when they are made anew.
        if len(frames) > MOST_FRAMES or sum(f.size for f in frames) > MOST_BYTES * 5 // 4:
            table.fail("frames", _("there are more epochs than a run keeps"))
        return Run(
            table.integer("number", None, 1, form.MOST), setup, frames, first, last,
            parent=states.optional_integer(table, "parent", 1, form.MOST),
            fork=states.optional_integer(table, "fork", first, last),
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
            seed=states.optional_integer(table, "seed", 0, LARGEST_SEED),
            initializer=table.accepted("initializer", initializer, "") if text else "",
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

    # The bench --------------------------------------------------------------------------------

    def open(self, load: Callable[[str], Experiment] | None) -> Opened:
        """Return the bench as it stood."""
        table = self._top.table("bench", required=True)
        table.only(form.BENCH_KEYS)
        experiment = self._experiments[states.place_in(table, "experiment", self._experiments)]
        timeline = self._timeline(experiment)
        place = states.place_in(table, "network", self._setups)
        network, trainer, condition = self._setups[place]
        state = self._state(table, network)
        lab = Lab(experiment, untrained=True, load=load)
        sample = states.optional_integer(table, "sample", 0, max(0, lab.sample_count - 1))
        moment = Moment(
            experiment=experiment,
            network=network,
            trainer=trainer,
            training=state,
            start=self._start(table, place),
            epoch=state["epoch"],
            stopped=states.optional(table, "stopped", lambda t, k: t.choice(k, form.STOPPED)),
            condition=condition,
            timeline=timeline,
            grown=0,
            input=self._archive.array("bench.input", experiment.input_shape),
            target=self._target(table, experiment),
            sample=sample if lab.sample_count else None,
            edited=table.boolean("edited", False),
            focus=self._focus(lab, table),
            walk_place=self._walk(table),
            circuit=None,
        )
        panel = states.optional_integer(table, "panel", 1, MOST_PANELS)
        self._archive.finish()
        lab.restore(moment)
        if lab.walk_place is not None and lab.walk is None:
            lab.walk_to(None)
        return Opened(lab, panel)

    def _state(self, table: Table, network: Network) -> dict[str, Any]:
        rest = {
            **self._states[states.place_in(table, "state", self._states)],
            "epoch": table.integer("epoch", None, 0, form.MOST),
            "updates": table.integer("updates", None, 0, form.MOST),
        }
        forms = states.array_forms(network, rest)
        arrays = states.read_arrays(self._archive, "bench", forms)
        return states.whole(network, rest, arrays)

    def _target(self, table: Table, experiment: Experiment) -> Array | None:
        if not table.boolean("target", False):
            return None
        return self._archive.array("bench.target", (experiment.outputs,))

    def _focus(self, lab: Lab, table: Table) -> Address:
        try:
            return lab.names.address(lab.names.resolve(table.text("focus")))
        except LabError as error:
            table.fail("focus", str(error))

    def _walk(self, table: Table) -> Any:
        if table.content.get("walk") is None:
            return None
        from nnsim.lab.walk import GRAINS, Place
        from nnsim.lab.walk.step import Direction

        walk = table.values("walk")
        if len(walk) != 3 or walk[0] not in get_args(Direction) or walk[1] not in GRAINS:
            table.fail("walk", _("it should be a direction, a grain and a step"))
        index = walk[2]
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < form.MOST:
            table.fail("walk", _("it should be a direction, a grain and a step"))
        return Place(walk[0], walk[1], index)
