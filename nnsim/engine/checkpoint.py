"""Where training stands, to go back to or to go on from: in memory and on disk."""

from __future__ import annotations

import copy
from os import PathLike
from typing import TYPE_CHECKING, Any

from nnsim.engine import files as storage
from nnsim.engine.checks import EngineError
from nnsim.engine.layers import Dropout
from nnsim.engine.network import Network
from nnsim.engine.optimizers import OPTIMIZERS, Optimizer

if TYPE_CHECKING:
    from nnsim.engine.training import Trainer

# What a trainer counts and is told, as JSON can hold it.
_COUNTS = ("period", "epoch", "updates", "position", "order_state", "waited")
_SETTINGS = ("seed", "clip", "train_biases", "validation_fraction", "patience", "min_delta")


def state(trainer: Trainer) -> dict[str, Any]:
    """Return a copy of all that training goes on from."""
    best, network = trainer.best, trainer.network
    return {
        **{name: copy.deepcopy(getattr(trainer, name)) for name in _COUNTS},
        "parameters": network.parameters.copy(),
        "running": network.running.copy(),
        "optimizer": trainer.optimizer.name,
        "constants": trainer.optimizer.config(),
        "slots": {name: slot.copy() for name, slot in trainer.optimizer.slots.items()},
        "learning_rate": trainer.learning_rate,
        "batch_size": trainer.batch_size,
        "schedule": str(trainer.schedule),
        "shuffling": trainer.shuffling.bit_generator.state,
        "noise": trainer.noise.bit_generator.state,
        "best": None if best is None else (best[0], best[1].copy(), best[2].copy()),
        "dropout": [layer.rate for layer in _dropout(network)],
    }


def restore(trainer: Trainer, state: dict[str, Any]) -> None:
    """Put a trainer where `state` was taken."""
    network = trainer.network
    if state["parameters"].shape != network.parameters.shape:
        raise EngineError(
            f"the state has {state['parameters'].size} parameters, but the network has "
            f"{network.parameters.size}"
        )
    trainer.keep_last()
    network.parameters[...], network.running[...] = state["parameters"], state["running"]
    name, constants = state["optimizer"], state["constants"]
    if (name, constants) != (trainer.optimizer.name, trainer.optimizer.config()):
        trainer.optimizer = _optimizer(state)
    for slot_name, slot in state["slots"].items():
        trainer.optimizer.slots[slot_name][...] = slot
    for name in _COUNTS:
        setattr(trainer, name, copy.deepcopy(state[name]))
    trainer.best = copy.deepcopy(state["best"])
    trainer.shuffling.bit_generator.state = state["shuffling"]
    trainer.noise.bit_generator.state = state["noise"]
    trainer.batch_size, trainer.schedule = state["batch_size"], state["schedule"]
    trainer.learning_rate = state["learning_rate"]
    for layer, rate in zip(_dropout(network), state.get("dropout", ()), strict=False):
        layer.rate = rate
    trainer.stopped = None


def twin(trainer: Trainer) -> Trainer:
    """Return a trainer with a network of its own that goes on as `trainer` would."""
    old = trainer.network
    network = Network.from_description(old.describe())
    network.muted = old.muted
    if old.bug is not None:
        network.plant(old.bug[0], network.layers[old.bug[1]].name)
    other = type(trainer)(network, **{name: getattr(trainer, name) for name in _SETTINGS})
    restore(other, state(trainer))
    return other


def _dropout(network: Network) -> list[Dropout]:
    return [layer for layer in network.layers if isinstance(layer, Dropout)]


def _optimizer(state: dict[str, Any]) -> Optimizer:
    return OPTIMIZERS[state["optimizer"]](**state["constants"])


def save(trainer: Trainer, path: str | PathLike[str]) -> None:
    """Write a trainer and its network to an ``.npz`` file."""
    now = state(trainer)
    arrays = {"parameters": now.pop("parameters"), "running": now.pop("running")}
    arrays |= {f"slot_{name}": slot for name, slot in now.pop("slots").items()}
    best = now.pop("best")
    if best is not None:
        now["best_loss"] = best[0]
        arrays |= {"best_parameters": best[1], "best_running": best[2]}
    settings = {name: getattr(trainer, name) for name in _SETTINGS}
    description = {"network": trainer.network.describe(), "state": now, "settings": settings}
    storage.save(path, description, arrays)


def load(path: str | PathLike[str]) -> tuple[Network, Optimizer, dict[str, Any], dict[str, Any]]:
    """Read what makes a trainer: network, optimiser, settings, and the state to go on from."""
    description, arrays = storage.load(path)
    network = Network.from_file(path, description, arrays)
    now, settings = description.get("state"), description.get("settings")
    if now is None or settings is None:
        raise EngineError(f"{path} holds a network, but no training to go on with")
    try:
        rule = _optimizer(now)
        rule.prepare(network.parameters, now["learning_rate"])
        for name, slot in rule.slots.items():
            storage.fill(slot, arrays, f"slot_{name}")
        vectors = {"parameters": network.parameters, "running": network.running}
        best = None
        if "best_loss" in now:
            kept = {name: vector.copy() for name, vector in vectors.items()}
            for name, vector in kept.items():
                storage.fill(vector, arrays, f"best_{name}")
            best = (now["best_loss"], *kept.values())
        slots = {name: slot.copy() for name, slot in rule.slots.items()}
        whole = {**now, **vectors, "slots": slots, "best": best}
        # A trainer of its own finds out whether all of it fits together.
        from nnsim.engine.training import Trainer

        restore(Trainer(network, rule, **settings), whole)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EngineError(f"{path} is damaged: {error}") from error
    return network, rule, settings, whole
