"""Where the picture's parts stand, where its wires end, where keys lead: no screen needed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from rich.cells import cell_len

from nnsim.lab.hiding import Selection
from nnsim.tui.ascii import to_ascii
from nnsim.tui.panels.network import Walk, inside, size_of
from nnsim.tui.panels.network.focus import FocusPicture
from nnsim.tui.panels.network.layout import BOX_HEIGHT, incoming, outgoing, strongest
from nnsim.tui.panels.network.overview import OverviewPicture

SHAPES = [
    ((12, 3, 2), (4, 3), ()),
    ((64, 32, 10), (8, 8), ()),
    ((2, 3, 2, 2), (2,), ()),
    ((3, 4, 4, 1), (3,), ()),
    ((2, 40, 40, 40, 3), (2,), ()),
    ((48, 5, 4, 3, 2), (4, 4, 3), ()),
    ((36, 18, 18, 4), (6, 6), (0, 1)),
    ((1, 1), (1,), ()),
]
SIZES = [(20, 6), (24, 9), (40, 16), (54, 22), (78, 23), (100, 12), (140, 50)]


def places(view):
    """Every place that can be selected, thinned in the large networks."""
    for layer in range(-1, len(view.layers)):
        count = size_of(view, layer)
        for unit in {0, count // 2, count - 1}:
            yield Selection(layer, unit)
            weight = view.layers[layer].weight if layer >= 0 else None
            if weight is not None:
                yield from (Selection(layer, unit, s) for s in {0, len(weight) - 1})


def pictures(view, size, make):
    for place in places(view):
        walk = Walk()
        walk.note(place)
        yield place, make(view, place, walk.focus(view, place), dict(walk.units), size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape[0])))
def test_columns_and_units_stand_apart_and_what_is_selected_is_in_sight(make_view, shape, size):
    view = make_view(shape[0], shape[1], without_weights=shape[2])
    for place, picture in pictures(view, size, FocusPicture.make):
        layout = picture.layout
        ends = [0]
        for column in layout.columns:
            assert column.x >= ends[-1]
            ends.append(column.x + column.width)
            rows = [layout.top]
            for item in column.items:
                assert item.top >= rows[-1]
                rows.append(item.top + item.height)
            assert rows[-1] + (column.below > 0) <= layout.bottom
            if column.kind in ("inputs", "units"):
                count = column.above + len(column.items) + column.below
                assert count == size_of(view, column.layer)
        assert ends[-1] <= size[0]
        selected = layout.column(place.layer)
        assert selected is not None
        assert selected.item(place.unit) is not None
        if place.source is not None:
            before = layout.column(place.layer - 1)
            assert before is not None
            assert before.item(place.source) is not None


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape[0])))
@pytest.mark.parametrize("make", [FocusPicture.make, OverviewPicture.make])
def test_every_line_is_exactly_as_wide_as_the_widget(make_view, shape, size, make):
    view = make_view(shape[0], shape[1], without_weights=shape[2])
    for _place, picture in pictures(view, size, make):
        for y in range(size[1]):
            assert cell_len("".join(piece.text for piece in picture.line(y).pieces())) == size[0]


def test_every_size_from_20x6_to_140x50(digit):
    for width, height in itertools.product(range(20, 141, 3), range(6, 51)):
        for make in (FocusPicture.make, OverviewPicture.make):
            picture = make(digit, Selection(0, 1), (0, 1), {}, (width, height))
            y = height // 2
            assert cell_len("".join(piece.text for piece in picture.line(y).pieces())) == width


@pytest.mark.parametrize("size", SIZES)
def test_what_the_overview_shows_does_not_overlap(make_view, size):
    for sizes, shape, bare in SHAPES:
        view = make_view(sizes, shape, without_weights=bare)
        picture = OverviewPicture.make(view, Selection(0, 0), (0, 0), {}, size)
        taken = np.zeros((size[1] + 1, size[0]), dtype=int)
        areas = [area for _, area in picture.images.tiles] if picture.images else []
        areas += [area for *_, area in picture.bars.entries] if picture.bars else []
        for area in areas:
            assert area.x + area.width <= size[0]
            taken[area.y : area.y + area.height, area.x : area.x + area.width] += 1
        if picture.network:
            (x, y), (width, height) = picture.network_at, picture.network.size
            taken[y : y + height, x : x + width] += 1
            assert y + height <= size[1]
        assert taken.max(initial=0) <= 1
        assert not taken[size[1]].any()


@pytest.mark.parametrize("size", [(40, 16), (54, 22), (100, 34)])
@pytest.mark.parametrize("unit", [0, 1, 2])
def test_no_two_wires_end_at_one_dot_row(digit, unit, size):
    picture = FocusPicture.make(digit, Selection(0, unit), (0, unit), {}, size)
    item = picture.layout.column(0).item(unit)
    weight = np.where(digit.layers[0].weight < 0, -1.0, 1.0)
    wires = incoming(picture.layout, weight, 0, unit)
    ends = [wire.end[1] for wire in wires]
    assert len(wires) == 12
    assert len(set(ends)) == 12
    assert ends == sorted(ends)
    assert all(item.top * 4 <= y < (item.top + BOX_HEIGHT) * 4 for y in ends)
    assert len({wire.start[1] for wire in wires}) == 12


def test_with_more_sources_than_ports_the_strongest_and_the_chosen_have_wires(make_view):
    view = make_view((64, 8, 10), (8, 8))
    size = np.abs(view.layers[0].weight[:, 2])
    picture = FocusPicture.make(view, Selection(0, 2), (0, 2), {}, (80, 40))
    seen = [item.index for item in picture.layout.column(-1).items]
    weakest = min(seen, key=lambda i: size[i])
    wires = incoming(picture.layout, view.layers[0].weight, 0, 2, weakest)
    expected = set(sorted(seen, key=lambda i: -size[i])[:11]) | {weakest}
    assert {wire.source for wire in wires} == expected
    assert len({wire.end[1] for wire in wires}) == 12


def test_wires_tell_the_sign_and_the_size(digit):
    picture = FocusPicture.make(digit, Selection(0, 1), (0, 1), {}, (80, 22))
    weight = digit.layers[0].weight
    for wire in incoming(picture.layout, weight, 0, 1):
        value = weight[wire.source, 1]
        assert wire.negative == (value < 0)
        assert wire.share == pytest.approx(abs(value) / np.abs(weight).max())
        assert wire.style.startswith("negative" if value < 0 else "positive")


def test_a_weight_of_zero_has_no_wire_and_bad_weights_are_drawn(digit):
    picture = FocusPicture.make(digit, Selection(0, 1), (0, 1), {}, (80, 22))
    weight = np.zeros((12, 3))
    assert incoming(picture.layout, weight, 0, 1) == []
    weight[3, 1], weight[4, 1], weight[5, 1] = np.nan, np.inf, 2.0
    assert [wire.source for wire in incoming(picture.layout, weight, 0, 1)] == [3, 4, 5]


def test_outgoing_wires_are_few_and_faint_and_the_overview_keeps_the_strong_ones(digit):
    picture = FocusPicture.make(digit, Selection(0, 1), (0, 1), {}, (100, 30))
    wires = outgoing(picture.layout, digit.layers[1].weight, 1, 1)
    assert [(wire.source, wire.target) for wire in wires] == [(1, 0), (1, 1)]
    assert all(wire.faint for wire in wires)
    weight = digit.layers[0].weight
    strong = strongest(picture.layout, weight, 0, 5, 0.1)
    largest = np.argsort(-np.abs(weight), axis=None)[:5]
    assert {(w.source, w.target) for w in strong} == {(int(i) // 3, int(i) % 3) for i in largest}


@pytest.mark.parametrize("make", [FocusPicture.make, OverviewPicture.make])
@pytest.mark.parametrize("size", [(40, 16), (54, 22), (120, 34)])
def test_a_place_that_is_hit_is_one_that_is_drawn(digit, make, size):
    picture = make(digit, Selection(0, 1), (0, 1), {}, size)
    pieces = [piece for y in range(size[1]) for piece in picture.line(y).pieces()]
    hits = {Selection(*piece.of) for piece in pieces if piece.of is not None}
    assert {place for place in hits if place.source is None} >= {
        *(Selection(0, i) for i in range(3)),
        *(Selection(1, i) for i in range(2)),
    }
    assert all(inside(digit, place) == place for place in hits)
    assert {p.source for p in hits if (p.layer, p.unit) == (0, 1)} >= set(range(12))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape[0])))
def test_keys_reach_every_unit_and_every_weight_of_the_unit_in_focus(make_view, shape):
    view = make_view(shape[0], shape[1], without_weights=shape[2])
    walk, place = Walk(), Selection(len(view.layers) - 1, 0)
    walk.note(place)
    reached = set()
    for _ in range(2 * len(view.layers) + 2):
        for step in ("home", *["down"] * 64):
            place = walk.move(view, place, step)
            walk.note(place)
            reached.add(place)
        place = walk.move(view, place, "left")
        walk.note(place)
    for layer in range(-1, len(view.layers)):
        for unit in range(size_of(view, layer)):
            assert Selection(layer, unit) in reached
    for layer, at in enumerate(view.layers):
        sources = {p.source for p in reached if p.layer == layer and p.source is not None}
        assert sources == (set() if at.weight is None else set(range(len(at.weight))))


def test_right_goes_back_where_left_came_from(digit):
    walk, start = Walk(), Selection(1, 1)
    walk.note(start)
    there = [start]
    for _ in range(4):
        there.append(walk.move(digit, there[-1], "left"))
        walk.note(there[-1])
    assert [place.layer for place in there] == [1, 1, 0, 0, -1]
    place = there[-1]
    for expected in reversed(there[:-1]):
        place = walk.move(digit, place, "right")
        walk.note(place)
        assert place == expected


def test_a_walk_ends_at_the_edges_and_a_selection_is_moved_inside(digit):
    walk = Walk()
    assert walk.move(digit, Selection(-1, 3), "left") == Selection(-1, 3)
    assert walk.move(digit, Selection(1, 1), "right") == Selection(1, 1)
    assert walk.move(digit, Selection(0, 0), "up") == Selection(0, 0)
    assert walk.move(digit, Selection(0, 1, 5), "end") == Selection(0, 1, 11)
    assert inside(digit, Selection(7, 9, 3)) == Selection(1, 1)
    assert inside(digit, Selection(0, 1, 99)) == Selection(0, 1, 11)


@pytest.mark.parametrize("make", [FocusPicture.make, OverviewPicture.make])
def test_every_character_has_an_ascii_one(make_view, make):
    for sizes, shape, bare in SHAPES:
        view = make_view(sizes, shape, without_weights=bare)
        for place, picture in pictures(view, (54, 22), make):
            text = "".join(piece.text for y in range(22) for piece in picture.line(y).pieces())
            assert to_ascii(text).isascii(), place
