"""The comparison as one document: the shape that `diag diff -o json` prints (additive changes only)."""

import msgspec

from diag.document import CauseRow, ClusterRow, RefRow, Row, ToolRow

SCHEMA = "diag.diff/v1"


class CauseChange(Row, kw_only=True):
    """A cause that is in both, and what of it differs: `severity`, `gpus`, `pods`, `confidence`, `summary`."""

    before: CauseRow
    after: CauseRow
    differs: list[str]


class FieldChange(Row, kw_only=True):
    """One field; null on the side where it is absent. Secrets inside a value are masked."""

    path: str
    before: str | int | float | bool | None
    after: str | int | float | bool | None


class Relation(Row, kw_only=True):
    """How a changed object stands to a cause that is new: `root`, `lineage`, `evidence`, `affected` or `namespace`."""

    cause: str  # its id in the second report
    how: str


class ObjectChange(Row, kw_only=True):
    """An object that was added, removed, recreated (another uid) or changed.

    `manager` and `time` are of the newest entry of managedFields that is younger than the first look, null where none
    is. `related` says how it stands to new causes, which is no proof that it caused them. `before_onset`:
    whether it was changed before the related cause began, null where a time is not known.
    """

    object: RefRow
    what: str
    fields: list[FieldChange]
    more_fields: int = 0
    manager: str | None = None
    operation: str | None = None
    time: str | None = None
    related: list[Relation] = msgspec.field(default_factory=list)
    before_onset: bool | None = None


class NotSeen(Row, kw_only=True):
    """A cause of one look of which the other could not tell, and what it would have had to see.

    With `instead` it is the other way round: the other look has the same symptom and explains it by the cause of this
    name, which rests on what only that look saw; `lacks` is what this one would have had to see.
    """

    cause: CauseRow
    lacks: list[str]
    instead: str | None = None


class CausesRow(Row, kw_only=True):
    """Causes by fingerprint.

    What one look could not see is neither new nor gone: `not_seen_before` are causes of `b`, `not_seen_after` of `a`.
    """

    new: list[CauseRow]
    gone: list[CauseRow]
    changed: list[CauseChange]
    same: list[CauseRow]
    not_seen_before: list[NotSeen] = msgspec.field(default_factory=list)
    not_seen_after: list[NotSeen] = msgspec.field(default_factory=list)


class VersionChange(Row, kw_only=True):
    """A cluster whose API server has another version."""

    cluster: str
    before: str | None
    after: str | None


class Difference(Row, kw_only=True):
    """`a` was looked at before `b`. `objects` is null where one of them is a report, which holds none.

    `same_cluster` is false where the uids of kube-system differ, null where they are not known.
    """

    schema: str = SCHEMA
    tool: ToolRow
    a: list[ClusterRow]
    b: list[ClusterRow]
    same_cluster: bool | None = None
    causes: CausesRow
    versions: list[VersionChange]
    objects: list[ObjectChange] | None
    not_compared: list[str] = msgspec.field(default_factory=list)  # kinds and namespaces that only one of them holds
    damage_before: list[str] = msgspec.field(default_factory=list)  # what only `a` could not read or was refused
    damage_after: list[str] = msgspec.field(default_factory=list)  # the same of `b`
