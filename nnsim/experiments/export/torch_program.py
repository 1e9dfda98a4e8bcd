"""A network as a PyTorch program. Inside, images go channels first, as PyTorch has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnsim.experiments.export import text
from nnsim.experiments.kinds import kind_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnsim.experiments.export import Subject
    from nnsim.experiments.export.text import Quote

    Array = NDArray[Any]

_PARAMETERS = "# The parameters, in the shapes that PyTorch has them in.\n"
_PREDICT = """    batch = torch.tensor(x, dtype=torch.get_default_dtype()).reshape(1, {shape})
    with torch.no_grad():
        return trained()(batch)[0].tolist()
"""


def write(subject: Subject, quote: Quote) -> str:
    network = subject.network
    module = _module(subject)
    functional = "import torch.nn.functional as F\n" if "F." in module else ""
    parameters = text.parameters(
        network,
        lambda _name, rows: f"torch.tensor(\n{rows}\n)",
        lambda layer, key, values: (
            kind_of(layer).torch_weight(values) if key == "weight" else values
        ),
    )
    return text.assembled(
        subject, quote, ("PyTorch", "torch"),
        "\n" + "import base64\n" * text.is_large(network) + "import sys\n\n"
        f"import torch\n{functional}from torch import nn\n"
        f"\ntorch.set_default_dtype(torch.{network.dtype})\n",
        _PARAMETERS + parameters,
        module + text.predict(subject, _PREDICT),
        "torch.frombuffer(bytearray(base64.b64decode(packed)), "
        f"dtype=torch.{network.dtype}).reshape(shape)",
    )  # fmt: skip


def _module(subject: Subject) -> str:
    """Return the module, and the function that puts the parameters into it."""
    network = subject.network
    made, steps, fills = [], [], []
    if len(network.input_shape) == 3:
        steps.append(("x.permute(0, 3, 1, 2)", "channels first"))
    rows = zip(network.layers, text.names_of(network), text.blocks_of(network), strict=True)
    for i, (layer, name, arrays) in enumerate(rows):
        kind = kind_of(layer)
        if makes := kind.torch_module(layer):
            made.append(f"        self.{name}_layer = {makes}\n")
        note = f"{name}: {text.shape_text(layer.output_shape)}"
        steps.append((kind.torch(layer, f"self.{name}_layer"), note))
        muted = network.muted.get(i)
        if muted:
            view = ".reshape(-1, 1, 1)" if len(layer.output_shape) == 3 else ""
            steps.append((f"x * torch.tensor({text.heard(layer, muted)}){view}", "muted units"))
        for key in arrays:
            inner = kind.arrays[key][1]
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
