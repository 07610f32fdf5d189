"""SCL321: no Prometheus reads the metric on which a workload is scaled."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import text_at
from diag.facts.selection import matches_requirement
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import key, value_at
from diag.trouble.groups import Group
from diag.trouble.relations.webhooks import selector_of

MONITOR, PROMETHEUS = "monitoring.coreos.com/ServiceMonitor", "monitoring.coreos.com/Prometheus"
SELECTOR, SPACES = "serviceMonitorSelector", "serviceMonitorNamespaceSelector"


@rule(
    "SCL321",
    name="servicemonitor-not-selected",
    question=Question.SCALED,
    severity=Severity.WARNING,
    inputs=(MONITOR, PROMETHEUS, "keda.sh/ScaledObject", "Service", "Namespace", "apps/Deployment", "apps/StatefulSet"),
    refines=("keda-metric-empty",),
)
def servicemonitor_not_selected(ctx: Context) -> Iterator[Finding]:
    """No Prometheus selects the ServiceMonitor's labels or namespace.

    ## What it means
    A Prometheus scrapes only what ServiceMonitors tell it that it selects. The metric on which a workload is scaled is
    exported, and nobody reads it.

    ## Why it happens
    The monitor lacks a label that the Prometheus asks for, most often `release`.

    ## Evidence
    `spec.serviceMonitorSelector` of the Prometheus, the labels that the monitor lacks, the ScaledObject's words.

    ## What to do
    Add the label to the ServiceMonitor.

    ## Known limits
    Only monitors of a workload whose ScaledObject finds no metric are looked at. Likely at most: another Prometheus, or
    one outside the cluster, may be the one that is asked.
    """
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
    chosen, spaces = (value_at(server.whole, f"spec.{part}") for part in (SELECTOR, SPACES))
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


def _finding(ctx: Context, group: Group, monitor: Object, server: Object) -> Finding:
    labels = value_at(server.whole, f"spec.{SELECTOR}.matchLabels")
    wanted = (
        {name: value for name, value in labels.items() if isinstance(value, str)} if isinstance(labels, dict) else {}
    )
    lacking = [name for name, value in wanted.items() if monitor.labels.get(name) != value]
    proof: list[Evidence] = [ctx.cite(server, f"spec.{SELECTOR}.matchLabels{key(name)}") for name in lacking]
    proof += [ctx.cite_or_lack(monitor, f"metadata.labels{key(name)}") for name in lacking]
    words = ", ".join(f"{name}={wanted[name]}" for name in lacking)
    asks = f", which asks for the label {words}" if words else ""
    summary = f"is not selected by Prometheus {server.namespace}/{server.name}{asks}, so its metrics are not read"
    return Finding(
        subject=monitor.ref,
        summary=summary,
        evidence=as_proof([*proof, *group.evidence, ctx.cite(monitor, "metadata.name")]),
        accounts_for=(Because(group, f"ServiceMonitor {monitor.name} {summary}", tuple(proof)),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text=f"label ServiceMonitor {monitor.name} with {words or 'what the Prometheus selects'}",
                command=f"kubectl -n {monitor.namespace} label servicemonitor {monitor.name} {words}"
                if words
                else None,
            ),
        ),
    )
