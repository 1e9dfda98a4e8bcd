"""Experiments: TOML files with data, network, loss, optimiser and starting weights.

`catalogue` lists those that ship, without NumPy; `load` reads one, by its id or its path.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from nnsim.experiments.catalogue import Entry, catalogue
from nnsim.experiments.files import ExperimentError

if TYPE_CHECKING:
    from nnsim.experiments.datasets import DataSet
    from nnsim.experiments.experiment import Experiment, NetworkSpec, TrainingSpec
    from nnsim.experiments.inputs import InputSpec
    from nnsim.experiments.kinds import LayerSpec
    from nnsim.experiments.loading import load

__all__ = [
    "DataSet", "Entry", "Experiment", "ExperimentError", "InputSpec", "LayerSpec",
    "NetworkSpec", "TrainingSpec", "catalogue", "load",
]  # fmt: skip

_LATE = {
    "DataSet": "datasets",
    "Experiment": "experiment",
    "InputSpec": "inputs",
    "LayerSpec": "kinds",
    "NetworkSpec": "network",
    "TrainingSpec": "experiment",
    "load": "loading",
}


def __getattr__(name: str) -> object:
    """Import what needs NumPy when it is first asked for (PEP 562)."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
