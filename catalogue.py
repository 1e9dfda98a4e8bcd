"""Bring the Chinese catalogue up to date: ``python catalogue.py`` (needs Babel, extra ``dev``).

Reads every message of ``nnsim/``, the titles and notes of ``assets/`` and the names of the gates,
puts new ones without a translation into ``nnsim.po``, takes out what is no longer said, compiles
``nnsim.mo``, and names what is still to be translated.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from nnsim.circuit import gates

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent
FOLDER = ROOT / "nnsim" / "locale" / "zh" / "LC_MESSAGES"
KEYWORDS = {"_": 1, "N_": 1, "ngettext": 2}  # with how many texts
HEADER = "# The Chinese of nnsim. Kept up to date by catalogue.py."


def said() -> Iterator[tuple[str | tuple[str, str], str]]:
    """Every message with the file that says it."""
    for path in sorted((ROOT / "nnsim").rglob("*.py")):
        # Babel's own extraction does not look into f-strings (on Python 3.11); ast does.
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
                count = KEYWORDS.get(node.func.id, 0)
                if count and len(texts) >= count:
                    message = texts[0] if count == 1 else (texts[0], texts[1])
                    yield message, path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "assets").rglob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        for key in ("title", "note"):
            if key in table:
                yield table[key], path.relative_to(ROOT).as_posix()
    for kind in vars(gates).values():
        if isinstance(kind, gates.Kind):
            yield kind.id, "nnsim/circuit/gates.py"


def main() -> int:
    """Update and compile the catalogue; the status is 1 if something is untranslated."""
    template = Catalog()
    for message, file in said():
        template.add(message, locations=[(file, None)])
    path = FOLDER / "nnsim.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale="zh", charset="utf-8")
    template.creation_date = catalogue.creation_date  # the file changes only where messages do
    catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    catalogue.header_comment = HEADER
    # Beside them first: whoever reads meanwhile must not find half of them.
    with path.with_suffix(".po.new").open("wb") as file:
        write_po(file, catalogue, width=100, sort_by_file=True, include_lineno=False)
    with path.with_suffix(".mo.new").open("wb") as file:
        write_mo(file, catalogue)
    path.with_suffix(".po.new").replace(path)
    path.with_suffix(".mo.new").replace(FOLDER / "nnsim.mo")
    missing = [
        message.id for message in catalogue if message.id and not "".join(message.string or "")
    ]
    for identifier in missing:
        print("to translate:", identifier, file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
