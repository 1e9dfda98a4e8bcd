"""The tape: a list of NumPy calls, recorded once and replayed for every step.

Layers, losses and optimisers compute nothing themselves. They write calls such as
``W.dot(x, z)`` or ``np.exp(z, a)`` onto a tape, each with the buffer it fills and a note that says
what it is. The one list is the training loop (`Tape.run`), the stepper (`Tape.step`), the trace
(every buffer has a name) and a program (`Tape.source`).

Inside, samples are columns: a buffer of activations is (features, m), and an image (channels,
height, width, m). Under the features lies a row of ones, so that a matrix product adds the bias.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.errors import EngineError
from nnsim.engine.replay import Call, Replay, quiet, straight

Array = NDArray[Any]

# Up to so many numbers, zeros to compare with are as large as what is compared.
_ZEROS = 1 << 14

# NumPy takes the output of these two by keyword only.
_OUT_BY_KEYWORD = (np.maximum, np.minimum)


@dataclass(slots=True, frozen=True)
class Op:
    """One call on a tape.

    Attributes
    ----------
    name : str
        What the call is, such as ``"dot"`` or ``"exp"``.
    fn : callable
        A NumPy function, a method of an array, or a kernel of the engine.
    args : tuple
        What goes in, the output aside.
    out : array or None
        The buffer that the call fills.
    note : str
        The step in the words of a textbook, such as ``"z = W x + b"``.
    keywords : dict
        Further arguments by name.
    section : str
        The part of the step that it belongs to: ``"forward"``, ``"loss"``, ``"backward"`` or
        ``"update"``.
    text : str
        The call written with the names of its buffers: ``"W.dot(x, z)"``.
    reads : tuple of (str, tuple of int)
        Name and shape of each array that goes in.
    writes : (str, tuple of int) or None
        Name and shape of the array that comes out.
    """

    name: str
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    out: Array | None
    note: str
    keywords: dict[str, Any] = field(default_factory=dict)
    section: str = ""
    text: str = ""
    reads: tuple[tuple[str, tuple[int, ...]], ...] = ()
    writes: tuple[str, tuple[int, ...]] | None = None

    def call(self) -> Call:
        """Return the callable and its positional arguments, ready to be replayed."""
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
    dtype : dtype
        Of the buffers.
    batch : int
        m, the number of samples (columns) that one run handles.
    lead : tuple of int
        ``()``, or ``(R,)`` when R networks run at once; stands between features and samples.
    training : bool
        Whether batch norm and dropout behave as in training.
    generator : numpy.random.Generator, optional
        What dropout draws from.
    run_now : bool
        Whether `do` also carries the call out. A network records its tapes without running them,
        so that recording a step doesn't train.
    lean : bool
        Save memory: a = f(z) may take the place of z, and δ lies in `room`.
    room : dict of str to array, optional
        Memory for what is used up at once; tapes that run in turns can share it.

    Attributes
    ----------
    ops : list of Op
    buffers : dict of str to array
        Every named array; live, they hold what the last run left.
    constants : dict of float to array ()
        Those without a name of their own.
    workspace : dict of int to float or None
        By the id of the array, what it holds before the first run: one number, or None for zeros
        above a row of ones. A run doesn't depend on what is left in workspace from the last.
    inputs, targets, outputs : array
        Batch first, (m, …): views of the buffers that a network's tape reads and fills.
    arena : array, optional
        Where the next activations lie one under the other.
    slopes : dict of int to array
        By the id of an activation, its slope where that has been written already.
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
        self.constants: dict[float, Array] = {}
        self.workspace: dict[int, float | None] = {}
        self.inputs: Array = np.empty(0)
        self.targets: Array = np.empty(0)
        self.outputs: Array = np.empty(0)
        self.learning_rate: Array = np.empty(0)
        self.arena: Array | None = None
        self.slopes: dict[int, Array] = {}
        self._arena_used = 0
        self._section = ""
        self._calls: list[Call] = []
        self._replay: Replay | None = None
        # Scores may be so large that e⁻ᶻ overflows on its way to the right answer.
        self._quietly = quiet().run
        self._augmented: dict[int, tuple[Array, Array]] = {}
        self._ones: dict[int, Array] = {}
        self._scratch: dict[tuple[Any, ...], Array] = {}

    # --- buffers -----------------------------------------------------------------------------

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
        """Return a row of ones, (1, n)."""
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

    # --- calls -------------------------------------------------------------------------------

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Mark the calls recorded inside as one part of the step."""
        before, self._section = self._section, name
        try:
            yield
        finally:
            self._section = before

    def do(
        self,
        fn: Callable[..., Any],
        *args: Any,
        out: Array | None = None,
        note: str = "",
        **keywords: Any,
    ) -> Any:
        """Record the call ``fn(*args, out)``, and carry it out if the tape runs at once.

        Returns
        -------
        array
            `out`.
        """
        op = Op(_name_of(fn), fn, args, out, note, keywords, self._section)
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

    def step(self) -> Iterator[Op]:
        """Carry out one call at a time; yields each op when its buffer is filled."""
        from nnsim.engine.source import described

        for op, (fn, args) in zip(described(self), self._calls, strict=True):
            self._quietly(fn, *args)
            yield op

    def source(self, steps: int = 50) -> str:
        """Write the tape as a NumPy program that runs by itself.

        The data and the start parameters are those that lie in the buffers now, so fill `inputs`
        and `targets` first. The program repeats the tape `steps` times (50 unless told, as
        ``Trainer.run``) and ends with the same parameters, bit for bit.

        Parameters
        ----------
        steps : int
            How often the program replays the tape.
        """
        from nnsim.engine.source import program

        if steps < 0:
            raise EngineError(f"steps is {steps}: a program repeats its step 0 times or more")
        return program(self, steps)


def _name_of(fn: Callable[..., Any]) -> str:
    """Return ``"add.reduce"`` for a ufunc's method, ``"dot"`` for an array's, else the name."""
    owner = getattr(fn, "__self__", None)
    name = str(fn.__name__)
    return f"{owner.__name__}.{name}" if isinstance(owner, np.ufunc) else name
