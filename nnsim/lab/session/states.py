"""Where training stood, read from a session: counts, settings, generators, and their arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nnsim.engine.optimizers import OPTIMIZERS
from nnsim.engine.schedules import schedule
from nnsim.i18n import _
from nnsim.lab.session.form import MOST, STATE_KEYS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnsim.engine import Network
    from nnsim.experiments.archive import Archive
    from nnsim.experiments.table import Table

    Array = NDArray[Any]

Shape = tuple[int, ...]

# Sums of squares, and the steps that Adam counts.
_NOT_NEGATIVE = ("squares", "moment2", "time")
MOST_AT_ONCE = 10_000_000  # samples of a batch, as the engine takes them


def read_state(table: Table) -> dict[str, Any]:
    """Return all of a `Trainer.state` but its epoch, updates and arrays."""
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
    """Return the rates of the dropout layers."""
    rates = table.values("dropout")
    for index, rate in enumerate(rates):
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
            table.fail("dropout", _("a rate should be a number from 0 below 1"), index)
    return rates


def read_generator(table: Table, key: str) -> dict[str, Any]:
    """Return the state of a generator of random numbers."""
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
    """Return what `read` reads, or None for null."""
    return None if table.content.get(key, 0) is None else read(table, key)


def optional_integer(table: Table, key: str, low: int, high: int) -> int | None:
    """Return a whole number, or None for null."""
    found: int | None = optional(table, key, lambda t, k: t.integer(k, None, low, high))
    return found


def integers(table: Table, key: str, low: int, high: int) -> list[int]:
    """Return a list of whole numbers."""
    values = table.values(key)
    for index, value in enumerate(values):
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            problem = _("it should be a whole number from {low} to {high}")
            table.fail(key, problem.format(low=low, high=high), index)
    return values


def place_in(table: Table, key: str, things: list[Any] | tuple[Any, ...]) -> int:
    """Return a position in a list of things."""
    if not things:
        table.fail(key, _("there is nothing that it could mean"))
    return table.integer(key, None, 0, len(things) - 1)


def array_forms(network: Network, state: Mapping[str, Any]) -> dict[str, tuple[Shape, Any]]:
    """Return shape and kind of number of the arrays of a state, by name; slots by theirs."""
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
    """Return the arrays of these forms, each with the axes `lead` before its own."""
    found = {}
    for name, (shape, kind) in forms.items():
        found[name] = array = archive.array(f"{prefix}.{name}", (*lead, *shape), kind)
        if name in _NOT_NEGATIVE and array.size and array.min() < 0:
            archive.refuse(_("the array {name} holds negative numbers").format(name=name))
        if name == "time" and not np.array_equal(array, np.floor(array)):
            archive.refuse(_("the array {name} should hold whole numbers").format(name=name))
    return found


def whole(network: Network, rest: Mapping[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
    """Return a `Trainer.state` from its parts; `arrays` are those of `array_forms`."""
    slots = {k: v for k, v in arrays.items() if k not in ("parameters", "running")}
    running = arrays.get("running", np.zeros(0, network.dtype))
    return {
        **rest, "parameters": arrays["parameters"], "running": running, "slots": slots, "best": None
    }  # fmt: skip
