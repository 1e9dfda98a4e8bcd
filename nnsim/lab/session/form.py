"""The form of a session: its name, its version, its keys."""

from nnsim.experiments.catalogue import SESSION as SUFFIX

__all__ = ["FORMAT", "SUFFIX", "VERSION"]

FORMAT, VERSION = "nnsim session", 1

KEYS = (
    "format", "version", "nnsim", "experiments", "data", "networks", "starts", "states", "frames",
    "runs", "current", "bench",
)  # fmt: skip
NETWORK_KEYS = (
    "experiment", "seed", "trainer_seed", "l1", "l2", "clip", "train_biases", "muted", "bug",
    "generator",
)  # fmt: skip
# What a trainer counts and is told; the arrays of its state lie beside it.
STATE_KEYS = (
    "period", "position", "waited", "order_state", "optimizer", "constants", "learning_rate",
    "batch_size", "schedule", "shuffling", "noise", "dropout",
)  # fmt: skip
FRAME_KEYS = ("network", "optimizer", "epochs", "updates", "l2", "states")
RUN_KEYS = (
    "number", "experiment", "network", "start", "seed", "initializer", "frames", "first", "last",
    "parent", "fork", "digits",
)  # fmt: skip
BENCH_KEYS = (
    "experiment", "network", "start", "state", "epoch", "updates", "stopped", "target", "sample",
    "edited", "focus", "walk", "panel",
)  # fmt: skip
STOPPED = ("finished", "early", "diverged", "interrupted")
MOST = 2**62
"""Epochs and updates that are counted at most."""
