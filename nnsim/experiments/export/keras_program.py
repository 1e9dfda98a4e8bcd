"""A network as a Keras 3 program. Images go channels last, as in nnsim.

On PyTorch, Keras multiplies matrices in float32 whatever they are, so that outputs have about seven
digits there; on TensorFlow and JAX they have all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnsim.experiments.export import text

if TYPE_CHECKING:
    from nnsim.engine.layers import Layer
    from nnsim.experiments.export.subject import Subject
    from nnsim.experiments.export.text import Quote

_NAMES = {
    "identity": "linear", "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "elu": "elu",
    "softplus": "softplus", "swish": "silu", "softmax": "softmax",
}  # fmt: skip
_FUNCTIONS = {
    "step": '''

def step(z):
    """1 for z >= 0, else 0."""
    return keras.ops.cast(z >= 0, z.dtype)
''',
    "gelu": '''

def gelu(z):
    """z / 2 * (1 + tanh(sqrt(2 / pi) * (z + 0.044715 * z^3)))."""
    return keras.activations.gelu(z, approximate=True)
''',
}


_PARAMETERS = "# The parameters, layer by layer.\n"


def write(subject: Subject, quote: Quote) -> str:
    """Return the program."""
    network = subject.network
    large = text.is_large(network)
    kind = "float32" if network.dtype.itemsize == 4 else "float64"
    parameters = _PARAMETERS + text.parameters(
        subject.network, lambda _name, rows: f"np.array(\n{rows}\n)", large=large
    )
    used = {layer.activation for layer in network.layers}
    parts = [
        text.opening(subject, "Keras 3 and a backend for it", "keras torch", quote),
        "\n" + ("import base64\n" if large else "") + _IMPORTS,
        f'\nkeras.config.set_floatx("{kind}")\n',
        'keras.config.set_image_data_format("channels_last")\n',
        "\n" + text.outputs_and_classes(subject, quote) + text.example(subject),
        "" if large else "\n" + parameters,
        *(source for name, source in _FUNCTIONS.items() if name in used),
        _model(subject),
        _predict(subject),
        text.reader(subject),
        text.asking(subject),
        _unpacking(kind) + parameters if large else "",
        text.ending(),
    ]
    return "".join(parts)


_IMPORTS = """import importlib.util
import os
import sys

import numpy as np

if "KERAS_BACKEND" not in os.environ:
    backends = [name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name)]
    os.environ["KERAS_BACKEND"] = (backends or ["tensorflow"])[0]
os.environ.setdefault("JAX_ENABLE_X64", "1")

import keras  # noqa: E402 (it takes its backend when it is imported)
from keras import layers  # noqa: E402
"""


def _unpacking(kind: str) -> str:
    sign = "<f4" if kind == "float32" else "<f8"
    return f'''

def numbers(packed, shape):
    """Return the array whose bytes stand in `packed` as base64."""
    return np.frombuffer(base64.b64decode(packed), "{sign}").reshape(shape)


'''


def _model(subject: Subject) -> str:
    network = subject.network
    lines, fills = [], []
    rows = zip(network.layers, text.names_of(network), text.blocks_of(network), strict=True)
    for i, (layer, name, arrays) in enumerate(rows):
        lines += _layer(layer, f'name="{name}_layer"')
        muted = text.muted_of(network, i)
        if muted:
            lines.append(f"layers.Rescaling({text.heard(layer, muted)}),  # muted units")
        if arrays:
            values = ", ".join(f"{name}_{key}" for key in arrays)
            fills.append(f'    model.get_layer("{name}_layer").set_weights([{values}])\n')
    shape = ", ".join(map(str, network.input_shape)) + (
        "," if len(network.input_shape) == 1 else ""
    )
    body = "".join(f"            {line}\n" for line in lines)
    return (
        '\n\ndef trained():\n    """Return the network with its parameters."""\n'
        f"    model = keras.Sequential(\n        [\n            keras.Input(({shape})),\n{body}"
        "        ]\n    )\n" + "".join(fills) + "    return model\n"
    )  # fmt: skip


def _layer(layer: Layer, name: str) -> list[str]:
    """Return the lines of one layer."""
    given: Any = layer
    function, behind = _activation(layer)
    if layer.kind == "dense":
        return [f"layers.Dense({given.units}{function}, {name}),", *behind]
    if layer.kind == "conv2d":
        pad = [f"layers.ZeroPadding2D({given.padding}),"] if given.padding else []
        call = f"layers.Conv2D({given.filters}, {tuple(given.kernel_size)}, strides={given.stride}"
        return [*pad, f"{call}{function}, {name}),", *behind]
    if layer.kind in ("max_pool2d", "average_pool2d"):
        how = "MaxPooling2D" if layer.kind == "max_pool2d" else "AveragePooling2D"
        return [f"layers.{how}({given.size}, strides={given.stride}, {name}),"]
    if layer.kind == "flatten":
        return [f"layers.Flatten({name}),"]
    if layer.kind == "batch_norm":
        momentum, epsilon = float(given.momentum), float(given.epsilon)
        return [f"layers.BatchNormalization(momentum={momentum!r}, epsilon={epsilon!r}, {name}),"]
    if layer.kind == "dropout":
        return [f"layers.Dropout({float(given.rate)!r}, {name}),"]
    if behind:
        return behind
    return [f"layers.Activation({function.partition('=')[2] or repr('linear')}, {name}),"]


def _activation(layer: Layer) -> tuple[str, list[str]]:
    """Return the activation as an argument, and as a layer behind where it has to be one."""
    if layer.is_identity:
        return "", []
    if layer.activation == "leaky_relu":
        leak = layer.function.leak  # type: ignore[attr-defined]
        return "", [f"layers.LeakyReLU(negative_slope={leak!r}),"]
    if layer.activation in _FUNCTIONS:
        return f", activation={layer.activation}", []
    return f', activation="{_NAMES[layer.activation]}"', []


def _predict(subject: Subject) -> str:
    shape = ", ".join(map(str, subject.network.input_shape))
    return f'''

def predict(x):
    """Return the outputs for one input, {subject.example.size} numbers in a row."""
    batch = np.array(x, keras.config.floatx()).reshape(1, {shape})
    return keras.ops.convert_to_numpy(trained()(batch, training=False))[0].tolist()
'''
