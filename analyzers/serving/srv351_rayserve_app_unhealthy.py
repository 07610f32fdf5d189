"""SRV351: an application of Ray Serve is unhealthy, or has no endpoint."""

from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.own_trouble import suffers, unwell_since
from diag.catalog.rule import rule
from diag.facts.custom_resources import is_held, is_unread, told
from diag.facts.entries import text
from diag.findings import Basis, Evidence, Finding, Question, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.cite import key, value_at

SERVICE = "ray.io/RayService"
# ray-project/kuberay ray-operator/apis/ray/v1/rayservice_types.go; ray-project/ray python/ray/serve/schema.py
CLUSTERS = ("status.activeServiceStatus", "status.pendingServiceStatus")
BAD = ("UNHEALTHY", "DEPLOY_FAILED")
NO_ENDPOINT = ("ZeroServeEndpoints", "InitializingTimeout")


class Unwell(NamedTuple):
    """An application or a deployment of one that is not well, and where its message (or state) stands."""

    what: str
    state: str
    message: str
    path: str


@rule(
    "SRV351",
    name="rayserve-app-unhealthy",
    question=Question.READY,
    basis=Basis.REMAINDER,
    inputs=(SERVICE,),
)
def rayserve(ctx: Context) -> Iterator[Finding]:
    """A Ray Serve application is unhealthy or has no endpoint.

    ## What it means
    The Ray cluster is there, and the application that it is to serve is not: its deployment failed, its replicas fail
    their health checks, or none has an endpoint.

    ## Why it happens
    The import path or an argument is wrong, a package is missing, a replica's constructor raises (for example while it
    loads a model), or Ray has no room for the resources that a replica asks for.

    ## Evidence
    The condition `Ready` of the RayService, and the message of the application and its deployments in its status.

    ## What to do
    Read the message; a traceback in it ends with the reason. What is cut off stands in the log of the head and of the
    replicas (`/tmp/ray/session_latest/logs/serve`).

    ## Known limits
    Where pods of the cluster are in trouble, that is told instead.
    """
    for item in ctx.snap.all(SERVICE):
        ready = told(item, "Ready")
        unwell = list(_unwell(item))
        silent = ready is not None and ready.status == "False" and ready.reason in NO_ENDPOINT
        if is_held(item) or is_unread(item) or not (unwell or silent):
            continue
        proof: list[Evidence] = [ctx.cite(item, one.path) for one in unwell[:4]]
        proof += [ctx.cite(item, ready.path)] if ready is not None and ready.status == "False" else []
        said = f"{ready.reason}: {ready.message}" if silent and ready is not None else ""
        summary = _words(unwell) or f"serves nothing: {said}"
        accounts = tuple(suffers(ctx, item, summary, as_proof(proof)))
        older = ready is None and not any(group.workload == item.ref for group in ctx.groups())
        if accounts or older:  # else the trouble of its pods is told, or it is starting; before 1.3 it had no Ready
            yield Finding(
                subject=item.ref,
                summary=summary,
                evidence=as_proof(proof),
                accounts_for=accounts,
                since=unwell_since(ctx, item),
                remedies=(
                    Remedy(
                        text="read the whole message of the application",
                        command=f"kubectl get rayservice {item.name} -n {item.namespace} -o yaml",
                    ),
                    Remedy(text="correct spec.serveConfigV2 (import_path, runtime_env, arguments) as it says"),
                ),
            )


def _words(unwell: list[Unwell]) -> str:
    if not unwell:
        return ""
    first = max(unwell, key=lambda one: (bool(one.message), one.what.count(" ")))
    last = [line.strip() for line in first.message.splitlines() if line.strip()]
    said = f": {last[0][:200]}{f' … {last[-1][:200]}' if len(last) > 1 else ''}" if last else ""
    return f"{first.what} is {first.state}{said}"


def _unwell(item: Object) -> Iterator[Unwell]:
    """Applications that are not well, each followed by its deployments that are not."""
    for base in CLUSTERS:
        apps = value_at(item.whole, f"{base}.applicationStatuses")
        for app, found in sorted(apps.items()) if isinstance(apps, dict) else ():
            path = f"{base}.applicationStatuses{key(app)}"
            one = _judge(item, path, f"application {app}")
            if one is None:
                continue
            yield one
            parts = found.get("serveDeploymentStatuses") if isinstance(found, dict) else None
            for part in sorted(parts) if isinstance(parts, dict) else ():
                below = _judge(item, f"{path}.serveDeploymentStatuses{key(part)}", f"deployment {part} of {app}")
                if below is not None:
                    yield below


def _judge(item: Object, path: str, what: str) -> Unwell | None:
    state = text(value_at(item.whole, f"{path}.status"))
    message = text(value_at(item.whole, f"{path}.message"))
    if state not in BAD:
        return None
    return Unwell(what, state, message, f"{path}.{'message' if message else 'status'}")
