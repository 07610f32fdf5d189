"""NET211: the sidecar of a pod does not become ready."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.mesh import ROOT_NAMESPACE, proxy_of
from diag.catalog.rule import rule
from diag.facts.pods import statuses
from diag.findings import Basis, Because, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object
from diag.snapshot.kinds import Pod

GROUPS = (
    "container-not-ready",
    "container-crashing",
    "container-not-started",
    "init-container-failing",
    "pod-start-slow",
    "pod-failed",
)
# istio/istio pilot/cmd/pilot-agent/status/server.go and status/ready/probe.go; "Pilot" until 1.17.
NOT_READY = re.compile(r"Envoy proxy is NOT ready: (?P<why>.{1,300})")
READY = re.compile(r"Envoy proxy is ready")
NO_CONFIG = re.compile(r"config not received from (?:XDS server|Pilot)")
ENDS = re.compile(r"server is terminated|received signal")
# istio/istio pkg/istio-agent/xds_proxy.go, security/pkg/nodeagent/cache
CUT_OFF = re.compile(
    r"failed to connect to upstream|failed to get certificate|failed to warm certificate|xds.{0,40}error"
)
MAX_LINES = 2000
MAX_MEMBERS = 4


class Words(NamedTuple):
    """What a proxy says of itself."""

    pod: Pod
    container: str
    why: str
    proof: Evidence
    status: Evidence


@rule(
    "NET211",
    name="mesh-proxy-not-ready",
    question=Question.READY,
    basis=Basis.SAID,
    inputs=("Pod", "apps/Deployment"),
    refines=("readiness-probe-failing",),
)
def mesh_proxy_not_ready(ctx: Context) -> Iterator[Finding]:
    """The sidecar does not become ready, so the pod does not.

    ## What it means
    A pod is ready when all its containers are. The application may be well; its Istio proxy has no configuration that
    it could work with, so no traffic reaches the pod.

    ## Why it happens
    The proxy cannot reach istiod (it is down, or a policy is in between), has no certificate, or refuses a
    configuration, often that of an EnvoyFilter or of a Service.

    ## Evidence
    The proxy's container, which is not ready, and its last line on why, with what it says of its connection to istiod.

    ## What to do
    Look at istiod where no configuration came; `istioctl proxy-status` shows what was refused.

    ## Known limits
    Where istiod is itself in trouble, that is the cause.
    """
    for group in ctx.groups(*GROUPS):
        pods = (member for member in group.members[:MAX_MEMBERS] if isinstance(member, Pod))
        words = next((found for pod in pods if (found := _words(ctx, pod)) is not None), None)
        if words is None:
            continue
        more = _line(ctx, words.pod, words.container, CUT_OFF)
        without = NO_CONFIG.search(words.why) is not None
        plane = _control_plane(ctx) if without else []
        summary = f"its proxy {words.container} is not ready: {words.why}"
        yield Finding(
            subject=group.workload,
            summary=summary,
            evidence=as_proof([words.proof, words.status, *([more[1]] if more else [])]),
            second_sign=True,
            accounts_for=(Because(group, summary, (words.proof, words.status)),),
            since=group.since,
            needs=tuple(plane),
            remedies=(
                Remedy(
                    text="see what the proxy says of its connection to istiod",
                    command=f"kubectl logs {words.pod.name} -n {words.pod.namespace} -c {words.container} --tail=50",
                ),
                Remedy(
                    text="look at istiod and at the policies between it and the pod"
                    if without
                    else "find the configuration that the proxy refuses (istioctl proxy-status, EnvoyFilters)",
                    who="platform",
                ),
            ),
        )


def _words(ctx: Context, pod: Pod) -> Words | None:
    """Why the proxy of a pod is not ready, where that is the last that it says of it."""
    container = proxy_of(pod)
    path = next((path for path, one in statuses(pod) if one.name == container and one.ready is False), None)
    found = _line(ctx, pod, container, NOT_READY, unless=READY) if path else None
    said = NOT_READY.search(found[0]) if found else None
    if found is None or said is None or ENDS.search(said["why"]):
        return None
    return Words(pod, container, said["why"].strip(), found[1], ctx.cite(pod, f"{path}.ready"))


def _line(
    ctx: Context, pod: Pod, container: str, pattern: re.Pattern[str], unless: re.Pattern[str] | None = None
) -> tuple[str, Evidence] | None:
    """The last line that matches, None where a later one says otherwise."""
    lines = ctx.snap.log(pod, container)
    for number in range(len(lines), max(len(lines) - MAX_LINES, 0), -1):
        text = lines[number - 1][:2000]
        if unless is not None and unless.search(text):
            return None
        if pattern.search(text):
            return text, ctx.cite_log(pod, container, number)
    return None


def _control_plane(ctx: Context) -> list[Ref]:
    """The Deployments of istiod, one for each revision (istio/istio manifests/charts/istio-control)."""
    items: list[Object] = ctx.snap.all("apps/Deployment")
    return [one.ref for one in items if one.namespace == ROOT_NAMESPACE and one.labels.get("app") == "istiod"]
