"""The layouts that a path may have beyond a plain file, most particular first.

This is where a bundle (must-gather, an archive) registers: a recogniser that looks at names and first bytes only, and
a reader that returns one part per file.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from diag.snapshot.sources.budget import Budget
from diag.snapshot.sources.bundles.bundle import is_bundle, read_bundle
from diag.snapshot.sources.folder import read_folder
from diag.snapshot.sources.part import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One layout: how it is told, and how it is read (path, the cluster's name if given, what may still be read)."""

    name: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, str | None, Budget], list[Part]]


LAYOUTS: tuple[Layout, ...] = (
    Layout(name="bundle", recognises=is_bundle, read=read_bundle),
    Layout(name="folder", recognises=os.path.isdir, read=read_folder),
)
