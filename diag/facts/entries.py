"""The maps of a list in an object, each with its path."""

from collections.abc import Iterator

from diag.projection import JsonDict, Object
from diag.snapshot.cite import value_at


def entries(item: Object, path: str) -> Iterator[tuple[str, JsonDict]]:
    """Each map of the list at a path as (`path[index]`, map); nothing where there is no list."""
    found = value_at(item.whole, path)
    for index, entry in enumerate(found if isinstance(found, list) else ()):
        if isinstance(entry, dict):
            yield f"{path}[{index}]", entry


def text(value: object) -> str:
    """A text, empty where the value is none."""
    return value if isinstance(value, str) else ""
