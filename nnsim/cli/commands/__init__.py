"""The commands: each is the module of its name in `nnsim.cli.commands`.

Such a module has

- ``help() -> str``, its line in ``nnsim --help``,
- ``add_arguments(parser: argparse.ArgumentParser) -> None``,
- ``run(arguments: argparse.Namespace, output: Output) -> int``, which returns the status,

and imports NumPy, Rich and the like only inside `run`.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

COMMANDS = (
    "lessons", "lesson", "experiments", "summary", "train", "predict", "trace", "explain", "gates",
    "gradcheck", "export",
)  # fmt: skip
"""In the order of ``nnsim --help``."""


def module_of(command: str) -> ModuleType:
    """Return the module that carries out `command`, imported only now."""
    return import_module(f"nnsim.cli.commands.{command}")
