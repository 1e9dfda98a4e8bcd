"""Kinds of layers: what explanations and walks have to know of each, one file for each family.

A kind that has no class here is refused: a rule taken from another kind would be shown as a fact.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.explain.explanation import Source
    from nnsim.lab.kinds.kind import Kind

__all__ = ["kind_of"]


def kind_of(source: Source, layer: int) -> Kind:
    """Return a layer as its kind has it.

    Raises
    ------
    LabError
        For a kind that nothing is known of.
    """
    name = source.layer(layer).kind
    try:
        found = _kinds()[name]
    except KeyError:
        raise LabError(
            _('there are no explanations of layers of the kind "{kind}"').format(kind=name)
        ) from None
    return found(source, layer)


@cache
def _kinds() -> dict[str, type[Kind]]:
    """Every kind by its name; a module of this package is all that a new one takes."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    from nnsim.lab.kinds.kind import KINDS

    return KINDS
