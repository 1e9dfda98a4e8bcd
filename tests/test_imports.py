"""Modules that import one another can't be read, or changed, one at a time."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nnsim

ROOT = Path(nnsim.__file__).parent
MOST = 3


def modules() -> dict[str, Path]:
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = ("nnsim", *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """What is imported when a module is, also where only types are checked."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.If | ast.Try):
            yield from imports([*node.body, *node.orelse])


def graph() -> dict[str, set[str]]:
    known = modules()
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        said = imports(ast.parse(path.read_text(encoding="utf-8")).body)
        asked = {f"{of}.{what}" if f"{of}.{what}" in known else of for of, what in said}
        found[name] = asked & known.keys() - {name}
    return found


def circles(edges: dict[str, set[str]]) -> list[set[str]]:
    """The strongly connected components of more than one node (Tarjan's)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in edges[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            found.append(set(stack[at:]))
            del stack[at:]

    for node in edges:
        if node not in index:
            visit(node)
    return [circle for circle in found if len(circle) > 1]


def test_no_circle_of_imports_has_more_than_three_files():
    assert [sorted(circle) for circle in circles(graph()) if len(circle) > MOST] == []


def test_circles_are_found():
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"f"}, "f": {"e", "a"}}
    assert sorted(map(sorted, circles(edges))) == [["a", "b", "c"], ["e", "f"]]


def test_home_needs_no_numpy():
    """It is the first picture; NumPy takes longer to import than Home to draw."""
    code = "import sys, nnsim.tui.app; print('numpy' in sys.modules, 'nnsim.lab' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
