"""SCL331: KEDA's HTTP interceptor gives up on a request before the model behind it has started."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import text_at
from diag.facts.pods import condition, condition_path, occupies_node
from diag.findings import Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.kinds import Pod
from diag.trouble.relations.webhooks import selector_of

KINDS = ("http.keda.sh/InterceptorRoute", "http.keda.sh/HTTPScaledObject")
SERVICES = ("spec.target.service", "spec.scaleTargetRef.service")
TIMEOUTS = ("spec.timeouts.readiness", "spec.timeouts.conditionWait")
INTERCEPTOR = "interceptor"
# kedacore/http-add-on interceptor/middleware/endpoint_resolver.go, which names the route, and before it
# interceptor/proxy_handlers.go, which does not.
GAVE_UP, UNNAMED = "backend not ready", "wait function failed, not forwarding request"
MAX_LINES = 2_000


@rule(
    "SCL331",
    name="interceptor-readiness-timeout",
    question=Question.READY,
    severity=Severity.WARNING,
    inputs=(*KINDS, "Pod", "Service", "Namespace", "apps/Deployment"),
)
def interceptor_timeout(ctx: Context) -> Iterator[Finding]:
    """The HTTP path gives up before the cold start ends.

    ## What it means
    The interceptor holds a request while the workload is scaled from zero. It waits for as long as the route says, then
    answers 504. The pod behind it is still loading, and nothing is wrong with it.

    ## Why it happens
    A model takes minutes to load, and the default wait is seconds.

    ## Evidence
    The interceptor's log line that names the route, its timeout, and the pod behind it that is not ready yet.

    ## What to do
    Raise the timeout above the start's length, name a fallback, or keep one replica.

    ## Known limits
    Needs the interceptor's log. Older interceptors do not say which route they gave up on: that is told only where one
    route alone has a pod that starts, and is possible at most.
    """
    routes = [item for kind in KINDS for item in ctx.snap.all(kind)]
    interceptors = _interceptors(ctx) if routes else []
    starting = [(item, pod) for item in routes if interceptors and (pod := _starting(ctx, item)) is not None]
    for item, pod in starting:
        said = _line(ctx, interceptors, GAVE_UP, f'"{item.namespace}/{item.name}"')
        if said is not None:
            yield _finding(ctx, item, said, pod, GAVE_UP)
        elif len(starting) == 1 and (said := _line(ctx, interceptors, UNNAMED, "")) is not None:
            yield _finding(ctx, item, said, pod, UNNAMED)


def _interceptors(ctx: Context) -> list[Pod]:
    """Pods of the interceptor, in namespaces where KEDA or a Deployment of that name is."""
    spaces = {one.name for one in ctx.snap.all("Namespace") if "keda" in one.name}
    spaces |= {one.namespace for one in ctx.snap.all("apps/Deployment") if INTERCEPTOR in one.name}
    return [pod for space in sorted(spaces) for pod in ctx.snap.pods_in(space) if INTERCEPTOR in pod.name]


def _line(ctx: Context, pods: list[Pod], words: str, route: str) -> Evidence | None:
    """The newest line in which an interceptor gives up, on that route where one is named."""
    for pod in pods:
        for container in pod.spec.containers or ():
            lines = ctx.snap.log(pod, container.name or "")
            for number in range(len(lines), max(len(lines) - MAX_LINES, 0), -1):
                if words in lines[number - 1] and route in lines[number - 1]:
                    return ctx.cite_log(pod, container.name or "", number)
    return None


def _starting(ctx: Context, route: Object) -> Pod | None:
    """A pod behind the route that has a node and is not ready."""
    name = next((found for path in SERVICES if (found := text_at(route, path))), "")
    service = ctx.snap.get("Service", route.namespace, name)
    selector = selector_of(service) if service is not None else {}
    for pod in ctx.snap.pods_in(route.namespace) if selector else ():
        ready = condition(pod, "Ready")
        mine = all(pod.labels.get(label) == value for label, value in selector.items())
        if mine and occupies_node(pod) and ready is not None and ready.status != "True":
            return pod
    return None


def _finding(ctx: Context, item: Object, said: Evidence, pod: Pod, words: str) -> Finding:
    path = next((one for one in TIMEOUTS if text_at(item, one)), "")
    proof = [said, ctx.cite(pod, condition_path(pod, "Ready", "status")), *([ctx.cite(item, path)] if path else [])]
    wait = f" after {text_at(item, path)}" if path else ""
    return Finding(
        subject=item.ref,
        summary=f"gives up on requests{wait} ({words}) while {pod.name} behind it still starts",
        evidence=as_proof(proof),
        confidence=Confidence.LIKELY if words == GAVE_UP else Confidence.POSSIBLE,
        remedies=(
            Remedy(
                text=f"raise {path or 'the readiness timeout'} above the time that a start takes, or name a fallback"
            ),
            Remedy(text="or keep one replica (minReplicaCount: 1)"),
        ),
    )
