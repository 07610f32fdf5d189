"""MCL121: the tunnel of a Submariner gateway to another cluster is down."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import text_at
from diag.findings import Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at

GATEWAY, IMPORT = "submariner.io/Gateway", "multicluster.x-k8s.io/ServiceImport"


@rule(
    "MCL121",
    name="intercluster-tunnel-down",
    question=Question.KEPT,
    severity=Severity.WARNING,
    inputs=(GATEWAY, IMPORT),
)
def intercluster_tunnel(ctx: Context) -> Iterator[Finding]:
    """The link between two clusters is down.

    ## What it means
    Services of the other cluster resolve here and do not answer. What is offered by that cluster alone is lost.

    ## Why it happens
    A firewall drops the tunnel's port (UDP 4500), an address changed, or the gateway of the other side is gone.

    ## Evidence
    `status.connections` of the active Gateway, and the imported services that only the other cluster offers.

    ## What to do
    Open the port between both gateways, then look at both again.

    ## Known limits
    A connection that is still being made (`connecting`) is not told of.
    """
    for item in ctx.snap.all(GATEWAY):
        connections = value_at(item.whole, "status.connections")
        for index in range(len(connections) if isinstance(connections, list) else 0):
            path = f"status.connections[{index}]"
            if text_at(item, f"{path}.status") == "error" and text_at(item, "status.haStatus") != "passive":
                yield _finding(ctx, item, path)


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
