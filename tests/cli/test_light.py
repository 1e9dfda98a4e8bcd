"""What must not be imported on the way to the first picture, and below the screen."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

FLOORS = [
    name
    for name in ("engine", "circuit", "experiments", "lab", "tutor")
    if find_spec(f"nnsim.{name}")
]


def imported(code: str, home: Path | None = None) -> set[str]:
    """The packages that a program has imported at its end, with the settings below `home`."""
    places = {name: str(home) for name in ("HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA")}
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
        env={**os.environ, **(places if home else {})},
    )  # fmt: skip
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize("floor", FLOORS)
def test_below_the_screen_nothing_knows_it(floor):
    code = f"import importlib, pkgutil\npackage = importlib.import_module('nnsim.{floor}')\n"
    code += "for m in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
    code += "    importlib.import_module(m.name)\n"
    modules = imported(code)
    assert not {"textual", "rich"} & modules
    assert "nnsim" in modules


def test_the_catalogue_needs_no_numpy():
    modules = imported("from nnsim.experiments import catalogue\nassert catalogue()")
    assert "tomllib" not in modules  # Home lists them; it need not parse them all
    assert "numpy" not in modules


@pytest.mark.parametrize("words", [[], ["digits-4x3"], ["--lang", "zh", "--ascii", "demons"]])
def test_the_way_to_the_app_imports_nothing_heavy(words, tmp_path):
    code = "import nnsim.tui\nnnsim.tui.run_app = lambda *a, **k: 0\n"
    code += f"from nnsim.cli import main\nassert main({words!r}) == 0\n"
    before = imported("import nnsim.tui")
    new = imported(code, tmp_path) - before
    assert not {"argparse", "numpy", "rich", "textual", "tomllib", "json"} & new
