"""The captures that files hold, for the TUI: which there are, which is looked at, and the last ones that were read."""

import shlex
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from diag.cli.bounds import limits
from diag.cli.flags import Flags
from diag.snapshot.sources.moments import Moment, moments, several_archives
from diag.snapshot.sources.part import Limits
from diag.tui.source import Seen

_KEPT = 2  # looks at captures: the one that is shown, and the one that it is compared with
Say = Callable[[str], None]


class StoredCaptures:
    """Those of the paths in `--from`. What is not asked for is not diagnosed; `look` is how one look is made."""

    def __init__(self, flags: Flags, look: Callable[[Flags, Say], Seen]) -> None:
        self._given, self._look = flags, look
        self._moments: list[Moment] | None = None
        self._at = 0
        self._turned = False
        self._kept: dict[int, Seen] = {}
        self._reading = threading.Lock()

    @property
    def flags(self) -> Flags:
        """The flags that look at what is shown."""
        return self._flags(self._at) if self._turned and self._moments else self._given

    def look(self, flags: Flags, say: Say) -> Seen:
        """The first look, or one more, from the files as they are now and the choices of `flags`.

        Files of one cluster from several moments would be mixed: then it is the newest of them.
        """
        with self._reading:
            self._given, self._moments, self._kept = flags, None, {}
            if self._turned or several_archives(flags.from_):
                self._list(say)
                if self._moments:
                    return self._read(self._at, say)
            return self._look(flags, say)

    def times(self, say: Say) -> tuple[Sequence[str], int]:
        """From when they are, and the place of the one that is looked at."""
        with self._reading:
            found = self._list(say)
            return [each.at for each in found], self._at

    def read(self, at: int, say: Say, *, turn: bool) -> Seen:
        """A look at one of them."""
        with self._reading:
            found = self._read(at, say)
            if turn:
                self._at, self._turned = at, True
            return found

    def _list(self, say: Say) -> list[Moment]:
        if self._moments is None:
            say("counting captures")
            found, at = moments(self._given.from_, limits(self._given) or Limits())
            self._moments = found
            self._at = min(self._at, len(found) - 1) if self._turned and found else at
        return self._moments

    def _flags(self, at: int) -> Flags:
        chosen = (self._moments or [])[at].sources
        return replace(self._given, from_=chosen, again=_again(self._given.again, chosen))

    def _read(self, at: int, say: Say) -> Seen:
        if at not in self._kept:
            flags = self._flags(at)
            self._kept[at] = replace(self._look(flags, say), capture=at, again=flags.again)
            while len(self._kept) > _KEPT:
                del self._kept[next(one for one in self._kept if one not in (at, self._at))]
        return self._kept[at]


def _again(flags: str, chosen: Sequence[str]) -> str:
    """Typed flags with other sources in the place of theirs."""
    words = shlex.split(flags)
    kept = [word for at, word in enumerate(words) if "--from" not in (word, words[at - 1] if at else "")]
    return shlex.join([*(word for each in chosen for word in ("--from", each)), *kept])
