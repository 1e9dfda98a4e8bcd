"""CONTRIBUTING.md says where things are, and what a new one touches; both are held to the code."""

import re
from pathlib import Path

import pytest

from nnsim.engine.activations import ACTIVATIONS
from nnsim.engine.layers import LAYERS
from nnsim.experiments import kinds as experiment_kinds
from nnsim.experiments import load
from nnsim.experiments.kinds import activations as written
from nnsim.lab import Lab
from nnsim.lab import kinds as lab_kinds
from nnsim.tui.panels import DOORS, NUMBER

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
TABLE = PAGE.split("## What stands on the screen")[1].split("\n## ")[0]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TABLE.splitlines()
    if line.startswith("| ") and "`" in line and "on the screen" not in line
]
PLACES = {row[0]: re.findall(r"`([^`]+)`", row[2]) for row in ROWS}
SHARED = {"forward": "walk", "backward": "walk"}  # one walk, shown in two directions


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.id)
def test_a_panel_bears_one_name(door):
    """Its number key, tab, widget id, the folder it lies in, and its row in the table."""
    row = next(row for row in ROWS if row[0] == door.title)
    assert row[1] == str(NUMBER[door.id])
    assert door.title.lower() == door.id
    (place,) = PLACES[door.title]
    assert Path(place).stem == SHARED.get(door.id, door.id)
    panel = door.make(Lab(load("digits-4x3"), load=load))
    module = f"nnsim.tui.{place.removesuffix('/').removesuffix('.py').replace('/', '.')}"
    assert type(panel).__module__.startswith(module)


def test_every_place_that_the_table_names_is_there():
    named = [place for places in PLACES.values() for place in places]
    assert len(named) > len(DOORS)
    for place in named:
        found = [ROOT / "nnsim" / "tui" / base / place for base in ("", "screens")]
        assert any(path.exists() for path in found), place


def test_every_file_that_the_page_names_is_there():
    for name in re.findall(r"`((?:nnsim|lab|tui|engine|experiments|tests|docs)/[\w./-]+)`", PAGE):
        assert (ROOT / name).exists() or (ROOT / "nnsim" / name).exists(), name


def test_every_floor_knows_the_same_kinds_of_layers_and_the_same_activations():
    """So a kind that is added on one floor alone is found out before a person meets it."""
    assert set(experiment_kinds.KINDS) == set(LAYERS)
    assert set(lab_kinds._kinds()) == set(LAYERS)
    assert set(written.ACTIVATIONS) == set(ACTIVATIONS)
