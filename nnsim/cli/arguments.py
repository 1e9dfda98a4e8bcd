"""Types of arguments: numbers within bounds, with a sentence for what is none."""

from __future__ import annotations

import argparse
import math

from nnsim.i18n import _

LARGEST_COUNT = 2**62


def count(text: str) -> int:
    """Return a whole number from 0.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value <= LARGEST_COUNT:
        problem = _("{text} should be a whole number from 0")
        raise argparse.ArgumentTypeError(problem.format(text=repr(text)))
    return value


def rate(text: str) -> float:
    """Return a finite number from 0.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        problem = _("{text} should be a finite number from 0")
        raise argparse.ArgumentTypeError(problem.format(text=repr(text)))
    return value
