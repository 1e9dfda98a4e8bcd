"""The bench: state, commands, undo, addresses, explanations. No screen, no I/O."""

from nnsim.lab.addresses import ADDRESS_KINDS, Address, Quantity
from nnsim.lab.commands import COMMANDS, Command
from nnsim.lab.errors import AddressError, LabError, NoValueError
from nnsim.lab.lab import Lab

__all__ = [
    "ADDRESS_KINDS",
    "COMMANDS",
    "Address",
    "AddressError",
    "Command",
    "Lab",
    "LabError",
    "NoValueError",
    "Quantity",
]
