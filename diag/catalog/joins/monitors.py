"""What ServiceMonitors select, and the workloads that are scaled on what is read through them."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.facts.custom_resources import text_at, told
from diag.facts.entries import entries, text
from diag.facts.selection import matches_labels
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group
from diag.trouble.relations.webhooks import selector_of

# prometheus-operator/prometheus-operator pkg/apis/monitoring/v1/servicemonitor_types.go
MONITOR = "monitoring.coreos.com/ServiceMonitor"
SCALED = "keda.sh/ScaledObject"
HPA = "autoscaling/HorizontalPodAutoscaler"
INPUTS = (MONITOR, "Service", "Pod", SCALED, HPA, "apps/Deployment", "apps/StatefulSet")
# What an autoscaler says whose adapter answers and has no such series.
NO_SERIES = ("no metrics returned from", "could not find the metric", "no custom metric")


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """A ServiceMonitor with the Services of its namespaces, and those of them that it selects."""

    item: Object
    services: tuple[Object, ...]
    selected: tuple[Object, ...]

    def wanted(self) -> list[tuple[str, str]]:
        """The port names that its endpoints ask for, each with its path."""
        found = ((f"{path}.port", one.get("port")) for path, one in entries(self.item, "spec.endpoints"))
        return [(path, port) for path, port in found if isinstance(port, str) and port]

    def lost(self) -> list[tuple[str, str]]:
        """Those of the port names that no selected Service has."""
        have = {name for service in self.selected for name in port_names(service)}
        return [(path, port) for path, port in self.wanted() if port not in have]

    def reads(self, service: Object) -> bool:
        """Whether it scrapes a Service: selects it, and asks for a port that it has, or for none by name."""
        if not any(one is service for one in self.selected):
            return False
        wanted = self.wanted()
        return not wanted or any(port in port_names(service) for _, port in wanted)


def monitors(ctx: Context) -> list[Monitor]:
    """All ServiceMonitors. Those are left out of which some namespace's Services are not known."""
    items = [one for one in ctx.snap.all(MONITOR) if not one.metadata.deletion_timestamp]
    by_space: dict[str, list[Object]] = {}
    for service in ctx.snap.all("Service") if items else ():
        by_space.setdefault(service.namespace, []).append(service)
    return [found for item in items if (found := _monitor(item, by_space)) is not None]


def _monitor(item: Object, by_space: dict[str, list[Object]]) -> Monitor | None:
    if value_at(item.whole, "spec.namespaceSelector.any") is True:
        spaces = sorted(by_space)
    else:
        named = value_at(item.whole, "spec.namespaceSelector.matchNames")
        spaces = [text(name) for name in named] if isinstance(named, list) and named else [item.namespace]
    if not spaces or any(space not in by_space for space in spaces):
        return None
    services = [service for space in spaces for service in by_space[space]]
    wanted = value_at(item.whole, "spec.selector")
    selected = tuple(one for one in services if matches_labels(one.labels, wanted))
    return Monitor(item=item, services=tuple(services), selected=selected)


def port_names(service: Object) -> list[str]:
    """The names of a Service's ports."""
    return [name for one in dicts(value_at(service.whole, "spec.ports")) if (name := text(one.get("name")))]


def scaled_on(ctx: Context) -> Iterator[tuple[Group, str, JsonDict]]:
    """Groups of scalers that got no series, with the namespace and the pod labels of what each member scales."""
    for group in ctx.groups("scale-up-missing"):
        for item in group.members:
            kind = text_at(item, "spec.scaleTargetRef.kind") or "Deployment"
            if not _lacks_series(item) or kind not in ("Deployment", "StatefulSet"):
                continue
            target = ctx.snap.get(f"apps/{kind}", item.namespace, text_at(item, "spec.scaleTargetRef.name"))
            labels = value_at(target.whole, "spec.template.metadata.labels") if target is not None else None
            if isinstance(labels, dict):
                yield group, item.namespace, labels


def _lacks_series(item: Object) -> bool:
    """Whether a scaler in trouble reads Prometheus, or says that its adapter has no such series."""
    if item.kind_id == SCALED:
        return any(one.get("type") == "prometheus" for one in dicts(value_at(item.whole, "spec.triggers")))
    said = told(item, "ScalingActive")
    return item.kind_id == HPA and said is not None and any(words in said.message for words in NO_SERIES)


def is_behind(service: Object, namespace: str, labels: JsonDict) -> bool:
    """Whether a Service selects pods with these labels in a namespace."""
    selector = selector_of(service)
    return (
        service.namespace == namespace
        and bool(selector)
        and all(labels.get(name) == value for name, value in selector.items())
    )
