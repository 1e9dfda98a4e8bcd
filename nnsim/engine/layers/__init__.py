"""The layers, one idea per file."""

from nnsim.engine.layers.base import Layer, Signals
from nnsim.engine.layers.convolution import Conv2D
from nnsim.engine.layers.dense import Activation, Dense
from nnsim.engine.layers.normalization import BatchNorm, Dropout
from nnsim.engine.layers.pooling import AveragePool2D, Flatten, MaxPool2D

__all__ = [
    "Activation",
    "AveragePool2D",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "MaxPool2D",
    "Signals",
]
