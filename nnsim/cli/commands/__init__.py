"""The commands, each in the module of its name or in one with others like it.

Of a command there are, in its module,

- ``NAME_arguments(parser: argparse.ArgumentParser) -> None``,
- ``run_NAME(arguments: argparse.Namespace, output: Output) -> int``, which returns the status;

NumPy, Rich and the like are imported only as it runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnsim.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Callable

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
_TOGETHER = {
    "lesson": "lessons",
    "summary": "experiments",
    "predict": "one_input",
    "trace": "one_input",
    "explain": "one_input",
}


def functions_of(command: str) -> tuple[Callable[[Any], None], Callable[[Any, Any], int]]:
    """Return what adds the arguments of `command` and what carries it out, imported only now."""
    module = import_module(f"nnsim.cli.commands.{_TOGETHER.get(command, command)}")
    return getattr(module, f"{command}_arguments"), getattr(module, f"run_{command}")
