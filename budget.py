"""Holds the size of `nnsim/` to the budget of pyproject.toml, and names base classes of one class.

A number there goes up only by a commit that says what came in for it.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent


def single_bases(trees: list[ast.Module]) -> list[str]:
    """Return the classes of the package that exactly one class of it is derived from."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    defined = {node.name for node in classes}
    bases: Counter[str] = Counter()
    for node in classes:
        for base in node.bases:
            named = base.value if isinstance(base, ast.Subscript) else base
            bases[named.attr if isinstance(named, ast.Attribute) else ast.unparse(named)] += 1
    return sorted(name for name, count in bases.items() if count == 1 and name in defined)


def main() -> int:
    """Print how large the house is; 1 where that is more than the budget."""
    budget = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["nnsim"]["budget"]
    texts = [path.read_text("utf-8") for path in sorted((ROOT / "nnsim").rglob("*.py"))]
    single = single_bases([ast.parse(text) for text in texts])
    found = {
        "lines": sum(len(text.splitlines()) for text in texts),
        "files": len(texts),
        "single_bases": len(single),
    }
    print(", ".join(f"{name}: {found[name]} of {budget[name]}" for name in found))
    over = [name for name in found if found[name] > budget[name]]
    if "single_bases" in over:
        print("base classes of one class: " + ", ".join(single), file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
