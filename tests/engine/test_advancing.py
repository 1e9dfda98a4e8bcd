"""Training by hand: epoch by epoch or update by update, and on a twin, with the same numbers."""

import numpy as np
import pytest

from nnsim.engine import BatchNorm, Dense, Dropout, EngineError, Network, Trainer


def data(m=23):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(m, 4))
    return x, np.eye(2)[(x[:, 0] + x[:, 1] > 0).astype(int)]


def trainer(**options):
    layers = [Dense(5, "tanh"), BatchNorm(name="norm"), Dropout(0.2), Dense(2, "softmax")]
    network = Network(layers, (4,), loss="softmax_cross_entropy", seed=1, l2=0.01, l1=0.001)
    settings = {"batch_size": 5, "optimizer": "adam", "learning_rate": 0.01, "seed": 3}
    return Trainer(network, **{**settings, **options})


SETTINGS = [
    {}, {"batch_size": None}, {"optimizer": "momentum", "clip": 0.3}, {"train_biases": False},
    {"schedule": "cosine"}, {"schedule": "step:3:0.5"},
]  # fmt: skip


def same(one, other):
    assert np.array_equal(one.network.parameters, other.network.parameters)
    assert np.array_equal(one.network.running, other.network.running)
    assert str(one.state()) == str(other.state())


@pytest.mark.parametrize("options", SETTINGS)
@pytest.mark.parametrize("updates", [None, 1, 3, 1000])
def test_advancing_is_running(options, updates):
    x, t = data()
    by_hand, run = trainer(**options), trainer(**options)
    samples = by_hand.begin(x, t, 12)
    while by_hand.epoch < 12:
        before = by_hand.updates, by_hand.epoch
        assert by_hand.advance(samples, updates) is None
        assert by_hand.updates - before[0] <= (updates or 1000)
        assert by_hand.epoch - before[1] <= 1
    list(run.run(x, t, epochs=12))
    same(by_hand, run)


def test_an_interruption_is_told_once():
    x, t = data()
    by_hand, run = trainer(), trainer()
    samples = by_hand.begin(x, t, 3)
    by_hand.advance(samples, 2)
    by_hand.interrupt()
    assert by_hand.advance(samples) == by_hand.stopped == "interrupted"
    assert (by_hand.epoch, by_hand.updates) == (0, 2)
    while by_hand.epoch < 3:
        assert by_hand.advance(samples) is None
    list(run.run(x, t, epochs=3))
    same(by_hand, run)


def test_a_rate_that_is_set_in_between_counts_at_once():
    x, t = data()
    by_hand, run = trainer(), trainer()
    samples = by_hand.begin(x, t, 4)
    for rate in (0.5, 0.02, 0.1):
        by_hand.learning_rate = run.learning_rate = rate
        by_hand.advance(samples)
        list(run.run(x, t, epochs=1))
    assert np.array_equal(by_hand.network.parameters, run.network.parameters)


def test_an_epoch_whose_end_was_cut_off_is_over():
    x, t = data()
    run = trainer()
    list(run.run(x, t, epochs=1))
    after = run.network.parameters.copy()
    for go_on in ("step", "advance", "run"):
        struck = trainer()
        list(struck.run(x, t, epochs=1))
        struck.epoch, struck.position = 0, len(x)  # all updates made, but not yet an epoch
        if go_on == "step":
            struck.step(x, t)
            assert (struck.epoch, struck.position) == (1, 5)
            continue
        if go_on == "advance":
            assert struck.advance(struck.begin(x, t, 1)) is None
        else:
            list(struck.run(x, t, epochs=1))
        assert (struck.epoch, struck.position) == (1, 0)
        assert np.array_equal(struck.network.parameters, after)


def test_divergence_keeps_what_is_finite():
    net = Network([Dense(1)], (1,), loss="squared_error", seed=0)
    steep = Trainer(net, learning_rate=1000.0)
    samples = steep.begin([[1.0], [2.0]], [[1.0], [3.0]], 100)
    for _epoch in range(1000):
        stopped = steep.advance(samples)
        if stopped:
            break
    assert stopped == steep.stopped == "diverged"
    assert np.isfinite(net.parameters).all()


def test_what_cannot_be_trained_is_refused_at_the_beginning():
    net = Network([Dense(1, "step")], (1,), loss="squared_error", seed=0)
    with pytest.raises(EngineError, match="slope is 0 everywhere"):
        Trainer(net).begin([[1.0]], [[1.0]], 5)
    with pytest.raises(EngineError, match="2 samples, but target has 1"):
        trainer().begin(np.zeros((2, 4)), np.eye(2)[:1], 5)


# Twins ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", SETTINGS)
def test_a_twin_goes_on_with_the_same_numbers(options):
    x, t = data()
    one = trainer(**options)
    samples = one.begin(x, t, 10)
    one.advance(samples)
    one.advance(samples, 2)  # in the midst of an epoch, where there are batches
    other = one.twin()
    same(one, other)
    assert other.stopped is None
    twins = other.begin(x, t, 10)
    for _epoch in range(5):
        one.advance(samples)
        other.advance(twins)
    same(one, other)


def test_a_twin_has_nothing_in_common():
    x, t = data()
    one = trainer()
    samples = one.begin(x, t, 10)
    one.advance(samples)
    other = one.twin()
    before = str(other.state())
    for mine, its in [
        (one.network.parameters, other.network.parameters),
        (one.network.running, other.network.running),
        *((slot, other.optimizer.slots[name]) for name, slot in one.optimizer.slots.items()),
    ]:
        assert not np.shares_memory(mine, its)
    one.learning_rate, one.network.l2 = 0.5, 0.5
    one.network.layers[2].rate = 0.7
    one.advance(samples)
    assert str(other.state()) == before
    assert (other.learning_rate, other.network.l2, other.network.layers[2].rate) == (
        0.01, 0.01, 0.2,
    )  # fmt: skip


def test_a_twin_is_told_what_the_network_was_told():
    one = trainer()
    one.network.layers[2].rate = 0.6
    one.network.plant("doubled", one.network.layers[0].name)
    one.network.muted = {0: (1, 3)}
    one.network.l2, one.network.l1 = 0.3, 0.2
    one.learning_rate = 0.125
    other = one.twin().network
    assert other.layers[2].rate == 0.6
    assert other.bug == ("doubled", 0)
    assert other.muted == {0: (1, 3)}
    assert (other.l2, other.l1) == (0.3, 0.2)
    x, t = data()
    assert np.array_equal(one.network.gradients(x, t), other.gradients(x, t))


def test_dropout_rates_are_part_of_the_state():
    one = trainer()
    state = one.state()
    one.network.layers[2].rate = 0.7
    one.restore(state)
    assert one.network.layers[2].rate == 0.2
    del state["dropout"]  # as files from before have it
    one.network.layers[2].rate = 0.7
    one.restore(state)
    assert one.network.layers[2].rate == 0.7


@pytest.mark.parametrize("then", [None, 3])
def test_a_batch_size_changed_within_an_epoch_leaves_the_order_of_its_samples(then):
    x, t = data()
    straight = trainer()
    straight.step(x, t)
    straight.batch_size = then
    copied = straight.twin()  # as a thread goes on, and a session that was saved, and undo
    for run in (straight, copied):
        for _update in range(3):
            run.step(x, t)
    same(straight, copied)
    assert straight.state()["shuffling"] == copied.state()["shuffling"]


@pytest.mark.parametrize("updates", [None, 2])
@pytest.mark.parametrize("fraction", [0.0, 0.3])
def test_early_stopping_is_that_of_a_run(updates, fraction):
    x, t = data()
    options = {"patience": 2, "validation_fraction": fraction, "learning_rate": 0.5}
    by_hand, run = trainer(**options), trainer(**options)
    samples = by_hand.begin(x, t, 100)
    while by_hand.advance(samples, updates) is None:
        pass
    assert by_hand.stopped == "early"
    *_, last = run.run(x, t, epochs=100)
    assert last.stopped == "early"
    same(by_hand, run)
