"""What rules say, and with which proof: the values that flow from the rules to every door.

Everything here is immutable. A finding cites evidence; the evidence is checked to hold when it is made
(`diag.snapshot.cite`), so what is shown was read, never retold.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Literal, NamedTuple, Protocol

GRACE_S = 60  # trouble that nothing but time tells is worth knowing for so long, and an error behind it


class Severity(StrEnum):
    """What it costs: `error` work is blocked or lost, `warning` degraded or about to be, `info` worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def weight(self) -> int:
        """Higher is worse."""
        return {"error": 2, "warning": 1, "info": 0}[self.value]


class Confidence(IntEnum):
    """How sure: the objects say so, two independent signs, or circumstantial."""

    POSSIBLE = 1
    LIKELY = 2
    CERTAIN = 3

    @property
    def word(self) -> str:
        """The stable word of the report."""
        return self.name.lower()

    def lowered(self) -> "Confidence":
        """One step down, `possible` at least."""
        return Confidence(max(self - 1, 1))


class Basis(IntEnum):
    """How a rule knows. The larger beats the smaller where two answer the same question."""

    REMAINDER = 1  # what is left of a pool when everything else is charged
    SAID = 2  # a component says so
    COUNTED = 3  # arithmetic or a join over objects


class Question(IntEnum):
    """A workload's way, in order. The first that is answered "no" is where the root lies."""

    CREATED = 1
    ADMITTED = 2
    PLACED = 3
    STARTED = 4
    READY = 5
    KEPT = 6
    # The same for nodes and scalers, each on a way of its own.
    OFFERS = 11
    DRAINS = 12
    SCALED = 21


class Ref(NamedTuple):
    """One object of one cluster. `namespace` is empty for cluster-scoped kinds."""

    cluster: str
    api_version: str
    kind: str
    namespace: str
    name: str
    seen: bool = True  # False: known only because something refers to it

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEvidence:
    """The scalar that stands at `path` of an object, verbatim."""

    object: Ref
    path: str
    value: str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvidence:
    """One whole line of a container's log; lines count from 1 in the stored text."""

    pod: Ref
    container: str
    previous: bool
    line: int
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEvidence:
    """One line of a text file that lies beside the objects; lines count from 1."""

    file: str
    line: int
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentEvidence:
    """An object that is referred to and not there."""

    absent: Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentPathEvidence:
    """A field that an object does not have."""

    object: Ref
    absent_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedEvidence:
    """A number or word computed from other evidence; `parts` lists at most 20, the deciding ones first."""

    computed: str
    value: str | int | float | bool
    parts: tuple["Evidence", ...]


Evidence = FieldEvidence | LogEvidence | FileEvidence | AbsentEvidence | AbsentPathEvidence | ComputedEvidence

Risk = Literal["safe", "disruptive", "irreversible"]
Who = Literal["user", "queue-admin", "platform", "cloud"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What a person would do next. `command` is a command line to read before it is run; `when` the condition."""

    text: str
    who: Who = "user"
    risk: Risk = "safe"
    command: str | None = None
    when: str | None = None


# How the text of a remedy begins that changes nothing.
LOOK = ("look ", "see ", "check ")

Status = Literal["ruled_out", "open", "also_needed", "other_way"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another cause that was considered, and what became of it."""

    name: str
    status: Status
    why: str
    evidence: tuple[Evidence, ...] = ()


GapWhy = Literal[
    "forbidden",
    "not-collected",
    "not-read",
    "not-served",
    "truncated",
    "error",
    "unreadable",
    "rule-crashed",
    "timeout",
    "capture-time-unknown",
    "disagrees",
    "import-failed",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that could not be looked at: never silence, never "does not exist"."""

    cluster: str
    what: str
    why: GapWhy
    fix: str = ""
    hides: tuple[str, ...] = ()  # ids of the rules that this blinds
    material: bool = False  # whether it could change a verdict shown
    detail: str = field(default="", compare=False)  # a server's or parser's words, or a traceback
    pods: tuple[str, ...] = ()  # all that it is about ("namespace/name"), where `what` names the first


class Symptom(Protocol):
    """What a rule may account for: a group of `diag.trouble`. `key` names it within one scan."""

    @property
    def key(self) -> str:
        """A name within one scan."""


# At least one piece: a finding without evidence does not pass the type checker.
Proof = tuple[Evidence, *tuple[Evidence, ...]]


def as_proof(pieces: Iterable[Evidence]) -> Proof:
    """Pieces as a proof, the deciding one first. Raises ValueError when there is none."""
    first, *rest = pieces
    return (first, *rest)


@dataclass(frozen=True, slots=True)
class Because:
    """One symptom that a finding accounts for, with the reason and its proof.

    `members` counts how many of the symptom's members this explains; None means all of them. A member is a pod, or a
    missing pod where a controller makes none. What is `weak` rests on place and time alone: it stands only where
    nothing else explains the symptom, and leaves its cause no more than possible.
    """

    symptom: Symptom
    why: str
    evidence: tuple[Evidence, ...] = ()
    members: int | None = field(default=None, kw_only=True)
    weak: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A symptom that causes another symptom: a node without its GPUs, and the pods that would run there."""

    source: Symptom
    because: Because


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A candidate cause. `subject` is the root: the one object that a person would change.

    `evidence[0]` is the deciding piece: confidence is derived from where it comes from, and
    `confidence` may only lower that. `second_sign` says that a later piece is an independent sign of the same.
    """

    subject: Ref
    summary: str
    evidence: Proof
    accounts_for: tuple[Because, ...] = ()
    name: str = ""  # which one, for a rule that declares several; empty for a rule with one name
    severity: Severity | None = None  # None: the rule's own
    confidence: Confidence | None = None
    second_sign: bool = False
    members: tuple[Ref, ...] = ()  # further objects with the same fault
    since: str | None = None  # RFC 3339
    gpus_lost: int = 0  # GPUs that exist and cannot be used
    needs: tuple[Ref, ...] = ()  # objects whose state (scaled to zero, paused) would then be the cause
    remedies: tuple[Remedy, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
