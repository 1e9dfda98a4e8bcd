"""``nnsim train``: train an experiment's network from its start, and keep the result."""

from __future__ import annotations

import json
import math
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnsim.cli.arguments import count, rate, seed, share
from nnsim.cli.output import CommandError, complain, finite, number, to_ascii
from nnsim.cli.subject import (
    add_experiment_argument,
    are_one,
    open_subject,
    open_trainer,
    refuse_without_data,
)
from nnsim.i18n import _

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from rich.console import Console, ConsoleOptions, RenderResult

    from nnsim.cli.output import Output
    from nnsim.engine import Network, Progress, Trainer
    from nnsim.experiments import Experiment

REDRAWS_PER_SECOND = 10
WIDEST, NARROWEST = 40, 6
"""Columns of the bar itself; below that it is left out."""


def train_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment_argument(parser)
    parser.add_argument("--epochs", type=count("--epochs"), metavar="N", help=_("how many epochs"))
    parser.add_argument(
        "--learning-rate", type=rate("--learning-rate"), metavar="R", help=_("how large a step")
    )
    parser.add_argument(
        "--seed",
        type=seed("--seed"),
        metavar="S",
        help=_("of the start weights and the order of samples"),
    )
    parser.add_argument(
        "--patience",
        type=count("--patience"),
        metavar="N",
        help=_("stop after N epochs without a lower loss, at the best parameters"),
    )
    parser.add_argument(
        "--validation-fraction",
        type=share("--validation-fraction"),
        metavar="R",
        help=_("the share of the samples that is held back to tell by when to stop"),
    )
    parser.add_argument("--save", metavar="FILE", help=_("write the trained network (.npz)"))
    parser.add_argument("--log", metavar="FILE", help=_("write a line of JSON per epoch"))


def run_train(arguments: argparse.Namespace, output: Output) -> int:
    from nnsim.cli import INTERRUPTED

    subject = open_subject(arguments.experiment)
    experiment = subject.experiment
    _check(experiment, arguments)
    network, trainer = open_trainer(subject, arguments.seed)
    if arguments.learning_rate is not None:
        trainer.learning_rate = arguments.learning_rate
    if arguments.patience is not None:
        trainer.patience = arguments.patience or None
    if arguments.validation_fraction is not None:
        trainer.validation_fraction = arguments.validation_fraction
    epochs = experiment.training.epochs if arguments.epochs is None else arguments.epochs
    started = time.perf_counter()
    with ExitStack() as stack:
        watchers = _watchers(arguments, output, epochs, stack)
        _train(experiment, trainer, epochs, watchers)
    result = _result(experiment, network, trainer, time.perf_counter() - started)
    if arguments.save is not None:
        trainer.save(arguments.save)
    _report(experiment, arguments, output, result)
    return INTERRUPTED if result["stopped"] == "interrupted" else 0


def _check(experiment: Experiment, arguments: argparse.Namespace) -> None:
    """Refuse what could not be carried out, before any time is spent on training."""
    refuse_without_data(experiment)
    for name in (arguments.save, arguments.log):
        if name is None:
            continue
        path = Path(name)
        if path.is_dir():
            raise CommandError(_("{file}: this is a folder; give a file").format(file=name))
        if name == arguments.save and path.exists() and not path.is_file():
            # What is saved takes the place of what was there, which would be gone: /dev/null.
            raise CommandError(_("{file}: this is no ordinary file; give one").format(file=name))
        if not path.parent.is_dir():
            problem = _("{file}: there is no folder {folder} to write it into")
            raise CommandError(problem.format(file=name, folder=path.parent))
        if are_one(path, experiment.path):
            problem = _("{file}: this is the experiment itself; give another file")
            raise CommandError(problem.format(file=name))
    if arguments.save and arguments.log and are_one(Path(arguments.save), Path(arguments.log)):
        problem = _("{log}: --save and --log are one file here; give each a file of its own")
        raise CommandError(problem.format(log=arguments.log))


def _train(
    experiment: Experiment,
    trainer: Trainer,
    epochs: int,
    watchers: list[Callable[[Progress], None]],
) -> None:
    """Run the trainer; Ctrl+C stops it after the step it is in, a second one at once."""
    import signal

    def stop(*_signal: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        trainer.interrupt()

    data = experiment.data
    test = (data.test_inputs, data.test_targets) if data.test_count else None
    before = signal.signal(signal.SIGINT, stop)
    try:
        for progress in trainer.run(data.inputs, data.targets, epochs=epochs, test=test):
            for watch in watchers:
                watch(progress)
    finally:
        signal.signal(signal.SIGINT, before)


def _watchers(
    arguments: argparse.Namespace, output: Output, epochs: int, stack: ExitStack
) -> list[Callable[[Progress], None]]:
    import sys

    watchers: list[Callable[[Progress], None]] = []
    if arguments.log is not None:
        watchers.append(stack.enter_context(_log(arguments.log)))
    if sys.stderr is not None and sys.stderr.isatty():
        bar = Bar(epochs, ascii_only=output.ascii_only)
        watchers.append(stack.enter_context(bar).show)
    return watchers


def _result(
    experiment: Experiment, network: Network, trainer: Trainer, seconds: float
) -> dict[str, Any]:
    """Return the result, with null for what is not finite or has no meaning."""
    data = experiment.data
    accuracy = network.accuracy(data.inputs, data.targets)
    tested = None
    if data.test_count:
        tested = network.accuracy(data.test_inputs, data.test_targets)
    return {
        "epochs": trainer.epoch,
        "loss": finite(network.loss(data.inputs, data.targets)),
        "cost": finite(float(network.losses(data.inputs, data.targets).sum())),
        "accuracy": accuracy,
        "test_accuracy": tested,
        "seconds": seconds,
        "stopped": trainer.stopped or "finished",
    }


def _report(
    experiment: Experiment, arguments: argparse.Namespace, output: Output, result: dict[str, Any]
) -> None:
    epochs, saved = result["epochs"], arguments.save
    said = {
        "diverged": _("Training diverged in epoch {next}: the gradient is no longer finite. The "
                      "last finite weights were kept; a smaller learning rate helps."),
        "interrupted": _("Interrupted after epoch {epoch}."),
    }.get(result["stopped"])  # fmt: skip
    if said:
        keep = _(" Saved to {file}.").format(file=saved) if saved else ""
        complain(output.text(said.format(epoch=epochs, next=epochs + 1) + keep))
    if output.as_json:
        output.json(result)
        return

    names = {
        "epochs": _("epochs"),
        "loss": _("loss"),
        "cost": _("cost"),
        "accuracy": _("accuracy"),
        "test_accuracy": _("test accuracy"),
        "seconds": _("seconds"),
    }
    rows = [(name, number(result[key])) for key, name in names.items() if result[key] is not None]
    output.table(_(experiment.title), (_("after training"), ""), rows)
    if result["stopped"] == "early":
        output.line(_("Stopped early, at the parameters of the lowest loss"))
    if saved:
        output.line(_("Saved to {file}").format(file=saved))


@contextmanager
def _log(name: str) -> Iterator[Callable[[Progress], None]]:
    """Yield what writes a line of JSON per epoch to the file `name`, which is written anew.

    A CommandError says so where it can't be written, unless something else has gone wrong.
    """

    def refused(error: Exception) -> CommandError:
        problem = _("{file}: the log can't be written ({reason})")
        reason = getattr(error, "strerror", None) or error
        return CommandError(problem.format(file=name, reason=reason))

    def write(progress: Progress) -> None:
        line = {
            "epoch": progress.epoch,
            "updates": progress.updates,
            "learning_rate": progress.learning_rate,
            "loss": finite(progress.loss),
            "cost": finite(progress.cost),
            "accuracy": progress.accuracy,
            "test_accuracy": progress.test_accuracy,
            "stopped": progress.stopped,
        }
        try:
            stream.write(json.dumps(line, allow_nan=False) + "\n")
        except OSError as error:
            raise refused(error) from None

    try:
        stream = Path(name).open("w", encoding="utf-8", buffering=1)  # noqa: SIM115
    except (OSError, ValueError) as error:
        raise refused(error) from None
    try:
        yield write
    except BaseException:
        with suppress(OSError):
            stream.close()
        raise
    try:
        stream.close()
    except OSError as error:
        raise refused(error) from None


class Bar:
    """Shows the `epochs` of a run on standard error; what it doesn't draw is not computed."""

    def __init__(self, epochs: int, *, ascii_only: bool = False) -> None:
        self.epochs = epochs
        self.ascii_only = ascii_only
        self._drawn = -math.inf
        self._started = time.monotonic()
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(stderr=True), auto_refresh=False)

    def __enter__(self) -> Bar:
        self._live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._live.__exit__(*error)

    def show(self, progress: Progress) -> None:
        """Draw an epoch, if the last one that was drawn is long enough ago."""
        now = time.monotonic()
        if now - self._drawn < 1 / REDRAWS_PER_SECOND and progress.stopped is None:
            return
        self._drawn = now
        seconds = (now - self._started) / max(1, progress.epoch) * (self.epochs - progress.epoch)
        line = Line(
            progress.epoch, self.epochs, progress.loss, progress.accuracy, seconds, self.ascii_only
        )
        self._live.update(line, refresh=True)


class Line:
    """One line of `Bar`, which fits any width: no number in it is ever cut.

    First the bar itself becomes shorter; then, one after another, bar, time left, accuracy, loss
    and the words are left out.
    """

    def __init__(
        self,
        epoch: int,
        epochs: int,
        loss: float,
        accuracy: float | None,
        seconds: float,
        ascii_only: bool = False,
    ) -> None:
        self.epoch, self.epochs = epoch, epochs
        self.ascii_only = ascii_only
        done = _("epoch {epoch}/{epochs}").format(epoch=epoch, epochs=epochs)
        left = _clock(seconds)
        short = _("loss {loss}").format(loss=f"{loss:.5g}")
        long = short
        if accuracy is not None:
            long += _(", accuracy {accuracy}").format(accuracy=f"{accuracy:.1%}")
        self._choices = [
            (done, f"{long}  {left}"), (done, long), (done, short), (done, ""),
            (f"{epoch}/{epochs}", ""), (str(epoch), ""),
        ]  # fmt: skip

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.cells import cell_len
        from rich.segment import Segment

        room = options.max_width - 1  # a full line would wrap in some terminals
        choices = [(self._text(before), self._text(after)) for before, after in self._choices]
        before, after = next(
            (pair for pair in choices if cell_len("  ".join(filter(None, pair))) <= room), ("", "")
        )
        width = min(WIDEST, room - cell_len(before) - cell_len(after) - 4)
        yield Segment(before)
        if after:
            yield Segment("  ")
            if (before, after) == choices[0] and width >= NARROWEST:
                yield from self._bar(width, console, options)
                yield Segment("  ")
            yield Segment(after)
        yield Segment.line()

    def _bar(self, width: int, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.progress_bar import ProgressBar
        from rich.segment import Segment

        if self.ascii_only or not options.encoding.startswith("utf"):
            on = round(width * self.epoch / self.epochs)
            yield Segment("#" * on + "-" * (width - on))
        else:
            bar = ProgressBar(total=self.epochs, completed=self.epoch, width=width)
            segments = list(console.render(bar, options))
            yield from segments
            yield Segment(" " * (width - Segment.get_line_length(segments)))

    def _text(self, text: str) -> str:
        return to_ascii(text) if self.ascii_only else text


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
