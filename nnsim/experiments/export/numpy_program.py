"""A network as a NumPy program, as a student would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.experiments.export import text
from nnsim.experiments.kinds import kind_of

if TYPE_CHECKING:
    from nnsim.experiments.export import Subject
    from nnsim.experiments.export.text import Quote

_PARAMETERS = "# The parameters: a row of a weight for each input, a column for each unit.\n"
_PREDICT = "    return forward(np.array(x, np.{kind}).reshape(1, {{shape}}))[0].tolist()\n"
# NumPy would warn of what is right.
_QUIET = 'np.seterr(over="ignore")  # where e^-z is infinite, 1 / (1 + e^-z) is 0, as it should\n'


def write(subject: Subject, quote: Quote) -> str:
    network = subject.network
    functions, forward = _forward(subject)
    imports = ["base64"] * text.is_large(network) + ["math"] * ("math." in functions) + ["sys"]
    return text.assembled(
        subject, quote, ("NumPy", "numpy"),
        "\n" + "".join(f"import {name}\n" for name in imports)
        + f"\nimport numpy as np\n\n{_QUIET}",
        _PARAMETERS + text.parameters(network, _written(subject)),
        functions + forward + text.predict(subject, _PREDICT.format(kind=network.dtype)),
        f'np.frombuffer(base64.b64decode(packed), "<f{network.dtype.itemsize}").reshape(shape)',
    )  # fmt: skip


def _written(subject: Subject) -> text.Literal:
    kind = ", np.float32" if subject.network.dtype.itemsize == 4 else ""
    return lambda name, rows: _one_line(f"np.array(\n{rows}{kind}\n)", len(name) + 3)


def _one_line(content: str, before: int) -> str:
    lines = content.split("\n")
    if len(lines) != 3:
        return content
    joined = lines[0] + lines[1].strip() + lines[2]
    return joined if before + len(joined) < text.WIDTH - 10 else content


def _forward(subject: Subject) -> tuple[str, str]:
    """Return the functions that the network needs, and the one that computes its outputs."""
    network = subject.network
    needed: dict[str, str] = {}
    lines: list[str] = []
    layers = zip(network.layers, text.names_of(network), strict=True)
    for i, (layer, name) in enumerate(layers):
        lines += kind_of(layer).numpy(layer, name, needed)
        note = f"{name}: {text.shape_text(layer.output_shape)}"
        if muted := network.muted.get(i):
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
