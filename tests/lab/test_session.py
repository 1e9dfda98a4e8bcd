"""A bench that was saved and opened goes on as if it had never been closed; nonsense is refused."""

import dataclasses
import io
import json
import random
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnsim.experiments import DataSet, Experiment, ExperimentError, load
from nnsim.experiments.archive import Archive
from nnsim.lab import Lab
from nnsim.lab.session import Mark, pack, unpack
from nnsim.lab.session.writing import STATE_KEYS
from nnsim.lab.training.surgery import Condition
from nnsim.lab.training.timeline import Run, Setup, Timeline
from nnsim.lab.undo import UndoState

WHOLE = """
id = "everything"
title = "Every kind of layer"
input = {{ kind = "pixels", shape = [4, 4] }}
classes = ["no", "yes"]
[network]
loss = "softmax_cross_entropy"
dtype = "{dtype}"
layers = [
  {{ type = "conv2d", filters = 2, kernel_size = 3, padding = 1, activation = "leaky_relu", slope = 0.2 }},
  {{ type = "max_pool2d", size = 2, stride = 1 }},
  {{ type = "batch_norm", name = "norm" }},
  {{ type = "flatten" }},
  {{ type = "dense", name = "hidden", units = 3, activation = "gelu", labels = ["A", "B", "C"] }},
  {{ type = "dropout", name = "drop", rate = 0.3 }},
  {{ type = "dense", name = "output", units = 2, activation = "softmax" }},
]
[data]
inputs = {inputs}
labels = {labels}
test_fraction = 0.25
[training]
optimizer = "{optimizer}"
learning_rate = 0.05
batch_size = 3
seed = 7
l2 = 0.001
schedule = "step:4:0.5"
clip = 5.0
"""  # noqa: E501


def text_of(dtype="float64", optimizer="adam"):
    rng = np.random.default_rng(3)
    inputs = rng.integers(0, 2, (12, 16)).tolist()
    labels = [["no", "yes"][i % 2] for i in range(12)]
    return WHOLE.format(dtype=dtype, optimizer=optimizer, inputs=inputs, labels=labels)


@pytest.fixture
def everything(tmp_path):
    """Benches with every kind of layer, mini-batches and dropout, which draw while they train."""

    def make(**options):
        path = tmp_path / "everything.toml"
        path.write_text(text_of(**options))
        return Lab(load(path), load=load)

    return make


def reopened(lab, **options):
    return unpack(pack(lab, **options), "my.nnsim", load=load)


def alike(lab, other):
    """Whether two benches stand at the same numbers, to the last bit."""
    state, again = lab.trainer.state(), other.trainer.state()
    assert state.keys() == again.keys()
    for key in state:
        np.testing.assert_equal(again[key], state[key], err_msg=key)
    np.testing.assert_array_equal(other.input, lab.input)
    np.testing.assert_array_equal(other.start, lab.start)
    np.testing.assert_array_equal(other.output, lab.output)
    assert other.sample == lab.sample
    assert other.edited == lab.edited
    assert str(other.focus) == str(lab.focus)
    assert other.walk_place == lab.walk_place
    assert [(r.number, r.epochs, r.first, r.last, r.parent, r.fork) for r in lab.timeline.runs] == [
        (r.number, r.epochs, r.first, r.last, r.parent, r.fork) for r in other.timeline.runs
    ]
    assert other.timeline.current == lab.timeline.current
    return True


def same(lab, other, *lines):
    for line in lines:
        assert lab.run(line) == other.run(line), line
    return alike(lab, other)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "optimizer", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]
)
def test_training_goes_on_as_if_never_closed(everything, dtype, optimizer):
    lab = everything(dtype=dtype, optimizer=optimizer)
    for line in ("train 4", "dropout drop 0.6", "batch 4", "train 1", "step", "step"):
        lab.run(line)
    other = reopened(lab).lab
    assert alike(lab, other)
    assert other.network.layer("drop").rate == 0.6
    assert same(lab, other, "train 5", "step", "train 2")


def test_any_epoch_of_any_run_can_be_gone_back_to(everything):
    lab = everything()
    for line in (
        "train 9",
        "rewind 4",
        "rate 0.1",
        "train 3",
        "seed 5",
        "train 4",
        "set hidden[1].b 2",
    ):
        lab.run(line)
    other = reopened(lab).lab
    assert len(lab.timeline.runs) == 4
    for run in lab.timeline.runs:
        assert run.curve() == other.timeline.of(run.number).curve()
        for epoch in (run.first, run.epochs[len(run.epochs) // 2], run.last):
            assert same(lab, other, f"rewind {epoch} {run.number}")
        assert same(lab, other, "train 2")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_was_done_before(random_labs, data):
    lab = data.draw(random_labs.dense if data.draw(st.booleans()) else random_labs.images)
    lines = ["train 2", "step", "rewind 1", "rewind 0", "seed 3", "reset", "collapse", "undo",
             "sample 2", "clear", "target 0", "forward term", "next 3", "backward", "rate 0.01",
             "optimizer adam", "optimizer rmsprop", "set l2 0.1", "mute layer1[1]",
             "mute conv[1]", "add 1", "remove 2", "label 1 1", "batch 2", "dropout drop 0.1",
             "until 3", "start he", "place 0.2 0.1", "plant doubled layer1", "plant no_bias scores", "start zeros"]  # fmt: skip  # noqa: E501
    for line in data.draw(st.lists(st.sampled_from(lines), max_size=6)):
        with suppress(ValueError):  # refused, which leaves the bench as it was
            lab.run(line)
    panel = data.draw(st.sampled_from([None, 2, 5]))
    opened = reopened(lab, panel=panel)
    assert opened.panel == panel
    assert alike(lab, opened.lab)
    assert opened.lab.network.muted == lab.network.muted
    assert opened.lab.network.bug == lab.network.bug
    assert opened.lab.network.l2 == lab.network.l2
    assert pack(opened.lab, panel=panel) == pack(lab, panel=panel)
    for line in data.draw(st.lists(st.sampled_from(lines), max_size=4)):
        results = []
        for bench in (lab, opened.lab):
            try:
                results.append(bench.run(line))
            except ValueError as problem:
                results.append(str(problem))
        if line != "undo":  # the history of undo starts anew
            assert results[0] == results[1]
            assert alike(lab, opened.lab)
        else:
            break


def test_undo_starts_anew(everything):
    lab = everything()
    lab.run("train 2")
    other = reopened(lab).lab
    assert not other.can_undo
    other.run("train 1")
    other.run("undo")
    assert alike(lab, other)


def test_collapsed_layers_and_the_run_before():
    lab = Lab(load("xor-linear"), load=load)
    for line in ("train 5", "collapse", "train 4"):
        lab.run(line)
    other = reopened(lab).lab
    assert [layer.name for layer in other.network.layers] == [
        layer.name for layer in lab.network.layers
    ]
    assert same(lab, other, "train 3", "rewind 3 1", "train 2", "rewind 2")


def test_every_shipped_experiment_opens_again(shipped):
    lab = Lab(load(shipped), untrained=True, load=load)
    if lab.sample_count:
        lab.run("sample 1")
    opened = reopened(lab)
    assert alike(lab, opened.lab)
    before, after = lab.experiment, opened.lab.experiment
    for name in ("id", "title", "input", "classes", "training", "input_shape", "outputs"):
        assert getattr(before, name) == getattr(after, name), name
    assert before.network.layers == after.network.layers
    for name in ("inputs", "targets", "labels", "test_inputs", "test_targets", "test_labels"):
        np.testing.assert_array_equal(getattr(before.data, name), getattr(after.data, name))
    # The start that another seed gives is the same too.
    np.testing.assert_array_equal(
        before.build_network(11).parameters, after.build_network(11).parameters
    )


def pytest_generate_tests(metafunc):
    if "shipped" in metafunc.fixturenames:
        from nnsim.experiments import catalogue

        metafunc.parametrize("shipped", [entry.id for entry in catalogue()])


def test_the_data_goes_along_though_the_file_is_gone(everything, tmp_path):
    lab = everything()
    content = pack(lab)
    (tmp_path / "everything.toml").unlink()
    other = unpack(content, "my.nnsim").lab
    assert other.experiment.data.count == 9
    assert other.experiment.data.test_count == 3
    np.testing.assert_array_equal(other.experiment.data.inputs, lab.experiment.data.inputs)


def test_pixels_that_are_bytes_are_kept_as_bytes_and_others_exactly(everything):
    lab = everything()
    assert Archive(pack(lab), "x").kind("data.inputs") == "uint8"
    from dataclasses import replace

    odd = replace(lab.experiment.data, inputs=lab.experiment.data.inputs * 0.3)
    lab.experiment = replace(lab.experiment, data=odd)
    content = pack(lab)
    assert Archive(content, "x").kind("data.inputs") == "float64"
    np.testing.assert_array_equal(unpack(content, "x").lab.experiment.data.inputs, odd.inputs)


def test_a_mark_tells_training_and_data_from_looking(everything):
    lab = everything()
    mark = Mark.of(lab)
    for line in ("sample 3", "pixel 2", "forward", "next", "focus hidden[2].z"):
        lab.run(line)
    assert Mark.of(lab) == mark
    for line in ("train 1", "mute hidden[1]", "rate 0.3", "set hidden[1].b 9", "seed 9",
                 "dropout drop 0.1", "l2 0.5", "batch 5", "label 1 yes", "remove 2"):  # fmt: skip
        lab.run(line)
        assert Mark.of(lab) != mark
        lab.run("undo")
        assert Mark.of(lab) == mark


def test_numbers_that_are_not_finite_are_not_saved(everything):
    lab = everything()
    lab.network.parameters[3] = np.inf
    lab.changed(parameters=True)
    with pytest.raises(ValueError, match="not saved: some numbers are no longer finite"):
        pack(lab)


def test_a_session_holds_all_that_training_goes_on_from(everything):
    kept = {*STATE_KEYS, "epoch", "updates", "parameters", "running", "slots", "best"}
    assert set(everything().trainer.state()) == kept


def test_nothing_of_the_bench_is_forgotten():
    """What is added to these must be kept too, or be made anew: then this test is to be told."""
    fields = {
        Setup: {"experiment", "network", "trainer", "start", "reader", "seed", "initializer"},
        Run: {"number", "setup", "frames", "first", "last", "parent", "fork", "digits"},
        Timeline: {"runs", "current", "grown"},
        Condition: {"l2", "seed", "bug", "muted"},
        UndoState: {
            "experiment", "network", "trainer", "training", "start", "epoch", "stopped",
            "condition", "timeline", "view", "grown", "counts",
        },
        DataSet: {"inputs", "targets", "labels", "test_inputs", "test_targets", "test_labels",
                  "room", "grown"},
        Experiment: {"id", "title", "path", "input", "classes", "network", "data", "training"},
    }  # fmt: skip
    for kind, names in fields.items():
        assert {field.name for field in dataclasses.fields(kind)} == names, kind
    view = {"input", "target", "sample", "edited", "focus", "walk_place", "circuit"}
    assert set(Lab.kept) == view


def test_a_run_knows_where_its_start_came_from(everything):
    lab = everything()
    for line in ("train 2", "seed 5", "train 2", "start constant 0.5", "train 1"):
        lab.run(line)
    other = reopened(lab).lab
    starts = [(run.setup.seed, run.setup.initializer) for run in lab.timeline.runs]
    assert starts == [(run.setup.seed, run.setup.initializer) for run in other.timeline.runs]
    assert len(set(starts)) == 3


def test_data_that_was_changed(everything):
    lab = everything()
    for line in ("train 2", "sample 1", "pixel 3", "add yes", "label 2 yes", "remove 4", "train 2",
                 "paint 1111/0000/1111/0000", "add no"):  # fmt: skip
        lab.run(line)
    other = reopened(lab).lab
    for name in ("inputs", "targets", "labels"):
        np.testing.assert_array_equal(
            getattr(other.experiment.data, name), getattr(lab.experiment.data, name)
        )
    assert same(lab, other, "train 2", "rewind 1", "train 1", "remove 1", "add yes", "train 1")


def test_its_size_is_bounded_by_that_of_the_timeline():
    lab = Lab(load("digits-8x8"), load=load)
    lab.run("train 200")
    assert len(pack(lab)) < sum(run.size for run in lab.timeline.runs) + 500_000


# What is no session ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound():
    lab = Lab(load("digits-4x3"), load=load)
    for line in ("train 6", "rewind 3", "optimizer adam", "train 2", "sample 2", "forward"):
        lab.run(line)
    return pack(lab, panel=3)


def parts(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(entries, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def edited(content, change):
    entries = parts(content)
    header = json.loads(entries["session.json"])
    change(header)
    return zipped({**entries, "session.json": json.dumps(header)})


def refusal(content):
    with pytest.raises(ExperimentError) as caught:
        unpack(content, "my.nnsim")
    sentence = str(caught.value)
    assert sentence.startswith("my.nnsim: ")
    assert "\n" not in sentence
    assert len(sentence) < 400
    return sentence


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"hello", b"[network]\n", b"\0" * 1000, b"PK\3\4" * 50]
)
def test_something_else(content):
    assert "no session" in refusal(content) or "damaged" in refusal(content)


def test_a_model_is_no_session(tmp_path):
    lab = Lab(load("demons"))
    lab.network.save(tmp_path / "model.npz")
    assert "no session of nnsim" in refusal((tmp_path / "model.npz").read_bytes())


def test_every_cut(sound):
    for length in [*range(0, len(sound) - 1, 997), len(sound) - 1]:
        assert "damaged" in refusal(sound[:length]) or "no session" in refusal(sound[:length])


def test_a_newer_version_says_which_nnsim_is_needed(sound):
    def change(header):
        header.update(version=2, nnsim="9.7.5", unheard_of=[1])

    sentence = refusal(edited(sound, change))
    assert "install nnsim 9.7.5 or later" in sentence
    assert "version 2" in sentence


@pytest.mark.parametrize("name", ["../../evil.npy", "/etc/passwd", "a/b.npy", "x.py", "..\\x.npy"])
def test_paths_and_programs_have_no_place_in_it(sound, name):
    assert "has no place in a session" in refusal(zipped({**parts(sound), name: b"x"}))


def test_an_array_that_nothing_asks_for(sound):
    more = {**parts(sound), "extra.npy": npy(np.zeros(3))}
    assert "extra.npy" in refusal(zipped(more))


def test_pickles_are_never_loaded(sound):
    class Evil:
        def __reduce__(self):
            return (exec, ("raise SystemExit('executed')",))

    buffer = io.BytesIO()
    np.save(buffer, np.array([Evil()], object), allow_pickle=True)
    changed = {**parts(sound), "bench.parameters.npy": buffer.getvalue()}
    assert "bench.parameters" in refusal(zipped(changed))


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.zeros(46), "it should be 47"),
        (np.full(47, np.nan), "not finite"),
        (np.full(47, np.inf), "not finite"),
        (np.zeros(47, np.float32), "float32"),
        (np.zeros(47, "U5"), "it should be"),
        (np.zeros((47, 1)), "it should be 47"),
    ],
)
def test_wrong_parameters(sound, array, word):
    sentence = refusal(zipped({**parts(sound), "bench.parameters.npy": npy(array)}))
    assert "bench.parameters" in sentence
    assert word in sentence


@pytest.mark.parametrize("value", [-1.0, -1e308, 0.5, np.nan])
def test_a_wrong_count_of_steps(sound, value):
    sentence = refusal(zipped({**parts(sound), "bench.time.npy": npy(np.array(value))}))
    assert "time" in sentence


def test_a_bomb_is_not_unpacked(sound):
    # It announces 8 TB; and one that keeps quiet about a gigabyte of zeros behind 47 numbers.
    head = npy(np.zeros(47)).replace(b"(47,)", b"(1000000000000,)")
    assert "it should be 47" in refusal(zipped({**parts(sound), "bench.parameters.npy": head}))
    long = npy(np.zeros(47)) + bytes(64 * 2**20)
    assert "damaged" in refusal(zipped({**parts(sound), "bench.parameters.npy": long}))


def test_a_header_may_announce_what_it_likes(sound):
    def layers(header):
        header["experiments"][0]["network"]["layers"][0]["units"] = 90_000

    def samples(header):
        header["data"]["samples"] = 1_000_000

    def epochs(header):
        group = header["frames"][0]
        for key in ("epochs", "updates", "l2", "states"):
            group[key] = [group[key][0]] * 17_000

    for change in (layers, samples, epochs):
        refusal(edited(sound, change))


def test_json_with_nan(sound):
    entries = parts(sound)
    text = entries["session.json"].replace(b'"learning_rate":0.2', b'"learning_rate":NaN', 1)
    assert text != entries["session.json"]
    assert "finite" in refusal(zipped({**entries, "session.json": text}))
    assert "damaged" in refusal(zipped({**entries, "session.json": b"[" * 100_000}))
    assert "damaged" in refusal(zipped({**entries, "session.json": b"[1]"}))
    assert "damaged" in refusal(zipped({**entries, "session.json": b"\xff\xfe"}))


WRONG = [
    None,
    True,
    -1,
    0,
    7,
    2**70,
    0.5,
    -1e308,
    "",
    "x",
    "../x",
    [],
    [[]],
    [1, 2, 3],
    {},
    {"a": 1},
]


def places(value, path=()):
    """Every place in a header."""
    yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from places(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value[:6]):
            yield from places(part, (*path, index))


def put(header, path, value, *, gone=False):
    for key in path[:-1]:
        header = header[key]
    if gone:
        del header[path[-1]]
    else:
        header[path[-1]] = value


def opens_or_refuses(content):
    """Open, and use what opens; anything but a refusal in a sentence is a mistake."""
    try:
        lab = unpack(content, "my.nnsim").lab
    except ExperimentError as error:
        if not str(error).startswith("my.nnsim: "):
            raise
        return
    for line in ("train 2", "rewind 1", "sample 1", "forward", "next", "reset", "train 1"):
        with suppress(ValueError):
            lab.run(line)
    pack(lab)


def test_a_header_with_one_wrong_value_anywhere(sound):
    header = json.loads(parts(sound)["session.json"])
    rng = random.Random(5)
    everywhere = [path for path in places(header) if path]
    assert len(everywhere) > 250
    for path in everywhere:
        for value in rng.sample(WRONG, 3):
            opens_or_refuses(edited(sound, lambda h, p=path, v=value: put(h, p, v)))
        opens_or_refuses(edited(sound, lambda h, p=path: put(h, p, None, gone=True)))


def test_an_unknown_key_in_any_table(sound):
    header = json.loads(parts(sound)["session.json"])

    def tables(value, path=()):
        if isinstance(value, dict):
            yield path
        items = value.items() if isinstance(value, dict) else enumerate(value[:2])
        for key, part in items:
            if isinstance(part, dict | list):
                yield from tables(part, (*path, key))

    found = list(tables(header))
    assert len(found) > 15
    for path in found:
        refusal(edited(sound, lambda h, p=path: put(h, (*p, "surprise"), 1)))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_flipped_bytes(sound, seed):
    rng = random.Random(seed)
    content = bytearray(sound)
    for _ in range(rng.randint(1, 8)):
        start = rng.randrange(len(content))
        if rng.random() < 0.3:
            del content[start : start + rng.randint(1, 30)]
        else:
            content[start] = rng.randrange(256)
    opens_or_refuses(bytes(content))


def test_missing_arrays(sound):
    entries = parts(sound)
    for name in entries:
        sentence = refusal(zipped({k: v for k, v in entries.items() if k != name}))
        assert name == "session.json" or name.removesuffix(".npy") in sentence


def test_packed_in_another_way(sound):
    assert "packed otherwise" in refusal(zipped(parts(sound), zipfile.ZIP_LZMA))
