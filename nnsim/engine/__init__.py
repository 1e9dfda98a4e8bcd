"""The engine: neural networks in NumPy, exact and fast.

A tour, in the order in which the files are best read:

``tape``          the one idea: layers don't compute, they write NumPy calls onto a list, which is
                  carried out, stepped through or printed as a program
``activations``   f(z) and f′(z)
``layers/``       dense, images, normalization: forward, and backward; ``base`` has what all share,
                  and where the weights start
``losses``        what a sample costs, and how that changes with the output
``optimizers``    how the parameters follow the gradient; schedules for the learning rate
``plan``          the tape of a whole network, from input to update; a trace copies it out, and
                  bugs can be planted in it
``network``       what a network is, and what it computes
``trainer``       the loop over batches and epochs; ``steps`` makes the updates, ``progress`` has
                  the metrics
``program``       training as a program: the tapes printed with their loop
``ensemble``      many networks at once
``gradcheck``     nudge every parameter
``files``         models on disk; ``checks`` what comes in
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from nnsim.engine.activations import ACTIVATIONS, ActivationFunction, activation
from nnsim.engine.checks import EngineError
from nnsim.engine.layers import (
    Activation,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2D,
)
from nnsim.engine.losses import LOSSES
from nnsim.engine.network import Network, Summary, SummaryRow
from nnsim.engine.optimizers import OPTIMIZERS
from nnsim.engine.plan import BUGS, LayerTrace, Plan, Trace
from nnsim.engine.progress import Progress
from nnsim.engine.tape import Op, Tape
from nnsim.engine.trainer import Trainer

if TYPE_CHECKING:
    from nnsim.engine.ensemble import Ensemble, EnsembleProgress
    from nnsim.engine.gradcheck import GradientCheck, check_gradients

__all__ = [
    "ACTIVATIONS", "BUGS", "LOSSES", "OPTIMIZERS", "Activation", "ActivationFunction",
    "AveragePool2D", "BatchNorm", "Conv2D", "Dense", "Dropout", "EngineError", "Ensemble",
    "EnsembleProgress", "Flatten", "GradientCheck", "Layer", "LayerTrace", "MaxPool2D", "Network",
    "Op", "Plan", "Progress", "Summary", "SummaryRow", "Tape", "Trace", "Trainer", "activation",
    "check_gradients",
]  # fmt: skip

# Imported when first asked for: a network is on the screen sooner without them (PEP 562).
_LATE = {
    "Ensemble": "ensemble",
    "EnsembleProgress": "ensemble",
    "GradientCheck": "gradcheck",
    "check_gradients": "gradcheck",
}


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
