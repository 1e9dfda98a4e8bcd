"""docs/language.md and the code have the same addresses, commands and keys."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

from textual.binding import Binding
from textual.dom import DOMNode

import nnsim.tui
from nnsim.lab import ADDRESS_KINDS, COMMANDS
from nnsim.lab.circuit_bench import CIRCUIT_ADDRESSES, CIRCUIT_COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")


def first_cells(heading: str) -> list[str]:
    """What stands as code in the first column of all tables under a heading."""
    section = re.split(r"^#{1,2} ", PAGE.partition(f"\n## {heading}\n")[2], maxsplit=1, flags=re.M)
    return re.findall(r"^\| `([^`]+)`", section[0], flags=re.M)


def bindings() -> dict[str, Binding]:
    """Every binding of the app, by its id."""
    found: dict[str, Binding] = {}
    for module in pkgutil.walk_packages(nnsim.tui.__path__, "nnsim.tui."):
        for thing in vars(importlib.import_module(module.name)).values():
            if not (isinstance(thing, type) and issubclass(thing, DOMNode)):
                continue
            if thing.__module__.startswith("nnsim."):
                for binding in vars(thing).get("BINDINGS", ()):
                    assert binding.id, f"{thing.__name__}: {binding.key} has no id"
                    assert binding.description
                    found[binding.id] = binding
    return found


def test_every_kind_of_address_is_listed():
    assert sorted(first_cells("Addresses")) == sorted(ADDRESS_KINDS)


def test_every_command_is_listed():
    assert sorted(first_cells("Commands")) == sorted(c.usage for c in COMMANDS.values())


def test_everything_about_circuits_is_listed():
    usages = [command.usage for command in CIRCUIT_COMMANDS.values()]
    assert sorted(first_cells("Circuits")) == sorted([*CIRCUIT_ADDRESSES, *usages])


def test_every_key_is_listed_with_what_is_pressed():
    section = PAGE.partition("\n## Keys\n")[2].split("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", section, flags=re.M)
    written = {name: set(re.findall(r"`([^`]+)`", keys)) for name, keys in rows}
    known = {name: set(binding.key.split(",")) for name, binding in bindings().items()}
    assert written == known
