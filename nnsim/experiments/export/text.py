"""The pieces that all programs are made of: names, arrays as text, and the part that asks.

Whatever comes from a file (titles, names of classes and layers) goes into a program as a quoted
literal, or not at all: it can't become code.
"""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnsim import __version__
from nnsim.experiments.kinds import kind_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnsim.engine import Network
    from nnsim.engine.layers import Layer
    from nnsim.experiments.export import Subject

    Array = NDArray[Any]

Quote = Callable[[object], str]
Literal = Callable[[str, str], str]
Shaped = Callable[["Layer", str, "Array"], "Array"]

MOST_NUMBERS = 3000
"""Networks with more parameters have them packed, at the end of the program."""
WIDTH = 96


def names_of(network: Network) -> list[str]:
    """Return what the layers are called in the program: their own names where those are plain."""
    found: list[str] = []
    for number, layer in enumerate(network.layers, 1):
        plain = layer.name.isascii() and layer.name.isidentifier()
        name = layer.name if plain else f"layer{number}"
        while name in found:
            name += "_"
        found.append(name)
    return found


def blocks_of(network: Network) -> list[dict[str, Array]]:
    """Return the arrays of each layer by kind: weight, bias, gamma, beta, mean, variance."""
    return [
        {key: np.array(getattr(layer, name)) for key, (name, _) in kind_of(layer).arrays.items()}
        for layer in network.layers
    ]


def is_large(network: Network) -> bool:
    return bool(network.parameters.size > MOST_NUMBERS)


def opening(subject: Subject, needs: str, install: str, quote: Quote) -> str:
    """Return the text at the top: what this is, how to run it, and the layers."""
    runs = ["    python FILE                 what it says to its example"]
    if subject.usage:
        runs.append(f"    python FILE {subject.usage:<15} what it says to an input of yours")
    pip = f"\nIt needs {needs}: pip install {install}\n"
    text = '"""A trained neural network as a program that runs by itself; written by nnsim '
    lines = [f"{text}{__version__}.", "", *runs, pip + '"""', ""]
    return "\n".join(lines) + f"# {quote(subject.title)}\n" + layer_table(subject.network)


def layer_table(network: Network) -> str:
    rows = [("input", "", shape_text(network.input_shape))]
    for layer, name in zip(network.layers, names_of(network), strict=True):
        what = layer.kind + ("" if layer.is_identity else f", {layer.activation}")
        rows.append((name, what, shape_text(layer.output_shape)))
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    return "".join(
        f"#   {name:<{widths[0]}}  {what:<{widths[1]}}  {shape}\n" for name, what, shape in rows
    )


def shape_text(shape: tuple[int, ...]) -> str:
    """Return a shape as people write it: ``12``, ``8 x 8 x 1``."""
    return " x ".join(map(str, shape))


def number(value: Any) -> str:
    """Return a number so that it reads back exactly."""
    return str(value.item()) if value.dtype == np.float64 else str(value)


def nested(values: Array, indent: int) -> str:
    """Return an array as nested lists on lines that a person can read."""
    pad = " " * indent
    if values.ndim == 1:
        text = ", ".join(number(v) for v in values)
        if len(text) + indent + 3 <= WIDTH:
            return f"{pad}[{text}]"
        lines = textwrap.wrap(
            text, WIDTH - indent - 4, break_long_words=False, break_on_hyphens=False
        )
        return f"{pad}[\n" + "\n".join(f"{pad}    {line}" for line in lines) + f",\n{pad}]"
    inner = ",\n".join(nested(part, indent + 4) for part in values)
    return f"{pad}[\n{inner},\n{pad}]"


def packed(values: Array, indent: int) -> str:
    """Return the bytes of an array as lines of base64."""
    order = values.dtype.newbyteorder("<")
    text = base64.b64encode(np.ascontiguousarray(values, order).tobytes()).decode()
    pad = " " * indent
    return "\n".join(f'{pad}"{text[i : i + 76]}"' for i in range(0, len(text), 76))


def parameters(network: Network, literal: Literal, shaped: Shaped | None = None) -> str:
    """Return lines that give each parameter its numbers, packed where they are many.

    `literal`: writes a small array, from the name it is given to and its numbers as nested lists.
    `shaped`: turns a parameter into the shape that the library wants.
    """
    found = []
    blocks = zip(network.layers, names_of(network), blocks_of(network), strict=True)
    for layer, prefix, arrays in blocks:
        for kind, given in arrays.items():
            values = given if shaped is None else np.ascontiguousarray(shaped(layer, kind, given))
            name = f"{prefix}_{kind}"
            content = (
                f"numbers(\n{packed(values, 4)},\n    {values.shape},\n)"
                if is_large(network)
                else literal(name, nested(values, 4))
            )
            found.append(f"{name} = {content}  # {shape_text(values.shape)}\n")
    return "".join(found)


def assembled(
    subject: Subject, quote: Quote, needs: tuple[str, str], head: str, parameters: str, body: str,
    unpacked: str,
) -> str:  # fmt: skip
    """Return a whole program; where there are many parameters they stand packed at its end.

    `needs`: what it runs on, for people and for pip.
    `head`: imports and settings.
    `body`: Functions, the last of them ``predict``.
    `unpacked`: what makes an array of ``shape`` of ``packed``, its bytes as base64.
    """
    large = is_large(subject.network)
    unpacking = (
        '\n\ndef numbers(packed, shape):\n    """Return the array whose bytes stand in `packed` as '
        f'base64."""\n    return {unpacked}\n\n\n'
    )
    parts = [
        opening(subject, *needs, quote),
        head,
        "\n" + outputs_and_classes(subject, quote),
        f"EXAMPLE = {nested(subject.example, 0)}\n",
        "" if large else "\n" + parameters,
        body,
        reader(subject),
        asking(subject),
        unpacking + parameters if large else "",
        '\n\nif __name__ == "__main__":\n    main()\n',
    ]
    return "".join(parts)


def outputs_and_classes(subject: Subject, quote: Quote) -> str:
    """Return the lines that name the outputs and the classes."""
    lines = listed("OUTPUTS", subject.outputs, quote)
    return lines + (listed("CLASSES", subject.classes, quote) if subject.classes else "")


def listed(name: str, texts: tuple[str, ...], quote: Quote) -> str:
    """Return ``NAME = [...]``, broken where it is long."""
    inner = ", ".join(quote(text) for text in texts)
    if len(inner) + len(name) + 5 <= WIDTH:
        return f"{name} = [{inner}]\n"
    return f"{name} = [\n" + "".join(f"    {quote(text)},\n" for text in texts) + "]\n"


def reader(subject: Subject) -> str:
    """Return the function that reads an input which was typed."""
    count = subject.example.size
    signs = ""
    if subject.kind == "pixels":
        signs = f"""
    signs = "".join(words)
    if len(signs) == {count} and all(not w.strip("01") or not w.strip(".#") for w in words):
        return [1.0 if sign in "1#" else 0.0 for sign in signs]  # pixels without spaces"""
    pixels = ", rows of pixels with / between them" if subject.kind == "pixels" else ""
    return f'''

def read_input(text):
    """Return the {count} numbers that `text` writes{pixels}."""
    words = text.replace(",", " ").replace("/", " ").split(){signs}
    try:
        values = [float(word) for word in words]
    except ValueError as error:
        sys.exit(f"an input should be numbers: {{error}}")
    if len(values) != {count}:
        sys.exit(f"give {count} numbers, not {{len(values)}}")
    return values
'''


def predict(subject: Subject, body: str) -> str:
    """Return the function that computes the outputs; `body` holds lines for ``{shape}``."""
    shape = ", ".join(map(str, subject.network.input_shape))
    return f'''

def predict(x):
    """Return the outputs for one input, {subject.example.size} numbers in a row."""
{body.format(shape=shape)}'''


def asking(subject: Subject) -> str:
    """Return the part that runs when the program does."""
    lines = [
        "",
        "",
        "def main():",
        '    """Say what the network makes of the input that was given, or of the example."""',
        '    typed = " ".join(sys.argv[1:]).replace("--input=", "").replace("--input", "")',
        "    x = read_input(typed) if typed.strip() else EXAMPLE",
        "    output = predict(x)",
        '    print("input:", " ".join(f"{value:g}" for value in x))',
        "    for name, value in zip(OUTPUTS, output):",
        '        print(f"{name}: {value:.10g}")',
    ]
    if subject.classes and len(subject.outputs) == 1:
        lines.append('    print("prediction:", CLASSES[int(output[0] >= 0.5)])')
    elif subject.classes:
        lines.append('    print("prediction:", CLASSES[output.index(max(output))])')
    return "\n".join(lines) + "\n"


def heard(layer: Layer, muted: tuple[int, ...]) -> str:
    """Return a list with 0.0 for each muted unit and 1.0 for the others."""
    marks = ["0.0" if i in muted else "1.0" for i in range(layer.output_shape[-1])]
    text = ", ".join(marks)
    if len(marks) <= 12:
        return f"[{text}]"
    return f"[0.0 if i in {list(muted)} else 1.0 for i in range({len(marks)})]"
