"""What answers behind a Service that the API server calls, for rules about webhooks."""

import re
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.findings import Evidence, Ref
from diag.projection import Object, dicts
from diag.snapshot.cite import key
from diag.trouble.relations.webhooks import behind, selector_of

WORKLOADS = ("apps/Deployment", "apps/StatefulSet", "apps/DaemonSet")
SLICE = "discovery.k8s.io/EndpointSlice"
SLICE_OF = "kubernetes.io/service-name"
INPUTS = ("Service", SLICE, *WORKLOADS)

URL = re.compile(r"https://(?P<service>[a-z0-9-]{1,63})\.(?P<namespace>[a-z0-9-]{1,63})\.svc[.:/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What is behind a Service: proof, the workloads that have to run, and what is wrong with them in words.

    `absent` where the Service does not exist, `ready` where it has a ready endpoint; neither where nobody knows.
    """

    proof: tuple[Evidence, ...] = ()
    needs: tuple[Ref, ...] = ()
    words: str = ""
    absent: bool = False
    ready: bool = False


def called(text: str) -> tuple[str, str] | None:
    """Namespace and name of the Service in the URL of a failed call."""
    found = URL.search(text)
    return (found["namespace"], found["service"]) if found else None


def backend(ctx: Context, place: tuple[str, str]) -> Backend:
    """What is behind the Service of that namespace and name."""
    service = ctx.snap.get("Service", *place)
    if service is None:
        if ctx.snap.lacks("Service", *place) is None:
            return Backend()
        proof_of = (ctx.absent("v1", "Service", *place),)
        return Backend(proof=proof_of, words=f"Service {place[1]} does not exist", absent=True)
    workloads = behind(service, (item for kind in WORKLOADS for item in ctx.snap.all(kind)))
    proof: list[Evidence] = [ctx.cite(service, f"spec.selector{key(label)}") for label in selector_of(service)]
    proof += [ctx.cite(item, "spec.replicas") for item in workloads if replicas(item) is not None]
    slices = [one for one in ctx.snap.all(SLICE) if _is_of(one, place)]
    ready = any(_ready(one) for one in slices)
    empty = bool(slices) and not ready
    proof += [ctx.lack(one, "endpoints[0]") for one in slices if empty and not dicts(one.whole.get("endpoints"))]
    words = [f"{item.kind} {item.name} has 0 replicas" for item in workloads if replicas(item) == 0]
    if not words and empty:
        words = [f"Service {place[1]} has no ready endpoint"]
    needs = tuple(item.ref for item in workloads)
    return Backend(proof=tuple(proof), needs=needs, words=", ".join(words), ready=ready)


def replicas(item: Object) -> int | None:
    """How many replicas are wanted, None where nothing says it."""
    spec = item.whole.get("spec")
    wanted = spec.get("replicas") if isinstance(spec, dict) else None
    return wanted if isinstance(wanted, int) else None


def _is_of(item: Object, place: tuple[str, str]) -> bool:
    return item.namespace == place[0] and item.labels.get(SLICE_OF) == place[1]


def _ready(item: Object) -> bool:
    """Whether a slice has an endpoint that is ready; no statement means ready (discovery.k8s.io/v1)."""
    ends = dicts(item.whole.get("endpoints"))
    states = [end.get("conditions") for end in ends]
    return any(not isinstance(state, dict) or state.get("ready") is not False for state in states)
