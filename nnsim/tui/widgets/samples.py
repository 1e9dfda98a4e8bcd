"""The data: every sample in a row, with its class and what the network reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import N_, _
from nnsim.tui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.metrics import Metrics


class SampleList(RowList):
    """All samples; moving to one puts it on the input."""

    BINDING_GROUP_TITLE = N_("Data")
    HELP = N_(
        "The samples: number, class, what the network reads, and the input. A wrong reading is "
        "marked. Moving to a sample puts it on the input; those after the line 'test' were never "
        "trained on."
    )

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lab: Lab | None = None
        self._metrics: Metrics | None = None

    def show(self, lab: Lab) -> None:
        """Show the data of the bench."""
        self._lab = lab
        if lab.sample is not None:
            self.move_cursor(lab.sample)
        if lab.metrics is not self._metrics:  # else every row still says the same
            self._metrics = lab.metrics
            self.rows_changed()

    def row_count(self) -> int:
        """One row for each sample, training and test."""
        return 0 if self._lab is None else self._lab.sample_count

    def header(self) -> str:
        """The columns."""
        lab = self._lab
        if lab is None:
            return ""
        if lab.metrics.readings is None:
            return _("   #  target     input")
        return _("   #  is   reads      input")

    def row(self, index: int) -> Row:
        """Number, class, reading, input."""
        assert self._lab is not None
        experiment, readings = self._lab.experiment, self._lab.metrics.readings
        inputs, target = self._lab.sample_at(index)
        picture = experiment.format_input(inputs)
        test = index >= experiment.data.count
        number = (f"{index + 1:>4}  ", "dim")
        where = (_("  test") if test else "", "dim")
        what = self._lab.describe_target(target)
        if readings is None:
            return [number, (f"{what:<9}  ", "strong"), (picture, ""), where]
        reading = int(readings[index])
        right = reading == self._lab.decide(target)
        said = experiment.classes[reading] if reading < len(experiment.classes) else str(reading)
        verdict = _("right") if right else _("wrong")
        return [
            number,
            (f"{what:<4} ", "strong"),
            (f"{said:<4} {verdict:<6} ", "" if right else "wrong"),
            (picture, "" if right else "strong"),
            where,
        ]
