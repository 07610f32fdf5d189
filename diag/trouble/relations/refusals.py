"""Why the API refused to create pods, in the words that reached their controllers."""

from dataclasses import dataclass

from diag.findings import FieldEvidence
from diag.projection import Object
from diag.trouble.groups import Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A sentence about one controller: its own condition or an event."""

    member: Object
    text: str
    evidence: FieldEvidence

    @property
    def by_status(self) -> bool:
        """Whether the controller's own status says it."""
        return self.evidence.object.kind != "Event"


def refusals(group: Group) -> list[Refusal]:
    """What was said about the members of a `pod-not-created` group; what an object's own status says comes first."""
    found = [
        Refusal(member=one.member, text=piece.value, evidence=piece)
        for one in group.complaints
        for piece in one.evidence
        if isinstance(piece, FieldEvidence) and isinstance(piece.value, str)
    ]
    return sorted(found, key=lambda one: not one.by_status)
