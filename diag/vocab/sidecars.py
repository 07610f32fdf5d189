"""Containers that other systems add to a pod and that run beside its work."""

import re

# Istio, Linkerd, Consul, Kuma, Cloud SQL, Vault, Dapr, log and metric agents, FUSE mounts: the names that their
# injectors and manuals use, and their images.
_NAME = re.compile(
    r"^(?:istio-proxy|linkerd-proxy|consul-dataplane|envoy(?:-sidecar)?|kuma-sidecar|cloud-?sql-proxy|alloydb-auth-proxy"
    r"|vault-agent|daprd|fluent-?bit(?:-.*)?|fluentd(?:-.*)?|datadog-agent|otc-container|otel-collector"
    r"|gke-gcsfuse-sidecar|filebeat|promtail|aws-otel-collector|tailscale|.*-sidecar)$"
)
_IMAGE = re.compile(
    r"istio/proxyv2|linkerd/proxy|cloud-sql-proxy|gce-proxy|hashicorp/vault|daprio/daprd|envoyproxy/envoy"
)
_MESH = re.compile(r"^(?:istio-proxy|linkerd-proxy|consul-dataplane|kuma-sidecar)$")


def is_sidecar(name: str, image: str) -> bool:
    """Whether a container is one that runs beside the work and never ends by itself."""
    return bool(_NAME.match(name) or _IMAGE.search(image))


def is_mesh_proxy(name: str, image: str) -> bool:
    """Whether a container is the proxy of a service mesh."""
    return bool(_MESH.match(name) or re.search(r"istio/proxyv2|linkerd/proxy", image))
