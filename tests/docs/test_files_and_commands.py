"""docs/language.md and the code have the same file keys, commands, options and JSON keys."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest

from nnsim.cli import main
from nnsim.cli.commands import COMMANDS, functions_of
from nnsim.experiments.loading import file_keys

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading."""
    section = re.split(r"^#+ ", PAGE.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.M)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    assert lines, f"there is no table under {heading!r}"
    return [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("Keys at the top", ""),
        ("Keys of `input`", "input"),
        ("Keys of `network`", "network"),
        ("Keys of `data`", "data"),
        ("Keys of `training`", "training"),
    ],
)
def test_keys_of_an_experiment_file(heading, table):
    assert {name for row in rows(heading) for name in code(row[0])} == set(file_keys()[table])


def test_types_of_layers_and_their_keys():
    written = {code(row[0])[0]: {"type", *code(row[1])} for row in rows("Keys of a layer")}
    known = {
        name.removeprefix("layers."): set(keys)
        for name, keys in file_keys().items()
        if name.startswith("layers.")
    }
    assert written == known


def options(command: str) -> set[str]:
    parser = argparse.ArgumentParser(add_help=False)
    functions_of(command)[0](parser)
    return {option for action in parser._actions for option in action.option_strings}


def test_commands_and_their_options():
    written = {code(row[0])[0]: set(code(row[1])) for row in rows("Command line")}
    assert written == {command: options(command) for command in COMMANDS}


EXAMPLES = {
    "lessons": ["lessons"],
    "lesson": ["lesson", "tensors"],
    "experiments": ["experiments"],
    "summary": ["summary", "demons"],
    "train": ["train", "demons", "--epochs", "1"],
    "predict": ["predict", "demons", "--input", "010/010/010/010"],
    "trace": ["trace", "demons", "--input", "010/010/010/010", "--target", "1"],
    "explain": ["explain", "demons", "hidden[1].z", "--input", "010/010/010/010"],
    "gates": ["gates", "x*y", "x=2", "y=3"],
    "gradcheck": ["gradcheck", "demons"],
    "export": ["export", "demons", "--to", "numpy"],
}


def keys(value: object, nested: tuple[str, ...] = ("layers", "steps")) -> set[str]:
    """Return the keys of an object, and of the objects in those lists of it that have a form."""
    if isinstance(value, list):
        return set().union(*(keys(part) for part in value))
    assert isinstance(value, dict)
    return set(value) | set().union(
        *(keys(value[name]) for name in nested if isinstance(value.get(name), list))
    )


def documented(name: str) -> set[str]:
    return {key for row in rows("JSON") if code(row[0]) == [name] for key in code(row[1])}


@pytest.mark.parametrize("command", EXAMPLES)
def test_keys_of_json(command, capsys):
    assert main([*EXAMPLES[command], "--json"]) == 0
    assert keys(json.loads(capsys.readouterr().out)) == documented(command)


def test_keys_of_the_log(tmp_path, capsys):
    log = tmp_path / "run.jsonl"
    assert main(["train", "demons", "--epochs", "2", "--log", str(log)]) == 0
    assert {key for line in log.read_text().splitlines() for key in json.loads(line)} == documented(
        "train --log"
    )


def test_every_command_prints_json_that_is_written_down():
    assert {code(row[0])[0].partition(" ")[0] for row in rows("JSON")} == set(COMMANDS)
