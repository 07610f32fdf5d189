"""QUO105: the ClusterQueue that a workload waits in is inactive."""

import re
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches

from diag.catalog.context import Context
from diag.catalog.joins.queueing import INPUTS, Waiting, blocked, is_stopped, page, pieces, said, waiting
from diag.catalog.rule import Named, rule
from diag.facts.kueue_message import Obstacle
from diag.facts.times import seconds
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object, dicts
from diag.trouble.groups import Group
from diag.trouble.relations.kueue import conditions, part, quotas, text
from diag.vocab.kueue import ADMISSION_CHECK, FLAVOR, MULTIKUEUE_CLUSTER, MULTIKUEUE_CONFIG, TOPOLOGY

# What a ClusterQueue's condition names (kubernetes-sigs/kueue pkg/cache/scheduler/clusterqueue.go)
LISTED = re.compile(r"references (?P<how>missing|inactive) (?P<kind>\w{1,40})\(s\): (?P<names>[^\n]{1,2000})")
NEXT = re.compile(r", (?:references|there is|Cannot|is stopped)\b")  # several parts stand in one sentence
# What a MultiKueue check says of its workers (pkg/controller/admissionchecks/multikueue/admissioncheck.go)
INACTIVE = re.compile(r"Inactive clusters: \[(?P<names>[^\]]{1,2000})\]")
# What a workload is told (pkg/cache/scheduler, flavorassigner) of a flavor whose Topology was not read
NO_CACHE = re.compile(r'Flavor "(?P<flavor>[^"]{1,253})" information missing in TAS cache')
TOPOLOGY_MISSING = re.compile(r'no Topology "(?P<topology>[^"]{1,253})" for TAS flavor "(?P<flavor>[^"]{1,253})"')
UNWELL = "custom-resource-not-ready"

OTHERS = (
    Named(
        id="QUO106",
        name="kueue-admissioncheck-inactive",
        page=page(
            "An admission check of the ClusterQueue is missing or inactive.",
            means="A workload needs the check's consent and cannot get it.",
            happens="The check's controller or its parameters are missing or wrong.",
            evidence="The AdmissionCheck's condition `Active`, and the ClusterQueue that names it.",
            todo="Repair what the check's condition names, or take the check out of the ClusterQueue.",
        ),
    ),
    Named(
        id="QUO107",
        name="kueue-multikueue-worker-unreachable",
        page=page(
            "No worker cluster of MultiKueue can be reached.",
            means="Workloads cannot be dispatched, so the ClusterQueue is inactive.",
            happens="The kubeconfig Secret is missing or stale, or the worker's API server does not answer.",
            evidence="The conditions of each MultiKueueCluster and of the AdmissionCheck.",
            todo="Repair the kubeconfig or the network of a worker; the queue becomes active by itself.",
        ),
    ),
    Named(
        id="QUO108",
        name="kueue-topology-missing",
        page=page(
            "A flavor names a Topology that does not exist.",
            means="The ClusterQueue that uses the flavor is inactive.",
            happens="The Topology was removed or never created.",
            evidence="The ClusterQueue's condition `TopologyNotFound`, and the flavor's `spec.topologyName`.",
            todo="Create the Topology, or correct the flavor.",
        ),
    ),
)


@rule(
    "QUO105",
    name="kueue-flavor-missing",
    question=Question.ADMITTED,
    inputs=(*INPUTS, FLAVOR, TOPOLOGY, ADMISSION_CHECK, MULTIKUEUE_CONFIG, MULTIKUEUE_CLUSTER),
    others=OTHERS,
)
def kueue_queue_inactive(ctx: Context) -> Iterator[Finding]:
    """The ClusterQueue names a ResourceFlavor that does not exist.

    ## What it means
    The whole ClusterQueue is inactive, also for its other flavors. The workload's own condition only says that the
    queue is inactive, or `Suspended`, although nobody stopped it.

    ## Why it happens
    The flavor was renamed or removed, or the ClusterQueue came first.

    ## Evidence
    The ClusterQueue's condition `Active=False`, reason `FlavorNotFound`, and the flavors that it names.

    ## What to do
    Create the flavor, or name one that exists. The queue becomes active by itself.

    ## Known limits
    Only the first of several reasons is in the condition; the next shows when this one is mended.
    """
    queued = list(waiting(ctx))
    for one in queued:
        finding = _inactive(ctx, one) or _check(ctx, one) or _uncached(ctx, one) or _absent(ctx, one)
        if finding is not None:
            yield finding
    for group in () if queued else ctx.groups(UNWELL):
        for worker in group.members if group.first.kind_id == MULTIKUEUE_CLUSTER else ():
            if _is_false(worker):
                yield _out_of_reach(ctx, group, worker)


def _out_of_reach(ctx: Context, group: Group, worker: Object) -> Finding:
    """A worker cluster for which nothing waits."""
    active = conditions(worker)["Active"][1]
    summary = f"cannot be reached ({active.get('reason') or 'no reason given'}): {active.get('message') or ''}"
    proof = pieces(said(ctx, worker, "Active"), said(ctx, worker, "Active", "reason"), *group.evidence)
    return Finding(
        name="kueue-multikueue-worker-unreachable",
        subject=worker.ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=(Because(group, f"{worker.kind} {worker.name} {summary}", as_proof(proof), members=group.share),),
        since=group.since,
        remedies=(_repair([worker]),),
    )


def _and_their_own(ctx: Context, finding: Finding, *items: Object) -> Finding:
    """The finding, which also is why these objects say of themselves that they are not well."""
    there = {item.ref for item in items}
    own: list[Because] = []
    for group in ctx.groups(UNWELL):
        mine = [item for item in group.members if item.ref in there]
        proof = as_proof(pieces(*(said(ctx, item, "Active", "reason") for item in mine), *finding.evidence[:1]))
        own += [Because(group, finding.summary, proof, members=len(mine))] if mine else []
    return replace(finding, accounts_for=(*finding.accounts_for, *own))


def _repair(lost: list[Object]) -> Remedy:
    return Remedy(
        text=f"repair the kubeconfig or the network of {', '.join(item.name for item in lost)}",
        command="kubectl get multikueueclusters -o yaml",
        who="platform",
    )


def _inactive(ctx: Context, one: Waiting) -> Finding | None:
    """What makes the ClusterQueue inactive, by its own condition."""
    queue = one.queue
    if one.local is None or is_stopped(one.local):
        return None
    active = conditions(queue).get("Active", (0, {}))[1] if queue else {}
    if queue is None or active.get("status") != "False":
        return None
    message = str(active.get("message") or "")
    proof = pieces(
        said(ctx, queue, "Active"), said(ctx, queue, "Active", "reason"), said(ctx, one.item, "QuotaReserved")
    )  # fmt: skip
    match active.get("reason"):
        case "FlavorNotFound":
            inactive = ", and is therefore inactive (FlavorNotFound)"
            return _flavor(ctx, one, queue.ref, _names(message, "ResourceFlavor"), proof=proof, so=inactive)
        case "TopologyNotFound":
            return _topology(ctx, one, message, proof)
        case "AdmissionCheckNotFound" | "AdmissionCheckInactive":
            for name in _names(message, "AdmissionCheck"):
                return _bad_check(ctx, one, name, proof)
    return None


def _absent(ctx: Context, one: Waiting) -> Finding | None:
    """A flavor that is not there, by the workload's own condition, while its queue does not complain."""
    reason = one.decisive()
    if reason is None or reason.obstacle is not Obstacle.ABSENT or ctx.snap.get(FLAVOR, "", reason.flavor) is not None:
        return None
    name = text(one.local, "spec", "clusterQueue") if one.local else ""
    subject = one.queue.ref if one.queue else _ref(ctx, "ClusterQueue", name) if name else one.group.workload
    absent = ctx.snap.lacks(FLAVOR, "", reason.flavor)
    proof = pieces(
        said(ctx, one.item, "QuotaReserved"),
        ctx.absent("kueue.x-k8s.io/v1beta2", "ResourceFlavor", "", reason.flavor) if absent is not None else None,
    )  # fmt: skip
    return _flavor(ctx, one, subject, [reason.flavor], proof=proof, so="")


def _flavor(ctx: Context, one: Waiting, subject: Ref, missing: list[str], *, proof: list[Evidence], so: str) -> Finding:
    queue = one.queue
    named = [
        ctx.cite(queue, f"{quota.path.rpartition('.resources')[0]}.name")
        for (flavor, _), quota in (quotas(queue).items() if queue else ())
        if flavor in missing and queue is not None
    ]  # fmt: skip
    there = [item.name for item in ctx.snap.all(FLAVOR)]
    near = [match for name in missing for match in get_close_matches(name, there, n=1, cutoff=0.4)]
    hint = f"; there is {', '.join(dict.fromkeys(near or there[:4]))}" if there else ""
    return blocked(
        one, "kueue-flavor-missing", subject,
        f"names ResourceFlavor {', '.join(missing) or '?'}, which does not exist{so}{hint}",
        pieces(*proof, *named),
        remedies=(
            Remedy(
                text=f"create ResourceFlavor {', '.join(missing)}, or name one that exists",
                command="kubectl get resourceflavors",
                who="queue-admin",
            ),
        ),
    )  # fmt: skip


def _topology(ctx: Context, one: Waiting, message: str, proof: list[Evidence]) -> Finding | None:
    found = TOPOLOGY_MISSING.search(message)
    if found is None:
        return None
    flavor = ctx.snap.get(FLAVOR, "", found["flavor"])
    subject = flavor.ref if flavor else _ref(ctx, "ResourceFlavor", found["flavor"])
    own = ctx.cite(flavor, "spec.topologyName") if flavor and text(flavor, "spec", "topologyName") else None
    return blocked(
        one, "kueue-topology-missing", subject, f"names Topology {found['topology']}, which does not exist",
        pieces(*proof, own),
        remedies=(Remedy(text=f"create Topology {found['topology']}, or correct the flavor", who="queue-admin"),),
    )  # fmt: skip


def _uncached(ctx: Context, one: Waiting) -> Finding | None:
    """A flavor of which Kueue has no topology, by the workload's own condition."""
    found = NO_CACHE.search(one.message)
    flavor = ctx.snap.get(FLAVOR, "", found["flavor"]) if found else None
    topology = text(flavor, "spec", "topologyName") if flavor else ""
    if flavor is None or not topology or ctx.snap.get(TOPOLOGY, "", topology) is not None:
        return None
    absent = ctx.snap.lacks(TOPOLOGY, "", topology)
    return blocked(
        one, "kueue-topology-missing", flavor.ref,
        f"names Topology {topology}, " + ("which does not exist" if absent else "of which Kueue knows nothing"),
        pieces(
            said(ctx, one.item, "QuotaReserved"), ctx.cite(flavor, "spec.topologyName"),
            ctx.absent("kueue.x-k8s.io/v1beta2", "Topology", "", topology) if absent else None,
        ),
        confidence=absent or Confidence.LIKELY,
        remedies=(Remedy(text=f"create Topology {topology}, or correct the flavor", who="queue-admin"),),
    )  # fmt: skip


def _check(ctx: Context, one: Waiting) -> Finding | None:
    """An inactive check that the workload waits for while it has quota."""
    for state in dicts(part(one.item, "status").get("admissionChecks")):
        name = state.get("name")
        check = ctx.snap.get(ADMISSION_CHECK, "", name) if isinstance(name, str) else None
        if check is not None and state.get("state") != "Ready" and _is_false(check):
            return _bad_check(ctx, one, check.name, pieces(said(ctx, one.item, "Admitted")))
    return None


def _bad_check(ctx: Context, one: Waiting, name: str, proof: list[Evidence]) -> Finding:
    check = ctx.snap.get(ADMISSION_CHECK, "", name)
    if check is None:
        return _unseen_check(ctx, one, name, proof)
    active = conditions(check).get("Active", (0, {}))[1]
    proof = pieces(said(ctx, check, "Active"), said(ctx, check, "Active", "reason"), *proof)
    lost = _lost_workers(ctx, check)
    if lost:
        return _and_their_own(ctx, _unreachable(ctx, one, check, lost=lost, proof=proof), check, *lost)
    finding = blocked(
        one, "kueue-admissioncheck-inactive", check.ref,
        f"is inactive ({active.get('reason') or 'no reason given'}): {active.get('message') or ''}", proof,
        confidence=None if _workers_are_here(ctx, check) else Confidence.LIKELY,
        remedies=(Remedy(text="repair what its condition names", who="queue-admin"),),
    )  # fmt: skip
    return _and_their_own(ctx, finding, check)


def _unseen_check(ctx: Context, one: Waiting, name: str, proof: list[Evidence]) -> Finding:
    """A check that is not here: it does not exist, or is inactive for a reason that only it would tell."""
    active = conditions(one.queue).get("Active", (0, {}))[1] if one.queue else {}
    missing = active.get("reason") == "AdmissionCheckNotFound"
    return blocked(
        one, "kueue-admissioncheck-inactive", _ref(ctx, "AdmissionCheck", name),
        "does not exist, and the ClusterQueue needs it" if missing else "is inactive, and the ClusterQueue needs it",
        proof,
        confidence=None if missing else Confidence.LIKELY,
        remedies=(
            Remedy(text=f"create AdmissionCheck {name}, or drop it from the queue", who="queue-admin")
            if missing
            else Remedy(
                text=f"see what the condition of AdmissionCheck {name} names",
                command=f"kubectl get admissionchecks {name} -o yaml",
                who="queue-admin",
            ),
        ),
    )  # fmt: skip


def _workers_are_here(ctx: Context, check: Object) -> bool:
    """Whether nothing that would tell more is left out: the configuration and the workers of a MultiKueue check."""
    if text(check, "spec", "parameters", "kind") != "MultiKueueConfig":
        return True
    config = ctx.snap.get(MULTIKUEUE_CONFIG, "", text(check, "spec", "parameters", "name"))
    names = part(config, "spec").get("clusters") if config else None
    entries = [entry for entry in names if isinstance(entry, str)] if isinstance(names, list) else []
    return config is not None and all(ctx.snap.get(MULTIKUEUE_CLUSTER, "", entry) for entry in entries)


def _lost_workers(ctx: Context, check: Object) -> list[Object]:
    """The worker clusters of a MultiKueue check that are not connected, the last to be lost first."""
    name = text(check, "spec", "parameters", "name")
    config = ctx.snap.get(MULTIKUEUE_CONFIG, "", name) if text(check, "spec", "parameters", "kind") else None
    names = part(config, "spec").get("clusters") if config else None
    if config is None:  # then the check's own sentence names them
        told = INACTIVE.search(str(conditions(check).get("Active", (0, {}))[1].get("message") or ""))
        names = re.split("[, ]+", told["names"]) if told else None
    workers = [
        worker
        for entry in (names if isinstance(names, list) else ())
        if isinstance(entry, str) and (worker := ctx.snap.get(MULTIKUEUE_CLUSTER, "", entry)) and _is_false(worker)
    ]
    return sorted(workers, key=lambda item: (_since(item), item.name), reverse=True)


def _unreachable(ctx: Context, one: Waiting, check: Object, *, lost: list[Object], proof: list[Evidence]) -> Finding:
    words = [f"{item.name} ({conditions(item)['Active'][1].get('reason')})" for item in lost]
    own = [said(ctx, item, "Active", part) for item in lost for part in ("message", "reason")]
    last = " was the last to go" if len(lost) > 1 else " cannot be reached"
    return blocked(
        one, "kueue-multikueue-worker-unreachable", lost[0].ref,
        f"{last.strip()}: no worker of AdmissionCheck {check.name} is left "
        f"({conditions(check).get('Active', (0, {}))[1].get('reason')}), {', '.join(words)}",
        pieces(*own, *proof), members=tuple(item.ref for item in lost[1:]),
        remedies=(_repair(lost),),
    )  # fmt: skip


def _is_false(item: Object) -> bool:
    return conditions(item).get("Active", (0, {}))[1].get("status") == "False"


def _since(item: Object) -> float:
    time = conditions(item).get("Active", (0, {}))[1].get("lastTransitionTime")
    return seconds(time) or 0.0


def _names(message: str, kind: str) -> list[str]:
    """The names of one kind: `references missing ResourceFlavor(s): a,b.`, some releases with brackets about them."""
    for part_of in NEXT.sub(lambda found: "\n" + found[0][2:], message).split("\n"):
        found = LISTED.search(part_of)
        if found is not None and found["kind"] == kind:
            return [name for name in re.split("[, ]+", found["names"].strip("[]. ")) if name]
    return []


def _ref(ctx: Context, kind: str, name: str) -> Ref:
    return Ref(ctx.cluster, "kueue.x-k8s.io/v1beta2", kind, "", name, seen=False)
