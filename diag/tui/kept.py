"""What the TUI keeps between its runs, for each thing that is looked at: screen, sorting, colours, what was seen."""

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from diag.whole_file import replace

MOST_SEEN = 10_000
T = TypeVar("T")


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

    def save(self, kept: Kept, was: Kept) -> None:
        """Keeps what has changed since it `was` loaded, where that can be written; the rest is another run's to say."""
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace(self.path, msgspec.json.encode(merged(was, kept, self.load())))

    def forget(self) -> None:
        """Keeps nothing any more."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def merged(was: Kept, mine: Kept, theirs: Kept) -> Kept:
    """What two runs keep that both began with what `was`: where both changed the same, mine, which ended later."""
    orders = {
        name: by
        for name in {*mine.sorted, *theirs.sorted}
        if (by := _either(was.sorted.get(name), mine.sorted.get(name), theirs.sorted.get(name))) is not None
    }
    before, now = set(was.seen), set(mine.seen)
    return Kept(
        screen=_either(was.screen, mine.screen, theirs.screen),
        theme=_either(was.theme, mine.theme, theirs.theme),
        sorted=orders,
        seen=sorted((set(theirs.seen) - (before - now)) | (now - before))[:MOST_SEEN],
    )


def _either(was: T, mine: T, theirs: T) -> T:
    return theirs if mine == was else mine


def sortings(tables: Mapping[str, tuple[int, bool] | None]) -> dict[str, tuple[int, bool]]:
    """Those of screens that are sorted."""
    return {name: by for name, by in tables.items() if by is not None}
