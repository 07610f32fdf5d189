"""Where objects come from: one module per form or layout of a dump. `read` takes what `--from` takes."""

from diag.snapshot.sources.part import Limits, Listed, LogKey, LogStore, LogText, Part, Problem, Slice
from diag.snapshot.sources.source import read

__all__ = ["Limits", "Listed", "LogKey", "LogStore", "LogText", "Part", "Problem", "Slice", "read"]
