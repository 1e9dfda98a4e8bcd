"""Training as a program: the tapes of a trainer written out as straight NumPy, with its loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nnsim.engine.checks import EngineError, as_count
from nnsim.engine.optimizers import FLUSH_EVERY
from nnsim.engine.plan import Plan
from nnsim.engine.tape import Array, Source, generator_lines, literal
from nnsim.engine.trainer import LARGEST, Trainer

# More numbers make no text that anybody opens: they are read from a file.
MOST_NUMBERS = 2_000_000

# What the program calls its own.
_OURS = (
    "inputs", "targets", "data", "train", "watched", "generator", "shuffle", "epoch", "stopped",
    "best", "waited", "rate", "counted", "largest", "order", "start", "step", "loss", "now",
    "gradients", "updates", "looks",
)  # fmt: skip


def training_program(
    trainer: Trainer, x: Any, target: Any, epochs: int = 50, data_file: str | None = None
) -> str:
    """Write training as a NumPy program that runs by itself, to the same numbers bit for bit.

    The program starts where the trainer stands: parameters, slots, shuffles, epoch. It does what
    ``trainer.run(x, target, epochs)`` would: batches, schedule, dropout, validation split, early
    stopping, divergence. Nothing of the trainer or its network changes.

    Parameters
    ----------
    x, target : array (m, …)
        The training data, written into the program.
    data_file : str, optional
        Read the data from this ``.npz`` file (``np.savez(path, x=x, target=target)``) instead.

    Returns
    -------
    str
        Run, it prints why it stopped, its epochs and the parameters; executed with ``exec``, it
        leaves ``parameters``, ``running`` (with batch norm), ``epoch`` and ``stopped``.

    Raises EngineError if the trainer stands within an epoch, or the data are too many to be written
    down.
    """
    epochs = as_count(epochs, "epochs", least=0, most=2**62)
    if trainer.position:
        raise EngineError("training stands within an epoch: finish it before it is written down")
    x, target = trainer.network.check(x, target)
    if data_file is None and x.size + target.size > MOST_NUMBERS:
        raise EngineError(
            f"the data are {x.size + target.size:,} numbers, and a program takes at most "
            f"{MOST_NUMBERS:,}: let it read them from a file"
        )
    return "\n".join(_Writer(trainer.twin(), x, target).lines(epochs, data_file)) + "\n"


class _Writer:
    """Writes the parts of the program, with a trainer that nobody else trains."""

    def __init__(self, trainer: Trainer, x: Array, target: Array) -> None:
        self.trainer, self.net, self.x, self.target = trainer, trainer.network, x, target
        sets = trainer.sets(x, target)
        self.train = sets["train"]
        self.watched = sets.get("validation", self.train)
        count = self.train.count
        self.size = min(trainer.batch_size or count, count)
        room: dict[str, Array] = {}
        steps = {
            m for batch in _cut(count, self.size) for m in _cut(batch, trainer.steps.share(batch))
        }
        self.steps = {m: trainer.record(m, room, lean=False) for m in sorted(steps, reverse=True)}
        self.block = trainer.block(self.train)
        looks = _cut(self.watched.count, self.block) if trainer.patience is not None else set()
        self.looks = {m: self.net.record(m, "loss", False) for m in sorted(looks, reverse=True)}
        plans: list[Plan] = [*self.steps.values(), *self.looks.values()]
        for plan in plans:
            plan.forget_inputs()
        self.names = Source(*plans, taken=_OURS)
        if self.net.l2 or self.net.l1:
            self.weights = self.names.expression(self.net.stack.mask("weight"))
            self.l2, self.l1 = (f"np.{self.net.dtype}({s!r})" for s in (self.net.l2, self.net.l1))

    def lines(self, epochs: int, data_file: str | None) -> Iterable[str]:
        yield '"""Training as straight NumPy; written by nnsim."""'
        yield from self.names.head
        yield from self.names.kernels()
        yield "\n# The data, a row per sample; which of them are trained on, which are watched."
        if data_file is None:
            yield f"inputs = {literal(self.x)}"
            yield f"targets = {literal(self.target)}"
        else:
            yield f"with np.load({data_file!r}) as data:"
            yield '    inputs, targets = data["x"], data["target"]'
        for name, samples in (("train", self.train), ("watched", self.watched)):
            rows = samples.index
            yield f"{name} = {f'np.arange({samples.count})' if rows is None else literal(rows)}"
        yield "\n# Buffers: samples are columns; under activations lies a row of ones for the bias."
        yield from self.names.definitions()
        yield from self.names.generator()
        yield from self._steps()
        yield from self._step()
        if self.looks:
            yield from self._loss()
        yield from self._loop(epochs)

    def _fill(self, plan: Plan) -> Iterable[str]:
        yield f"    {self.names.expression(plan.inputs)}[...] = inputs[rows]"
        yield f"    {self.names.expression(plan.targets)}[...] = targets[rows]"

    def _body(self, plan: Plan, *sections: str) -> Iterable[str]:
        ops = [op for op in plan.ops if op.section in sections]
        return ("    " + line for line in self.names.body(ops))

    def _steps(self) -> Iterable[str]:
        """Write the way to the gradient and the update, for each number of samples."""
        for m, plan in self.steps.items():
            yield f"\n\ndef gradient_of_{m}(rows):"
            yield from self._fill(plan)
            yield from self._body(plan, "forward", "backward")
            yield f"\n\ndef update_after_{m}():"
            yield from self._body(plan, "update")

    def _step(self) -> Iterable[str]:
        """Write the step on a batch: at once, or part by part where it is large."""
        gradients = ", ".join(f"{m}: gradient_of_{m}" for m in self.steps)
        updates = ", ".join(f"{m}: update_after_{m}" for m in self.steps)
        yield f"\n\ngradients = {{{gradients}}}\nupdates = {{{updates}}}"
        share = self.trainer.steps.share(self.size)
        yield "\n\ndef step(rows, largest):"
        if share == self.size:
            yield "    last = len(rows)\n    gradients[last](rows)"
        else:
            yield from self._add_up()
        yield "    if not gradient.dot(gradient) < largest:\n        return False"
        yield "    updates[last]()"
        yield from self._flush()
        yield "    return True"

    def _flush(self) -> Iterable[str]:
        slots = [slot for slot in self.trainer.optimizer.slots.values() if slot.ndim]
        if slots:
            names = ", ".join(self.names.expression(slot) for slot in slots)
            yield "    counted[0] += 1"
            yield f"    if counted[0] % {FLUSH_EVERY} == 0:"
            yield f"        for slot in ({names},):"
            yield "            slot[np.abs(slot) < np.finfo(slot.dtype).tiny] = 0"

    def _add_up(self) -> Iterable[str]:
        at_once, mean = self.trainer.steps.at_once, self.net.reduction == "mean"
        yield f"    share = -(-len(rows) // -(-len(rows) // {at_once}))"
        yield "    parts = range(0, len(rows), share)"
        yield "    total = np.zeros_like(parameters)"
        yield "    for start in parts:"
        yield "        part = rows[start : start + share]"
        yield "        last = len(part)"
        yield "        gradients[last](part)"
        yield f"        total += gradient{' * (last / len(rows))' if mean else ''}"
        if not mean and (self.net.l2 or self.net.l1):
            yield f"    w = parameters * {self.weights}"
            yield f"    total -= (len(parts) - 1) * ({self.l2} * w + {self.l1} * np.sign(w))"
        yield "    gradient[...] = total"

    def _loss(self) -> Iterable[str]:
        """Write what early stopping looks at."""
        for m, plan in self.looks.items():
            yield f"\n\ndef losses_of_{m}(rows):"
            yield from self._fill(plan)
            yield from self._body(plan, "forward", "loss")
            yield f"    return {self.names.expression(plan.losses)}"
        yield "\n\nlooks = {" + ", ".join(f"{m}: losses_of_{m}" for m in self.looks) + "}"
        yield "\n\ndef loss():"
        yield f"    losses = np.empty({self.watched.count}, np.{self.net.dtype.name})"
        yield f"    for start in range(0, len(losses), {self.block}):"
        yield f"        rows = watched[start : start + {self.block}]"
        yield "        losses[start : start + len(rows)] = looks[len(rows)](rows)"
        total = "losses.mean()" if self.net.reduction == "mean" else "losses.sum()"
        if self.net.l2 or self.net.l1:
            yield f"    w = parameters * {self.weights}"
            total += f" + (0.5 * {self.l2} * w * w + {self.l1} * w * np.sign(w)).sum()"
        yield f"    return float({total})"

    def _loop(self, epochs: int) -> Iterable[str]:
        trainer, count = self.trainer, self.train.count
        first, period = trainer.epoch, trainer.period or epochs
        shuffled = trainer.batch_size is not None and not trainer.in_order(self.train, self.size)
        limit = LARGEST[self.net.dtype.itemsize]
        rate = f"{trainer.learning_rate!r}{trainer.schedule.source('epoch', period)}"
        yield "\n"
        yield from generator_lines("shuffle", trainer.shuffling) if shuffled else ()
        yield f"epoch, stopped, counted = {first}, None, [{trainer.updates}]"
        if self.looks:
            yield from self._best()
        yield 'with np.errstate(all="ignore"):'
        yield f"    while epoch < {first + epochs} and stopped is None:"
        yield f"        rate = {rate}"
        yield f"        {self.names.expression(trainer.optimizer.learning_rate)}[...] = rate"
        yield f"        largest = {_number(limit)} / max(1.0, rate * rate)"
        yield "        order = train" + (f"[shuffle.permutation({count})]" if shuffled else "")
        yield f"        for start in range(0, {count}, {self.size}):"
        yield f"            if not step(order[start : start + {self.size}], largest):"
        yield '                stopped = "diverged"\n                break'
        yield "        else:\n            epoch += 1"
        if self.looks:
            yield from self._patience()
        yield f"        if stopped is None and epoch >= {first + epochs}:"
        yield '            stopped = "finished"\n'
        yield 'print("stopped:", stopped)\nprint("epochs:", epoch)'
        yield 'print("parameters:", parameters)'

    def _best(self) -> Iterable[str]:
        best = self.trainer.best
        values = "None" if best is None else f"({best[0]!r}, {', '.join(map(literal, best[1:]))})"
        yield f"best, waited = {values}, {self.trainer.waited}"

    def _patience(self) -> Iterable[str]:
        running = "running" if self.net.running.size else "np.empty(0)"
        back = "parameters[...], running[...] = best[1:]"
        if not self.net.running.size:
            back = "parameters[...] = best[1]"
        yield f"""\
            now = loss()
            if best is None or now < best[0]:
                best, waited = (now, parameters.copy(), {running}.copy()), 0
            else:
                waited += 1
                if waited >= {self.trainer.patience}:
                    {back}
                    best, waited, stopped = None, 0, "early\""""


def _cut(count: int, size: int) -> set[int]:
    """Return the lengths of the pieces when `count` is cut into pieces of `size`."""
    return {min(size, count), count % size} - {0}


def _number(value: float) -> str:
    return repr(value) if np.isfinite(value) else "math.inf"
