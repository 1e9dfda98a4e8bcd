"""Carrying out the calls of a tape in order, as fast as Python can and without a warning.

The list of calls is the only source: `straight` writes a function that makes the same calls one
after the other, ``f0(a0, a1); f1(a2); …``, because a loop over the list costs some 3 % more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context
from functools import lru_cache
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
    values = [value for fn, args in calls for value in (fn, *args)]
    function: Replay = _maker(tuple(len(args) for _, args in calls))(*values)
    return function


def _loop(calls: Sequence[Call]) -> None:
    for fn, args in calls:
        fn(*args)


@lru_cache(maxsize=64)
def _maker(counts: tuple[int, ...]) -> Callable[..., Replay]:
    """Return what makes the function for calls with so many arguments each.

    It takes the callables and their arguments one after the other; they become local names. Tapes
    of the same form share the compiled text.
    """
    names, lines = [], []
    for i, count in enumerate(counts):
        args = [f"a{i}_{j}" for j in range(count)]
        names += [f"f{i}", *args]
        lines.append(f"f{i}({', '.join(args)})")
    local = ", ".join(f"{name}={name}" for name in names)
    body = "\n        ".join(lines) or "pass"
    text = f"def make({', '.join(names)}):\n    def run({local}):\n        {body}\n    return run\n"
    space: dict[str, Any] = {}
    exec(text, space)
    maker: Callable[..., Replay] = space["make"]
    return maker


def quiet() -> Context:
    """Return a context in which NumPy keeps silent about overflow and the like.

    ``quiet().run(f)`` is ``with np.errstate(all="ignore"): f()`` for a tenth of the time, if the
    context is kept: what NumPy reports is a context variable.
    """
    context = Context()
    context.run(np.seterr, all="ignore")
    return context
