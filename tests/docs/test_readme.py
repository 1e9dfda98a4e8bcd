"""What the README says works as it stands there."""

import re
import tomllib
from pathlib import Path

import pytest

from nnsim.cli import main
from nnsim.cli.commands import COMMANDS
from nnsim.experiments import load
from nnsim.lab import Lab

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def fenced(language: str) -> str:
    """The first fence of a language."""
    return re.search(rf"^```{language}\n(.*?)^```", README, flags=re.M | re.S).group(1)


def test_ci_runs_the_readme_s_test_command():
    commands = re.findall(r"^<!-- test command -->`(.*)`$", README, flags=re.M)
    assert len(commands) == 1
    assert re.search(r" -m pytest -n \d+$", commands[0])
    script = (ROOT / ".ci" / "run").read_text()
    assert "<!-- test command -->" in script
    assert 'bash -euo pipefail -c "$test_command"' in script


def test_the_experiment_of_the_readme_learns_what_it_says(tmp_path):
    path = tmp_path / "and.toml"
    path.write_text(fenced("toml"), "utf-8")
    lab = Lab(load(path))
    lab.run(f"train {lab.experiment.training.epochs}")
    assert lab.read("right") == 4


def test_a_mistake_in_it_is_named_with_its_line(tmp_path, capsys):
    path = tmp_path / "and.toml"
    path.write_text(fenced("toml").replace("binary_cross_entropy", "binary_crossentropy"), "utf-8")
    assert main(["summary", str(path)]) == 2
    assert "and.toml:7: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        line.split("  ")[0]
        for line in fenced("").splitlines()
        if line.split()[1:2] and line.split()[1] in COMMANDS and "--save" not in line
    ],
)
def test_the_commands_of_the_readme_run(line, capsys):
    words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)[1:]]
    assert main(words) == 0
    assert capsys.readouterr().out


def test_the_picture_is_there():
    for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).stat().st_size > 10_000


def test_the_package_holds_what_the_readme_promises():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["requires-python"] == ">=3.11"
    assert set(project["project"]["optional-dependencies"]) >= {"test", "dev", "bench"}
