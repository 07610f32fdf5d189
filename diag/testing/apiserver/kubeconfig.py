"""A kubeconfig for test servers: one context each, with the ways in which users prove who they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def kubeconfig(
    path: Path, servers: Mapping[str, str], *, user: Mapping[str, Any] | None = None,
    cluster: Mapping[str, Any] | None = None, namespace: str | None = None,
) -> Path:  # fmt: skip
    """Write a kubeconfig with a context for each server (name to URL), the first the current one.

    `user` is what a kubeconfig says of a user (`token`, `tokenFile`, `exec`, `client-certificate` …), `cluster` what it
    says of a cluster beside the address.
    """
    names = list(servers)
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": names[0] if names else "",
        "clusters": [{"name": name, "cluster": {"server": servers[name], **(cluster or {})}} for name in names],
        "users": [{"name": "somebody", "user": dict(user or {"token": "a-token"})}],
        "contexts": [
            {
                "name": name,
                "context": {"cluster": name, "user": "somebody"} | ({"namespace": namespace} if namespace else {}),
            }
            for name in names
        ],
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path
