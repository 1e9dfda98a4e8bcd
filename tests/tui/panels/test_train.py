"""The settings of training: what comes next, up and down; and the line of the timeline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnsim.experiments import load
from nnsim.experiments.experiment import OPTIMIZERS
from nnsim.lab import Lab
from nnsim.tui.panels.train.head import cell_of, drawn, epoch_of
from nnsim.tui.panels.train.settings import next_round, settings_of


@pytest.fixture
def lab(tmp_path):
    """A bench with two dropout layers and ten samples."""
    path = tmp_path / "dropped.toml"
    path.write_text(
        'id = "dropped"\ninput = { kind = "vector", shape = [2] }\n'
        '[network]\nloss = "squared_error"\nlayers = [\n'
        '  { type = "dropout", name = "first", rate = 0.25 },\n'
        '  { type = "dense", units = 3, activation = "tanh" },\n'
        '  { type = "dropout", name = "drop2", rate = 0.9 },\n'
        '  { type = "dense", units = 1 },\n]\n'
        f"[data]\ninputs = {[[k / 10, 1.0] for k in range(10)]}\n"
        f"targets = {[[k / 10] for k in range(10)]}\n"
    )
    return Lab(load(path))


def named(lab):
    return {setting.key: setting for setting in settings_of(lab)}


def test_round_numbers_go_1_2_5():
    up = [0.1]
    for _time in range(6):
        up.append(next_round(up[-1], 1))
    assert up == [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]
    down = [up[-1]]
    for _time in range(6):
        down.append(next_round(down[-1], -1))
    assert down == up[::-1]
    assert (next_round(0.3, 1), next_round(0.3, -1)) == (0.5, 0.2)


@given(st.floats(1e-300, 1e300))
def test_the_next_round_number_is_larger_by_two_and_a_half_times_at_most(value):
    assert value < next_round(value, 1) <= value * 2.5 * (1 + 1e-9)
    assert value / 2.5 * (1 - 1e-9) <= next_round(value, -1) < value


def test_every_command_of_a_setting_is_one_of_the_bench(lab):
    for setting in settings_of(lab):
        for command in (setting.less, setting.more, setting.typed):
            if command:
                before = lab.message
                assert lab.run(command) != before
                lab.run("undo")


def test_batches_are_powers_of_two_up_to_the_whole_set(lab):
    seen = []
    while named(lab)["batch"].less:
        lab.run(named(lab)["batch"].less)
        seen.append(lab.trainer.batch_size)
    assert seen == [8, 4, 2, 1]
    while named(lab)["batch"].more:
        lab.run(named(lab)["batch"].more)
        seen.append(lab.trainer.batch_size or 0)
    assert seen == [8, 4, 2, 1, 2, 4, 8, 0]
    assert named(lab)["batch"].value == "all 10"


def test_optimizers_go_round(lab):
    seen = []
    for _time in OPTIMIZERS:
        lab.run(named(lab)["optimizer"].more)
        seen.append(lab.trainer.optimizer.name)
    assert seen == [*OPTIMIZERS[1:], OPTIMIZERS[0]]
    lab.run(named(lab)["optimizer"].less)
    assert lab.trainer.optimizer.name == OPTIMIZERS[-1]


def test_the_penalty_goes_down_to_none(lab):
    assert named(lab)["l2"].less == ""
    lab.run(named(lab)["l2"].more)
    lab.run(named(lab)["l2"].more)
    assert lab.network.l2 == 2e-6
    lab.run(named(lab)["l2"].less)
    lab.run(named(lab)["l2"].less)
    assert lab.network.l2 == 0


def test_each_dropout_layer_has_a_rate_in_tenths(lab):
    first, second = named(lab)["dropout first"], named(lab)["dropout drop2"]
    assert (first.less, first.more) == ("dropout first 0.2", "dropout first 0.3")
    assert (second.less, second.more) == ("dropout drop2 0.8", "")
    for _time in range(3):
        lab.run(named(lab)["dropout first"].less)
    assert lab.network.layers[0].rate == 0
    assert named(lab)["dropout first"].less == ""


def test_a_rate_of_nothing_can_be_raised(lab):
    lab.run("rate 0")
    assert named(lab)["rate"].less == ""
    lab.run(named(lab)["rate"].more)
    assert lab.trainer.learning_rate == 0.001


def test_the_line_shows_kept_epochs_and_branches():
    assert drawn(11, 0, 10, range(11), [], None) == "─" * 11
    assert drawn(11, 0, 10, [0, 5, 10], [], None) == "─····─····─"
    assert drawn(11, 0, 10, [0, 5, 10], [3, 99], 7) == "─··┬·─·┴··─"
    assert drawn(5, 7, 7, [7], [], None) == "─····"


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(2, 200))
def test_a_cell_leads_to_an_epoch_of_its_own(first, length, width):
    last = first + length
    assert epoch_of(0, first, last, width) == first
    assert epoch_of(width - 1, first, last, width) == last
    for cell in range(width):
        epoch = epoch_of(cell, first, last, width)
        assert first <= epoch <= last
        if length >= width - 1:
            assert cell_of(epoch, first, last, width) == cell
