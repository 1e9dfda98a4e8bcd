"""A panel has no key of its own where the lesson around it needs that key."""

import importlib
import pkgutil

from textual.binding import Binding

import nnsim.tui.panels
from nnsim.tui.panels.panel import Panel
from nnsim.tui.screens.lesson import LessonKeys


def keys(node):
    return {
        key
        for binding in node.__dict__.get("BINDINGS", [])
        if isinstance(binding, Binding)
        for key in binding.key.split(",")
    }


def panels():
    for module in pkgutil.walk_packages(nnsim.tui.panels.__path__, "nnsim.tui.panels."):
        importlib.import_module(module.name)
    found, more = set(), [Panel]
    while more:
        found.update(more)
        more = [kind for parent in more for kind in parent.__subclasses__()]
    return found


def test_no_panel_takes_a_key_of_the_lesson():
    of_the_lesson = keys(LessonKeys)
    assert "n" in of_the_lesson
    taken = {
        f"{kind.__name__} {base.__name__}": both
        for kind in panels()
        for base in kind.__mro__
        if (both := keys(base) & of_the_lesson)
    }
    assert taken == {}
