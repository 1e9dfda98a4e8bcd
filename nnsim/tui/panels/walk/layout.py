"""A `Page` laid out in the room there is: below one another, or table and results side by side."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.cells import cell_len

from nnsim.tui.draw.lines import in_sight
from nnsim.tui.draw.numbers import precise, short
from nnsim.tui.draw.text import cut, right, wrap_cells
from nnsim.tui.panels.walk import pictures
from nnsim.tui.panels.walk.pages import Numbers, Page, Result
from nnsim.tui.panels.walk.pictures import Pieces

SIDE_BY_SIDE = 72
LEAST_TABLE = 4
HERE, HIDDEN, TO_COME = "▸", "?", "·"
NUMBER = 10


@dataclass(frozen=True)
class Cursor:
    """Where the person is: a row among the page's stops, a column, and the table's first row."""

    row: int = 0
    column: int = 0
    top: int = 0
    seen: bool = True


@dataclass
class Layout:
    """The lines of a panel, and the rows of the table in sight.

    What can be chosen on a line stands for its stop: its place among those of the page.
    """

    rows: list[Pieces] = field(default_factory=list)
    top: int = 0
    page_rows: int = 1
    in_sight: str | None = None


def lay_out(page: Page, width: int, height: int, cursor: Cursor) -> Layout:
    """Put a page together for so many cells."""
    if width < 4 or height < 1:
        return Layout()
    made = Layout()
    if width >= SIDE_BY_SIDE and page.table is not None:
        _side_by_side(made, page, width, height, cursor)
    else:
        _stacked(made, page, width, height, cursor)
    del made.rows[height:]
    return made


def _stacked(made: Layout, page: Page, width: int, height: int, cursor: Cursor) -> None:
    made.rows += head(page, width, 3 if height >= 12 else 2)
    room = height - len(made.rows)
    if page.calls:
        made.rows += pictures.call_rows(page.calls, page.now, width, room, page.secrets)
        return
    table = page.table
    wanted = 0 if table is None else len(table.labels) + 1
    least = min(wanted, LEAST_TABLE)
    below = _below_height(page, room, wanted, least)
    if table is not None:
        _put_table(made, page, table, width, room - below, cursor)
    if below > 0:
        made.rows += _results_and_picture(page, width, below, cursor)


def _below_height(page: Page, room: int, wanted: int, least: int) -> int:
    """How many lines the results and the picture get."""
    count = len(page.results)
    picture = 0
    if page.point is not None:
        picture = 7 if wanted == 0 or room - wanted >= 7 else 6
    elif page.image is not None:
        picture = len(page.image.image) + 1
        picture = min(picture, max(6, room - wanted))
    need = max(count, picture)
    return max(0, min(need, room - least))


def _side_by_side(made: Layout, page: Page, width: int, height: int, cursor: Cursor) -> None:
    table = page.table
    assert table is not None
    natural = 1 + _label_width(table, width) + NUMBER * (len(table.columns) - 1)
    left = min(natural + 1, width - 34)
    _put_table(made, page, table, left, height, cursor)
    room = width - left - 2
    beside = head(page, room, 5)
    beside += _results_and_picture(page, room, height - len(beside), cursor)
    for y in range(max(len(made.rows), len(beside))):
        row = made.rows[y] if y < len(made.rows) else [(" " * left, "")]
        tail = beside[y] if y < len(beside) else []
        gap = left - _width(row) + 2
        whole = [*row, (" " * gap, ""), *tail]
        if y < len(made.rows):
            made.rows[y] = whole
        else:
            made.rows.append(whole)


def place(page: Page) -> Pieces:
    """Where the walk stands, and how fast it plays while it does."""
    return [(page.place, "header"), (f"  {page.pace}" if page.pace else "", "here")]


def _width(row: Pieces) -> int:
    return sum(cell_len(piece[0]) for piece in row)


def _owned(row: Pieces, stop: int, width: int) -> Pieces:
    """A row that stands for a stop of the page, up to `width` cells."""
    row = [*row, (" " * max(0, width - _width(row)), "")]
    return [(text, style, stop) for text, style in row if text]


def head(page: Page, width: int, most: int) -> list[Pieces]:
    """Where the walk stands, what happens, the gate's role, and what to press."""
    rows: list[Pieces] = [place(page)] if page.place else []
    rows += [[(line, "strong")] for line in wrap_cells(page.sentence, width, most)]
    rows += [[(line, "dim")] for line in wrap_cells(page.role, width, 2)]
    rows += [[(line, "dim")] for line in wrap_cells(page.hint, width, 6)]
    return rows


def _label_width(table: Numbers, width: int) -> int:
    sample = [*table.labels[:30], *table.labels[-10:]]  # there may be 100,000
    longest = max((cell_len(label) for label in sample), default=1)
    return min(max(longest, cell_len(table.columns[0]), 2), max(4, width // 3))


def _put_table(
    made: Layout, page: Page, table: Numbers, width: int, height: int, cursor: Cursor
) -> None:
    if height < 2:
        return
    count = len(table.labels)
    visible = min(height - 1, count)
    made.top = _scrolled(cursor, table, visible)
    made.page_rows = max(1, visible - 1)
    made.in_sight = in_sight(made.top, visible, count)
    labels = _label_width(table, width)
    numbers = len(table.columns) - 1
    column = max(6, min(NUMBER, (width - 1 - labels) // max(1, numbers)))
    heads = "".join(
        " " + right(cut(name, column - 1).rstrip(), column - 1) for name in table.columns[1:]
    )
    made.rows.append([(f" {cut(table.columns[0], labels)}{heads}", "header")])
    for i in range(made.top, made.top + visible):
        row = _table_row(page, table, i, labels, column, cursor)
        made.rows.append(_owned(row, i, width))


def _scrolled(cursor: Cursor, table: Numbers, visible: int) -> int:
    """The first row in sight: moved no further than the row in question asks for."""
    count = len(table.labels)
    follow = cursor.row if cursor.row < count else table.current
    top = min(max(0, cursor.top), count - visible)
    if follow is None:
        return top
    if follow < top:
        return follow
    return max(top, follow - visible + 1)


def _table_row(
    page: Page, table: Numbers, i: int, labels: int, column: int, cursor: Cursor
) -> Pieces:
    here, reached = i == table.current, table.reaches(i)
    name = cut(table.labels[i], labels)
    row: Pieces = [(HERE if here else " ", "here"), (name, "here" if here else "dim")]
    for c, value in enumerate(table.values[i]):
        under = cursor.seen and cursor.row == i and cursor.column == c
        address = table.addresses(i, c) if page.hidden or not reached else None
        if page.hidden and page.hides(address, float(value), whole=table.columns[c + 1] == "Σ"):
            text, style = right(HIDDEN, column - 1), "asked"
        elif not reached and (address is None or c > 1):
            text, style = right(TO_COME, column - 1), "dim"
        else:
            text = (precise if page.fine else short)(float(value), column - 1)
            style = _value_style(table, c, float(value), here, reached)
        if under or style == "asked":
            row += [(" ", ""), (text, "cursor" if under else style)]
        elif row[-1][1] == style:  # the fewer pieces, the faster they are drawn
            row[-1] = (f"{row[-1][0]} {text}", style)
        else:
            row.append((f" {text}", style))
    return row


def _value_style(table: Numbers, c: int, value: float, here: bool, reached: bool) -> str:
    if here:
        return "strong"
    if not reached or value == 0:
        return "dim"
    if table.columns[c + 1][:1] in "wδ∂":
        return "negative" if value < 0 else "positive"
    return ""


def _results_and_picture(page: Page, width: int, height: int, cursor: Cursor) -> list[Pieces]:
    """The results with the picture to their right; without room for both, the results."""
    labels = min(max((cell_len(line.label) for line in page.results), default=0), width - 13)
    taken = labels + NUMBER + 4 if page.results else 0
    picture = _picture(page, width - taken, height) if height > 0 else []
    if picture and not page.results:
        return picture
    rows: list[Pieces] = []
    if not picture and len(page.results) > height > 0:
        return _packed(page, width, height)
    stacked = not picture and page.point is not None and height - len(page.results) >= 4
    for i, line in enumerate(page.results[: max(0, height)]):
        row = _result(page, line, labels, i, cursor)
        rows.append(_owned(row, page.table_rows + i, _width(row) if picture else width))
    if stacked:
        return rows + _picture(page, width, height - len(rows))
    for y, tail in enumerate(picture):
        if y >= len(rows):
            rows.append([(" " * taken, "")])
        else:
            gap = taken - _width(rows[y])
            rows[y].append((" " * gap, ""))
        rows[y] += tail
    return rows


def _picture(page: Page, width: int, height: int) -> list[Pieces]:
    fits = width >= pictures.LEAST_WIDTH and height >= pictures.LEAST_HEIGHT
    if page.point is not None and fits:
        return pictures.curve_rows(page.point, width, height)
    image = page.image
    if image is not None and page.point is None and width >= 9 and height >= 4:
        return image.lines(width, height)
    return []


def _shown(page: Page, line: Result) -> tuple[str, str]:
    if page.hides(line.address, line.value, whole=True):
        return HIDDEN, "asked"
    if line.value is None:
        return TO_COME, "dim"
    return precise(float(line.value), NUMBER), "strong" if line.current else ""


def _result(page: Page, line: Result, labels: int, i: int, cursor: Cursor) -> Pieces:
    text, style = _shown(page, line)
    if cursor.seen and cursor.row == page.table_rows + i and line.address is not None:
        style = "cursor"
    mark = HERE if line.current else " "
    name = cut(line.label, labels)
    return [(mark, "here"), (name, "strong" if line.current else "dim"), (" ", ""),
            (right(text, NUMBER), style)]  # fmt: skip


def _packed(page: Page, width: int, height: int) -> list[Pieces]:
    """The results in as few lines as there are, several to a line."""
    pieces: list[Pieces] = []
    for line in page.results:
        text, style = _shown(page, line)
        mark = HERE if line.current else " "
        pieces.append([(mark, "here"), (f"{line.label} ", "dim"), (text.strip(), style)])
    rows: list[Pieces] = [[]]
    for piece in pieces:
        size = _width(piece) + 2
        if rows[-1] and _width(rows[-1]) + size > width:
            rows.append([])
        rows[-1] += [*piece, ("  ", "")]
    return rows[:height]
