"""Programs that run by themselves and say what a network of nnsim says.

Each is one file with the parameters in it: as numbers where there are few, else packed as text. It
gives the outputs of `Network.forward`, in evaluation mode, to 1e-6.
"""

from nnsim.experiments.export.subject import TARGETS, Subject, program, subject_of

__all__ = ["TARGETS", "Subject", "program", "subject_of"]
