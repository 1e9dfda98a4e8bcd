"""Carrying out the calls of a tape in order, as fast as Python can and without a warning.

The list of calls is the only source: `straight` writes a function that makes the same calls one
after the other, ``f0(a0, a1); f1(a2); …``, because a loop over the list costs a few per cent more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

import numpy as np

Call = tuple[Callable[..., Any], tuple[Any, ...]]
Replay = Callable[[], None]

# A longer list isn't written out: its calls take long enough for a loop not to be felt.
_MOST_CALLS = 400


def straight(calls: Sequence[Call]) -> Replay:
    """Return a function that makes these calls in order."""
    if len(calls) > _MOST_CALLS:
        return lambda: _loop(calls)
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
