"""Which resources are GPUs, and how many of what a pod asks for."""

from functools import lru_cache

from msgspec import Raw

from diag.facts.quantity import milli
from diag.projection import json_value
from diag.snapshot.kinds import Container, Pod
from diag.vocab.accelerators import PREFIXES, SHARES

Amounts = dict[str, int]  # resource -> thousandths


@lru_cache(maxsize=4096)
def is_gpu(resource: str) -> bool:
    """Whether a resource counts devices (or slices of devices), by its name."""
    domain, _, word = resource.partition("/")
    if not word or word in SHARES:
        return False
    return resource.startswith(PREFIXES) or (word in ("gpu", "vgpu") and "." in domain)


@lru_cache(maxsize=65536)
def _amounts(text: bytes) -> Amounts:
    value = json_value(text)
    if not isinstance(value, dict):
        return {}
    parsed = {name: milli(amount) for name, amount in value.items()}
    return {name: amount for name, amount in parsed.items() if amount is not None}


def amounts(raw: Raw) -> Amounts:
    """A raw map of quantities as thousandths; what is no quantity is left out. Do not change it: it is shared."""
    return _amounts(bytes(raw))


@lru_cache(maxsize=65536)
def _requests(text: bytes) -> Amounts:
    value = json_value(text)
    if not isinstance(value, dict):
        return {}
    found: Amounts = {}
    # A limit without a request is the request (kubernetes/kubernetes pkg/apis/core/v1/defaults.go).
    for part in ("limits", "requests"):
        for name, amount in (value.get(part) or {}).items() if isinstance(value.get(part), dict) else ():
            parsed = milli(amount)
            if parsed is not None:
                found[name] = parsed
    return found


def container_requests(container: Container) -> Amounts:
    """What one container asks for. Do not change it: it is shared."""
    return _requests(bytes(container.resources))


def add(total: Amounts, more: Amounts) -> None:
    """Add amounts to a sum, in place."""
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def pod_requests(pod: Pod) -> Amounts:
    """What the scheduler counts for a pod, `pods` included.

    Containers and sidecars run together; each ordinary init container runs with the sidecars started before it; the
    larger need counts (kubernetes/kubernetes pkg/api/v1/resource/helpers.go, PodRequests).
    """
    total: Amounts = {}
    for container in pod.spec.containers or ():
        add(total, container_requests(container))
    sidecars: Amounts = {}
    largest: Amounts = {}
    for container in pod.spec.init_containers or ():
        asked = container_requests(container)
        if container.restart_policy == "Always":
            add(total, asked)
            add(sidecars, asked)
            asked = {}
        for name in {*asked, *sidecars}:
            largest[name] = max(largest.get(name, 0), asked.get(name, 0) + sidecars.get(name, 0))
    for name, amount in largest.items():
        total[name] = max(total.get(name, 0), amount)
    add(total, amounts(pod.spec.overhead))
    total["pods"] = 1000
    return total


def gpus_of(requests: Amounts) -> dict[str, int]:
    """The GPU resources among requests, in whole devices, zeros left out."""
    return {name: -(-amount // 1000) for name, amount in sorted(requests.items()) if amount > 0 and is_gpu(name)}
