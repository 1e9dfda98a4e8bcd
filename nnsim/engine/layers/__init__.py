"""The layers, one idea per file."""

from nnsim.engine.layers.base import Layer, Signals
from nnsim.engine.layers.dense import Activation, Dense

__all__ = ["Activation", "Dense", "Layer", "Signals"]
