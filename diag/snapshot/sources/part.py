"""What reading a path gives: raw objects, logs, and what could not be read.

Nothing is decoded here beyond what tells one object from the next; the snapshot decodes each slice on its own, so that
one bad object is one gap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import msgspec

RAISE = "raise the limit with --max-bytes"  # what to do about logs that are there and are not read


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one source may hold before it is refused: sizes are bytes after decompression, depth is YAML nesting.

    `ratio` is how many times its size a bundle may expand to (beyond the first GiB), `path` the length of a member's
    name. A log that is longer than `log_bytes` is not refused: its end is read.

    JSON nesting needs no limit of its own: the decoder stops at the interpreter's recursion limit.
    """

    bytes: int = 2 * 1024**3
    objects: int = 2_000_000
    files: int = 200_000
    depth: int = 250
    ratio: int = 250
    path: int = 1024
    log_bytes: int = 2 * 1024**2


ProblemWhy = Literal["unreadable", "truncated", "error", "forbidden", "not-collected", "not-read", "timeout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that could not be read or used; the snapshot makes a gap of it.

    `kinds` (`Pod`, `apps/Deployment`) are those of which it hides objects, in `namespace` or everywhere; the gap then
    names the rules that read them. Without kinds, nobody knows what was there. `pods` ("namespace/name") are all those
    whose logs are meant, where `what` names the first.
    """

    what: str
    why: ProblemWhy
    detail: str
    fix: str
    kinds: tuple[str, ...] = ()
    namespace: str = ""
    pods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An object that was there and cannot be read, as far as it is known what it was.

    `kind` (`Pod`, `apps/Deployment`) and `name` are empty and `namespace` is None where nobody knows; without a kind it
    may have been several objects. While it may be of a kind, nothing of that kind is known to be absent.
    """

    kind: str = ""
    namespace: str | None = None
    name: str = ""

    def may_be(self, kind: str, namespace: str, name: str = "") -> bool:
        """Whether it may be an object of a kind, in a namespace ("": in any), of a name ("": of any)."""
        return (
            (not self.kind or not kind or self.kind == kind)
            and (not namespace or self.namespace in (None, namespace))
            and (not name or self.name in ("", name))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogText:
    """The log of one container; `pod` is "namespace/name", `previous` the run before the last restart."""

    pod: str
    container: str
    previous: bool
    text: str


KUBECTL = "kubectl"
LogKey = tuple[str, str, bool]  # "namespace/pod", container, previous


class LogStore(Protocol):
    """Logs that are read only when a rule asks for them: the files of a bundle, or a living cluster."""

    def offers(self, key: LogKey) -> bool:
        """Whether the log may be there."""

    def named(self, start: str) -> list[LogKey]:
        """The logs that are there of pods whose "namespace/name" begins so, as far as it is known without asking."""

    def fetch(self, keys: Sequence[LogKey]) -> Iterator[LogText | Problem]:
        """The logs that are there, in one pass, and what went wrong with others; raises nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A kind (`Pod`, `apps/Deployment`) of which the source holds every object: of these namespaces, None for all."""

    kind: str
    namespaces: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A kind that was asked for, and the namespaces of which it was given: None for all, none where it was refused."""

    kind: str
    namespaces: tuple[str, ...] | None = None


BOOT, ONLY_METRIC, OFFERS = "boot", "pod", ("allocatable", "capacity")  # `Reading.what`


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One thing that a file beside the objects tells of a node's device.

    `source` is the tool (`kernel-log`, `nvidia-smi`, `dcgmi`, `prometheus`, `gpud`, `nvsentinel`); `node` what the file
    calls it, empty where it does not; `instance` then the address and port that a metric was read from. `device` is a
    PCI address, UUID or index. `what` is `xid`, `sxid`, `off-bus`, `row-remap-pending`, `row-remap-failure`,
    `ecc-uncorrected`, `thermal-slowdown` or `message`, with its `value` as written, or `condition`: one of the node's,
    as `Type=Status`, or `boot`: what older files of that log say is over. `allocatable` and `capacity` are a
    node's count of the resource that is `device`, as a metric's label has it (`nvidia_com_gpu`); `pod` is how `pod`
    ("namespace/name") is: its phase, why it waits, or `unschedulable`. `text` is line `line` of `file`.
    """

    source: str
    node: str
    device: str
    what: str
    value: str
    file: str
    line: int
    text: str
    instance: str = ""
    pod: str = ""


class Slice(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The JSON of one object, as it stands in the file's buffer.

    `api_version` and `kind` are what the enclosing typed list says (`PodList`: "v1" and "Pod"), because its items need
    not repeat it; both are None elsewhere. Where the object has its own, that holds.
    """

    raw: msgspec.Raw
    api_version: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one file gave.

    `name` is the cluster's name as the user gave it (`NAME=PATH`), `cluster` what the source itself calls it.
    `listed` says which kinds it claims to hold completely, also those without an object; a plain file claims
    nothing. `assumed` says of which kinds it holds some objects, where that is not all kinds × all namespaces of
    its items. `store` offers logs beside those in `logs`, `offered` of them; `logged` are pods of which it surely
    has one with text. `lost` are objects that could not be read and that no claim of `listed` counts. `permissions`
    tells what the collecting identity could list, None where nobody says so; `redaction_key` is the id of the key
    of its pseudonyms, None where names are clear. `unserved` are kinds that were asked for and whose API group the
    cluster does not serve. `side` is what a file beside the objects tells. `layout` is what
    the source was recognised as; `secrets` whether there were Secrets, which are never kept; of an archive,
    `captures` says how many it holds. `kubectl` is how commands begin that ask the same cluster.
    """

    path: str
    name: str | None = None
    cluster: str | None = None
    items: list[Slice] = field(default_factory=list)
    logs: list[LogText] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lost: tuple[Lost, ...] = ()
    captured_at: str | None = None
    server_version: str | None = None
    permissions: tuple[Permission, ...] | None = None
    redaction_key: str | None = None
    unserved: tuple[str, ...] = ()
    listed: tuple[Listed, ...] = ()
    assumed: tuple[Listed, ...] | None = None
    store: LogStore | None = None
    offered: int = 0
    logged: frozenset[str] = frozenset()
    side: tuple[Reading, ...] = ()
    secrets: bool = False
    layout: str = "plain file"
    captures: int = 0
    kubectl: str = KUBECTL


def without(part: Part, lost: Sequence[Lost]) -> Part:
    """The part, short of objects that it counts among its own: what it lists of their kinds becomes an assumption."""
    fallen = [one for one in part.listed if any(each.may_be(one.kind, "") for each in lost)]
    return replace(
        part,
        lost=tuple(dict.fromkeys((*part.lost, *lost))),
        listed=tuple(one for one in part.listed if one not in fallen),
        assumed=None if part.assumed is None else (*part.assumed, *fallen),
    )
