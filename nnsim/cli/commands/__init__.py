"""The commands: each is the module of its name in `nnsim.cli.commands`.

Such a module has

- ``add_arguments(parser: argparse.ArgumentParser) -> None``,
- ``run(arguments: argparse.Namespace, output: Output) -> int``, which returns the status,

and imports NumPy, Rich and the like only inside `run`.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from nnsim.i18n import N_

COMMANDS = {
    "lessons": N_("the lessons, with your progress; check, new ID, reset [ID]"),
    "lesson": N_("play a lesson; --plain goes line by line, for screen readers and pipes"),
    "experiments": N_("the experiments that ship"),
    "summary": N_("layers, shapes, parameter counts"),
    "train": N_("train an experiment, with a progress bar; Ctrl+C stops and keeps what there is"),
    "predict": N_("what the network says to an input"),
    "trace": N_("every number of a forward pass; with --target of the backward pass too"),
    "explain": N_("why one number is what it is: its formula, worked, and its causes"),
    "gates": N_("value, gradients and steps of a circuit of gates"),
    "gradcheck": N_("check the gradients by nudging every weight"),
    "export": N_("write a network as a program that runs by itself: NumPy, Keras or PyTorch"),
}
"""Each with its line in ``nnsim --help``, and in that order."""


def module_of(command: str) -> ModuleType:
    """Return the module that carries out `command`, imported only now."""
    return import_module(f"nnsim.cli.commands.{command}")
