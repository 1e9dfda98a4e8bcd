"""Types of arguments: numbers within bounds, with a sentence for what is none."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from nnsim.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_COUNT = 2**62


def count(option: str, most: int = LARGEST_COUNT) -> Callable[[str], int]:
    """Return what reads a whole number of 0 … `most` behind `option`.

    It raises ArgumentTypeError, whose text is the whole sentence, if there is none.
    """

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = -1
        if not 0 <= value <= most:
            problem = (
                _("{option} is {value}; it should be a whole number from 0, such as 50")
                if most == LARGEST_COUNT
                else _("{option} is {value}; it should be a whole number from 0 to {most}")
            )
            raise argparse.ArgumentTypeError(
                problem.format(option=option, value=_quoted(text), most=most)
            )
        return value

    return read


def seed(option: str) -> Callable[[str], int]:
    """Return what reads a seed behind `option`, as experiment files and the engine take it."""

    def read(text: str) -> int:
        from nnsim.engine.checks import LARGEST_SEED  # which takes NumPy

        return count(option, LARGEST_SEED)(text)

    return read


def rate(option: str) -> Callable[[str], float]:
    """Return what reads a finite number from 0 behind `option`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 <= value < math.inf:
            problem = _("{option} is {value}; it should be a finite number from 0, such as 0.1")
            raise argparse.ArgumentTypeError(problem.format(option=option, value=_quoted(text)))
        return value

    return read


def _quoted(text: str) -> str:
    from nnsim.experiments.errors import quoted

    return quoted(text)
