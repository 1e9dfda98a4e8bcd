"""Known mistakes to plant in the backward pass of one layer, for a lesson to find.

=============  =========================================================================
forgot_slope   δ is left at ∂C/∂a: the factor f′(z) is missing
wrong_sign     the gradients point uphill
missing_mean   the 1/m of the mean is left out
no_bias        the gradient of the biases stays 0
doubled        every gradient is twice as large
mixed_up       the gradients of the weights stand in the wrong order (rows for columns)
=============  =========================================================================
"""

from __future__ import annotations

import numpy as np

from nnsim.engine.checks import EngineError
from nnsim.engine.layers import Layer
from nnsim.engine.tape import Array, Tape

BUGS = ("forgot_slope", "wrong_sign", "missing_mean", "no_bias", "doubled", "mixed_up")


def check(bug: str, layer: Layer, reduction: str, fused: bool) -> None:
    """Refuse a bug that would change nothing in this layer.

    Parameters
    ----------
    bug : str
    layer : Layer
    reduction : str
        Of the network.
    fused : bool
        Whether the layer is the last, and the loss gives ∂C/∂z at once.
    """
    if bug not in BUGS:
        raise EngineError(f"unknown bug {bug!r}: give one of {', '.join(BUGS)}")
    if not layer.parameter_count:
        raise EngineError(f"{layer.title} has no parameters, so no gradient to spoil")
    if bug == "forgot_slope" and (layer.is_identity or fused):
        reason = "its loss and activation are taken at once" if fused else "it has no activation"
        raise EngineError(f"{layer.title} has no slope to forget: {reason}")
    if bug == "missing_mean" and reduction != "mean":
        raise EngineError('there is no 1/m to forget: the network\'s reduction is "sum"')
    if bug in ("no_bias", "mixed_up") and layer.bias is None:
        raise EngineError(f"{layer.title} has no weights and biases for {bug}")
    if bug == "mixed_up" and layer.weight is not None and 1 in layer.weight.shape[-2:]:
        raise EngineError(f"the weights of {layer.title} are one row: no order to mix up")


def emit(tape: Tape, bug: str, layer: Layer) -> None:
    grad = layer.gradient
    views = layer.views(grad)
    if bug == "wrong_sign":
        tape.do(np.negative, grad, out=grad, note="a planted bug: the wrong sign")
    elif bug == "missing_mean":
        tape.do(np.multiply, grad, tape.const(tape.batch), out=grad, note="a planted bug: no 1/m")
    elif bug == "doubled":
        tape.do(np.multiply, grad, tape.const(2.0), out=grad, note="a planted bug: doubled")
    elif bug == "no_bias":
        tape.do(np.copyto, tape.const(0.0), out=views["bias"], note="a planted bug: no ∂C/∂b")
    elif bug == "mixed_up":
        tape.do(mix_up, out=views["weight"], note="a planted bug: rows for columns")


def mix_up(weight: Array) -> None:
    """Write the numbers of a matrix row by row where they belong column by column."""
    rows, columns = weight.shape[-2:]
    weight[...] = weight.copy().reshape(*weight.shape[:-2], columns, rows).swapaxes(-1, -2)
