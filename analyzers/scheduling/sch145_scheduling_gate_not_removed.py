"""SCH145: a scheduling gate stays on the pod and nobody removes it."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.words import listed
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy, Severity
from diag.snapshot.cite import MISSING, value_at
from diag.snapshot.kinds import Controller, Pod
from diag.trouble.groups import Group
from diag.vocab.gates import KNOWN

SYSTEM = "kube-system"


@rule(
    "SCH145",
    name="scheduling-gate-not-removed",
    question=Question.ADMITTED,
    inputs=("Pod", "apps/Deployment"),
    visits={"apps/Deployment": 1},
)
def scheduling_gate_not_removed(ctx: Context) -> Iterator[Finding]:
    """A scheduling gate stays on the pod and nobody removes it.

    ## What it means
    A pod with an entry in `spec.schedulingGates` is kept from every scheduler until the controller that set the
    gate takes it away. That controller does not run, or nobody knows whose gate it is.

    ## Why it happens
    The controller was scaled down or removed, the gate came with a copied manifest, or a second controller set
    a gate of its own that outlives the admission by the first.

    ## Evidence
    The gates in the pod, and the Deployment that would remove them.

    ## What to do
    Start the controller. A gate that belongs to nobody is removed from the template; a pod's gates can be
    removed, never added.

    ## Known limits
    Only the gates of Kueue and Grove are known by their controllers; of any other gate the finding says that it
    is there, and is likely at most. Whether a queue has admitted the workload is looked at elsewhere.
    """
    groups = [group for group in ctx.groups("pod-gated") if group.severity is not Severity.INFO]
    deployments = [item for item in ctx.snap.all("apps/Deployment") if isinstance(item, Controller)] if groups else []
    for group in groups:
        pod = group.first
        gates = [gate.name or "" for gate in pod.spec.scheduling_gates or ()] if isinstance(pod, Pod) else []
        owners = {gate: _owner(gate) for gate in gates}
        foreign = [gate for gate in gates if owners[gate] is None]
        if foreign and len(foreign) == len(gates):
            yield _finding(ctx, group, foreign, None)
        for name in sorted({owner for owner in owners.values() if owner}):
            mine = [item for item in deployments if item.name == name]
            kept = [gate for gate in gates if owners[gate] == name]
            if mine and all(_is_down(item) for item in mine):
                yield _finding(ctx, group, kept, mine[0])
            elif not mine and deployments and ctx.snap.holds("apps/Deployment", SYSTEM):
                yield _finding(ctx, group, kept, None, absent=name)


def _owner(gate: str) -> str | None:
    """The Deployment that removes a gate, None where nobody is known to."""
    return next((name for prefix, name in KNOWN.items() if gate.startswith(prefix)), None)


def _is_down(item: Controller) -> bool:
    if item.spec.replicas == 0:
        return True
    known = item.status.replicas is not None or item.status.unavailable_replicas is not None
    stated = value_at(item.whole, "status.readyReplicas")  # of another type than a number, it tells nothing
    return known and not item.status.ready_replicas and (stated in (None, MISSING) or isinstance(stated, int))


def _finding(ctx: Context, group: Group, gates: list[str], controller: Controller | None, absent: str = "") -> Finding:
    names = listed(gates)
    proof: list[Evidence] = [*group.evidence]
    needs: tuple[Ref, ...] = ()
    if controller is not None:
        zero = controller.spec.replicas == 0
        proof.insert(0, ctx.cite_or_lack(controller, "spec.replicas" if zero else "status.readyReplicas"))
        state = "is scaled to 0 replicas" if zero else "has no ready pod"
        why = f"its controller {controller.namespace}/{controller.name} {state}"
        needs = (controller.ref,)
    elif absent:
        why = f"its controller {absent} is not in the cluster"
    else:
        why = "no known controller removes it"
    first, *rest = proof
    summary = f"is kept back by the scheduling gate {names}, and {why}"
    return Finding(
        subject=group.workload,
        summary=summary,
        evidence=(first, *rest),
        accounts_for=(Because(group, summary, (first, *rest)),),
        confidence=None if controller is not None else Confidence.LIKELY,
        since=group.since,
        needs=needs,
        remedies=(
            Remedy(text=f"start {controller.name if controller else absent or 'the controller that sets the gate'}",
                   who="platform"),
            Remedy(text=f"take the gate {names} out of the pod template", who="user", when="it belongs to nobody"),
        ),
    )  # fmt: skip
