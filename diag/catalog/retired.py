"""Ids that are no longer in use (`analyzers/RETIRED.toml`): never given again, and still understood by an ignore."""

import tomllib
from functools import cache
from importlib.resources import files


@cache
def successors() -> dict[str, str]:
    """Each retired id with the id that took its place, empty where none did."""
    found = tomllib.loads(files("diag.analyzers").joinpath("RETIRED.toml").read_text(encoding="utf-8"))
    return {str(old): str(new) for old, new in found.get("successors", {}).items()}


def formerly(rule: str) -> list[str]:
    """The retired ids that a rule took the place of, directly or in several steps."""
    found, todo = [], [rule]
    while todo:
        taken = todo.pop()
        older = [old for old, new in successors().items() if new == taken and old not in found]
        found += older
        todo += older
    return found
