"""A network as a NumPy program, as a student would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.experiments.export import text
from nnsim.experiments.kinds import kind_of

if TYPE_CHECKING:
    from nnsim.experiments.export import Subject
    from nnsim.experiments.export.text import Quote

_PARAMETERS = "# The parameters: a row of a weight for each input, a column for each unit.\n"
# NumPy would warn of what is right.
_QUIET = 'np.seterr(over="ignore")  # where e^-z is infinite, 1 / (1 + e^-z) is 0, as it should\n'


def write(subject: Subject, quote: Quote) -> str:
    """Return the program."""
    large = text.is_large(subject.network)
    kind = "float32" if subject.network.dtype.itemsize == 4 else "float64"
    functions, forward = _forward(subject)
    imports = ["base64"] * large + ["math"] * ("math." in functions) + ["sys"]
    parameters = _PARAMETERS + text.parameters(subject.network, _written(subject), large=large)
    parts = [
        text.opening(subject, "NumPy", "numpy", quote),
        "\n" + "".join(f"import {name}\n" for name in imports) + "\nimport numpy as np\n",
        "\n" + _QUIET,
        "\n" + text.outputs_and_classes(subject, quote) + text.example(subject),
        "" if large else "\n" + parameters,
        functions,
        forward,
        _predict(subject, kind),
        text.reader(subject),
        text.asking(subject),
        _unpacking(kind) + parameters if large else "",
        text.ending(),
    ]
    return "".join(parts)


def _written(subject: Subject) -> text.Literal:
    kind = ", np.float32" if subject.network.dtype.itemsize == 4 else ""
    return lambda name, rows: _one_line(f"np.array(\n{rows}{kind}\n)", len(name) + 3)


def _one_line(content: str, before: int) -> str:
    """Put a short array onto one line."""
    lines = content.split("\n")
    if len(lines) != 3:
        return content
    joined = lines[0] + lines[1].strip() + lines[2]
    return joined if before + len(joined) < text.WIDTH - 10 else content


def _unpacking(kind: str) -> str:
    sign = "<f4" if kind == "float32" else "<f8"
    return f'''

def numbers(packed, shape):
    """Return the array whose bytes stand in `packed` as base64."""
    return np.frombuffer(base64.b64decode(packed), "{sign}").reshape(shape)


'''


def _forward(subject: Subject) -> tuple[str, str]:
    """Return the functions that the network needs, and the one that computes its outputs."""
    network = subject.network
    needed: dict[str, str] = {}
    lines: list[str] = []
    layers = zip(network.layers, text.names_of(network), strict=True)
    for i, (layer, name) in enumerate(layers):
        lines += kind_of(layer).numpy(layer, name, needed)
        note = f"{name}: {text.shape_text(layer.output_shape)}"
        if muted := text.muted_of(network, i):
            lines.append(f"a = a * np.array({text.heard(layer, muted)}, a.dtype)")
            note += ", with muted units"
        lines[-1] += f"  # {note}"
    functions = "".join(f"\n\n{source}" for source in needed.values())
    shape = ", ".join(map(str, network.input_shape))
    body = "".join(f"    {line}\n" for line in lines)
    forward = (
        f'\n\ndef forward(x):\n    """Return the outputs (m, {network.output_shape[0]}) for inputs '
        f'(m, {shape})."""\n    a = x\n{body}    return a\n'
    )
    return functions, forward


def _predict(subject: Subject, kind: str) -> str:
    shape = ", ".join(map(str, subject.network.input_shape))
    return f'''

def predict(x):
    """Return the outputs for one input, {subject.example.size} numbers in a row."""
    return forward(np.array(x, np.{kind}).reshape(1, {shape}))[0].tolist()
'''
