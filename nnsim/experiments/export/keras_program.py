"""A network as a Keras 3 program. Images go channels last, as in nnsim.

On PyTorch, Keras multiplies matrices in float32 whatever they are, so that outputs have about seven
digits there; on TensorFlow and JAX they have all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.experiments.export import text
from nnsim.experiments.kinds import kind_of
from nnsim.experiments.kinds.activations import ACTIVATIONS

if TYPE_CHECKING:
    from nnsim.experiments.export import Subject
    from nnsim.experiments.export.text import Quote

_PARAMETERS = "# The parameters, layer by layer.\n"
_PREDICT = """    batch = np.array(x, keras.config.floatx()).reshape(1, {shape})
    return keras.ops.convert_to_numpy(trained()(batch, training=False))[0].tolist()
"""


def write(subject: Subject, quote: Quote) -> str:
    network = subject.network
    used = {layer.activation for layer in network.layers}
    functions = (ACTIVATIONS[name].keras_function for name in sorted(used))
    return text.assembled(
        subject, quote, ("Keras 3 and a backend for it", "keras torch"),
        "\n" + "import base64\n" * text.is_large(network) + _IMPORTS
        + f'\nkeras.config.set_floatx("{network.dtype}")\n'
        + 'keras.config.set_image_data_format("channels_last")\n',
        _PARAMETERS + text.parameters(network, lambda _name, rows: f"np.array(\n{rows}\n)"),
        "".join(f"\n\n{source}" for source in functions if source) + _model(subject)
        + text.predict(subject, _PREDICT),
        f'np.frombuffer(base64.b64decode(packed), "<f{network.dtype.itemsize}").reshape(shape)',
    )  # fmt: skip


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


def _model(subject: Subject) -> str:
    network = subject.network
    lines, fills = [], []
    rows = zip(network.layers, text.names_of(network), text.blocks_of(network), strict=True)
    for i, (layer, name, arrays) in enumerate(rows):
        lines += kind_of(layer).keras(layer, f'name="{name}_layer"')
        muted = network.muted.get(i)
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
