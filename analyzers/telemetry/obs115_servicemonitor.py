"""OBS115 to OBS117: a ServiceMonitor through which nothing is scraped: no Service, no such port, or refused."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.monitors import INPUTS, Monitor, is_behind, monitors, port_names, scaled_on
from diag.catalog.rule import Named, rule
from diag.facts.entries import entries, text
from diag.facts.words import count_of, listed
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import JsonDict, Object
from diag.snapshot.cite import key, value_at
from diag.trouble.groups import Group
from diag.trouble.relations.webhooks import selector_of

GROUP = "monitoring.coreos.com"
# Kinds that the operator takes or refuses (prometheus-operator pkg/apis/monitoring/v1, v1alpha1).
TAKEN = tuple(f"{GROUP}/{kind}" for kind in ("ServiceMonitor", "PodMonitor", "Probe", "PrometheusRule", "ScrapeConfig"))
REFUSED = "InvalidConfiguration"
RECENT_S = 3600
# Labels that all parts of a release share, so that they do not tell which is meant (Helm, kubernetes.io conventions).
SHARED = (
    "release", "heritage", "chart", "component", "app.kubernetes.io/instance", "app.kubernetes.io/part-of",
    "app.kubernetes.io/managed-by", "app.kubernetes.io/component", "app.kubernetes.io/version", "helm.sh/chart",
)  # fmt: skip
METRICLESS = ("keda-metric-empty", "hpa-metrics-api-missing")

PORT_PAGE = """The ServiceMonitor names a port that the Service does not have.

## What it means
The monitor selects a Service and asks for one of its ports by name. No port has that name, so there is no target and
no error anywhere: the metrics are just not there.

## Why it happens
The Service's port has no name or another one, or the monitor was written with the container's port name or a number.

## Evidence
`spec.endpoints[].port` of the monitor, and the ports of the Services that it selects.

## What to do
Name the Service's port as the monitor has it, or write the Service's port name into the monitor.

## Known limits
A monitor with further endpoints that do find their port is told as `info`.
"""
REJECTED_PAGE = """The Prometheus operator refuses the monitor or rule.

## What it means
The operator leaves the object out of Prometheus' configuration, so that nothing is scraped or evaluated by it. The
others go on working.

## Why it happens
It names a Secret key that is missing or a scrape class that does not exist, reads a token from a file where that is
forbidden, or its expressions are invalid.

## Evidence
The operator's event `InvalidConfiguration`, or its entry in `status.bindings`.

## What to do
Correct what the message names.

## Known limits
Operators before the field `status.bindings` tell it only by an event, which is kept for an hour.
"""


@rule(
    "OBS115",
    name="servicemonitor-selects-nothing",
    question=Question.SCALED,
    severity=Severity.WARNING,
    inputs=(*INPUTS, *TAKEN[1:], "Event"),
    refines=METRICLESS,
    others=(
        Named(
            id="OBS116", name="servicemonitor-port-mismatch", page=PORT_PAGE, severity=Severity.WARNING,
            refines=METRICLESS,
        ),
        Named(
            id="OBS117", name="servicemonitor-rejected", page=REJECTED_PAGE, severity=Severity.WARNING,
            basis=Basis.SAID, refines=METRICLESS,
        ),
    ),
)  # fmt: skip
def servicemonitor(ctx: Context) -> Iterator[Finding]:
    """The ServiceMonitor's selector matches no Service.

    ## What it means
    A ServiceMonitor finds its targets by the labels of Services. None has these labels, so nothing is scraped, and
    nobody reports an error: dashboards are empty, and scalers on these metrics stand still.

    ## Why it happens
    The selector has the labels of the pods, which the Service selects but does not carry, or those of another release.

    ## Evidence
    `spec.selector` of the monitor, and the labels of the Service that it most likely means.

    ## What to do
    Label the Service as the monitor asks, or let the monitor select the labels that the Service has.

    ## Known limits
    Silent where no Service of these namespaces looks like the one that is meant: a monitor may be there before its
    Service. Which Prometheus selects the monitor is another question.
    """
    every = monitors(ctx)
    scaled = list(scaled_on(ctx))
    for one in every:
        if one.selected:
            yield from _ports(ctx, one, scaled)
        else:
            yield from _nothing(ctx, one, every, scaled)
    for kind in TAKEN:
        for item in ctx.snap.all(kind):
            yield from _refused(ctx, item, every, scaled)


Scaled = tuple[Group, str, JsonDict]


def _ports(ctx: Context, one: Monitor, scaled: list[Scaled]) -> Iterator[Finding]:
    lost = one.lost()
    serving = [service for service in one.selected if _has_pods(ctx, service)] if lost else []
    if not serving:
        return
    path, port = lost[0]
    service = serving[0]
    names = port_names(service)
    proof: list[Evidence] = [ctx.cite(one.item, path)]
    proof += [
        ctx.cite(service, f"{place}.name") for place, it in entries(service, "spec.ports") if text(it.get("name"))
    ]
    if not names:
        proof.append(ctx.lack(service, "spec.ports[0].name"))
    has = f"has {listed(names)}" if names else "has no port with a name"
    more = f" (nor have {count_of(len(serving) - 1, 'other Service')})" if serving[1:] else ""
    summary = f"asks for port {port}, and Service {service.name} {has}{more}: there is no target, and no error"
    whole = len(lost) == len(list(entries(one.item, "spec.endpoints")))
    yield Finding(
        name="servicemonitor-port-mismatch",
        subject=one.item.ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=_victims(one, one.selected, scaled, summary, proof) if whole else (),
        severity=None if whole else Severity.INFO,
        since=one.item.created,
        remedies=(
            Remedy(
                text=f"write {names[0]} into spec.endpoints of ServiceMonitor {one.item.name}"
                if len(names) == 1
                else f"give the port of Service {service.name} that serves the metrics the name {port}"
            ),
            Remedy(
                text="see the Service's ports",
                command=f"kubectl get service {service.name} -n {service.namespace} -o yaml",
            ),
        ),
    )


def _nothing(ctx: Context, one: Monitor, every: list[Monitor], scaled: list[Scaled]) -> Iterator[Finding]:
    wanted = value_at(one.item.whole, "spec.selector.matchLabels")
    labels = (
        {name: value for name, value in wanted.items() if isinstance(value, str)} if isinstance(wanted, dict) else {}
    )
    unread = [service for service in one.services if not any(other.reads(service) for other in every)]
    meant = [service for service in unread if _is_meant(one, service, labels) and _has_pods(ctx, service)]
    if not labels or not meant:
        return
    service = meant[0]
    asks = ", ".join(f"{name}={value}" for name, value in labels.items())
    proof: list[Evidence] = [ctx.cite(one.item, f"spec.selector.matchLabels{key(name)}") for name in labels]
    proof += [ctx.cite_or_lack(service, f"metadata.labels{key(name)}") for name in labels]
    selector = selector_of(service)
    own = [ctx.cite(service, f"spec.selector{key(name)}") for name in labels if selector.get(name) == labels[name]]
    why = "which its pods have and it has not" if own else "which it has not"
    summary = (
        f"selects no Service: it asks for {asks}, {why}: Service {service.name} "
        f"has {', '.join(f'{name}={value}' for name, value in sorted(service.labels.items())[:6]) or 'no labels'}"
    )
    yield Finding(
        subject=one.item.ref,
        summary=summary,
        evidence=as_proof([*proof, *own]),
        accounts_for=_victims(one, tuple(meant), scaled, summary, proof),
        confidence=Confidence.LIKELY,
        since=one.item.created,
        remedies=(
            Remedy(
                text=f"label Service {service.name} with {asks}",
                command=f"kubectl label service {service.name} -n {service.namespace} {asks.replace(', ', ' ')}",
                risk="disruptive",
            ),
            Remedy(text=f"or let ServiceMonitor {one.item.name} select labels that the Service has"),
        ),
    )


def _is_meant(one: Monitor, service: Object, labels: dict[str, str]) -> bool:
    """Whether a Service that is not selected looks like the one that is meant: a port is asked for, and a word fits."""
    asked = {port for _, port in one.wanted()}
    if asked and not asked & set(port_names(service)):
        return False
    selector = selector_of(service)
    if all(selector.get(name) == value for name, value in labels.items()):
        return True
    words = {service.name, *service.labels.values(), *selector.values()}
    return service.name == one.item.name or any(value in words for name, value in labels.items() if name not in SHARED)


def _has_pods(ctx: Context, service: Object) -> bool:
    """Whether running pods are behind a Service; taken to be where no pod of the namespace was collected."""
    pods = ctx.snap.pods_in(service.namespace)
    selector = selector_of(service)
    return not pods or any(
        pod.status.phase == "Running" and all(pod.labels.get(name) == value for name, value in selector.items())
        for pod in pods
        if selector
    )


def _refused(ctx: Context, item: Object, every: list[Monitor], scaled: list[Scaled]) -> Iterator[Finding]:
    said = [
        (path, one)
        for base, _ in entries(item, "status.bindings")
        for path, one in entries(item, f"{base}.conditions")
        if one.get("type") == "Accepted"
    ]
    bad = [(path, one) for path, one in said if one.get("status") == "False"]
    events = ctx.warnings(item, REFUSED, within_s=RECENT_S) if not said else []
    if not bad and not events:
        return
    if bad:
        path, one = bad[0]
        words = text(one.get("message"))
        proof: list[Evidence] = [ctx.cite(item, f"{path}.{'message' if words else 'status'}")]
        words = words or text(one.get("reason"))
    else:
        words, proof = events[0].text, [ctx.cite_event(events[0])]
    summary = f"is refused by the Prometheus operator ({REFUSED}), so nothing is read by it: {words[:400]}"
    mine = [one for one in every if one.item.ref == item.ref]
    yield Finding(
        name="servicemonitor-rejected",
        subject=item.ref,
        summary=summary,
        evidence=as_proof(proof),
        accounts_for=_victims(mine[0], mine[0].selected, scaled, summary, proof) if mine else (),
        since=item.created,
        remedies=(Remedy(text="correct what the operator's message names; it then takes the object by itself"),),
    )


def _victims(
    one: Monitor, services: tuple[Object, ...], scaled: list[Scaled], summary: str, proof: list[Evidence]
) -> tuple[Because, ...]:
    """The scalers whose workload is behind one of these Services."""
    why = f"ServiceMonitor {one.item.name} {summary}"
    return tuple(
        Because(group, why, as_proof(proof[:4]), members=group.share)
        for group, namespace, labels in scaled
        if any(is_behind(service, namespace, labels) for service in services)
    )
