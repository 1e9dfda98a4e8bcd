"""Everything the network believes: what it says of every black-and-white picture there is.

A picture of n pixels that are on or off has 2ⁿ forms: 4096 of twelve pixels. They are numbered as
binary numbers, pixel 1 first: form 0 is blank, the last one has every pixel on.

`Layout` puts them on a map. The first half of the pixels says the row, the second half the column,
each along the reflected Gray code: 000, 001, 011, 010, 110, … Each number of that code differs from
the one before in one digit, so two forms that lie side by side, or one above the other, differ in
one pixel (and so do the two ends of every row and column). A row of the map of a 4×3 picture is one
upper half of the picture with every lower half; a column is one lower half.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.losses import decide
from nnsim.i18n import _
from nnsim.lab.errors import LabError
from nnsim.lab.reading.metrics import fingerprint

if TYPE_CHECKING:
    from nnsim.engine import Network
    from nnsim.experiments import Experiment
    from nnsim.experiments.datasets import DataSet
    from nnsim.lab.addresses import Names
    from nnsim.lab.lab import Lab

Array = NDArray[np.float64]
Whole = NDArray[np.intp]
Bits = NDArray[np.bool_]

MOST_PIXELS = 12


def can_list(experiment: Experiment) -> bool:
    return experiment.input.kind == "pixels" and experiment.input.count <= MOST_PIXELS


@dataclass(frozen=True)
class Layout:
    """Where each form of n pixels lies on the map."""

    pixels: int  # n, 1 to 12
    # of the map: 64 × 64 of twelve pixels; with an odd n twice as many columns as rows
    rows: int
    columns: int
    form: Whole  # (rows, columns): the number of the form at each place
    # (2ⁿ,): the place of each form
    row_of: Whole
    column_of: Whole

    @classmethod
    def of(cls, pixels: int) -> Layout:
        return _layout(pixels)

    @property
    def count(self) -> int:
        return int(self.form.size)

    def place(self, form: int) -> tuple[int, int]:
        return int(self.row_of[form]), int(self.column_of[form])

    def number(self, pixels: Array) -> int:
        """The number of the form that these n pixels have; grey ones are on from .5."""
        return int(numbers(np.asarray(pixels).reshape(1, -1) >= 0.5)[0])

    def bits(self, form: int) -> Bits:
        return ((form >> np.arange(self.pixels - 1, -1, -1)) & 1).astype(bool)

    @cached_property
    def pictures(self) -> Array:
        """Every form as an input, (2ⁿ, n) of 0 and 1, in the order of their numbers."""
        places = np.arange(self.pixels - 1, -1, -1)
        return ((np.arange(self.count)[:, None] >> places) & 1).astype(np.float64)


def numbers(on: Bits) -> Whole:
    """The numbers of the forms (m, n): pixel 1 is the first binary digit."""
    weights = 1 << np.arange(on.shape[1] - 1, -1, -1)
    found: Whole = on @ weights
    return found


@lru_cache(maxsize=MOST_PIXELS)
def _layout(pixels: int) -> Layout:
    if not 1 <= pixels <= MOST_PIXELS:
        raise LabError(
            _("pictures of {count} pixels have too many forms to list; {most} is the most").format(
                count=pixels, most=MOST_PIXELS
            )
        )
    upper = pixels // 2
    lower = pixels - upper
    rows, columns = np.arange(1 << upper), np.arange(1 << lower)
    # The k-th number of the reflected Gray code is k ^ (k >> 1).
    form = ((rows ^ rows >> 1) << lower)[:, None] | (columns ^ columns >> 1)
    row_of, column_of = np.empty(form.size, np.intp), np.empty(form.size, np.intp)
    row_of[form], column_of[form] = rows[:, None], columns
    return Layout(pixels, len(rows), len(columns), form, row_of, column_of)


@dataclass(frozen=True, eq=False)
class Beliefs:
    """What the network says of every form, in the order of their numbers."""

    layout: Layout
    outputs: Array  # (2ⁿ, n_out)
    # (2ⁿ,): the class it is read as, from 0: the largest output (the first on a tie), or with one
    # output whether it is .5 or more
    reading: Whole
    # (2ⁿ,): 0 to 1: how far the largest output stands above the next one, at most 1; with one
    # output how far it is from .5, doubled, at most 1. 0 where an output is no number.
    sureness: Array
    # what the readings are called: the classes, or for regression the outputs
    names: tuple[str, ...]
    # the layer and the unit, from 0, if it is what a hidden unit says: `outputs` (2ⁿ, 1) are its
    # activations, and it is read as awake or not. The middle is then .5 of a sigmoid and 0 of any
    # other activation, and the farthest from it is surest.
    unit: tuple[int, int] | None = None

    @cached_property
    def counts(self) -> tuple[int, ...]:
        return tuple(np.bincount(self.reading, minlength=len(self.names)).tolist())

    @cached_property
    def mean_sureness(self) -> float:
        return float(self.sureness.mean())

    @cached_property
    def boundary(self) -> Bits:
        forms = np.arange(self.layout.count)
        found = np.zeros(self.layout.count, bool)
        for pixel in range(self.layout.pixels):
            found |= self.reading[forms ^ (1 << pixel)] != self.reading
        return found


def sureness(outputs: Array) -> Array:
    with np.errstate(invalid="ignore", over="ignore"):
        if outputs.shape[1] == 1:
            margin = np.abs(outputs[:, 0] - 0.5) * 2
        elif outputs.shape[1] == 2:  # the usual case, without sorting
            margin = np.abs(outputs[:, 0] - outputs[:, 1])
        else:
            highest = np.partition(outputs, -2, axis=1)
            margin = highest[:, -1] - highest[:, -2]
    sure: Array = np.minimum(np.where(np.isnan(margin), 0.0, margin), 1.0)
    return sure


def _names(experiment: Experiment, labels: tuple[str, ...], count: int) -> tuple[str, ...]:
    if experiment.classes:
        # (Fewer classes than outputs are possible where a file says so.)
        more = range(len(experiment.classes), count)
        return (*experiment.classes, *(str(i + 1) for i in more))
    if count == 1:
        return (_("below .5"), _("from .5"))
    return labels or tuple(str(i + 1) for i in range(count))


_CACHE: WeakKeyDictionary[Lab, tuple[tuple[Any, ...], Beliefs]] = WeakKeyDictionary()


def hidden_units(names: Names) -> tuple[tuple[int, int], ...]:
    """The layer and unit, from 0, of every unit of the dense layers before the last one."""
    return tuple(
        (i, unit)
        for i, layer in enumerate(names.layers[:-1])
        if layer.kind == "dense"
        for unit in range(layer.units)
    )


def beliefs(lab: Lab, unit: tuple[int, int] | None = None) -> Beliefs:
    """What the network on the bench says of every form; the same object until that may change.

    With a `unit`, one of its `hidden_units`, that unit is asked in place of the outputs.
    Raises LabError where the inputs are no pixels, or more than 12.
    """
    if not can_list(lab.experiment):
        raise LabError(
            _("only of pictures of at most {most} pixels can every form be listed").format(
                most=MOST_PIXELS
            )
        )
    key = (fingerprint(lab.network), lab.experiment.classes, unit)
    kept = _CACHE.get(lab)
    if kept is None or kept[0] != key:
        layout = Layout.of(lab.experiment.input.count)
        pictures = layout.pictures.reshape(-1, *lab.experiment.input_shape)
        found = (
            _ask(lab, layout, pictures)
            if unit is None
            else _ask_unit(lab.network, layout, pictures, *unit)
        )
        kept = _CACHE[lab] = (key, found)
    return kept[1]


def _ask(lab: Lab, layout: Layout, pictures: Array) -> Beliefs:
    with np.errstate(all="ignore"):
        outputs = np.asarray(lab.network.forward(pictures), np.float64).reshape(len(pictures), -1)
    names = _names(lab.experiment, lab.names.layers[-1].labels, outputs.shape[1])
    return Beliefs(layout, outputs, decide(outputs), sureness(outputs), names)


def _ask_unit(network: Network, layout: Layout, pictures: Array, layer: int, unit: int) -> Beliefs:
    with np.errstate(all="ignore"):
        traced = network.trace(pictures).layers[layer]
        outputs = np.asarray(traced.a, np.float64)[:, [unit]]
        sigmoid = traced.activation == "sigmoid"
        above = outputs[:, 0] - (0.5 if sigmoid else 0.0)
        far = np.where(np.isfinite(above), np.abs(above), 0.0)
        farthest = 0.5 if sigmoid else far.max()
    names = (_("below .5"), _("from .5")) if sigmoid else (_("up to 0"), _("above 0"))
    reading = (above >= 0) if sigmoid else (above > 0)
    return Beliefs(
        layout, outputs, reading.astype(np.intp), far / (farthest or 1.0), names, (layer, unit)
    )


# A test sample that is read right or wrong, and one that is trained on.
TEST_RIGHT, TEST_WRONG, RIGHT, WRONG = 1, 2, 3, 4


@dataclass(frozen=True, eq=False)
class Marks:
    """Which forms are samples of the data."""

    # (samples,): the form of each sample, training and then test samples; −1 where it has grey
    # pixels
    form: Whole
    count: int  # how many of them are trained on
    # (samples,): the class of each sample, from 0; None for regression, where none is read wrong
    wanted: Whole | None

    def samples_at(self, form: int) -> Whole:
        return np.flatnonzero(self.form == form)

    @cached_property
    def trained(self) -> Whole:
        forms = np.unique(self.form[: self.count])
        return forms[forms >= 0]

    @cached_property
    def left_out(self) -> int:
        """How many samples have grey pixels, so that they are none of the forms."""
        return int(np.sum(self.form < 0))

    def signs(self, beliefs: Beliefs) -> NDArray[np.int8]:
        """What each form is, (2ⁿ,): 0 where it is no sample, else one of the numbers above.

        Where several samples are the same picture, the highest of their numbers.
        """
        signs = np.zeros(beliefs.layout.count, np.int8)
        forms, wanted, trained = self._cases
        wrong = (wanted >= 0) & (beliefs.reading[forms] != wanted)
        np.maximum.at(signs, forms, (1 + wrong + 2 * trained).astype(np.int8))
        return signs

    @cached_property
    def _cases(self) -> tuple[Whole, Whole, Whole]:
        """Form, class (−1 for none) and whether it is trained on, of samples that differ in them.

        However many samples there are, these are few.
        """
        wanted = np.full(self.form.shape, -1) if self.wanted is None else self.wanted
        most = int(wanted.max(initial=0)) + 2
        trained = np.arange(len(self.form)) < self.count
        code = ((self.form * most + wanted + 1) * 2 + trained)[self.form >= 0]
        cases: Whole = np.unique(code)
        return cases // 2 // most, cases // 2 % most - 1, cases % 2


@lru_cache(maxsize=8)
def _marks(data: DataSet, pixels: int, classes: bool) -> Marks:
    inputs = np.concatenate([data.inputs.reshape(-1, pixels), data.test_inputs.reshape(-1, pixels)])
    plain = ((inputs == 0) | (inputs == 1)).all(axis=1)
    form = np.where(plain, numbers(inputs >= 0.5), -1)
    wanted = None
    if classes and len(form):
        wanted = decide(np.concatenate([data.targets, data.test_targets]))
    return Marks(form, data.count, wanted)


def marks(lab: Lab, *, classes: bool = True) -> Marks:
    """Which forms are samples of the data on the bench; the same object for the same data.

    Without `classes`, none is right or wrong.
    """
    experiment = lab.experiment
    classes = classes and bool(experiment.classes)
    return _marks(experiment.data, experiment.input.count, classes)
