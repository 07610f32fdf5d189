"""What waits in Kueue's queues, with the queues that it waits in, for rules about admission."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.facts.kueue_message import Reason
from diag.findings import Because, Confidence, Evidence, FieldEvidence, Finding, Ref, Remedy
from diag.projection import Object
from diag.trouble.groups import Group
from diag.trouble.relations.kueue import Conditions, conditions, decisive, is_true, queue_name, text
from diag.vocab.kueue import CLUSTER_QUEUE, LOCAL_QUEUE, STOPPED, WORKLOAD

INPUTS = (WORKLOAD, LOCAL_QUEUE, CLUSTER_QUEUE, "batch/Job")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A group that no queue has admitted: its first member (a Workload, or a Job without one) and its queues."""

    group: Group
    item: Object
    known: Conditions
    queue_name: str
    queue_path: str
    local: Object | None
    queue: Object | None

    @property
    def message(self) -> str:
        """What Kueue says of the quota, empty where it says nothing."""
        return str(self.known.get("QuotaReserved", (0, {}))[1].get("message") or "")

    @property
    def reason(self) -> str:
        """Kueue's word for why there is no quota."""
        return str(self.known.get("QuotaReserved", (0, {}))[1].get("reason") or "")

    @property
    def evaluated(self) -> bool:
        """Whether the queues are there and open, so that the workload was looked at by its quota."""
        if self.local is None or self.queue is None or is_stopped(self.local) or is_stopped(self.queue):
            return False
        return conditions(self.queue).get("Active", (0, {}))[1].get("status") != "False"

    def decisive(self) -> Reason | None:
        """The reason that has to go away, None where the message names none."""
        return decisive(self.message, self.queue)


def is_stopped(queue: Object) -> bool:
    """Whether somebody stopped a LocalQueue or ClusterQueue."""
    return text(queue, "spec", "stopPolicy") in STOPPED


def waiting(ctx: Context) -> Iterator[Waiting]:
    """Every group that waits in a queue of Kueue."""
    for group in ctx.groups("workload-not-admitted"):
        item = group.first
        name, path = queue_name(item)
        if item.kind_id not in (WORKLOAD, "batch/Job") or not name:
            continue
        local = ctx.snap.get(LOCAL_QUEUE, item.namespace, name)
        parent = text(local, "spec", "clusterQueue") if local else ""
        yield Waiting(
            group=group,
            item=item,
            known=conditions(item),
            queue_name=name,
            queue_path=path,
            local=local,
            queue=ctx.snap.get(CLUSTER_QUEUE, "", parent) if parent else None,
        )


def said(ctx: Context, item: Object, kind: str, part: str = "message") -> FieldEvidence | None:
    """A part of a condition of an object, None where it has none."""
    index, found = conditions(item).get(kind, (0, {}))
    return ctx.cite(item, f"status.conditions[{index}].{part}") if isinstance(found.get(part), str) else None


def pieces(*found: Evidence | None) -> list[Evidence]:
    """Those pieces of evidence that there are, each once."""
    return list(dict.fromkeys(piece for piece in found if piece is not None))


def has(item: Object, kind: str) -> bool:
    """Whether a condition of an object is true."""
    return is_true(conditions(item), kind)


def page(first: str, *, means: str, happens: str, evidence: str, todo: str) -> str:
    """The documentation page of a further name that a rule about queues declares."""
    limits = "Of queues that were not collected only the workload's own condition tells."
    return (
        f"{first}\n\n## What it means\n{means}\n\n## Why it happens\n{happens}\n\n## Evidence\n{evidence}\n\n"
        f"## What to do\n{todo}\n\n## Known limits\n{limits}\n"
    )


def blocked(
    one: Waiting,
    name: str,
    subject: Ref,
    summary: str,
    proof: list[Evidence],
    *,
    confidence: Confidence | None = None,
    members: tuple[Ref, ...] = (),
    remedies: tuple[Remedy, ...] = (),
) -> Finding:
    """Something keeps a group out: `summary` reads on after the subject, `proof` begins with what decides."""
    first, *rest = pieces(*proof, *one.group.evidence)
    return Finding(
        name=name,
        subject=subject,
        summary=summary,
        evidence=(first, *rest),
        accounts_for=(Because(one.group, f"{subject.kind} {subject.name} {summary}", tuple(proof)),),
        confidence=confidence,
        members=members,
        since=one.group.since,
        remedies=remedies,
    )
