"""The tape: a list of NumPy calls, recorded once and replayed for every step.

Layers, losses and optimisers compute nothing themselves. They write calls such as
``W.dot(x, z)`` or ``np.exp(z, a)`` onto a tape, each with the buffer it fills and a note that says
what it is. The one list is the training loop (`Tape.run`), the stepper (`Tape.step`), the trace
(every buffer has a name) and a program (`Tape.source`).

Inside, samples are columns: a buffer of activations is (features, m), and an image (channels,
height, width, m). Under the features lies a row of ones, so that a matrix product adds the bias.
"""

from __future__ import annotations

import base64
import inspect
import keyword
import math
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from types import CodeType, FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.checks import EngineError

Array = NDArray[Any]
Call = tuple[Callable[..., Any], tuple[Any, ...]]
Replay = Callable[[], None]

# A longer list isn't written out: its calls take long enough for a loop not to be felt.
_MOST_CALLS = 400

# Longer arrays are written as text that only a machine reads.
_MOST_LITERALS = 20_000

# Up to so many numbers, zeros to compare with are as large as what is compared.
_ZEROS = 1 << 14

# NumPy takes the output of these two by keyword only.
_OUT_BY_KEYWORD = (np.maximum, np.minimum)


@dataclass(slots=True, frozen=True)
class Op:
    """One call on a tape."""

    fn: Callable[..., Any]  # a NumPy function, a method of an array, or a kernel of the engine
    args: tuple[Any, ...]  # what goes in, the output aside
    out: Array | None  # the buffer that the call fills
    note: str  # the step in the words of a textbook, such as ``"z = W x + b"``
    keywords: dict[str, Any] = field(default_factory=dict)
    # the part of the step that it belongs to: ``"forward"``, ``"loss"``, ``"backward"`` or
    # ``"update"``
    section: str = ""
    layer: str = ""  # the name of the layer that wrote it; empty for what belongs to none
    text: str = ""  # the call written with the names of its buffers: ``"np.exp(z, out=a)"``
    writes: tuple[str, tuple[int, ...]] | None = None  # name and shape of the array that comes out
    after: Array | None = None  # a copy of what the call left in it; samples are columns

    def call(self) -> Call:
        if self.keywords:
            keywords = dict(self.keywords)
            if self.out is not None:
                keywords["out"] = self.out
            return partial(self.fn, **keywords), self.args
        if self.out is None:
            return self.fn, self.args
        if self.fn is np.copyto:
            return self.fn, (self.out, *self.args)
        if self.fn in _OUT_BY_KEYWORD:
            return partial(self.fn, out=self.out), self.args
        return self.fn, (*self.args, self.out)


class Tape:
    """A list of calls and the named buffers they work on.

    Parameters
    ----------
    batch : int
        m, the number of samples (columns) that one run handles.
    lead : tuple of int
        ``()``, or ``(R,)`` when R networks run at once; stands between features and samples.
    training : bool
        Whether batch norm and dropout (which draws from `generator`) behave as in training.
    run_now : bool
        Whether `do` also carries the call out. A network records its tapes without running them,
        so that recording a step doesn't train.
    lean : bool
        Save memory: a = f(z) may take the place of z, and δ lies in `room`.
    room : dict of str to array, optional
        Memory for what is used up at once; tapes that run in turns can share it.

    Attributes
    ----------
    buffers : dict of str to array
        Every named array; live, they hold what the last run left.
    workspace : dict of int to float or None
        By the id of the array, what it holds before the first run: one number, or None for zeros
        above a row of ones. A run doesn't depend on what is left in workspace from the last.
    inputs, targets, outputs : array
        Batch first, (m, …): views of the buffers that a network's tape reads and fills.
    learning_rate : array ()
        On a tape with an update: set it with ``tape.learning_rate[...] = 0.1``.
    """

    def __init__(
        self,
        dtype: Any = np.float64,
        batch: int = 1,
        lead: tuple[int, ...] = (),
        training: bool = False,
        generator: np.random.Generator | None = None,
        run_now: bool = True,
        lean: bool = False,
        room: dict[str, Array] | None = None,
    ) -> None:
        self.dtype = np.dtype(dtype)
        self.batch = batch
        self.lead = lead
        self.training = training
        self.generator = generator if generator is not None else np.random.default_rng(0)
        self.run_now = run_now
        self.lean = lean
        self.room = {} if room is None else room
        self.ops: list[Op] = []
        self.buffers: dict[str, Array] = {}
        self.constants: dict[float, Array] = {}  # those without a name of their own
        self.workspace: dict[int, float | None] = {}
        self.inputs: Array = np.empty(0)
        self.targets: Array = np.empty(0)
        self.outputs: Array = np.empty(0)
        self.learning_rate: Array = np.empty(0)
        self.arena: Array | None = None  # where the next activations lie one under the other
        self.slopes: dict[int, Array] = {}  # by the id of an activation, where it is written
        self._arena_used = 0
        self._section = self._layer = ""
        self._calls: list[Call] = []
        self._replay: Replay | None = None
        # Scores may be so large that e⁻ᶻ overflows on its way to the right answer.
        self._quietly = quiet().run
        self._augmented: dict[int, tuple[Array, Array]] = {}
        self._ones: dict[int, Array] = {}
        self._scratch: dict[tuple[Any, ...], Array] = {}

    def name(self, array: Array, name: str) -> Array:
        """Give an array that exists already a name on this tape, and return it.

        What lies in it counts as data: a program starts with it.
        """
        unique, count = name, 2
        while unique in self.buffers:
            unique, count = f"{name}_{count}", count + 1
        self.buffers[unique] = array
        return array

    def new(self, shape: tuple[int, ...], name: str, fill: float = 0.0, dtype: Any = None) -> Array:
        """Return a buffer of workspace of this shape, filled with `fill`."""
        dtype = self.dtype if dtype is None else dtype
        array = np.zeros(shape, dtype) if fill == 0 else np.full(shape, fill, dtype)
        self.workspace[id(array)] = fill
        return self.name(array, name)

    def const(self, value: float, name: str = "") -> Array:
        """Return a 0-d array: faster than a Python number, and it can be changed in place.

        Constants without a name are shared by value; one with a name is its own.
        """
        if name:
            return self.new((), name, value)
        if value not in self.constants:
            self.constants[value] = self.new((), f"c{len(self.constants)}", value)
        return self.constants[value]

    def features(self, n: int, name: str) -> Array:
        """Return a buffer (n, m) that lies above a row of ones."""
        if self.arena is None:
            return self.with_ones(np.zeros((n + 1, *self.lead, self.batch), self.dtype), name)
        start = self._arena_used
        self._arena_used += n + 1
        return self.with_ones(self.arena[start : self._arena_used], name)

    def with_ones(self, base: Array, name: str) -> Array:
        """Name (n + 1, …, m) an activation buffer, set its last row to 1, return the rest."""
        base[-1] = 1
        self.workspace[id(base)] = None
        self.name(base, name + "1")
        view = self.name(base[:-1], name)
        self._augmented[id(view)] = (view, base)
        return view

    def augmented(self, view: Array) -> Array:
        """Return the (n + 1, m) buffer, ones included, of what `features` gave."""
        return self._augmented[id(view)][1]

    def take(self, shape: tuple[int, ...], name: str, key: str, dtype: Any = None) -> Array:
        """Return workspace that shares its memory with all that take from the same key.

        What lies in it is lost when another takes its turn.
        """
        dtype = self.dtype if dtype is None else np.dtype(dtype)
        size = math.prod(shape)
        raw = self.room.get(key)
        if raw is None or raw.size < size or raw.dtype != dtype:
            raw = self.room[key] = np.zeros(size, dtype)
        if id(raw) not in self.workspace:
            self.workspace[id(raw)] = 0.0
            self.name(raw, f"{key}.room")
        return self.name(raw[:size].reshape(shape), name)

    def scratch(self, like: Array, key: str) -> Array:
        """Return a buffer shaped like `like` for a value that is used up at once.

        Calls with the same key share the memory.
        """
        shape = (*like.shape, key)
        if shape not in self._scratch:
            self._scratch[shape] = self.take(like.shape, key, key)
        return self._scratch[shape]

    def ones(self, n: int) -> Array:
        if n not in self._ones:
            self._ones[n] = self.new((1, n), "ones", 1.0)
        return self._ones[n]

    def passing(self, shape: tuple[int, ...], name: str) -> Array:
        """Return a buffer for δ: lasting, but on a lean tape shared between the batch sizes."""
        return self.take(shape, name, name) if self.lean else self.new(shape, name)

    def zeros_like(self, z: Array, out: Array) -> tuple[Array, Array, Array]:
        """Return views of `z` and `out` and zeros to compare them with.

        ``maximum(z, zeros)`` is three times as fast as ``maximum(z, 0)``; for what is large the
        zeros are a row that stays in the cache.
        """
        if z.size <= _ZEROS or not (z.flags.c_contiguous and out.flags.c_contiguous):
            return z, out, self.scratch(z, "zeros")
        z, out = z.reshape(len(z), -1), out.reshape(len(z), -1)
        return z, out, self.scratch(z[0], "zeros")

    @contextmanager
    def section(self, name: str, layer: str = "") -> Iterator[None]:
        """Mark the calls recorded inside as one part of the step, and as those of a layer."""
        before = self._section, self._layer
        self._section, self._layer = name, layer
        try:
            yield
        finally:
            self._section, self._layer = before

    def do(
        self,
        fn: Callable[..., Any],
        *args: Any,
        out: Array | None = None,
        note: str = "",
        **keywords: Any,
    ) -> Any:
        """Record the call ``fn(*args, out)``, carry it out if the tape runs at once, return out."""
        op = Op(fn, args, out, note, keywords, self._section, self._layer)
        call = op.call()
        self.ops.append(op)
        self._calls.append(call)
        self._replay = None
        if self.run_now:
            self._quietly(call[0], *call[1])
        return out

    def run(self) -> None:
        """Carry out every call in order; NumPy's warnings are off meanwhile."""
        self._quietly(self._replay or self.replay())

    def replay(self, *sections: str) -> Replay:
        """Return a function that carries out the calls of these sections, or all of them.

        It leaves NumPy's warnings as they are.
        """
        if sections:
            return straight(self.calls(*sections))
        if self._replay is None:
            self._replay = straight(self._calls)
        return self._replay

    def calls(self, *sections: str) -> list[Call]:
        """Return the calls of these sections, ready to be replayed."""
        return [
            call for op, call in zip(self.ops, self._calls, strict=True) if op.section in sections
        ]

    def step(self, values: bool = False) -> Iterator[Op]:
        """Carry out one call at a time; yields each op when its buffer is filled.

        With `values`, each has a copy of what the buffer holds `after` it.
        """
        names = Source(self)
        for op, (fn, args) in zip(self.ops, self._calls, strict=True):
            self._quietly(fn, *args)
            yield replace(
                op,
                text=names.call(op),
                writes=None if op.out is None else names.written(op.out),
                after=names.shown(op.out).copy() if values and op.out is not None else None,
            )

    def source(self, steps: int = 50) -> str:
        """Write the tape as a NumPy program that runs by itself.

        The data and the start parameters are those that lie in the buffers now, so fill `inputs`
        and `targets` first. The program repeats the tape `steps` times (50 unless told, as
        ``Trainer.run``) and ends with the same parameters, bit for bit.
        """
        if steps < 0:
            raise EngineError(f"steps is {steps}: a program repeats its step 0 times or more")
        names = Source(self)
        lines = [
            '"""One training step as straight NumPy, repeated; written by nnsim."""',
            *names.head,
            *names.kernels(),
            "",
            "# Buffers: samples are columns; under activations lies a row of ones for the bias.",
            *names.definitions(),
            *names.generator(),
            "",
            'with np.errstate(all="ignore"):',
            f"    for _ in range({steps}):",
            *(" " * 8 + line for line in names.body(self.ops)),
            "",
            'print("parameters:", parameters)' if "parameters" in self.buffers else "",
        ]
        return "\n".join(lines).rstrip() + "\n"


def straight(calls: Sequence[Call]) -> Replay:
    """Return a function that makes these calls, written out: ``f0(a0, a1); f1(a2); …``.

    A loop over the list costs a few per cent more.
    """
    if len(calls) > _MOST_CALLS:
        return partial(_loop, calls)
    code, names = _form(tuple(len(args) for _, args in calls))
    values = (value for fn, args in calls for value in (fn, *args))
    # A copy of the code, as Python notes in it where it has found the names.
    return FunctionType(code.replace(), dict(zip(names, values, strict=True)))


def _loop(calls: Sequence[Call]) -> None:
    for fn, args in calls:
        fn(*args)


@lru_cache(maxsize=64)
def _form(counts: tuple[int, ...]) -> tuple[CodeType, tuple[str, ...]]:
    """Return the code for calls with so many arguments each, and the names in it, in order.

    Tapes of the same form share it; what the names stand for is theirs.
    """
    names: list[str] = []
    lines = ["def run():", "    pass"]
    for i, count in enumerate(counts):
        args = [f"a{i}_{j}" for j in range(count)]
        names += [f"f{i}", *args]
        lines.append(f"    f{i}({', '.join(args)})")
    space: dict[str, Any] = {}
    exec("\n".join(lines), space)
    return space["run"].__code__, tuple(names)


def quiet() -> Context:
    """Return a context in which NumPy keeps silent about overflow and the like.

    ``quiet().run(f)`` is ``with np.errstate(all="ignore"): f()`` for a tenth of the time, if the
    context is kept: what NumPy reports is a context variable.
    """
    context = Context()
    context.run(np.seterr, all="ignore")
    return context


def _is_ours(fn: Callable[..., Any]) -> bool:
    package = __name__.partition(".")[0]
    return inspect.isfunction(fn) and fn.__module__.partition(".")[0] == package


class Source:
    """Writes tapes as text: their calls in the names of their buffers, and what those start with.

    What several tapes have in common has one name; those in `taken` stand for something else.
    """

    head = (
        "from __future__ import annotations",
        "import base64",
        "import math",
        "import numpy as np",
    )

    def __init__(self, *tapes: Tape, taken: Iterable[str] = ()) -> None:
        self.ops = [op for tape in tapes for op in tape.ops]
        self.identifiers: dict[int, str] = {}
        self.labels: dict[int, str] = {}
        self.by_root: dict[int, list[tuple[str, Array]]] = {}
        self.workspace = {key: fill for tape in tapes for key, fill in tape.workspace.items()}
        self.constants = {id(array) for tape in tapes for array in tape.constants.values()}
        self.buffers: list[Array] = []
        names = set(taken)
        same: dict[tuple[Any, ...], str] = {}
        for name, array in (pair for tape in tapes for pair in tape.buffers.items()):
            place = (name, _address(array), array.shape, array.strides)
            if place in same:  # another tape's view of what they have in common
                self.identifiers.setdefault(id(array), same[place])
                self.labels.setdefault(id(array), name)
            elif id(array) not in self.identifiers:
                self.buffers.append(array)
                self.labels[id(array)] = name
                self.identifiers[id(array)] = same[place] = identifier = _identifier(name, names)
                self.by_root.setdefault(id(_root(array)), []).append((identifier, array))

    def body(self, ops: Iterable[Op]) -> list[str]:
        """Return a line for each call, under a heading for each part of the step."""
        lines, section = [], ""
        for op in ops:
            if op.section != section:
                section = op.section
                lines.append(f"# {section}")
            lines.append(f"{self.call(op)}  # {op.note}" if op.note else self.call(op))
        return lines or ["pass"]

    def call(self, op: Op) -> str:
        args = [self.expression(a) for a in op.args]
        keywords = [f"{k}={self.expression(v)}" for k, v in op.keywords.items()]
        if op.out is not None:
            out = self.expression(op.out)
            if op.fn is np.copyto:
                args.insert(0, out)
            elif _is_ours(op.fn):
                args.append(out)
            else:
                keywords.append(f"out={out}")
        return f"{self._function(op.fn)}({', '.join([*args, *keywords])})"

    def _function(self, fn: Callable[..., Any]) -> str:
        owner = getattr(fn, "__self__", None)
        if isinstance(owner, np.ndarray):
            return f"{self.expression(owner)}.{fn.__name__}"
        if isinstance(owner, np.ufunc):
            return f"np.{owner.__name__}.{fn.__name__}"
        if isinstance(owner, np.random.Generator):
            return f"generator.{fn.__name__}"
        return fn.__name__ if _is_ours(fn) else f"np.{fn.__name__}"

    def kernels(self) -> list[str]:
        """Return the source of the engine's own functions that are called."""
        kernels = {op.fn.__name__: op.fn for op in self.ops if _is_ours(op.fn)}
        return ["\n\n" + inspect.getsource(fn).rstrip() for fn in kernels.values()]

    def generator(self) -> list[str]:
        """Return the lines that make the generator which dropout draws from, as it stands."""
        for op in self.ops:
            owner = getattr(op.fn, "__self__", None)
            if isinstance(owner, np.random.Generator):
                return generator_lines("generator", owner)
        return []

    def label(self, array: Array) -> str:
        """Return the name of a buffer, or of the one it is a part of."""
        if id(array) in self.labels:
            return self.labels[id(array)]
        return self.expression(array)

    def shown(self, array: Array) -> Array:
        """Return the named buffer that `array` is all of, however it is laid out, or `array`.

        Windows that overlap go over all of a buffer too, more than once.
        """
        known = [buffer for _, buffer in self.by_root[id(_root(array))]]
        if array.nbytes > known[0].nbytes:
            return known[0]
        if id(array) not in self.identifiers:
            for buffer in reversed(known):
                if _address(array) == _address(buffer) and array.size == buffer.size:
                    return buffer
        return array

    def written(self, array: Array) -> tuple[str, tuple[int, ...]]:
        """Return name and shape of what a call fills."""
        shown = self.shown(array)
        return self.label(shown), shown.shape

    def expression(self, value: Any) -> str:
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
        for array in self.buffers:
            if id(array) in self.constants:
                continue
            identifier = self.identifiers[id(array)]
            known = anchors.setdefault(id(_root(array)), [])
            if known:
                lines.append(f"{identifier} = {self._view(array, known)}")
                if self.workspace.get(id(array), 0) is None:
                    lines.append(f"{identifier}[-1] = 1")
            else:
                lines += self._made(identifier, array)
            known.append((identifier, array))
        return lines

    def _made(self, identifier: str, array: Array) -> list[str]:
        """Return the lines that make a buffer with what must lie in it before the first run."""
        turned = array.flags.f_contiguous and not array.flags.c_contiguous
        values = array.T if turned else array
        start: Any = self.workspace.get(id(array), values)
        ones = start is None
        if not isinstance(start, np.ndarray):
            values = np.full(values.shape, start or 0.0, values.dtype)
        lines = [f"{identifier} = {literal(values)}" + (".T" if turned else "")]
        return [*lines, f"{identifier}[-1] = 1"] if ones else lines

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
    if array.ndim > 2 and buffer.flags.c_contiguous and array.size == buffer.size:
        order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
        turned = array.transpose(order)
        if turned.flags.c_contiguous and _address(array) == _address(buffer):
            back = tuple(order.index(axis) for axis in range(array.ndim))
            return f".reshape{turned.shape}.transpose{back}"
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


def generator_lines(name: str, generator: np.random.Generator) -> list[str]:
    """Return the lines that make a generator which goes on from where this one stands."""
    return [
        f"{name} = np.random.Generator(np.random.PCG64())",
        f"{name}.bit_generator.state = {generator.bit_generator.state!r}",
    ]


def literal(values: Array) -> str:
    """Return an array as an expression; a long one as text that only a machine reads."""
    kind = "bool" if values.dtype.kind == "b" else f"np.{values.dtype.name}"
    if values.size and not values.any() and not np.signbit(values).any():
        return f"np.zeros({values.shape}, {kind})"
    if values.size and (values == values.flat[0]).all():
        return f"np.full({values.shape}, {values.flat[0].item()!r}, {kind})"
    if values.size > _MOST_LITERALS or not np.isfinite(values).all():
        text = base64.b85encode(np.ascontiguousarray(values).tobytes()).decode()
        return f"np.frombuffer(base64.b85decode({text!r}), {kind}).reshape({values.shape}).copy()"
    rows = textwrap.fill(repr(values.tolist()), 96, initial_indent="    ", subsequent_indent="    ")
    return f"np.array(\n{rows},\n    {kind},\n)"
