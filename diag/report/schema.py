"""The published schema of `diag.report/v1`: the same document as `diag.document`, described for others.

Additive only: readers must accept keys that they do not know.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from diag.document import SCHEMA

Severity = Literal["error", "warning", "info"]
Confidence = Literal["certain", "likely", "possible"]
Scalar = bool | int | float | str


class _Row(BaseModel):
    model_config = ConfigDict(extra="allow", populate_by_name=True)


class Ref(_Row):
    """One object. No namespace for cluster-scoped kinds; `seen` is false for one known only by reference."""

    cluster: str
    apiVersion: str  # noqa: N815  # Kubernetes' own spelling
    kind: str
    namespace: str = ""
    name: str
    seen: bool = True


class LogPlace(_Row):
    """Where a cited log line stands; lines count from 1."""

    pod: Ref
    container: str
    previous: bool
    line: int = Field(ge=1)


class FieldEvidence(_Row):
    """The scalar at `path` of an object, verbatim; secrets in it are masked."""

    id: str
    object: Ref
    path: str
    value: Scalar


class LogEvidence(_Row):
    """One whole line of a log."""

    id: str
    log: LogPlace
    value: str


class FileEvidence(_Row):
    """One whole line of a text file of a bundle."""

    id: str
    file: str
    line: int = Field(ge=1)
    value: str


class AbsentEvidence(_Row):
    """An object that is referred to and not there."""

    id: str
    absent: Ref


class AbsentPathEvidence(_Row):
    """A field that an object does not have."""

    id: str
    object: Ref
    absent_path: str


class ComputedEvidence(_Row):
    """Something computed from other evidence."""

    id: str
    computed: str
    value: Scalar
    from_: list[str] = Field(alias="from")


Evidence = FieldEvidence | LogEvidence | FileEvidence | AbsentEvidence | AbsentPathEvidence | ComputedEvidence


class Remedy(_Row):
    """What to do next."""

    text: str
    command: str | None
    risk: Literal["safe", "disruptive", "irreversible"]
    who: Literal["user", "queue-admin", "platform", "cloud"]
    if_: str | None = Field(None, alias="if")


class Alternative(_Row):
    """Another cause that was considered."""

    name: str
    status: Literal["ruled_out", "open", "also_needed", "other_way"]
    why: str
    evidence: list[str]


class Affected(_Row):
    """What a cause costs. `gpus` is unmet demand; `gpus_lost` exist and cannot be used."""

    workloads: int
    pods: int
    gpus: int
    gpus_lost: int
    objects: list[Ref]
    devices: int = 0


class Cause(_Row):
    """A root cause with all that it reaches."""

    id: str
    finding: str
    rule: str
    name: str
    severity: Severity
    confidence: Confidence
    root: Ref
    lineage: list[Ref]
    summary: str
    since: str | None
    symptoms: list[str]
    affected: Affected
    alternatives: list[Alternative]
    remedies: list[Remedy]
    fingerprint: str
    young: bool = False


class Finding(_Row):
    """What one rule found."""

    id: str
    rule: str
    name: str
    role: Literal["cause", "state", "symptom"]
    severity: Severity
    confidence: Confidence
    subject: Ref
    members: list[Ref]
    summary: str
    since: str | None
    evidence: list[str]
    fingerprint: str


class Link(_Row):
    """One proven arrow."""

    cause: str
    symptom: str
    why: str
    evidence: list[str]


class Gap(_Row):
    """Something that could not be looked at; `why` may get further words. `names` are those of the rules in `hides`.

    `pods` (`namespace/name`) are all that it is about; `what` names the first of them. `detail` is what the
    server, or who read a file, said of it.
    """

    cluster: str
    what: str
    why: str
    hides: list[str]
    material: bool
    fix: str
    names: list[str] = []
    pods: list[str] = []
    detail: str = ""


class End(_Row):
    """Where a timeline begins or ends."""

    what: str
    at: str


class Phase(_Row):
    """One phase of a start; `seconds` is null unless measured or given within bounds."""

    phase: str
    seconds: float | None
    basis: Literal["measured", "bounded", "unknown"]
    min_s: float | None = None
    max_s: float | None = None
    bytes: int | None = None
    rate_mb_s: float | None = None


class Timeline(_Row):
    """Where the time of one start went."""

    pod: Ref
    from_: End = Field(alias="from")
    to: End
    wall_s: float
    phases: list[Phase]
    bottleneck: str | None


class Ignored(_Row):
    """A finding that the user asked not to see."""

    finding: Finding
    by: str
    reason: str
    until: str | None


class Cluster(_Row):
    """One cluster that was looked at."""

    id: str
    source: Literal["live", "snapshot"]
    server_version: str | None
    captured_at: str | None
    now: str
    now_from: str


class Tool(_Row):
    """Who wrote the document."""

    name: str
    version: str


class Target(_Row):
    """What was looked at."""

    clusters: list[Cluster]


class Checked(_Row):
    """How many sentences the checker saw, kept and dropped."""

    sentences: int
    kept: int
    dropped: int


class Sentence(_Row):
    """One sentence of a model that was proven, with the evidence that it rests on."""

    text: str
    citations: list[str]


class Dropped(_Row):
    """One sentence of a model that was not proven, and why; only with `--show-dropped`."""

    text: str
    why: str


class Explanation(_Row):
    """A cause in words; only `diag explain` writes it, the last three only where a model was asked."""

    cause: str
    engine: str
    model: str | None
    text: str
    citations: list[str]
    checked: Checked
    note: str = ""
    sentences: list[Sentence] = Field(default_factory=list)
    dropped: list[Dropped] = Field(default_factory=list)


class Beside(_Row):
    """What another tool says of an object; only `diag report --beside` writes it."""

    tool: str
    kind: str
    namespace: str
    name: str
    texts: list[str]
    details: str
    causes: list[str]


class ReportDocument(_Row):
    """One scan."""

    schema_: Literal["diag.report/v1"] = Field(alias="schema")
    tool: Tool
    target: Target
    causes: list[Cause]
    findings: list[Finding]
    links: list[Link]
    evidence: list[Evidence]
    gaps: list[Gap]
    timelines: list[Timeline]
    ignored: list[Ignored]
    stats: dict[str, int]
    families: dict[str, int] = Field(default_factory=dict)
    explanations: list[Explanation] = Field(default_factory=list)
    beside: list[Beside] = Field(default_factory=list)
    beside_missing: list[str] = Field(default_factory=list)


def report_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    document: dict[str, Any] = ReportDocument.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **document}
