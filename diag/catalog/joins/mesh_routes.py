"""Istio's VirtualServices and DestinationRules: where routes lead, and which subsets and settings a host has.

Shapes: istio/api networking/v1/virtual_service.proto and destination_rule.proto.
"""

from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.joins.mesh import Host, service_of_host
from diag.facts.entries import entries, text
from diag.projection import JsonDict, Object

VIRTUAL = "networking.istio.io/VirtualService"
RULE = "networking.istio.io/DestinationRule"
GATEWAY = "networking.istio.io/Gateway"
ENTRY = "networking.istio.io/ServiceEntry"
MESH = "mesh"  # stands for all sidecars where a VirtualService names its gateways


class Destination(NamedTuple):
    """One destination of a VirtualService: where it stands, what it names, and the Service that this means."""

    path: str
    host: str
    subset: str
    service: Host | None


def destinations(item: Object) -> Iterator[Destination]:
    """Where requests go; a destination of weight 0 gets none."""
    for protocol in ("http", "tcp", "tls"):
        for route, _ in entries(item, f"spec.{protocol}"):
            found = [pair for pair in entries(item, f"{route}.route") if pair[1].get("weight") != 0]
            for path, one in found:
                target = one.get("destination")
                host = text(target.get("host")) if isinstance(target, dict) else ""
                if isinstance(target, dict) and host:
                    service = service_of_host(host, item.namespace)
                    yield Destination(f"{path}.destination", host, text(target.get("subset")), service)


def rules_of(ctx: Context, service: Host) -> list[Object]:
    """The DestinationRules about a Service, of whatever namespace."""
    return [one for one in ctx.snap.all(RULE) if service_of_host(_host(one), one.namespace) == service]


def subsets(item: Object) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The subsets of a DestinationRule, each with its path, name and labels."""
    for path, one in entries(item, "spec.subsets"):
        labels = one.get("labels")
        pairs = labels.items() if isinstance(labels, dict) else ()
        yield path, text(one.get("name")), {key: value for key, value in pairs if isinstance(value, str)}


def entry_hosts(ctx: Context) -> set[str]:
    """All hosts that ServiceEntries add to the mesh."""
    found: set[str] = set()
    for one in ctx.snap.all(ENTRY):
        hosts = _spec(one).get("hosts")
        found |= {host for host in hosts if isinstance(host, str)} if isinstance(hosts, list) else set()
    return found


def texts_of(item: Object, name: str) -> list[str]:
    """A list of texts in the spec, empty where there is none; what is no text stays as an empty one in its place."""
    return as_texts(_spec(item).get(name))


def as_texts(value: object) -> list[str]:
    """A list of texts, empty where there is none; what is no text stays as an empty one in its place."""
    return [text(one) for one in value] if isinstance(value, list) else []


def gateways_of(item: Object) -> list[str]:
    """The gateways that a VirtualService names; that of the mesh where it names none."""
    return texts_of(item, "gateways") or [MESH]


def gateway_named(name: str, namespace: str) -> tuple[str, str]:
    """Namespace and name of a Gateway as a VirtualService of a namespace writes it."""
    space, slash, rest = name.partition("/")
    if slash:
        return space, rest
    parts = name.split(".")  # the form before Istio 1.1: NAME.NAMESPACE.svc.cluster.local
    return (parts[1], parts[0]) if len(parts) > 1 and "svc" in parts[2:3] else (namespace, name)


def _host(item: Object) -> object:
    return _spec(item).get("host")


def _spec(item: Object) -> JsonDict:
    spec = item.whole.get("spec")
    return spec if isinstance(spec, dict) else {}
