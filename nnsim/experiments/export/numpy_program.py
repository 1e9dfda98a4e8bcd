"""A network as a NumPy program, as a student would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnsim.experiments.export import text

if TYPE_CHECKING:
    from nnsim.engine.layers import Layer
    from nnsim.experiments.export.subject import Subject
    from nnsim.experiments.export.text import Quote

_ACTIVATIONS = {
    "step": '''def step(z):
    """1 for z >= 0, else 0."""
    return (z >= 0).astype(z.dtype)
''',
    "sigmoid": '''def sigmoid(z):
    """1 / (1 + e^-z)."""
    return 1 / (1 + np.exp(-z))
''',
    "tanh": '''def tanh(z):
    """(e^z - e^-z) / (e^z + e^-z)."""
    return np.tanh(z)
''',
    "relu": '''def relu(z):
    """The larger of 0 and z."""
    return np.maximum(z, 0)
''',
    "leaky_relu": '''def leaky_relu(z, slope):
    """z where z > 0, else slope * z."""
    return np.maximum(z, slope * z)
''',
    "elu": '''def elu(z):
    """z where z > 0, else e^z - 1."""
    return np.maximum(z, 0) + np.expm1(np.minimum(z, 0))
''',
    "softplus": '''def softplus(z):
    """ln(1 + e^z), in the form that never overflows."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
''',
    "gelu": '''def gelu(z):
    """z / 2 * (1 + tanh(sqrt(2 / pi) * (z + 0.044715 * z^3)))."""
    return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z)))
''',
    "swish": '''def swish(z):
    """z * sigmoid(z)."""
    return z / (1 + np.exp(-z))
''',
    "softmax": '''def softmax(z):
    """e^z over its sum; the largest z is taken off first, which changes nothing."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
''',
}
_LAYERS = {
    "conv2d": '''def conv2d(x, kernel, bias, stride, padding):
    """Slide a kernel over images: at each place the sum of pixel * weight, plus the bias.

    x is (images, height, width, channels), kernel is (rows, columns, channels, filters).
    """
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    height = (x.shape[1] - kernel.shape[0]) // stride + 1
    width = (x.shape[2] - kernel.shape[1]) // stride + 1
    z = np.zeros((len(x), height, width, kernel.shape[3]), x.dtype)
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            # What the kernel's pixel (i, j) looks at, for all its places at once.
            seen = x[:, i : i + stride * height : stride, j : j + stride * width : stride]
            z += seen @ kernel[i, j]
    return z + bias
''',
    "pool": '''def windows(x, size, stride):
    """All pixels of each window: (images, rows, columns, channels, size * size)."""
    height = (x.shape[1] - size) // stride + 1
    width = (x.shape[2] - size) // stride + 1
    seen = [
        x[:, i : i + stride * height : stride, j : j + stride * width : stride]
        for i in range(size)
        for j in range(size)
    ]
    return np.stack(seen, axis=-1)
''',
}


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
    lines = []
    layers = zip(network.layers, text.names_of(network), strict=True)
    for i, (layer, name) in enumerate(layers):
        lines += _layer(layer, name, needed)
        muted = text.muted_of(network, i)
        if muted:
            lines.append((f"a = a * np.array({text.heard(layer, muted)}, a.dtype)", "muted units"))
        lines[-1] = (lines[-1][0], f"{name}: {text.shape_text(layer.output_shape)}"
                     + (", with muted units" if muted else ""))  # fmt: skip
    functions = "".join(f"\n\n{source}" for source in needed.values())
    shape = ", ".join(map(str, network.input_shape))
    body = "".join(f"    {code}  # {note}\n" if note else f"    {code}\n" for code, note in lines)
    forward = (
        f'\n\ndef forward(x):\n    """Return the outputs (m, {network.output_shape[0]}) for inputs '
        f'(m, {shape})."""\n    a = x\n{body}    return a\n'
    )
    return functions, forward


def _layer(layer: Layer, name: str, needed: dict[str, str]) -> list[tuple[str, str]]:
    """Return the lines of one layer; what they call goes into `needed`."""
    given: Any = layer
    if layer.kind == "dense":
        return [(_active(layer, f"a @ {name}_weight + {name}_bias", needed), "")]
    if layer.kind == "conv2d":
        needed["conv2d"] = _LAYERS["conv2d"]
        call = f"conv2d(a, {name}_weight, {name}_bias, {given.stride}, {given.padding})"
        return [(_active(layer, call, needed), "")]
    if layer.kind in ("max_pool2d", "average_pool2d"):
        needed["pool"] = _LAYERS["pool"]
        how = "max" if layer.kind == "max_pool2d" else "mean"
        return [(f"a = windows(a, {given.size}, {given.stride}).{how}(axis=-1)", "")]
    if layer.kind == "flatten":
        return [("a = a.reshape(len(a), -1)", "")]
    if layer.kind == "batch_norm":
        epsilon = repr(float(given.epsilon))
        return [
            (f"a = (a - {name}_mean) / np.sqrt({name}_variance + {epsilon})", ""),
            (f"a = {name}_gamma * a + {name}_beta", ""),
        ]
    if layer.kind == "dropout":
        return [("a = a * 1  # dropout switches nothing off in use", "")]
    return [(_active(layer, "a", needed), "")]


def _active(layer: Layer, inner: str, needed: dict[str, str]) -> str:
    """Return the line that puts the activation around something."""
    if layer.is_identity:
        return f"a = {inner}"
    needed[layer.activation] = _ACTIVATIONS[layer.activation]
    slope = f", {layer.function.leak!r}" if layer.activation == "leaky_relu" else ""  # type: ignore[attr-defined]
    return f"a = {layer.activation}({inner}{slope})"


def _predict(subject: Subject, kind: str) -> str:
    shape = ", ".join(map(str, subject.network.input_shape))
    return f'''

def predict(x):
    """Return the outputs for one input, {subject.example.size} numbers in a row."""
    return forward(np.array(x, np.{kind}).reshape(1, {shape}))[0].tolist()
'''
