"""SCL321: no Prometheus selects a monitor, so nobody reads the metrics of running pods."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.monitors import Monitor, monitors
from diag.catalog.rule import rule
from diag.facts.custom_resources import text_at
from diag.facts.selection import matches_labels, matches_requirement
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy, Severity, as_proof
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import MISSING, key, value_at
from diag.trouble.groups import Group
from diag.trouble.relations.webhooks import selector_of

# prometheus-operator/prometheus-operator pkg/apis/monitoring/v1: without a selector none is chosen, `{}` takes all.
MONITOR, PROMETHEUS = "monitoring.coreos.com/ServiceMonitor", "monitoring.coreos.com/Prometheus"
PODS, AGENT = "monitoring.coreos.com/PodMonitor", "monitoring.coreos.com/PrometheusAgent"
SELECTORS = {MONITOR: "serviceMonitorSelector", PODS: "podMonitorSelector"}
SPACES = {MONITOR: "serviceMonitorNamespaceSelector", PODS: "podMonitorNamespaceSelector"}
# Where all of these are absent, the configuration is not the operator's at all.
MANAGED = (*SELECTORS.values(), "probeSelector", "scrapeConfigSelector")
# Others that read monitors: VictoriaMetrics' operator makes objects of its own of them, OpenTelemetry's allocator reads
# them (VictoriaMetrics/operator, open-telemetry/opentelemetry-operator spec.targetAllocator.prometheusCR).
OTHERS = ("operator.victoriametrics.com/VMAgent", "operator.victoriametrics.com/VMSingle",
          "opentelemetry.io/OpenTelemetryCollector", "opentelemetry.io/TargetAllocator")  # fmt: skip
SETTLED_S = 10 * 60


@rule(
    "SCL321",
    name="servicemonitor-not-selected",
    question=Question.SCALED,
    severity=Severity.WARNING,
    inputs=(
        MONITOR,
        PODS,
        PROMETHEUS,
        AGENT,
        *OTHERS,
        "keda.sh/ScaledObject",
        "Service",
        "Namespace",
        "Pod",
        "apps/Deployment",
        "apps/StatefulSet",
    ),
    visits={"Pod": 1},
    refines=("keda-metric-empty",),
)
def servicemonitor_not_selected(ctx: Context) -> Iterator[Finding]:
    """No Prometheus selects the labels or namespace of the Service- or PodMonitor.

    ## What it means
    A Prometheus scrapes only what monitors tell it that it selects. The metrics of these pods are exported, and nobody
    reads them: dashboards are empty, alerts do not fire, and a workload that is scaled on them stands still.

    ## Why it happens
    The monitor lacks a label that the Prometheus asks for, most often `release`.

    ## Evidence
    `spec.serviceMonitorSelector` (or `podMonitorSelector`, or the selector of namespaces) of the Prometheus, the labels
    that the monitor lacks, and the ScaledObject's words, where one waits.

    ## What to do
    Add the label to the monitor.

    ## Known limits
    Only monitors of running pods are looked at. Likely at most: a collector that reads monitors without an object of
    its own (Grafana Alloy), or a Prometheus outside the cluster, may be the one that is asked.
    """
    told: set[Ref] = set()
    for finding in _scaled(ctx):
        told.add(finding.subject)
        yield finding
    servers = [*ctx.snap.all(PROMETHEUS), *ctx.snap.all(AGENT)]
    if servers and not any(ctx.snap.all(kind) for kind in OTHERS) and all(_is_managed(server) for server in servers):
        for kind, items in ((MONITOR, _of_services(ctx, servers)), (PODS, _of_pods(ctx, servers))):
            yield from (
                _finding(ctx, None, item, _nearest(servers, item, kind)) for item in items if item.ref not in told
            )


def _is_managed(server: Object) -> bool:
    return any(isinstance(value_at(server.whole, f"spec.{name}"), dict) for name in MANAGED)


def _nearest(servers: list[Object], item: Object, kind: str) -> Object:
    """The Prometheus that most likely is meant: one that asks for labels, of the monitor's own namespace first."""
    asks = [one for one in servers if isinstance(value_at(one.whole, f"spec.{SELECTORS[kind]}"), dict)]
    return min(asks or servers, key=lambda one: (one.namespace != item.namespace, one.namespace, one.name))


def _is_unread(ctx: Context, item: Object, servers: list[Object]) -> bool:
    """Whether no server selects a monitor that has been there for long; new operators say by whom it is (bindings)."""
    if item.metadata.deletion_timestamp or not ctx.older(item.created, SETTLED_S):
        return False
    bindings = value_at(item.whole, "status.bindings")
    return not (isinstance(bindings, list) and bindings) and not any(_selects(ctx, one, item) for one in servers)


def _of_services(ctx: Context, servers: list[Object]) -> list[Object]:
    """ServiceMonitors of running pods that nobody selects, nor another monitor of the same Service."""
    every = monitors(ctx)
    unread = [one for one in every if one.selected and _is_unread(ctx, one.item, servers)]
    unread_refs = {one.item.ref for one in unread}
    others = [one for one in every if one.item.ref not in unread_refs] if unread else []
    return [one.item for one in unread if any(_counts(ctx, one, service, others) for service in one.selected)]


def _counts(ctx: Context, one: Monitor, service: Object, others: list[Monitor]) -> bool:
    selector = selector_of(service)
    return (
        bool(selector)
        and one.reads(service)
        and not any(other.reads(service) for other in others)
        and any(
            pod.status.phase == "Running" and selector.items() <= pod.labels.items()
            for pod in ctx.snap.pods_in(service.namespace)
        )
    )


def _of_pods(ctx: Context, servers: list[Object]) -> list[Object]:
    """PodMonitors of running pods of their own namespace that nobody selects."""
    return [
        item
        for item in ctx.snap.all(PODS)
        if _is_unread(ctx, item, servers)
        and value_at(item.whole, "spec.namespaceSelector") in (MISSING, None, {})
        and any(
            pod.status.phase == "Running" and matches_labels(pod.labels, value_at(item.whole, "spec.selector"))
            for pod in ctx.snap.pods_in(item.namespace)
        )
    ]


def _scaled(ctx: Context) -> Iterator[Finding]:
    """Monitors of workloads whose ScaledObject finds no metric."""
    scaled = [group for group in ctx.groups("scale-up-missing") if group.first.kind_id == "keda.sh/ScaledObject"]
    servers, everyone = (ctx.snap.all(PROMETHEUS), ctx.snap.all(MONITOR)) if scaled else ([], [])
    services = ctx.snap.all("Service") if servers else []
    for group in scaled:
        item = group.first
        triggers = value_at(item.whole, "spec.triggers")
        if not any(one.get("type") == "prometheus" for one in dicts(triggers)):
            continue
        monitors = [one for one in everyone if _watches(ctx, one, item, services)]
        unread = [one for one in monitors if not any(_selects(ctx, server, one) for server in servers)]
        if servers and unread and len(unread) == len(monitors):
            yield _finding(ctx, group, unread[0], servers[0])


def _watches(ctx: Context, monitor: Object, scaled: Object, everyone: list[Object]) -> bool:
    """Whether a monitor scrapes a Service of the target, which selects the labels of its pods."""
    if monitor.namespace != scaled.namespace:
        return False
    kind = text_at(scaled, "spec.scaleTargetRef.kind") or "Deployment"
    target = ctx.snap.get(f"apps/{kind}", scaled.namespace, text_at(scaled, "spec.scaleTargetRef.name"))
    labels = value_at(target.whole, "spec.template.metadata.labels") if target is not None else None
    pods = labels if isinstance(labels, dict) else {}
    wanted = value_at(monitor.whole, "spec.selector")
    services = [one for one in everyone if one.namespace == scaled.namespace and _matches(wanted, one)]
    return any(
        (selector := selector_of(one)) and all(pods.get(name) == value for name, value in selector.items())
        for one in services
    )


def _selects(ctx: Context, server: Object, monitor: Object) -> bool:
    """Whether a Prometheus selects a monitor; where that cannot be known it is taken to."""
    kind = monitor.kind_id
    chosen, spaces = (value_at(server.whole, f"spec.{part[kind]}") for part in (SELECTORS, SPACES))
    if not isinstance(chosen, dict):
        return False  # without a selector none is chosen
    if not _matches(chosen, monitor):
        return False
    if not isinstance(spaces, dict):
        return server.namespace == monitor.namespace
    space = ctx.snap.get("Namespace", "", monitor.namespace)
    return space is None or _matches(spaces, space)


def _matches(selector: object, item: Object) -> bool:
    """Whether a label selector matches an object; an empty one matches all."""
    found: JsonDict = selector if isinstance(selector, dict) else {}
    labels = found.get("matchLabels")
    pairs = labels.items() if isinstance(labels, dict) else ()
    terms = dicts(found.get("matchExpressions"))
    return all(item.labels.get(name) == value for name, value in pairs) and all(
        matches_requirement(item.labels, term) for term in terms
    )


def _finding(ctx: Context, group: Group | None, monitor: Object, server: Object) -> Finding:
    selector, kind = f"spec.{SELECTORS[monitor.kind_id]}", monitor.kind or ""
    labels = value_at(server.whole, f"{selector}.matchLabels")
    wanted = (
        {name: value for name, value in labels.items() if isinstance(value, str)} if isinstance(labels, dict) else {}
    )
    lacking = [name for name, value in wanted.items() if monitor.labels.get(name) != value]
    proof: list[Evidence] = [ctx.cite(server, f"{selector}.matchLabels{key(name)}") for name in lacking]
    proof += [ctx.cite_or_lack(monitor, f"metadata.labels{key(name)}") for name in lacking]
    if value_at(server.whole, selector) in (MISSING, None):
        proof.append(ctx.lack(server, selector))
    words = ", ".join(f"{name}={wanted[name]}" for name in lacking)
    asks = f", which asks for the label {words}" if words else ""
    summary = f"is not selected by Prometheus {server.namespace}/{server.name}{asks}, so its metrics are not read"
    return Finding(
        subject=monitor.ref,
        summary=summary,
        evidence=as_proof([*proof, *(group.evidence if group else ()), ctx.cite(monitor, "metadata.name")]),
        accounts_for=(Because(group, f"{kind} {monitor.name} {summary}", tuple(proof)),) if group else (),
        confidence=Confidence.LIKELY,
        since=group.since if group else monitor.created,
        remedies=(
            Remedy(
                text=f"label {kind} {monitor.name} with {words or 'what the Prometheus selects'}",
                command=f"kubectl -n {monitor.namespace} label {kind.lower()} {monitor.name} {words}"
                if words
                else None,
            ),
        ),
    )
