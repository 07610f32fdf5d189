"""What a cause costs, how sure it is, how bad, and where it ranks."""

import hashlib
from dataclasses import dataclass, field

from diag.causes.graph import Arrow, Graph, Node
from diag.document import AGE_CAP_S
from diag.facts.folding import strip_generated
from diag.facts.times import age_s
from diag.findings import Basis, Confidence, Evidence, FieldEvidence, FileEvidence, LogEvidence, Ref, Severity
from diag.trouble.groups import Group

NODE_SYMPTOMS = ("node-without-gpus", "drain-stuck")


@dataclass(slots=True, kw_only=True)
class Assessed:
    """A root with what it reaches, in the words of the report."""

    node: Node
    reached: list[Node]
    severity: Severity
    young: bool  # info for the age of what it causes alone
    confidence: Confidence
    since: str | None
    workloads: list[Ref]
    objects: list[Ref]
    pods: int
    gpus: int
    devices: int
    gpus_lost: int
    weight: float = 0.0
    touched: bool = field(default=False)  # a rival is open, or a gap could change the verdict

    @property
    def name(self) -> str:
        """The cause's name."""
        return self.node.found.name if self.node.found else self.node.group.symptom if self.node.group else ""

    @property
    def root(self) -> Ref:
        """The object that a person would change."""
        if self.node.found:
            return self.node.found.finding.subject
        assert self.node.group is not None  # noqa: S101  a node is one or the other
        return self.node.group.workload

    def rank(self) -> tuple[object, ...]:
        """Sort key, worst first."""
        return (-self.severity.weight, -self.weight, -self.pods, -self.confidence, self.name, str(self.root))


def assess(node: Node, now: str) -> Assessed:
    """Weigh one root."""
    reached = Graph.reach(node)
    groups = [other.group for other in reached if other.group is not None]
    since = min((when for when in (_since(other) for other in reached) if when), default=None)
    shares = {group.key: _share(other, reached) for other in reached if (group := other.group) is not None}
    pods, gpus, devices = 0, 0, 0
    workloads: dict[Ref, None] = {}
    objects: dict[Ref, None] = {}
    for group in groups:
        objects.update(dict.fromkeys(member.ref for member in group.members))
        if group.symptom in NODE_SYMPTOMS or group.symptom == "pvc-pending":
            continue
        members = shares[group.key]
        pods += members if group.first.kind == "Pod" or group.missing else 0
        gpus += round(group.gpus * members / group.size) if group.size else group.gpus
        devices += round(group.devices * members / group.size) if group.size else group.devices
        workloads.update(dict.fromkeys(group.workloads))
    lost = sum(group.gpus_lost for group in groups) or (node.found.finding.gpus_lost if node.found else 0)
    confidence = strongest_chain(node, reached)
    age = age_s(since, now) if since else None
    severity = _severity(node, groups)
    return Assessed(
        node=node,
        reached=reached,
        severity=severity,
        young=severity is Severity.INFO and _severity(node, groups, grown=True) is not severity,
        confidence=confidence,
        since=since,
        workloads=sorted(workloads),
        objects=sorted(objects),
        pods=pods,
        gpus=gpus,
        devices=devices,
        gpus_lost=lost,
        weight=(gpus + lost) * min(max(age or 0.0, 0.0), AGE_CAP_S),
        touched=_rivalled(node, reached),
    )


def _since(node: Node) -> str | None:
    if node.group is not None:
        return node.group.since
    return node.found.finding.since if node.found else None


def _share(node: Node, reached: list[Node]) -> int:
    """How many members of a group the root accounts for: all, unless the links into it count fewer."""
    assert node.group is not None  # noqa: S101  asked for groups only
    sources = {id(other) for other in reached}
    counted = [arrow.claim.because.members for arrow in node.into if id(arrow.source) in sources and arrow.claim]
    known = [members for members in counted if members is not None]
    if not known or len(known) < len(counted):
        taken = sum(
            arrow.claim.because.members or 0 for arrow in node.into if arrow.claim and id(arrow.source) not in sources
        )
        return max(node.group.size - taken, 0) if counted else node.group.size
    return min(sum(known), node.group.size)


def _severity(node: Node, groups: list[Group], *, grown: bool = False) -> Severity:
    """The worst of what it causes; a state is info, unless something that needs it is proven to fail.

    `grown`: what it will be once the young groups have lasted for longer than a usual wait.
    """

    def of(group: Group) -> Severity:
        return Severity.ERROR if grown and group.young else group.severity

    found = node.found
    worst = max(map(of, groups), key=lambda one: one.weight, default=None)
    if found is None:
        # What waits for something that is on its way is itself on its way.
        own = of(node.group) if node.group else Severity.ERROR
        return Severity.INFO if own is Severity.INFO else worst or own
    if found.role == "state":
        needed = any(arrow.claim is None for arrow in node.out)
        return (worst or Severity.INFO) if needed else Severity.INFO
    if worst is None or found.severity is Severity.INFO:
        return found.severity
    return worst


def own_confidence(node: Node) -> Confidence:
    """How sure a node is by itself: counted, said by the object or by a log, a remainder, or a bare symptom."""
    found = node.found
    if found is None:
        return Confidence.POSSIBLE
    finding = found.finding
    by_hearsay = found.basis is Basis.SAID and not finding.second_sign and hearsay(finding.evidence[0])
    doubtful = found.basis is Basis.REMAINDER or by_hearsay
    return min(Confidence.LIKELY if doubtful else Confidence.CERTAIN, finding.confidence or Confidence.CERTAIN)


def hearsay(evidence: Evidence) -> bool:
    """Whether a piece is what somebody reported (an event, a line), not what an object's own status says."""
    return isinstance(evidence, LogEvidence | FileEvidence) or (
        isinstance(evidence, FieldEvidence) and evidence.object.kind == "Event"
    )


def strongest_chain(node: Node, reached: list[Node]) -> Confidence:
    """The root's own confidence, weakened along the strongest chain to a symptom."""
    own = own_confidence(node)
    if node.found is None or not node.out:
        return own
    best = {id(node): own}
    for other in reached:  # nearest first, so sources come before targets wherever the order matters
        here = best.get(id(other), own)
        for arrow in other.out:
            value = min(here, _arrow_confidence(arrow))
            best[id(arrow.target)] = max(best.get(id(arrow.target), Confidence.POSSIBLE), value)
    ends = [best.get(id(other), own) for other in reached if other.group is not None]
    return max(ends, default=own)


def _arrow_confidence(arrow: Arrow) -> Confidence:
    """What an arrow adds in doubt: a hop over another finding is as sure as that finding, a weak reason is a guess."""
    target = arrow.target
    if arrow.claim is not None and arrow.claim.because.weak:
        return Confidence.POSSIBLE
    return own_confidence(target) if target.found is not None else Confidence.CERTAIN


def _rivalled(node: Node, reached: list[Node]) -> bool:
    direct = {id(arrow.target) for arrow in node.out}
    return any(
        other.decision is not None and other.decision.rivalled
        for other in reached
        if id(other) in direct or other is node
    )


def fingerprint(rule: str, ref: Ref, identity: str) -> str:
    """A name of a finding that stays the same from scan to scan: rule, cluster, root without its generated suffix."""
    name = strip_generated(ref.name) if ref.kind in ("Pod", "ReplicaSet") else ref.name
    text = f"{rule}|{identity}|{ref.kind}|{ref.namespace}|{name}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
