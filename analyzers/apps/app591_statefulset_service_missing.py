"""APP591: the Service that gives the pods of a StatefulSet their names does not exist."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.clients import Client, client_of, service_asked
from diag.catalog.rule import rule
from diag.findings import GRACE_S, Because, Confidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.kinds import Controller

CLIENTS = ("container-crashing", "init-container-failing", "pod-failed", "container-not-ready", "pod-start-slow")
POD_AND_SERVICE = 2  # words of POD.SERVICE, as a pod names its sibling


@rule(
    "APP591",
    name="statefulset-service-missing",
    question=Question.KEPT,
    inputs=("apps/StatefulSet", "Service", "Pod", "Namespace"),
    refines=("service-dns-name-wrong", "dependency-host-unresolved", "dependency-unreachable"),
)
def statefulset_service_missing(ctx: Context) -> Iterator[Finding]:
    """The StatefulSet's governing Service does not exist.

    ## What it means
    The pods of a StatefulSet get names of their own (`web-0.web.ns.svc`) from the Service that `spec.serviceName`
    names. Nobody makes that Service, and Kubernetes does not check it: the pods run, and no such name has an address.

    ## Why it happens
    The Service was left out, renamed, or made under another name or in another namespace.

    ## Evidence
    `spec.serviceName`, that no such Service is in the namespace, and the words of a pod that asks for such a name.

    ## What to do
    Make a headless Service of that name that selects the pods. `spec.serviceName` cannot be changed afterwards.

    ## Known limits
    Silent where nobody asks for such a name, as nothing is broken then, and where the Services of the namespace were
    not collected.
    """
    asking: dict[tuple[str, str], list[Client]] | None = None
    for item in ctx.snap.all("apps/StatefulSet"):
        name = (item.spec.service_name or "") if isinstance(item, Controller) else ""
        missing = ctx.snap.lacks("Service", item.namespace, name) if name else None
        if missing is None or item.metadata.deletion_timestamp or not ctx.older(item.created, GRACE_S):
            continue
        if asking is None:
            asking = _asking(ctx)
        clients = asking.get((item.namespace, name), [])
        if clients:  # where nobody asks for such a name, nothing is broken
            yield _finding(ctx, item, name, missing, clients)


def _asking(ctx: Context) -> dict[tuple[str, str], list[Client]]:
    """Clients in trouble that resolve no name, by the Service that they ask for."""
    found: dict[tuple[str, str], list[Client]] = defaultdict(list)
    for group in ctx.groups(*CLIENTS):
        client = client_of(ctx, group)
        if client is None or client.to.how != "unresolved":
            continue
        place, _ = service_asked(ctx, client)
        parts = client.to.host.split(".")
        if place is None and len(parts) == POD_AND_SERVICE:
            place = client.pod.namespace, parts[1]
        if place is not None:
            found[place].append(client)
    return found


def _finding(ctx: Context, item: Object, name: str, missing: Confidence, clients: list[Client]) -> Finding:
    proof = (ctx.cite(item, "spec.serviceName"), ctx.absent("v1", "Service", item.namespace, name))
    why = f"its pods have no names: Service {name}, which spec.serviceName names, does not exist in {item.namespace}"
    first = f"; {clients[0].pod.name} cannot resolve {clients[0].address}"
    return Finding(
        subject=item.ref,
        summary=f"{why}{first}",
        evidence=as_proof((*proof, *(one.said for one in clients))),
        accounts_for=tuple(
            Because(
                one.group,
                f"{one.container} asks for {one.address}, and in {item.kind} {item.name} {why}",
                (one.said, *proof),
            )
            for one in clients
        ),
        confidence=missing,
        since=min((one.group.since for one in clients if one.group.since), default=None),
        remedies=(
            Remedy(text="see which Services there are", command=f"kubectl get services -n {item.namespace}"),
            Remedy(text=f"make a headless Service {name} in {item.namespace} that selects the pods of {item.name}"),
        ),
    )
