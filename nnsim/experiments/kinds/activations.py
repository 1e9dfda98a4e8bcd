"""The activations of layers, and how programs write them.

A function of NumPy or Keras that a program needs stands in it under the activation's own name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnsim.engine.layers import Layer


@dataclass(frozen=True)
class Written:
    """One activation in programs."""

    numpy: str  # the function in NumPy; empty for none
    torch: str  # the expression in PyTorch, of ``{x}`` and perhaps ``{slope!r}``
    keras: str = ""  # keras' own name for it, where it has one
    keras_function: str = ""  # the function in Keras, where it has none


ACTIVATIONS = {
    "step": Written(
        '''def step(z):
    """1 for z >= 0, else 0."""
    return (z >= 0).astype(z.dtype)
''',
        "({x} >= 0).to(x.dtype)",
        keras_function='''def step(z):
    """1 for z >= 0, else 0."""
    return keras.ops.cast(z >= 0, z.dtype)
''',
    ),
    "identity": Written("", "{x}", keras="linear"),
    "sigmoid": Written(
        '''def sigmoid(z):
    """1 / (1 + e^-z)."""
    return 1 / (1 + np.exp(-z))
''',
        "torch.sigmoid({x})",
        keras="sigmoid",
    ),
    "tanh": Written(
        '''def tanh(z):
    """(e^z - e^-z) / (e^z + e^-z)."""
    return np.tanh(z)
''',
        "torch.tanh({x})",
        keras="tanh",
    ),
    "relu": Written(
        '''def relu(z):
    """The larger of 0 and z."""
    return np.maximum(z, 0)
''',
        "F.relu({x})",
        keras="relu",
    ),
    "leaky_relu": Written(
        '''def leaky_relu(z, slope):
    """z where z > 0, else slope * z."""
    return np.maximum(z, slope * z)
''',
        "F.leaky_relu({x}, {slope!r})",
    ),
    "elu": Written(
        '''def elu(z):
    """z where z > 0, else e^z - 1."""
    return np.maximum(z, 0) + np.expm1(np.minimum(z, 0))
''',
        "F.elu({x})",
        keras="elu",
    ),
    "softplus": Written(
        '''def softplus(z):
    """ln(1 + e^z), in the form that never overflows."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
''',
        "F.softplus({x}, threshold=40)",
        keras="softplus",
    ),
    "gelu": Written(
        '''def gelu(z):
    """z / 2 * (1 + tanh(sqrt(2 / pi) * (z + 0.044715 * z^3)))."""
    return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z)))
''',
        'F.gelu({x}, approximate="tanh")',
        keras_function='''def gelu(z):
    """z / 2 * (1 + tanh(sqrt(2 / pi) * (z + 0.044715 * z^3)))."""
    return keras.activations.gelu(z, approximate=True)
''',
    ),
    "swish": Written(
        '''def swish(z):
    """z * sigmoid(z)."""
    return z / (1 + np.exp(-z))
''',
        "F.silu({x})",
        keras="silu",
    ),
    "softmax": Written(
        '''def softmax(z):
    """e^z over its sum; the largest z is taken off first, which changes nothing."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
''',
        "F.softmax({x}, dim=1)",
        keras="softmax",
    ),
}


def numpy(layer: Layer, inner: str, needed: dict[str, str]) -> str:
    """Return the line that puts a layer's activation around something."""
    if layer.is_identity:
        return f"a = {inner}"
    needed[layer.activation] = ACTIVATIONS[layer.activation].numpy
    slope = f", {layer.function.leak!r}" if layer.activation == "leaky_relu" else ""  # type: ignore[attr-defined]
    return f"a = {layer.activation}({inner}{slope})"


def keras(layer: Layer) -> tuple[str, list[str]]:
    """Return a layer's activation as an argument, and as a layer behind where it has to be one."""
    if layer.is_identity:
        return "", []
    if layer.activation == "leaky_relu":
        leak = layer.function.leak  # type: ignore[attr-defined]
        return "", [f"layers.LeakyReLU(negative_slope={leak!r}),"]
    written = ACTIVATIONS[layer.activation]
    name = f'"{written.keras}"' if written.keras else layer.activation
    return f", activation={name}", []


def torch(layer: Layer, inner: str) -> str:
    """Return a layer's activation of something."""
    slope = getattr(layer.function, "leak", None)
    return ACTIVATIONS[layer.activation].torch.format(x=inner, slope=slope)
