"""What a collector's paths mean. One module for each collector makes a `Tool`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from diag.snapshot.sources.part import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a file lists completely: `namespace` (None: the whole cluster), and the kind where the file may not say it.

    With `of_items` it is the namespace that the items have, because the path does not tell. Without `complete` the
    path only says the kind.
    """

    namespace: str | None = None
    kind: str = ""
    of_items: bool = False
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """Whose log a member is.

    - `namespace` is empty where the path does not tell, and the only pod of that name is meant.
    - `container` is empty where the pod has only one, or where a file holds several.
    - `run` is the restart count that the file's name carries.
    - `stamp` is when it was rotated away (empty: the newest piece).
    - `marked`: how the containers of one file are told apart: `sections`, or `prefixes` of each line; `section` is a
      file that is one section, which may hold an error in place of a log.
    - `stamped`: the kubelet's time stands before each line.
    """

    namespace: str
    pod: str
    container: str = ""
    previous: bool = False
    run: int | None = None
    stamp: str = ""
    marked: str = ""
    stamped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What a bundle's texts say about it."""

    captured_at: str | None = None
    server_version: str | None = None
    problems: tuple[Problem, ...] = ()


def _nothing(texts: Mapping[str, bytes]) -> Notes:  # noqa: ARG001  # as Tool.notes
    return Notes()


def _no_list(path: str) -> Scope | None:  # noqa: ARG001  # as Tool.scope
    return None


def _no_log(path: str) -> LogPlace | None:  # noqa: ARG001  # as Tool.log
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One collector. Paths are those below the bundle's root, which is the group `root` of a `sign`.

    - `sign`: what paths look like that only this collector writes.
    - `scope`: what a file of objects lists completely, None where nothing says so.
    - `log`: whose log a file is, None where it is none.
    - `texts`: small files that `notes` reads, by their whole names: they may lie above the root.
    - `told`: the objects (JSON) that such a text tells in words.
    - `ignores`: files with kinds that are no objects of the cluster.
    - `repeats`: a file that only repeats what another file holds: that file's path, else empty.
    """

    name: str
    sign: re.Pattern[str]
    scope: Callable[[str], Scope | None] = _no_list
    log: Callable[[str], LogPlace | None] = _no_log
    texts: re.Pattern[str] | None = None
    notes: Callable[[Mapping[str, bytes]], Notes] = _nothing
    told: Callable[[str, bytes], Sequence[bytes]] = field(default=lambda path, text: ())  # noqa: ARG005  # as above
    ignores: re.Pattern[str] | None = None
    repeats: Callable[[str], str] = field(default=lambda path: "")  # noqa: ARG005  # as above
