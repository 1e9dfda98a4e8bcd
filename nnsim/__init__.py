"""nnsim: take neural networks apart in a terminal."""

__version__ = "0.1.0"
