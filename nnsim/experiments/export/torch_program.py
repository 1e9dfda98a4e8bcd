"""A network as a PyTorch program. Inside, images go channels first, as PyTorch has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnsim.experiments.export import text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnsim.engine.layers import Layer
    from nnsim.experiments.export.subject import Subject
    from nnsim.experiments.export.text import Quote

    Array = NDArray[Any]

_ACTIVATIONS = {
    "step": "({x} >= 0).to(x.dtype)",
    "identity": "{x}",
    "sigmoid": "torch.sigmoid({x})",
    "tanh": "torch.tanh({x})",
    "relu": "F.relu({x})",
    "leaky_relu": "F.leaky_relu({x}, {slope!r})",
    "elu": "F.elu({x})",
    "softplus": "F.softplus({x}, threshold=40)",
    "gelu": 'F.gelu({x}, approximate="tanh")',
    "swish": "F.silu({x})",
    "softmax": "F.softmax({x}, dim=1)",
}


_PARAMETERS = "# The parameters, in the shapes that PyTorch has them in.\n"


def write(subject: Subject, quote: Quote) -> str:
    """Return the program."""
    network = subject.network
    large = text.is_large(network)
    kind = "float32" if network.dtype.itemsize == 4 else "float64"
    parameters = _PARAMETERS + text.parameters(
        subject.network,
        lambda _name, rows: f"torch.tensor(\n{rows}\n)",
        large=large,
        shaped=_turned,
    )
    module = _module(subject)
    functional = "import torch.nn.functional as F\n" if "F." in module else ""
    parts = [
        text.opening(subject, "PyTorch", "torch", quote),
        "\n" + ("import base64\n" if large else "") + "import sys\n\n",
        f"import torch\n{functional}from torch import nn\n",
        f"\ntorch.set_default_dtype(torch.{kind})\n",
        "\n" + text.outputs_and_classes(subject, quote) + text.example(subject),
        "" if large else "\n" + parameters,
        module,
        _predict(subject),
        text.reader(subject),
        text.asking(subject),
        _unpacking(kind) + parameters if large else "",
        text.ending(),
    ]
    return "".join(parts)


def _turned(layer: Layer, key: str, values: Array) -> Array:
    """Return a parameter in PyTorch's shape: units first, then channels, rows, columns."""
    if key != "weight":
        return values
    return values.transpose(3, 2, 0, 1) if layer.kind == "conv2d" else values.T


def _unpacking(kind: str) -> str:
    return f'''

def numbers(packed, shape):
    """Return the tensor whose bytes stand in `packed` as base64."""
    return torch.frombuffer(bytearray(base64.b64decode(packed)), dtype=torch.{kind}).reshape(shape)


'''


def _module(subject: Subject) -> str:
    """Return the module, and the function that puts the parameters into it."""
    network = subject.network
    made, steps, fills = [], [], []
    if len(network.input_shape) == 3:
        steps.append(("x.permute(0, 3, 1, 2)", "channels first"))
    rows = zip(network.layers, text.names_of(network), text.blocks_of(network), strict=True)
    for i, (layer, name, arrays) in enumerate(rows):
        makes = _make(layer)
        if makes:
            made.append(f"        self.{name}_layer = {makes}\n")
        note = f"{name}: {text.shape_text(layer.output_shape)}"
        steps.append((_step(layer, f"self.{name}_layer"), note))
        muted = text.muted_of(network, i)
        if muted:
            view = ".reshape(-1, 1, 1)" if len(layer.output_shape) == 3 else ""
            steps.append((f"x * torch.tensor({text.heard(layer, muted)}){view}", "muted units"))
        for key in arrays:
            inner = {"gamma": "weight", "beta": "bias", "mean": "running_mean",
                     "variance": "running_var"}.get(key, key)  # fmt: skip
            fills.append(f"        net.{name}_layer.{inner}.copy_({name}_{key})\n")
    body = "".join(f"        x = {code}  # {note}\n" for code, note in steps)
    return (
        '\n\nclass Net(nn.Module):\n    """The network."""\n\n    def __init__(self):\n'
        "        super().__init__()\n" + "".join(made) + "\n    def forward(self, x):\n" + body
        + "        return x\n" + _filling(fills)
    )  # fmt: skip


def _filling(fills: list[str]) -> str:
    body = "    with torch.no_grad():\n" + "".join(fills) if fills else ""
    return (
        '\n\ndef trained():\n    """Return the network with its parameters, for use."""\n'
        f"    net = Net()\n{body}    return net.eval()\n"
    )


def _make(layer: Layer) -> str:
    """Return what makes a layer, empty where there is nothing to keep."""
    given: Any = layer
    if layer.kind == "dense":
        return f"nn.Linear({layer.input_shape[0]}, {given.units})"
    if layer.kind == "conv2d":
        return (
            f"nn.Conv2d({layer.input_shape[2]}, {given.filters}, {tuple(given.kernel_size)}, "
            f"stride={given.stride}, padding={given.padding})"
        )
    if layer.kind == "batch_norm":
        size = "1d" if len(layer.input_shape) == 1 else "2d"
        momentum = 1 - float(given.momentum)
        return (
            f"nn.BatchNorm{size}({layer.input_shape[-1]}, eps={float(given.epsilon)!r}, "
            f"momentum={momentum:.12g})"
        )
    if layer.kind == "dropout":
        return f"nn.Dropout({float(given.rate)!r})"
    return ""


def _step(layer: Layer, made: str) -> str:
    """Return what a layer makes of x."""
    given: Any = layer
    if layer.kind in ("max_pool2d", "average_pool2d"):
        how = "max_pool2d" if layer.kind == "max_pool2d" else "avg_pool2d"
        return f"F.{how}(x, {given.size}, stride={given.stride})"
    if layer.kind == "flatten":
        if len(layer.input_shape) == 3:  # channels last, as the weights that follow expect it
            return "x.permute(0, 2, 3, 1).flatten(1)"
        return "x.flatten(1)"
    inner = "x" if layer.kind == "activation" else f"{made}(x)"
    slope = getattr(layer.function, "leak", None)
    return _ACTIVATIONS[layer.activation].format(x=inner, slope=slope)


def _predict(subject: Subject) -> str:
    shape = ", ".join(map(str, subject.network.input_shape))
    return f'''

def predict(x):
    """Return the outputs for one input, {subject.example.size} numbers in a row."""
    batch = torch.tensor(x, dtype=torch.get_default_dtype()).reshape(1, {shape})
    with torch.no_grad():
        return trained()(batch)[0].tolist()
'''
