"""Many starts at once: each as the bench trains it, and which went wrong."""

import numpy as np
import pytest

from nnsim.experiments import load
from nnsim.lab import Lab, LabError
from nnsim.lab import sweep as module
from nnsim.lab.sweep import DIVERGED, IS_STUCK, Recipe, Starts, measured_at, stuck


def bench(name="digits-4x3", *lines):
    lab = Lab(load(name), untrained=True)
    for line in lines:
        lab.run(line)
    return lab


def custom(tmp_path, network, training, data="generator = 'moons'\nsamples = 12\nseed = 1"):
    path = tmp_path / "custom.toml"
    path.write_text(
        'id = "custom"\ntitle = "custom"\ninput = { kind = "point" }\nclasses = ["0", "1"]\n'
        f"[network]\n{network}\n[data]\n{data}\n[training]\n{training}\n"
    )
    return Lab(load(path), untrained=True)


def trained(recipe):
    starts = Starts(recipe)
    assert starts.train()
    return starts.snapshot()


def assert_as_opened(lab, recipe, found):
    """Each start has the numbers of the bench that is opened at its seed and trained as long."""
    for r, seed in enumerate(recipe.seeds):
        for line in recipe.commands(seed):
            lab.run(line)
        data = lab.experiment.data
        assert found.costs[r] == pytest.approx(lab.metrics.cost, rel=1e-9)
        assert found.losses[r] == pytest.approx(
            lab.network.loss(data.inputs, data.targets), rel=1e-9
        )
        if found.accuracies is not None:
            assert found.accuracies[r] == lab.metrics.accuracy
        if lab.metrics.test_accuracy is not None:
            assert found.test_accuracies[r] == lab.metrics.test_accuracy
        assert lab.trainer.epoch == (found.diverged[r] - 1 if found.diverged[r] else recipe.epochs)
        lab.run("reset")  # to the start of that seed
        assert np.array_equal(lab.network.parameters, lab.experiment.build_network(seed).parameters)


@pytest.mark.parametrize(
    ("name", "lines", "epochs"),
    [
        ("digits-4x3", ["set l2 0.01"], 100),
        ("xor", ["optimizer adam", "rate 0.05"], 40),
        ("line", [], 200),
        ("spiral", [], 3),  # small batches
        ("planar", ["train 3"], 50),  # what was trained before doesn't count
    ],
)
def test_each_start_is_what_the_bench_gives(name, lines, epochs):
    lab = bench(name, *lines)
    recipe = Recipe.of(lab, 4, epochs, first=5)
    assert recipe.together
    assert_as_opened(lab, recipe, trained(recipe))


@pytest.mark.parametrize(
    ("layers", "training", "lines", "together"),
    [
        ('{ type = "dense", units = 3 }, { type = "dropout", rate = 0.3 }',
         "learning_rate = 0.1\nbatch_size = 4\nseed = 9", [], False),
        ('{ type = "dense", units = 3, activation = "tanh" }',
         "learning_rate = 0.1\nclip = 0.05\nbatch_size = 5", [], False),
        ('{ type = "dense", name = "hidden", units = 3, activation = "tanh" }',
         "learning_rate = 0.1", ["plant forgot_slope hidden"], False),
        ('{ type = "dense", units = 3 }, { type = "batch_norm" }',
         "learning_rate = 0.1\nbatch_size = 6\ntrain_biases = false\nschedule = 'cosine'", [],
         True),
        ('{ type = "dense", units = 3, activation = "relu" }',
         "learning_rate = 0.05\noptimizer = 'momentum'\nl1 = 0.01", [], True),
    ],
)  # fmt: skip
def test_networks_of_all_kinds(tmp_path, layers, training, lines, together):
    last = '{ type = "dense", units = 1, activation = "sigmoid" }'
    network = f'loss = "binary_cross_entropy"\nlayers = [{layers}, {last}]'
    lab = custom(tmp_path, network, training, "generator = 'moons'\nsamples = 12\nseed = 1\n"
                 "test_fraction = 0.25")  # fmt: skip
    for line in lines:
        lab.run(line)
    recipe = Recipe.of(lab, 3, 6)
    assert recipe.together is together
    found = trained(recipe)
    assert found.test_accuracies is not None
    assert_as_opened(lab, recipe, found)


def test_curves_are_those_of_the_seeds():
    lab = bench("line")
    recipe = Recipe.of(lab, 4, 3)
    found = trained(recipe)
    assert found.epochs.tolist() == [0, 1, 2, 3]
    each = []
    for seed in recipe.seeds:
        costs = []
        for epoch in range(4):
            lab.run(f"seed {seed}")
            if epoch:
                lab.run(f"train {epoch}")
            costs.append(lab.metrics.cost)
        each.append(costs)
    ordered = np.sort(np.array(each), axis=0)  # of four: the quartiles are the first three
    expected = ordered[[0, 0, 1, 2, 3]].T
    assert np.allclose(found.cost_curve, expected, rtol=1e-9)


def test_a_long_run_is_measured_at_few_epochs():
    epochs = measured_at(100_000)
    assert {0, 1, 2, 3, 4, 5, 100_000} <= epochs
    assert len(epochs) < 150
    assert measured_at(7) == frozenset(range(8))


def test_what_diverges_says_so_and_stays_finite():
    # The line's largest curvature is that of 2/n·XᵀX with X = (x, 1); above 2/curvature it grows.
    x = np.array([-1.0, 0, 1, 2, 3, 4])
    design = np.stack([x, np.ones(6)], axis=1)
    most = 2 / np.linalg.eigvalsh(2 / 6 * design.T @ design).max()
    lab = bench("line", f"rate {most * 0.9}")
    assert not trained(Recipe.of(lab, 3, 2000)).diverged.any()
    lab.run(f"rate {most * 1.5}")
    recipe = Recipe.of(lab, 3, 2000)
    found = trained(recipe)
    assert found.verdicts == (DIVERGED,) * 3
    assert (found.diverged > 100).all()
    assert found.done
    assert found.epoch == found.diverged.max() < 2000  # nothing is left to train
    assert_as_opened(lab, recipe, found)


def test_stuck_is_a_tenth_below_the_best_quarter():
    alive = np.ones(8, bool)
    accuracies = np.array([1.0, 0.95, 0.9, 0.86, 0.85, 0.84, 0.5, 0.2])
    costs = np.zeros(8)
    # The best quarter is two of eight: it reaches 0.95 at least.
    assert stuck(costs, accuracies, alive, 1).tolist() == [False] * 4 + [True] * 4
    # Those that diverged count neither way.
    alive[:2] = False
    assert stuck(costs, accuracies, alive, 1).tolist() == [False] * 6 + [True] * 2
    assert not stuck(costs, accuracies, ~np.ones(8, bool), 1).any()


def test_without_classes_the_cost_decides():
    costs = np.array([1.0, 2.0, 3.0, 11.9, 12.1, np.nan, np.inf, 2.5])
    # The cheapest quarter has at most 2; a tenth of the start of 100 is 10.
    expected = [False, False, False, False, True, True, True, False]
    assert stuck(costs, None, np.ones(8, bool), 100.0).tolist() == expected


def test_xor_has_starts_that_are_stuck():
    found = trained(Recipe.of(bench("xor"), 100))
    wrong = [r for r, verdict in enumerate(found.verdicts) if verdict]
    assert wrong
    assert {found.verdicts[r] for r in wrong} == {IS_STUCK}
    assert all(found.accuracies[r] <= 0.75 for r in wrong)
    right = [r for r in range(100) if r not in wrong]
    assert all(found.accuracies[r] == 1 for r in right)


def test_the_order_goes_from_the_least_cost_to_what_diverged():
    found = trained(Recipe.of(bench("xor"), 20))
    order = found.order()
    assert sorted(order) == list(range(20))
    assert (np.diff(found.costs[order]) >= 0).all()


def test_slices_and_snapshots():
    starts = Starts(Recipe.of(bench(), 3, 50))
    early = starts.snapshot()
    assert (early.epoch, early.done) == (0, False)
    costs = early.costs.copy()
    assert not starts.train(0)
    while not starts.train(0.001):
        assert starts.epoch < 50
    late = starts.snapshot()
    assert (late.epoch, late.done) == (50, True)
    assert np.array_equal(early.costs, costs)  # what was shown doesn't change
    assert (late.costs < early.costs).all()


def test_the_bench_is_left_alone_and_may_change_meanwhile():
    lab = bench("xor")
    recipe = Recipe.of(lab, 3, 20)
    before = lab.network.parameters.copy()
    starts = Starts(recipe)
    lab.run("rate 0.001")
    starts.train()
    assert np.array_equal(lab.network.parameters, before)
    assert not recipe.is_of(lab)
    lab.run("undo")
    assert recipe.is_of(lab)
    assert_as_opened(lab, recipe, starts.snapshot())


@pytest.mark.parametrize(
    "line",
    ["rate 0.3", "optimizer adam", "set l2 0.1", "plant forgot_slope hidden", "mute hidden[1]"],
)
def test_other_settings_are_noticed(line):
    lab = bench()
    recipe = Recipe.of(lab, 2, 1)
    lab.run("seed 3")
    lab.run("train 2")
    lab.run("sample 3")
    assert recipe.is_of(lab)  # that is what every start has of its own
    lab.run(line)
    assert not recipe.is_of(lab)


def test_what_cannot_be_done_is_refused_with_the_reason(monkeypatch, tmp_path):
    with pytest.raises(LabError, match="unmute first"):
        Recipe.of(bench("digits-4x3", "mute hidden[1]"))
    with pytest.raises(LabError, match="step activation"):
        Recipe.of(bench("neuron-and"), 3, 5)
    with pytest.raises(LabError, match="no data"):
        Recipe.of(custom(tmp_path, 'layers = [{ type = "dense", units = 1 }]', "", ""))
    for count, epochs in ((0, 1), (1001, 1), (10, 0), (10, 10**7)):
        with pytest.raises(LabError, match="give 1 to"):
            Recipe.of(bench(), count, epochs)
    monkeypatch.setattr(module, "MOST_BYTES", 2**20)
    with pytest.raises(LabError, match="at most 1 MB") as refused:
        Recipe.of(bench(), 1000, 5)
    fitting = int(str(refused.value).split()[-3])
    assert Recipe.of(bench(), fitting, 5).bytes <= 2**20


@pytest.mark.parametrize("fraction", [0, 0.25])
def test_starts_stop_early_as_the_bench_does(tmp_path, fraction):
    lab = custom(
        tmp_path,
        'seed = 1\nlayers = [{ type = "dense", units = 6, activation = "tanh" }, '
        '{ type = "dense", units = 1, activation = "sigmoid" }]',
        f"optimizer = 'adam'\nlearning_rate = 1.5\nepochs = 60\npatience = 1\n"
        f"validation_fraction = {fraction}",
    )
    recipe = Recipe.of(lab, 4)
    assert not recipe.together
    found = trained(recipe)
    ends = []
    for r, seed in enumerate(recipe.seeds):
        for line in recipe.commands(seed):
            lab.run(line)
        assert found.costs[r] == pytest.approx(lab.metrics.cost, rel=1e-9)
        ends.append(lab.trainer.epoch)
    assert min(ends) < recipe.epochs
