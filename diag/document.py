"""The report as one document: the shape that `-o json` prints (stable, additive changes only).

Structs here mirror the JSON field by field, so writing them is one call, and every door (text, views, other formats)
draws the same rows. `diag.report.schema` holds the published schema; a test compares the two.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

SCHEMA = "diag.report/v1"


class Row(msgspec.Struct, gc=False, kw_only=True):
    """A piece of the document."""


class RefRow(Row, kw_only=True, omit_defaults=True):
    """One object. No namespace for cluster-scoped kinds; `seen` is false for one known only by reference."""

    cluster: str
    apiVersion: str  # noqa: N815  as Kubernetes spells it
    kind: str
    namespace: str = ""
    name: str
    seen: bool = True

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)


class LogRow(Row, kw_only=True):
    """Where a cited log line stands; lines count from 1."""

    pod: RefRow
    container: str
    previous: bool
    line: int


class EvidenceRow(Row, kw_only=True):
    """One piece of evidence: a field, a log line, an absence, or something computed from others."""

    id: str
    object: RefRow | msgspec.UnsetType = msgspec.UNSET
    path: str | msgspec.UnsetType = msgspec.UNSET
    log: LogRow | msgspec.UnsetType = msgspec.UNSET
    file: str | msgspec.UnsetType = msgspec.UNSET
    line: int | msgspec.UnsetType = msgspec.UNSET
    absent: RefRow | msgspec.UnsetType = msgspec.UNSET
    absent_path: str | msgspec.UnsetType = msgspec.UNSET
    computed: str | msgspec.UnsetType = msgspec.UNSET
    value: str | int | float | bool | msgspec.UnsetType = msgspec.UNSET
    from_: list[str] | msgspec.UnsetType = msgspec.field(name="from", default=msgspec.UNSET)

    def objects(self) -> Iterator[RefRow]:
        """The objects that it names itself; those of the parts of a computed one stand in these."""
        places = (self.object, self.log.pod if isinstance(self.log, LogRow) else None, self.absent)
        yield from (place for place in places if isinstance(place, RefRow))


class RemedyRow(Row, kw_only=True):
    """What to do next; `who` can do it, `risk` says what it may cost."""

    text: str
    command: str | None
    risk: str
    who: str
    if_: str | None = msgspec.field(name="if", default=None)


class AlternativeRow(Row, kw_only=True):
    """Another cause that was considered: ruled_out, open, also_needed or other_way."""

    name: str
    status: str
    why: str
    evidence: list[str]


class AffectedRow(Row, kw_only=True):
    """What a cause costs. `gpus` is unmet demand, `gpus_lost` GPUs that exist and cannot be used."""

    workloads: int
    pods: int
    gpus: int
    gpus_lost: int
    objects: list[RefRow]
    devices: int | msgspec.UnsetType = msgspec.UNSET  # at least so many claimed ones, which may be GPUs or not


class CauseRow(Row, kw_only=True):
    """A root cause with all that it reaches."""

    id: str
    finding: str
    rule: str
    name: str
    severity: str
    confidence: str
    root: RefRow
    lineage: list[RefRow]
    summary: str
    since: str | None
    symptoms: list[str]
    affected: AffectedRow
    alternatives: list[AlternativeRow]
    remedies: list[RemedyRow]
    fingerprint: str
    young: bool | msgspec.UnsetType = msgspec.UNSET  # true where its age alone keeps it from being an error


class FindingRow(Row, kw_only=True):
    """What one rule found: a symptom, a cause or a state."""

    id: str
    rule: str
    name: str
    role: str
    severity: str
    confidence: str
    subject: RefRow
    members: list[RefRow]
    summary: str
    since: str | None
    evidence: list[str]
    fingerprint: str


class LinkRow(Row, kw_only=True):
    """One proven arrow from a cause (or a hop) to a symptom."""

    cause: str
    symptom: str
    why: str
    evidence: list[str]


# How the names of gaps begin and end; the last beginning is of a whole cluster.
LIST, READ_LOGS, REACH = "list ", "read the logs of ", "reach "
BASIC = tuple(f"{LIST}{kind}" for kind in ("Pod", "Node", "Event"))  # without these, no verdict says much
ELSEWHERE = " in other namespaces"  # behind the kind, where some were read
AGE_CAP_S = 24 * 3600.0  # a cause that is older ranks as one of this age


class GapRow(Row, kw_only=True):
    """Something that could not be looked at; `names` are those of the rules in `hides`, in their order.

    `pods` ("namespace/name") are all that it is about; `what` names the first of them. `detail` is what the
    server, or who read a file, said of it: foreign words on one line, without secrets.
    """

    cluster: str
    what: str
    why: str
    hides: list[str]
    names: list[str] | msgspec.UnsetType = msgspec.UNSET
    material: bool
    fix: str
    pods: list[str] | msgspec.UnsetType = msgspec.UNSET
    detail: str | msgspec.UnsetType = msgspec.UNSET

    def hidden(self) -> list[str]:
        """What cannot be found for it, by name; by the ids of rules in documents that have no names yet."""
        return list(dict.fromkeys(self.names)) if isinstance(self.names, list) else self.hides


class EndRow(Row, kw_only=True):
    """Where a timeline begins or ends."""

    what: str
    at: str


class PhaseRow(Row, kw_only=True, omit_defaults=True):
    """One phase of a start; `seconds` is null unless measured or given within bounds."""

    phase: str
    seconds: float | None
    basis: str
    min_s: float | None = None
    max_s: float | None = None
    bytes: int | None = None
    rate_mb_s: float | None = None


class TimelineRow(Row, kw_only=True):
    """Where the time of one start went."""

    pod: RefRow
    from_: EndRow = msgspec.field(name="from")
    to: EndRow
    wall_s: float
    phases: list[PhaseRow]
    bottleneck: str | None


class IgnoredRow(Row, kw_only=True):
    """A finding that the user asked not to see, and why."""

    finding: FindingRow
    by: str  # "flag", "config" or "annotation"
    reason: str
    until: str | None


class ClusterRow(Row, kw_only=True):
    """One cluster that was looked at."""

    id: str
    source: str
    server_version: str | None
    captured_at: str | None
    now: str
    now_from: str


class ToolRow(Row, kw_only=True):
    """Who wrote the document."""

    name: str
    version: str


class TargetRow(Row, kw_only=True):
    """What was looked at."""

    clusters: list[ClusterRow]


class CheckedRow(Row, kw_only=True):
    """How many sentences the checker saw, kept and dropped."""

    sentences: int
    kept: int
    dropped: int


class SentenceRow(Row, kw_only=True):
    """One sentence of a model that was proven, with the evidence that it rests on."""

    text: str
    citations: list[str]


class DroppedRow(Row, kw_only=True):
    """One sentence of a model that was not proven, and why."""

    text: str
    why: str


class ExplanationRow(Row, kw_only=True):
    """A cause in words. What stands below `checked` is there only where a model was asked."""

    cause: str
    engine: str
    model: str | None
    text: str
    citations: list[str]
    checked: CheckedRow
    note: str | msgspec.UnsetType = msgspec.UNSET
    sentences: list[SentenceRow] | msgspec.UnsetType = msgspec.UNSET
    dropped: list[DroppedRow] | msgspec.UnsetType = msgspec.UNSET


class BesideRow(Row, kw_only=True):
    """What another tool says of an object, and our causes that are about the same one. It counts for nothing."""

    tool: str
    kind: str
    namespace: str
    name: str
    texts: list[str]
    details: str
    causes: list[str]


class Report(Row, kw_only=True):
    """One scan. `Report.to_dict()` is the document that `-o json` prints."""

    schema: str = SCHEMA
    tool: ToolRow
    target: TargetRow
    causes: list[CauseRow]
    findings: list[FindingRow]
    links: list[LinkRow]
    evidence: list[EvidenceRow]
    gaps: list[GapRow]
    timelines: list[TimelineRow]
    ignored: list[IgnoredRow]
    stats: dict[str, int]
    families: dict[str, int] | msgspec.UnsetType = msgspec.UNSET  # rules that were asked, by the family of their ids
    explanations: list[ExplanationRow] | msgspec.UnsetType = msgspec.UNSET
    beside: list[BesideRow] | msgspec.UnsetType = msgspec.UNSET
    beside_missing: list[str] | msgspec.UnsetType = msgspec.UNSET  # what of the other tool's file is not in `beside`

    def to_dict(self) -> dict[str, Any]:
        """The document as plain dicts and lists."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        return document
