"""The curve of a run, read a little at a time, so that a screen never waits for it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from time import perf_counter
from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.lab.frames import Point, known_points

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.metrics import Metrics
    from nnsim.lab.timeline import Run


# Of data that take longer to read, the screen reads past epochs only while nothing is trained.
SLOW = 0.02


def now_measured(lab: Lab) -> None:
    """Let the frame at which the bench stands know what the bench has measured there anyway."""
    run, metrics = lab.timeline.run, lab.metrics
    last, network = run.frames[-1:], lab.network
    if not last or last[0].epoch != lab.trainer.epoch or lab.trainer.position:
        return
    if network is not run.setup.network or network.muted or not metrics.samples:
        return
    reader, frame = run.setup.reader, last[0]
    if frame.known(reader) is None and bool((frame.parameters == network.parameters).all()):
        frame.note(reader, _point(lab.trainer.epoch, metrics))


def _point(epoch: int, metrics: Metrics) -> Point:
    return Point(
        epoch, metrics.cost, metrics.accuracy, metrics.test_accuracy, metrics.right,
        metrics.test_cost,
    )  # fmt: skip


def points_of(run: Run, seconds: float, *, training: bool = False) -> tuple[list[Point], bool]:
    """Return the points of a run that are known, by epoch, and whether these are all.

    What isn't known yet is computed for as long as `seconds` say, the last epoch first and then
    those far apart, so that a curve takes shape before it gets fine. `Run.curve` computes all.
    At least one is, if not in `training` on data that are slow to read.
    """
    reader = run.setup.reader
    until = perf_counter() + seconds
    points = known_points(run.frames, reader)
    missing = [i for i, point in enumerate(points) if point is None]
    left = len(missing)
    if training and reader.took > SLOW:
        missing = []
    for i in _far_apart_first(missing, len(points) - 1):
        points[i] = run.frames[i].measured(reader)
        left -= 1
        if perf_counter() > until:
            break
    return [point for point in points if point is not None], not left


def _far_apart_first(places: list[int], last: int) -> list[int]:
    """The last place, then those divisible by a large power of two."""
    return sorted(places, key=lambda i: (i != last, i > 0, -(i & -i)))


def kept_epoch(lab: Lab, by: int) -> int | None:
    """Return the kept epoch so many places before or after where the bench stands.

    The first or the last one where there are not so many; None where the bench stands there.
    """
    epochs, now = lab.timeline.run.epochs, lab.trainer.epoch
    within = bool(lab.trainer.position)  # some of the next epoch is trained: its start is before
    before = bisect_right(epochs, now) if within else bisect_left(epochs, now)
    at = before + by if by < 0 else bisect_right(epochs, now) + by - 1
    if not epochs or (by < 0 and not before) or (by > 0 and now >= epochs[-1]):
        return None
    return epochs[min(max(at, 0), len(epochs) - 1)]


def described(run: Run) -> dict[str, str]:
    """What a run was trained with, as of its last epoch: each by the name of the setting."""
    setup = run.setup
    said: dict[str, str] = {}
    if setup.initializer:
        said["start"] = setup.initializer.replace(":", " ")
    if setup.seed is not None:
        said["seed"] = _("seed {seed}").format(seed=setup.seed)
    if run.frames:
        last = run.frames[-1]
        settings = last.settings
        batch = settings.get("batch_size")
        said["rate"] = _("rate {rate}").format(rate=f"{settings['learning_rate']:.4g}")
        said["optimizer"] = str(settings["optimizer"])
        said["batch"] = _("batch {size}").format(size=batch) if batch else _("whole set")
        said["l2"] = _("l2 {l2}").format(l2=f"{last.l2:.4g}")
    return said


def differences(run: Run, other: Run) -> tuple[str, str]:
    """Return what tells two runs apart, of the one and of the other: ``rate 0.5 · adam``."""
    mine, theirs = described(run), described(other)
    keys = [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
    return (
        " · ".join(mine[key] for key in keys if key in mine),
        " · ".join(theirs[key] for key in keys if key in theirs),
    )
