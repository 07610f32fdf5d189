"""Rules that account for the same group compete; what loses becomes an alternative.

A rule that refines another beats it. Of the rest the first question that is answered "no" wins: what is not created
cannot be placed. Within a question counted beats said beats remainder, and words that only one program prints beat
those of any. Causes that account for some members each share the group, the largest first.
"""

from dataclasses import dataclass, field

from diag.catalog.run import Found
from diag.findings import Alternative, Basis, Because, Charge, Question, Status
from diag.trouble.groups import Group

# A scaler's answer about a pod outranks what today's nodes show; what took a running pod away explains why it waits
# again.
ORDER = {
    Question.CREATED: 1,
    Question.ADMITTED: 2,
    Question.SCALED: 3,
    Question.DRAINS: 4,
    Question.OFFERS: 4,
    Question.PLACED: 4,
    Question.STARTED: 5,
    Question.READY: 6,
    Question.KEPT: 7,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One explanation of one group: by a rule's finding, or by another group (a charge)."""

    because: Because
    found: Found | None = None
    source: Group | None = None

    @property
    def name(self) -> str:
        """The cause's name, or the symptom's."""
        return self.found.name if self.found else self.source.symptom if self.source else ""

    @property
    def basis(self) -> Basis:
        """How it is known; a charge is counted."""
        return self.found.basis if self.found else Basis.COUNTED

    @property
    def doubted(self) -> bool:
        """Whether it rests on a number or an absence that an unreadable object may change."""
        return self.found is not None and self.found.doubted

    def order(self, group: Group) -> int:
        """Where on the way it says "no"."""
        question = self.found.question if self.found else Question.PLACED
        # A rule about what keeps running answers at the point where its group stopped, not later.
        return min(ORDER[question], ORDER[group.question]) if question is Question.KEPT else ORDER[question]

    def sort_key(self) -> tuple[object, ...]:
        """Winners first: basis, words of one program before those of any, members, severity, then a stable name."""
        severity = self.found.severity.weight if self.found else 2
        who = str(self.found.finding.subject) if self.found else str(self.source.workload if self.source else "")
        general = self.found is not None and self.found.general
        return (-self.basis, general, -(self.because.members or 1 << 30), -severity, self.name, who)


@dataclass(slots=True)
class Decision:
    """Who explains a group, and what became of the others."""

    group: Group
    winners: list[Claim] = field(default_factory=list)
    losers: list[tuple[Claim, Status]] = field(default_factory=list)

    @property
    def rivalled(self) -> bool:
        """Whether a rival is still open."""
        return any(status == "open" for _, status in self.losers)

    def alternatives(self) -> list[Alternative]:
        """The losers for the report. What is ruled out may be true all the same: then the winner says why it is so."""
        best = self.winners[0].name if self.winners else ""
        return [
            Alternative(
                name=claim.name,
                status=status,
                why=f"{claim.because.why}; {best} explains more"
                if status == "ruled_out" and best
                else claim.because.why,
                evidence=claim.because.evidence,
            )
            for claim, status in self.losers
        ]


def decide(groups: list[Group], found: list[Found], charges: list[Charge]) -> list[Decision]:
    """Who explains what, group by group."""
    claims: dict[str, list[Claim]] = {group.key: [] for group in groups}
    for one in found:
        for because in one.finding.accounts_for:
            claims.setdefault(because.symptom.key, []).append(Claim(because=because, found=one))
    by_key = {group.key: group for group in groups}
    for charge in charges:
        source = by_key.get(charge.source.key)
        if source is not None:
            claims.setdefault(charge.because.symptom.key, []).append(Claim(because=charge.because, source=source))
    return [_decide(group, claims[group.key]) for group in groups]


def _decide(group: Group, claims: list[Claim]) -> Decision:
    decision = Decision(group)
    if not claims:
        return decision
    rivals: list[tuple[Claim, Status]] = []
    if not all(claim.doubted for claim in claims):  # what is sure to be there is not outdone by what may not be so
        rivals = [(claim, "open") for claim in claims if claim.doubted]
        claims = [claim for claim in claims if not claim.doubted]
    names_refined = {name for claim in claims if claim.found for name in claim.found.refines}
    # Where rules refine each other in a ring, none is out.
    left = [claim for claim in claims if claim.name not in names_refined] or claims
    left = [claim for claim in left if not claim.because.weak] or left
    decision.losers += [(claim, "ruled_out") for claim in claims if claim not in left]
    first = min(claim.order(group) for claim in left)
    in_question = []
    for claim in left:
        if claim.order(group) > first:
            decision.losers.append((claim, "also_needed" if claim.basis is Basis.COUNTED else "ruled_out"))
        else:
            in_question.append(claim)
    _share(group, sorted(in_question, key=Claim.sort_key), decision)
    decision.losers += rivals
    decision.losers.sort(key=lambda one: (one[1], one[0].name))
    return decision


def _share(group: Group, claims: list[Claim], decision: Decision) -> None:
    """Give the group to the best claim, and what that leaves to the next."""
    left = group.size
    for claim in claims:
        whole = claim.because.members is None or claim.because.members >= group.size
        if not decision.winners:
            decision.winners.append(claim)
            left -= group.size if whole else claim.because.members or 0
        elif left > 0 and not whole:
            decision.winners.append(claim)
            left -= claim.because.members or 0
        elif left > 0 and claim.basis is Basis.REMAINDER:
            decision.winners.append(claim)
            left = 0
        else:
            decision.losers.append((claim, _lost_to(claim, decision.winners[0])))


def _lost_to(claim: Claim, winner: Claim) -> Status:
    """What became of a claim that answers the same question as the winner."""
    if claim.basis is Basis.REMAINDER or claim.name == winner.name:
        return "ruled_out"
    return "other_way" if claim.basis is Basis.COUNTED and winner.basis is Basis.COUNTED else "open"
