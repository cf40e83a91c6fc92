"""Where the module of an installed plug-in is."""

from __future__ import annotations

from importlib.machinery import PathFinder
from importlib.util import find_spec


def place_of(module: str) -> str:
    """Returns the file of a module.

    Nothing is run: `importlib.util.find_spec` alone would import the packages that it is in.

    Raises:
        ImportError: There is no such module, or it is no file.
        ValueError: What is imported by that name does not say where it is from.
    """
    first, *others = module.split(".")
    spec = find_spec(first)
    for name in others:
        folders = spec.submodule_search_locations if spec else None
        spec = PathFinder.find_spec(name, folders) if folders is not None else None
    if spec is None or not spec.has_location or spec.origin is None:
        raise ModuleNotFoundError(f"there is no module '{module}'")
    return spec.origin
