"""A bench as bytes, and from bytes: everything on it, to go on elsewhere as if never closed.

What is kept: the experiment with its samples, parameters, optimiser and generators, the timeline
with all its runs, what is on the input, and the place where the person was. What is not: the
history of undo, and a circuit that is up.
"""

from nnsim.experiments.archive import LARGEST
from nnsim.lab.session.reading import Opened, unpack
from nnsim.lab.session.writing import FORMAT, SUFFIX, VERSION, Mark, pack

__all__ = ["FORMAT", "LARGEST", "SUFFIX", "VERSION", "Mark", "Opened", "pack", "unpack"]
