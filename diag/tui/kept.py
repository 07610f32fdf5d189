"""What the TUI keeps between its runs, for each thing that is looked at: screen, sorting, colours, what was seen."""

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from diag.whole_file import replace

MOST_SEEN = 10_000


class Kept(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`sorted` holds the column and the direction of the first list of screens, `seen` fingerprints of causes."""

    screen: str = ""
    theme: str = ""
    sorted: dict[str, tuple[int, bool]] = {}  # msgspec copies it
    seen: list[str] = []


class Memory:
    """A file for one thing that is looked at, named after it. Where it cannot be read, nothing was kept."""

    def __init__(self, name: str, folder: Path) -> None:
        self.path = folder / f"tui-{hashlib.sha256(name.encode()).hexdigest()[:12]}.json"

    def load(self) -> Kept:
        """What is kept."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Kept)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return Kept()

    def save(self, kept: Kept) -> None:
        """Keeps it, where that can be written."""
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace(self.path, msgspec.json.encode(kept))

    def forget(self) -> None:
        """Keeps nothing any more."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def sortings(tables: Mapping[str, tuple[int, bool] | None]) -> dict[str, tuple[int, bool]]:
    """Those of screens that are sorted."""
    return {name: by for name, by in tables.items() if by is not None}
