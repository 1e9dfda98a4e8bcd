"""Why training diverged: found out at the last finite state, where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnsim.i18n import _

if TYPE_CHECKING:
    from nnsim.lab.learning import Learning


def explained(lab: Learning) -> str:
    """When and why training stopped, what is kept, and what to try, in a sentence.

    Parameters
    ----------
    lab : Learning
        Where training has just diverged: its parameters are the last finite ones.
    """
    rate = lab.trainer.learning_rate
    lower = min(rate / 10, lab.experiment.training.learning_rate)  # the file's own went well
    return _(
        "training diverged in epoch {epoch}, at learning rate {rate}: {why}; the last finite "
        "parameters are kept; try reset, then rate {lower}"
    ).format(epoch=lab.trainer.epoch + 1, rate=f"{rate:.6g}", why=_why(lab), lower=f"{lower:.6g}")


def _why(lab: Learning) -> str:
    data, network = lab.experiment.data, lab.network
    with np.errstate(all="ignore"):
        loss = network.loss(data.inputs, data.targets)
        gradient = network.gradients(data.inputs, data.targets)
        square = float(np.dot(gradient, gradient))
    if not np.isfinite(loss):
        return _("the loss has overflowed")
    if not np.isfinite(gradient).all():
        return _("the gradient is no longer finite")
    if not np.isfinite(square):
        return _("the gradient is so large that its square overflows")
    return _("the next step would leave the finite numbers")
