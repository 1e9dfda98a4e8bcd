"""Programs that `nnsim export` writes run by themselves and say what the network says."""

import ast
import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnsim.engine import (
    Activation,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPool2D,
    Network,
)
from nnsim.engine.activations import ACTIVATIONS
from nnsim.experiments import catalogue, load
from nnsim.experiments.export import TARGETS, Subject, program, subject_of
from nnsim.lab import Lab
from nnsim.lab.session import pack

# With PyTorch below it, Keras multiplies in float32 (its result_type of two float64 says so).
KERAS_IS_EXACT = any(find_spec(name) for name in ("tensorflow", "jax"))
SHIPPED = [entry.id for entry in catalogue()]
# Runs the `predict` of programs on inputs from standard input; nnsim must not be there.
HARNESS = """
import json, os, runpy, sys
predicts = [(runpy.run_path(path)["predict"], inputs) for path, inputs in json.load(sys.stdin)]
print(json.dumps([[predict(x) for x in inputs] for predict, inputs in predicts]), flush=True)
os._exit("nnsim" in sys.modules)  # at once: threads of JAX may keep a busy machine waiting
"""


def run(path, *words, **options):
    return subprocess.run(
        [sys.executable, "-W", "error", str(path), *words],
        capture_output=True, encoding="utf-8", timeout=120, check=False, cwd=path.parent, **options,
    )  # fmt: skip


def outputs_of(programs, folder):
    """What programs say, each about inputs of its own; all of them in one process."""
    asked = []
    for number, (text, inputs) in enumerate(programs):
        path = Path(folder) / f"out{number}.py"
        path.write_text(text, "utf-8")
        asked.append((str(path), inputs.tolist()))
    done = subprocess.run(
        [sys.executable, "-c", HARNESS], input=json.dumps(asked),
        capture_output=True, encoding="utf-8", timeout=120, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [np.array(said) for said in json.loads(done.stdout)]


def subject_about(network, classes=(), title="A network"):
    count = network.output_shape[0]
    size = int(np.prod(network.input_shape))
    names = tuple(f"y{k}" for k in range(count))
    return Subject(title, network, "vector", classes, names, np.arange(size) / size, "")


def available(target):
    if find_spec(target) is None:
        pytest.skip(f"{target} is not installed")


def agree(network, target, folder):
    """The program gives the outputs of the network, to 1e-6."""
    all_agree([subject_about(network)], target, folder)


def all_agree(subjects, target, folder):
    """Each of the programs gives the outputs of its network, to 1e-6."""
    rng = np.random.default_rng(5)
    inputs = [rng.normal(size=(3, *subject.network.input_shape)) for subject in subjects]
    texts = [program(subject, target) for subject in subjects]
    flat = [x.reshape(3, -1) for x in inputs]
    found = outputs_of(zip(texts, flat, strict=True), folder)
    for subject, x, said in zip(subjects, inputs, found, strict=True):
        single = subject.network.dtype == np.float32 or (target == "keras" and not KERAS_IS_EXACT)
        wanted = subject.network.forward(x)
        np.testing.assert_allclose(
            said, wanted, rtol=2e-5 if single else 1e-9, atol=1e-6, err_msg=subject.title
        )


def randomised(network, seed=0):
    rng = np.random.default_rng(seed)
    network.parameters[:] = rng.normal(size=network.parameters.size)
    network.running[:] = rng.uniform(0.3, 2, network.running.size)
    return network


EVERY_LAYER = {
    "dense": lambda: Network([Dense(4, "tanh", name="hidden"), Dense(2, name="output")], (3,)),
    "conv": lambda: Network(
        [Conv2D(3, 2, stride=2, padding=1, activation="relu"), Flatten(), Dense(2)], (5, 4, 2)
    ),
    "conv stride 3": lambda: Network([Conv2D(2, (3, 2), stride=3), Flatten(), Dense(2)], (8, 9, 1)),
    "max pool": lambda: Network([MaxPool2D(2), Flatten(), Dense(2)], (5, 5, 2)),
    "max pool overlapping": lambda: Network(
        [MaxPool2D(3, stride=1), Flatten(), Dense(2)], (5, 4, 2)
    ),
    "average pool": lambda: Network([AveragePool2D(2, stride=1), Flatten(), Dense(2)], (3, 4, 3)),
    "gaps between windows": lambda: Network(
        [MaxPool2D(1, stride=2), Flatten(), Dense(1)], (5, 6, 2)
    ),
    "batch norm": lambda: Network([BatchNorm(epsilon=0.01), Dense(2)], (4,)),
    "batch norm of images": lambda: Network(
        [BatchNorm(momentum=0.5), Flatten(), Dense(2)], (2, 3, 3)
    ),
    "dropout": lambda: Network([Dense(4), Dropout(0.5), Dense(2)], (3,)),
    "dropout of images": lambda: Network([Dropout(0.5), Flatten(), Dense(2)], (2, 2, 2)),
    "flatten alone": lambda: Network([Flatten(), Dense(2)], (2, 3, 2)),
    "flatten a row": lambda: Network([Flatten(), Dense(2)], (4,)),
    "activation of images": lambda: Network([Activation("gelu"), Flatten(), Dense(2)], (2, 2, 3)),
    "identity": lambda: Network([Activation("identity"), Dense(2)], (3,)),
    "softmax inside": lambda: Network([Dense(4, "softmax"), Activation("softmax")], (3,)),
    "float32": lambda: Network(
        [Dense(4, "gelu"), BatchNorm(), Dense(2, "swish")], (3,), dtype="float32"
    ),
    "large": lambda: Network([Dense(60, "relu"), Dense(60, "elu"), Dense(2)], (20,)),
    "large images": lambda: Network([Conv2D(8, 3), Flatten(), Dense(30), Dense(2)], (8, 8, 1)),
}


@pytest.mark.parametrize("kind", EVERY_LAYER)
@pytest.mark.parametrize("target", TARGETS)
def test_every_layer(target, kind, tmp_path):
    available(target)
    agree(randomised(EVERY_LAYER[kind]()), target, tmp_path)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
@pytest.mark.parametrize("target", TARGETS)
def test_every_activation(target, name, tmp_path):
    available(target)
    network = randomised(Network([Dense(5, name), Activation(name), Dense(3, "identity")], (4,)))
    network.parameters[:10] *= 30  # far out on both sides
    agree(network, target, tmp_path)


@pytest.mark.parametrize("target", TARGETS)
def test_the_slope_of_leaky_relu(target, tmp_path):
    available(target)
    layers = [Dense(5, "leaky_relu", slope=0.3), Activation("leaky_relu", slope=0.05), Dense(2)]
    agree(randomised(Network(layers, (4,))), target, tmp_path)


@pytest.mark.parametrize("target", TARGETS)
def test_muted_units(target, tmp_path):
    available(target)
    network = randomised(
        Network([Conv2D(3, 2, name="c"), Flatten(), Dense(14), Dense(2)], (3, 3, 1))
    )
    network.muted = {0: (1,), 2: (0, 13)}
    agree(network, target, tmp_path)


@pytest.mark.parametrize("target", TARGETS)
def test_shipped_experiments(target, tmp_path):
    available(target)
    names = SHIPPED if target == "numpy" else ("digits-4x3", "digits-8x8-cnn", "rgb-4x4")
    opened = [load(name) for name in names]
    all_agree([subject_of(e, e.open()[0]) for e in opened], target, tmp_path)


def images(draw):
    side = st.integers(3, 5)
    shape = (draw(side), draw(side), draw(st.integers(1, 2)))
    layers = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["conv", "norm", "drop", "act"]))
        activation = draw(st.sampled_from([n for n in sorted(ACTIVATIONS) if n != "softmax"]))
        layers.append({
            "conv": lambda a=activation: Conv2D(
                draw(st.integers(1, 3)), draw(st.integers(1, 3)), stride=draw(st.integers(1, 2)),
                padding=draw(st.integers(1, 2)), activation=a),
            "norm": BatchNorm,
            "drop": lambda: Dropout(0.3),
            "act": lambda a=activation: Activation(a),
        }[kind]())  # fmt: skip
    pool = draw(st.sampled_from([MaxPool2D, AveragePool2D]))
    return shape, [*layers, pool(1, stride=draw(st.integers(1, 2))), Flatten()]


@st.composite
def networks(draw):
    """Networks of every kind of layer, with names that mean something to Python."""
    shape, layers = images(draw) if draw(st.booleans()) else ((draw(st.integers(1, 5)),), [])
    for _ in range(draw(st.integers(0, 3))):
        layers.append(Dense(draw(st.integers(1, 6)), draw(st.sampled_from(sorted(ACTIVATIONS)))))
        if draw(st.booleans()):
            layers.append(draw(st.sampled_from([BatchNorm, lambda: Dropout(0.5)]))())
    layers.append(Dense(draw(st.integers(1, 4)), draw(st.sampled_from(sorted(ACTIVATIONS)))))
    names = draw(st.permutations(
        ["class", "lambda", "np", "forward", "x", "train", "h_weight", "h", "été", "层", "print"]
    ))  # fmt: skip
    for layer, name in zip(layers, names, strict=False):
        layer.name = name
    network = Network(layers, shape, dtype=draw(st.sampled_from(["float64", "float64", "float32"])))
    return randomised(network, draw(st.integers(0, 1000)))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(network=networks())
@pytest.mark.parametrize("target", TARGETS)
def test_random_networks(target, network, tmp_path):
    available(target)
    agree(network, target, tmp_path)


# Names that are not to be trusted ----------------------------------------------------------------

EVIL = [
    'x"""\nraise SystemExit("injected")\n"""',
    "'; raise SystemExit('injected') #",
    "a\nraise SystemExit('injected')\nb",
    "\\' + 1/0 + \\'",
    "{1/0} %s {0}",
    "a\rb\x0cc\u2028d\x85e\0f",
    "\ud800",
    "名前",
]


def stated(text):
    """The texts in lists at the top of a program, by name."""
    return {
        line.targets[0].id: ast.literal_eval(line.value)
        for line in ast.parse(text).body
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.List)
    }


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("target", TARGETS)
def test_names_never_become_code(target, evil, tmp_path):
    experiment = load("digits-4x3")
    last = replace(experiment.network.layers[-1], labels=(evil, "b" + evil))
    network = replace(experiment.network, layers=(*experiment.network.layers[:-1], last))
    experiment = replace(experiment, title=evil, classes=(evil, "b" + evil), network=network)
    subject = subject_of(experiment, experiment.build_network())
    for ascii_only in (True, False):
        text = program(subject, target, ascii_only=ascii_only)
        assert stated(text)["CLASSES"] == [evil, "b" + evil]
        assert stated(text)["OUTPUTS"] == [evil, "b" + evil]
        assert "injected" not in "".join(
            node.value for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            and node.value not in (evil, "b" + evil)
        )  # fmt: skip
        assert ascii_only <= text.isascii()
        if target == "numpy" and evil.isprintable() and evil.isascii():
            path = tmp_path / "out.py"
            path.write_text(text, "utf-8")
            assert run(path).returncode == 0


def test_names_of_layers_never_become_code():
    network = Network([Dense(2, name='a"""\n1/0#'), Dense(1, name="layer1")], (2,))
    for target in TARGETS:
        compile(program(subject_about(network), target), "out.py", "exec")
        assert "1/0" not in program(subject_about(network), target)


# The command --------------------------------------------------------------------------------------


def test_it_says_its_example_and_takes_numbers(nnsim, tmp_path):
    path = tmp_path / "out.py"
    result = nnsim("export", "digits-4x3", "--to", "numpy", "--output", path)
    assert result.status == 0
    assert f"python {path} runs it" in result.out
    first = run(path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("input: ")
    assert first.stderr == ""
    text = "010/010/010/010"
    known = nnsim("predict", "digits-4x3", "--input", text, "--json").json
    for words in ([text], ["--input", text], [f"--input={text}"], [text.replace("/", " ")],
                  list(text.replace("/", "")), [".#./.#./.#./.#."]):  # fmt: skip
        said = dict(line.split(": ") for line in run(path, *words).stdout.splitlines())
        assert said["prediction"] == known["prediction"] == "1"
        values = [float(said[name]) for name in "01"]
        np.testing.assert_allclose(values, known["output"], rtol=1e-6)
    for words in (["1", "2"], ["a", "b"], ["1e999x"]):
        refused = run(path, *words)
        assert refused.returncode == 1
        assert len(refused.stderr.splitlines()) == 1


def test_negative_numbers_and_a_regression(nnsim, tmp_path):
    path = tmp_path / "line.py"
    assert nnsim("export", "line", "--to", "numpy", "--output", path).status == 0
    known = nnsim("predict", "line", "--input", "-1.5", "--json").json["output"][0]
    said = run(path, "-1.5").stdout.splitlines()
    assert len(said) == 2
    np.testing.assert_allclose(float(said[1].split(": ")[1]), known, rtol=1e-6)


def test_one_output_for_two_classes(nnsim, tmp_path):
    path = tmp_path / "xor.py"
    assert nnsim("export", "xor", "--to", "numpy", "--output", path).status == 0
    for text in ("0 0", "0 1"):
        known = nnsim("predict", "xor", "--input", text, "--json").json["prediction"]
        assert f"prediction: {known}" in run(path, text).stdout.splitlines()


def test_to_standard_output(nnsim, process, tmp_path):
    result = process("export", "demons", "--to", "numpy")
    assert result.status == 0
    path = tmp_path / "out.py"
    path.write_text(result.out, "utf-8")
    assert run(path).returncode == 0
    assert nnsim("export", "demons", "--to", "numpy").out == result.out


def test_json(nnsim, tmp_path):
    result = nnsim("export", "digits-4x3", "--to", "torch", "--json").json
    assert (result["to"], result["path"], result["parameters"]) == ("torch", None, 47)
    assert "class Net" in result["program"]
    path = tmp_path / "out.py"
    result = nnsim("export", "digits-4x3", "--to", "keras", "--output", path, "--json").json
    assert (result["path"], result["program"]) == (str(path), None)
    assert "keras.Sequential" in path.read_text("utf-8")


def test_a_session_with_its_parameters_and_input(nnsim, tmp_path):
    lab = Lab(load("digits-4x3"), untrained=True)
    for line in ("train 5", "paint 011/001/001/001", "mute hidden[2]"):
        lab.run(line)
    session, path = tmp_path / "my.nnsim", tmp_path / "out.py"
    session.write_bytes(pack(lab))
    assert nnsim("export", session, "--to", "numpy", "--output", path).status == 0
    lines = run(path).stdout.splitlines()
    assert lines[0] == "input: 0 1 1 0 0 1 0 0 1 0 0 1"
    np.testing.assert_allclose(
        [float(line.split()[1]) for line in lines[1:3]], lab.output, rtol=1e-6
    )


def test_a_model(nnsim, tmp_path):
    experiment = load("demons")
    network = experiment.build_network()
    network.parameters[:] = np.linspace(-1, 1, network.parameters.size)
    model = tmp_path / "m.npz"
    network.save(model)
    text = nnsim("export", "demons", "--to", "numpy", "--model", model).out
    x = experiment.data.inputs[:2]
    (said,) = outputs_of([(text, x)], tmp_path)
    np.testing.assert_allclose(said, network.forward(x), rtol=1e-6)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["export"], "EXPERIMENT is missing"),
        (["export", "demons"], "--to is missing"),
        (["export", "demons", "--to", "pytorch"], 'did you mean "torch"?'),
        (["export", "demon", "--to", "numpy"], 'did you mean "demons"?'),
        (["export", "demons", "--to", "numpy", "--output", "."], "this is a folder"),
        (["export", "demons", "--to", "numpy", "--output", "none/x.py"], "there is no folder none"),
        (["export", "demons", "--to", "numpy", "--output", "/dev/full"], "no ordinary file"),
        (["export", "demons", "--to", "numpy", "--output", ""], "no file name"),
        (["export", "x.nnsim", "--to", "numpy"], "there is no such file"),
    ],
)
def test_what_is_refused(nnsim, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    result = nnsim(*words)
    assert result.status == 2
    assert said in result.err
    assert result.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_source_is_not_written_over(nnsim, tmp_path):
    session = tmp_path / "my.nnsim"
    session.write_bytes(pack(Lab(load("demons"))))
    before = session.read_bytes()
    result = nnsim("export", session, "--to", "numpy", "--output", session)
    assert result.status == 2
    assert "what the program is made of" in result.err
    assert session.read_bytes() == before


def test_a_full_disk(nnsim, tmp_path, monkeypatch):
    path = tmp_path / "out.py"
    path.write_text("before")

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    result = nnsim("export", "demons", "--to", "numpy", "--output", path)
    assert result.status == 2
    assert "No space left on device" in result.err
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("out.py", "before")]


def test_numbers_that_are_not_finite():
    network = Network([Dense(2)], (2,))
    network.parameters[0] = np.inf
    with pytest.raises(ValueError, match="no longer finite"):
        program(subject_about(network), "numpy")
