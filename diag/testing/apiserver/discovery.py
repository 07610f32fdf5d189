"""Discovery documents: aggregated (KEP-3352) for who accepts them, else group by group and version by version."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from diag.testing.apiserver.kinds import READ, Resource

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def aggregated(resources: Iterable[Resource], *, core: bool, stale: Iterable[str] = ()) -> bytes:
    """`/api` (`core`) or `/apis` in one document; a group in `stale` comes empty, as when its server is down."""
    groups = _by_group(resources, core=core)
    items = [
        {
            "metadata": {"name": group} if group else {},
            "versions": [
                {
                    "version": version,
                    "resources": [] if group in stale else [_aggregated(each) for each in served],
                    "freshness": "Stale" if group in stale else "Current",
                }
                for version, served in versions.items()
            ],
        }
        for group, versions in groups.items()
    ]
    return _body(
        {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}
    )


def core_versions() -> bytes:
    """`/api` for who asks for nothing special."""
    return _body({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})


def group_list(resources: Iterable[Resource]) -> bytes:
    """`/apis` for who asks for nothing special."""
    groups = _by_group(resources, core=False)
    return _body(
        {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name, groups[name]) for name in groups]}
    )


def resource_list(resources: Iterable[Resource], group: str, version: str) -> bytes | None:
    """`/apis/GROUP/VERSION` or `/api/v1`; None where it is not served."""
    served = _by_group(resources, core=not group).get(group, {}).get(version)
    if served is None:
        return None
    head: dict[str, Any] = {"kind": "APIResourceList", "groupVersion": f"{group}/{version}" if group else version}
    listed = [
        {
            "name": each.plural,
            "singularName": each.kind.lower(),
            "namespaced": each.namespaced,
            "kind": each.kind,
            "verbs": READ,
        }
        for each in served
    ]
    return _body(head | {"resources": listed})


def _by_group(resources: Iterable[Resource], *, core: bool) -> dict[str, dict[str, list[Resource]]]:
    found: dict[str, dict[str, list[Resource]]] = defaultdict(lambda: defaultdict(list))
    for each in sorted(resources, key=lambda one: (one.group, one.plural)):
        if bool(each.group) is not core:
            for version in each.versions:
                found[each.group][version].append(each)
    return found


def _group(name: str, versions: Iterable[str]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _aggregated(each: Resource) -> dict[str, Any]:
    return {
        "resource": each.plural,
        "responseKind": {"group": each.group, "version": "", "kind": each.kind},
        "scope": "Namespaced" if each.namespaced else "Cluster",
        "singularResource": each.kind.lower(),
        "verbs": READ,
    }


def _body(document: dict[str, Any]) -> bytes:
    return msgspec.json.encode(document) + b"\n"
