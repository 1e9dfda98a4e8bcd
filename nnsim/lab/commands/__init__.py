"""The command language: one table from which parsing, help, palette and documentation come.

A command is a line such as ``set hidden[2].b 0.5``. Keys, lessons, the command bar and tests all
run the same ones, through :meth:`nnsim.lab.Lab.run`. Each module has the commands of one theme;
the order in which they are imported is that of the table.
"""

from nnsim.lab.commands import inputs, data, looking, training, keeping  # isort: skip
from nnsim.lab.commands.table import COMMANDS, Command, number, parse, whole
from nnsim.lab.commands.training import MOST_EPOCHS, epochs, trained

__all__ = [
    "COMMANDS",
    "MOST_EPOCHS",
    "Command",
    "data",
    "epochs",
    "inputs",
    "keeping",
    "looking",
    "number",
    "parse",
    "trained",
    "training",
    "whole",
]
