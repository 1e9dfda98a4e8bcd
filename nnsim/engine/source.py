"""A tape as text: each call in the names of its buffers, and the whole as a NumPy program."""

from __future__ import annotations

import base64
import inspect
import keyword
import re
import textwrap
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nnsim.engine.errors import EngineError

if TYPE_CHECKING:
    from nnsim.engine.tape import Array, Op, Tape

# Longer arrays are written as text that only a machine reads.
_MOST_LITERALS = 20_000


def described(tape: Tape) -> list[Op]:
    """Return the ops of a tape with `text`, `reads` and `writes` filled in."""
    names = _Names(tape)
    described = []
    for op in tape.ops:
        inputs = [a for a in _operands(op) if isinstance(a, np.ndarray) and a.ndim]
        described.append(
            replace(
                op,
                text=_call(op, names),
                reads=tuple((names.label(a), a.shape) for a in inputs),
                writes=None if op.out is None else (names.label(op.out), op.out.shape),
            )
        )
    return described


def program(tape: Tape, steps: int) -> str:
    """Return the tape as a program that replays it `steps` times."""
    names = _Names(tape)
    body, section = [], ""
    for op in tape.ops:
        if op.section != section:
            section = op.section
            body.append(f"# {section}")
        call = _call(op, names)
        body.append(f"{call}  # {op.note}" if op.note else call)
    lines = [
        '"""One training step as straight NumPy, repeated; written by nnsim."""',
        "from __future__ import annotations",
        "import base64",
        "import math",
        "import numpy as np",
        *_kernels(tape),
        "",
        "# Buffers: samples are columns; under activations lies a row of ones for the bias.",
        *names.definitions(),
        *_generator(tape),
        "",
        'with np.errstate(all="ignore"):',
        f"    for _ in range({steps}):",
        *textwrap.indent("\n".join(body) or "pass", " " * 8).split("\n"),
        "",
        'print("parameters:", parameters)' if "parameters" in tape.buffers else "",
    ]
    return "\n".join(lines).rstrip() + "\n"


def _operands(op: Op) -> tuple[Any, ...]:
    owner = getattr(op.fn, "__self__", None)
    return (owner, *op.args) if isinstance(owner, np.ndarray) else op.args


def _call(op: Op, names: _Names) -> str:
    args = [names.expression(a) for a in op.args]
    keywords = [f"{k}={names.expression(v)}" for k, v in op.keywords.items()]
    if op.out is not None:
        out = names.expression(op.out)
        if op.fn is np.copyto:
            args.insert(0, out)
        elif op.fn in (np.maximum, np.minimum) or op.keywords:
            keywords.append(f"out={out}")
        else:
            args.append(out)
    return f"{_function(op.fn, names)}({', '.join([*args, *keywords])})"


def _function(fn: Callable[..., Any], names: _Names) -> str:
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, np.ndarray):
        return f"{names.expression(owner)}.{fn.__name__}"
    if isinstance(owner, np.ufunc):
        return f"np.{owner.__name__}.{fn.__name__}"
    if isinstance(owner, np.random.Generator):
        return f"generator.{fn.__name__}"
    return fn.__name__ if inspect.isfunction(fn) and _is_ours(fn) else f"np.{fn.__name__}"


def _is_ours(fn: Callable[..., Any]) -> bool:
    return fn.__module__.partition(".")[0] == __name__.partition(".")[0]


def _kernels(tape: Tape) -> list[str]:
    """Return the source of the engine's own functions that the tape calls."""
    kernels = {op.fn.__name__: op.fn for op in tape.ops if inspect.isfunction(op.fn)}
    return ["\n\n" + inspect.getsource(fn).rstrip() for fn in kernels.values() if _is_ours(fn)]


def _generator(tape: Tape) -> list[str]:
    if not any(getattr(op.fn, "__self__", None) is tape.generator for op in tape.ops):
        return []
    return [
        "generator = np.random.Generator(np.random.PCG64())",
        f"generator.bit_generator.state = {tape.generator.bit_generator.state!r}",
    ]


class _Names:
    """Writes arrays as expressions in the named buffers of a tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.identifiers: dict[int, str] = {}
        self.labels: dict[int, str] = {}
        self.by_root: dict[int, list[tuple[str, Array]]] = {}
        self.constants = {id(array) for array in tape.constants.values()}
        taken: set[str] = set()
        for name, array in tape.buffers.items():
            identifier = _identifier(name, taken)
            self.identifiers.setdefault(id(array), identifier)
            self.labels.setdefault(id(array), name)
            self.by_root.setdefault(id(_root(array)), []).append((identifier, array))

    def label(self, array: Array) -> str:
        """Return the name of a buffer, or of the one it is a part of."""
        if id(array) in self.labels:
            return self.labels[id(array)]
        return self.expression(array)

    def expression(self, value: Any) -> str:
        """Return what stands for an argument in the program."""
        if isinstance(value, np.dtype):
            return f"np.{value.name}"
        if isinstance(value, tuple):
            return "(" + "".join(self.expression(v) + ", " for v in value).rstrip() + ")"
        if not isinstance(value, np.ndarray):
            return repr(value)
        if id(value) in self.constants:
            return repr(float(value))
        if id(value) in self.identifiers:
            return self.identifiers[id(value)]
        return self._view(value, self.by_root.get(id(_root(value)), []))

    def definitions(self) -> list[str]:
        """Return the lines that make every buffer, with what must lie in it."""
        lines = []
        anchors: dict[int, list[tuple[str, Array]]] = {}
        for array in self.tape.buffers.values():
            if id(array) in self.constants:
                continue
            identifier = self.identifiers[id(array)]
            known = anchors.setdefault(id(_root(array)), [])
            if any(other is array for _, other in known):
                continue
            if known:
                lines.append(f"{identifier} = {self._view(array, known)}")
                if self.tape.workspace.get(id(array), 0) is None:
                    lines.append(f"{identifier}[-1] = 1")
            else:
                lines += self._made(identifier, array)
            known.append((identifier, array))
        return lines

    def _made(self, identifier: str, array: Array) -> list[str]:
        """Return the lines that make a buffer with what must lie in it before the first run."""
        kind = "bool" if array.dtype.kind == "b" else f"np.{array.dtype.name}"
        turned = array.flags.f_contiguous and not array.flags.c_contiguous
        values = array.T if turned else array
        start = self.tape.workspace.get(id(array), values)
        if start is None:
            text = f"np.zeros({values.shape}, {kind})"
        elif isinstance(start, np.ndarray):
            text = _literal(start, kind)
        else:
            text = _literal(np.full(values.shape, start, values.dtype), kind)
        lines = [f"{identifier} = {text}" + (".T" if turned else "")]
        if start is None:
            lines.append(f"{identifier}[-1] = 1")
        return lines

    def _view(self, array: Array, known: list[tuple[str, Array]]) -> str:
        """Write a view as a part of a buffer that shares its memory."""
        if array.ndim == 0 and known and known[0][1].ndim == 0:
            return known[0][0]
        # Later buffers are smaller parts of earlier ones, so they are read more easily.
        for identifier, buffer in reversed(known):
            for text, candidate in ((identifier, buffer), (f"{identifier}.T", buffer.T)):
                part = _part(array, candidate)
                if part is not None:
                    return text + part
        for identifier, buffer in known:
            if buffer.flags.c_contiguous:
                offset = _address(array) - _address(buffer)
                return (
                    f"np.ndarray({array.shape}, np.{array.dtype.name}, {identifier}, "
                    f"{offset}, {array.strides})"
                )
        raise EngineError("a buffer of this tape has no name, so it can't be written as a program")


def _part(array: Array, buffer: Array) -> str | None:
    """Return the slices that cut `array` out of `buffer`, or None if they don't."""
    if array.dtype != buffer.dtype or not buffer.ndim:
        return None
    if buffer.flags.c_contiguous and array.flags.c_contiguous and array.ndim != buffer.ndim:
        start = (_address(array) - _address(buffer)) // buffer.itemsize
        if buffer.ndim == 1 and start >= 0 and start + array.size <= buffer.size:
            cut = f"[{start}:{start + array.size}]"
            return cut + f".reshape{array.shape}".replace(",)", ")")
        if array.size == buffer.size and start == 0:
            return f".reshape{array.shape}"
    cuts, offset = [], _address(array) - _address(buffer)
    axes = list(range(array.ndim))
    for size, stride in zip(buffer.shape, buffer.strides, strict=True):
        start = offset // stride if stride else 0
        fits = bool(axes) and array.strides[axes[0]] == stride
        if fits and 0 <= start <= size - array.shape[axes[0]]:
            length = array.shape[axes.pop(0)]
            offset -= start * stride
            cuts.append(":" if (start, length) == (0, size) else f"{start}:{start + length}")
        elif 0 <= start < size:
            offset -= start * stride
            cuts.append(str(start))
        else:
            return None
    if axes or offset:
        return None
    while cuts and cuts[-1] == ":":
        cuts.pop()
    return f"[{', '.join(cuts)}]" if cuts else ""


def _root(array: Array) -> Array:
    base: Any = array
    while base is not None:
        array = base if isinstance(base, np.ndarray) else array
        base = getattr(base, "base", None)
    return array


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _identifier(name: str, taken: set[str]) -> str:
    text = re.sub(r"\W", "_", name)
    if not text.isidentifier() or keyword.iskeyword(text) or text in ("np", "math", "base64"):
        text = f"_{text}"
    unique, count = text, 2
    while unique in taken:
        unique, count = f"{text}_{count}", count + 1
    taken.add(unique)
    return unique


def _literal(values: Array, kind: str) -> str:
    if values.size and not values.any() and not np.signbit(values).any():
        return f"np.zeros({values.shape}, {kind})"
    if values.size and (values == values.flat[0]).all():
        return f"np.full({values.shape}, {values.flat[0].item()!r}, {kind})"
    if values.size > _MOST_LITERALS or not np.isfinite(values).all():
        text = base64.b85encode(np.ascontiguousarray(values).tobytes()).decode()
        return f"np.frombuffer(base64.b85decode({text!r}), {kind}).reshape({values.shape}).copy()"
    rows = textwrap.fill(repr(values.tolist()), 96, initial_indent="    ", subsequent_indent="    ")
    return f"np.array(\n{rows},\n    {kind},\n)"
