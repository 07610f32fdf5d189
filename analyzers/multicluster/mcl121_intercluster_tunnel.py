"""MCL121: the link of Submariner, Skupper or Liqo to another cluster is down."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import conditions, text_at
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import JsonDict, Object
from diag.snapshot.cite import value_at

# skupperproject/skupper pkg/apis/skupper/v2alpha1/types.go, liqotech/liqo apis/core/v1beta1/foreigncluster_types.go
LINK, PEER = "skupper.io/Link", "core.liqo.io/ForeignCluster"
OPERATIONAL, WAITS = "Operational", "Pending"
LOST = {"NetworkConnectionStatus": "network connection", "APIServerStatus": "API server"}
# A router connects anew within seconds; a link that is only waiting may have just been made on the other side.
BROKEN_S, WAITING_S = 5 * 60, 30 * 60
GATEWAY, IMPORT = "submariner.io/Gateway", "multicluster.x-k8s.io/ServiceImport"


@rule(
    "MCL121",
    name="intercluster-tunnel-down",
    question=Question.KEPT,
    severity=Severity.WARNING,
    inputs=(GATEWAY, IMPORT, LINK, PEER),
)
def intercluster_tunnel(ctx: Context) -> Iterator[Finding]:
    """The link between two clusters is down.

    ## What it means
    Services of the other cluster resolve here and do not answer. What is offered by that cluster alone is lost.

    ## Why it happens
    A firewall drops the tunnel's port (UDP 4500 with Submariner), an address changed, or the gateway of the other side
    is gone.

    ## Evidence
    `status.connections` of Submariner's active Gateway, with the imported services that only the other cluster offers;
    the condition `Operational` of Skupper's Link; `NetworkConnectionStatus` of Liqo's ForeignCluster.

    ## What to do
    Open the port between both gateways, then look at both again.

    ## Known limits
    A connection of Submariner that is still being made (`connecting`) is not told of, as nothing says since when.
    """
    for item in ctx.snap.all(GATEWAY):
        connections = value_at(item.whole, "status.connections")
        for index in range(len(connections) if isinstance(connections, list) else 0):
            path = f"status.connections[{index}]"
            if text_at(item, f"{path}.status") == "error" and text_at(item, "status.haStatus") != "passive":
                yield _finding(ctx, item, path)
    for item in ctx.snap.all(LINK):
        for path, one in _said(item, (OPERATIONAL,)):
            patience = WAITING_S if one.get("reason") == WAITS else BROKEN_S
            if one.get("status") == "False" and ctx.older(_time(one), patience):
                yield _link(ctx, item, path, "its link is not operational", one)
    for item in ctx.snap.all(PEER):
        for path, one in _said(item, tuple(LOST)):
            if one.get("status") == "Error" and ctx.older(_time(one), BROKEN_S):
                yield _link(ctx, item, path, f"its {LOST[str(one['type'])]} is in state Error", one)
                break


def _said(item: Object, types: tuple[str, ...]) -> Iterator[tuple[str, JsonDict]]:
    """The conditions of some types, of an object that stays."""
    for index, one in () if item.metadata.deletion_timestamp else conditions(item):
        if one["type"] in types:
            yield f"status.conditions[{index}]", one


def _time(one: JsonDict) -> str | None:
    since = one.get("lastTransitionTime")
    return since if isinstance(since, str) else None


def _link(ctx: Context, item: Object, path: str, what: str, one: JsonDict) -> Finding:
    message = one.get("message") if isinstance(one.get("message"), str) else ""
    proof: list[Evidence] = [ctx.cite(item, f"{path}.status")]
    proof += [ctx.cite(item, f"{path}.{part}") for part in ("message", "reason") if text_at(item, f"{path}.{part}")]
    mine = [group for group in ctx.groups("custom-resource-not-ready") if item.ref in {it.ref for it in group.members}]
    summary = f"{what} since {_time(one)}{f': {message}' if message else ''}"
    return Finding(
        subject=item.ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=tuple(Because(group, summary, as_proof(proof), members=1) for group in mine),
        confidence=Confidence.LIKELY,
        since=_time(one),
        remedies=(
            Remedy(
                text="try from here the address and port that the other side offers, then look at its gateway",
                who="platform",
            ),
        ),
    )


def _finding(ctx: Context, item: Object, path: str) -> Finding:
    paths = ("status", "statusMessage", "endpoint.cluster_id", "usingIP")
    proof: list[Evidence] = [ctx.cite(item, f"{path}.{one}") for one in paths if text_at(item, f"{path}.{one}")]
    other = text_at(item, f"{path}.endpoint.cluster_id") or "another cluster"
    said = text_at(item, f"{path}.statusMessage")
    lost = [one for one in ctx.snap.all(IMPORT) if _clusters(one) == {other}]
    proof += [ctx.cite(one, "status.clusters[0].cluster") for one in lost[:4]]
    names = ", ".join(f"{one.namespace}/{one.name}" for one in lost[:4])
    only = f"; only {other} offers {names}" if lost else ""
    return Finding(
        subject=item.ref,
        summary=f"its tunnel to cluster {other} is in state error{': ' + said if said else ''}{only}",
        evidence=as_proof(proof),
        members=tuple(one.ref for one in lost),
        remedies=(
            Remedy(
                text=f"open the tunnel's port between the gateways (UDP 4500), then look at the gateway of {other}",
                who="platform",
            ),
        ),
    )  # fmt: skip


def _clusters(item: Object) -> set[str]:
    listed = value_at(item.whole, "status.clusters")
    size = len(listed) if isinstance(listed, list) else 0
    return {text_at(item, f"status.clusters[{index}].cluster") for index in range(size)}
