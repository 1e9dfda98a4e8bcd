"""How an experiment trains: the keys of ``[training]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnsim.engine.checks import LARGEST_SEED
from nnsim.engine.optimizers import schedule

if TYPE_CHECKING:
    from nnsim.experiments.table import Table

OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")
MOST_EPOCHS = 1_000_000_000
KEYS = (
    "optimizer", "learning_rate", "batch_size", "epochs", "seed", "l1", "l2", "schedule", "clip",
    "train_biases", "on_open",
)  # fmt: skip


@dataclass(frozen=True)
class TrainingSpec:
    """How an experiment trains.

    Attributes
    ----------
    optimizer : str
    learning_rate : float
    batch_size : int
        0 is the whole set at once.
    epochs : int
    seed : int
        Of the order in which samples are drawn and of dropout; and of the start weights, where
        ``[network]`` has no seed of its own.
    l1, l2 : float
        Penalties on weights and kernels, l1·Σ|w| and ½·l2·Σw².
    schedule : str
        ``"constant"``, ``"step:10:0.5"``, ``"cosine:100"``: how the learning rate falls.
    clip : float or None
        The gradient is scaled down to this norm where it is longer.
    train_biases : bool
    on_open : bool
        Whether the app and the command line open the experiment trained.
    """

    optimizer: str = "sgd"
    learning_rate: float = 0.2
    batch_size: int = 0
    epochs: int = 50
    seed: int = 0
    l1: float = 0.0
    l2: float = 0.0
    schedule: str = "constant"
    clip: float | None = None
    train_biases: bool = True
    on_open: bool = False


def read_training(table: Table) -> TrainingSpec:
    """Return the checked ``[training]`` table."""
    table.only(KEYS)
    default = TrainingSpec()
    return TrainingSpec(
        optimizer=table.choice("optimizer", OPTIMIZERS, default.optimizer),
        learning_rate=table.number("learning_rate", default.learning_rate, 0, 1e6),
        batch_size=table.integer("batch_size", default.batch_size, 0, MOST_EPOCHS),
        epochs=table.integer("epochs", default.epochs, 0, MOST_EPOCHS),
        seed=table.integer("seed", default.seed, 0, LARGEST_SEED),
        l1=table.number("l1", default.l1, 0, 1e6),
        l2=table.number("l2", default.l2, 0, 1e6),
        schedule=table.accepted("schedule", schedule, default.schedule),
        clip=table.number("clip", None, 0, 1e12, above=True) if "clip" in table else None,
        train_biases=table.boolean("train_biases", default.train_biases),
        on_open=table.boolean("on_open", default.on_open),
    )
