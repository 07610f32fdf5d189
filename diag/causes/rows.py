"""Findings, evidence and references as rows of the document, numbered in the order in which they are first needed."""

from collections.abc import Iterable

from diag.causes.commands import quoted, to_cluster
from diag.document import EvidenceRow, LogRow, RefRow, RemedyRow
from diag.facts.masking import mask
from diag.findings import (
    AbsentEvidence,
    AbsentPathEvidence,
    ComputedEvidence,
    Evidence,
    FieldEvidence,
    FileEvidence,
    LogEvidence,
    Ref,
    Remedy,
)
from diag.snapshot.sources.part import KUBECTL


def ref_row(ref: Ref) -> RefRow:
    """A reference as the document has it."""
    return RefRow(
        cluster=ref.cluster, apiVersion=ref.api_version, kind=ref.kind, namespace=ref.namespace, name=ref.name,
        seen=ref.seen,
    )  # fmt: skip


def remedy_row(remedy: Remedy, words: Iterable[str] = (), kubectl: str = KUBECTL) -> RemedyRow:
    """A remedy as the document has it. Of its command the cluster's `words` are quoted, or it is left out.

    `kubectl` is how commands begin that ask the cluster.
    """
    command = quoted(remedy.command, words) if remedy.command is not None else None
    command = to_cluster(command, kubectl) if command is not None else None
    return RemedyRow(text=remedy.text, command=command, risk=remedy.risk, who=remedy.who, if_=remedy.when)


class EvidenceTable:
    """All evidence of a report, each piece once. Secrets in values are masked here, at one place."""

    def __init__(self) -> None:
        self.rows: list[EvidenceRow] = []
        self._ids: dict[Evidence, str] = {}

    def ids(self, pieces: tuple[Evidence, ...]) -> list[str]:
        """The ids of some pieces, in their order, each once."""
        return list(dict.fromkeys(self.id(piece) for piece in pieces))

    def id(self, piece: Evidence) -> str:
        """The id of a piece, new at its first use. The parts of a computed piece come right after it."""
        known = self._ids.get(piece)
        if known is None:
            known = self._ids[piece] = f"E{len(self.rows) + 1}"
            row = EvidenceRow(id=known)
            self.rows.append(row)
            self._fill(row, piece)
        return known

    def _fill(self, row: EvidenceRow, piece: Evidence) -> None:
        match piece:
            case FieldEvidence():
                row.object, row.path, row.value = ref_row(piece.object), piece.path, _masked(piece.value)
            case LogEvidence():
                row.log = LogRow(
                    pod=ref_row(piece.pod), container=piece.container, previous=piece.previous, line=piece.line
                )
                row.value = _masked(piece.value)
            case FileEvidence():
                row.file, row.line, row.value = piece.file, piece.line, _masked(piece.value)
            case AbsentEvidence():
                row.absent = ref_row(piece.absent)
            case AbsentPathEvidence():
                row.object, row.absent_path = ref_row(piece.object), piece.absent_path
            case ComputedEvidence():
                row.computed, row.value = piece.computed, _masked(piece.value)
                row.from_ = self.ids(piece.parts)


def _masked(value: str | float | bool) -> str | int | float | bool:  # noqa: FBT001  a cited value, not a switch
    return mask(value) if isinstance(value, str) else value
