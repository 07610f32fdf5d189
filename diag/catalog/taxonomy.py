"""The names of causes, states and symptoms (stable): `causes.csv` beside this module."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One name of the taxonomy. `root_kind` is the kind of the object that a person would change."""

    name: str
    role: str  # cause, state or symptom
    family: str
    root_kind: str
    meaning: str
    also: tuple[str, ...]


@cache
def taxonomy() -> dict[str, Cause]:
    """All names, synonyms included: a synonym leads to the row that it stands for."""
    text = files("diag.catalog").joinpath("causes.csv").read_text(encoding="utf-8")
    found: dict[str, Cause] = {}
    for row in csv.DictReader(text.splitlines()):
        cause = Cause(
            name=row["name"], role=row["role"], family=row["family"], root_kind=row["root_kind"],
            meaning=row["meaning"], also=tuple(row["also"].split()),
        )  # fmt: skip
        found[cause.name] = cause
    synonyms = {also: cause for cause in found.values() for also in cause.also}
    return {**synonyms, **found}
