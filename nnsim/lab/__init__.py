"""The bench: state, commands, undo, addresses, explanations. No screen, no I/O."""

from nnsim.lab.addresses import ADDRESS_KINDS, Address, Quantity
from nnsim.lab.commands import COMMANDS, Command
from nnsim.lab.errors import AddressError, LabError, NoValueError
from nnsim.lab.lab import Lab
from nnsim.lab.training.timeline import Frame, Point, Run, Timeline

__all__ = [
    "ADDRESS_KINDS",
    "COMMANDS",
    "Address",
    "AddressError",
    "Command",
    "Frame",
    "Lab",
    "LabError",
    "NoValueError",
    "Point",
    "Quantity",
    "Run",
    "Timeline",
]
