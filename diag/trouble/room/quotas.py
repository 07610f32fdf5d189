"""ResourceQuotas: what they count of a pod, what is left of them, and who holds it.

Which resources a quota counts and how scopes select: kubernetes/kubernetes pkg/quota/v1/evaluator/core/pods.go;
defaults of a LimitRange: plugin/pkg/admission/limitranger/admission.go.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec
from msgspec import Raw

from diag.facts.gpus import Amounts, is_gpu, pod_requests
from diag.facts.quantity import milli
from diag.findings import Ref
from diag.projection import Object, dicts, json_value
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Container, Pod

ENDED = ("Succeeded", "Failed")  # a pod that has ended counts in no quota
PLAIN = ("cpu", "memory", "ephemeral-storage")  # without a prefix they mean requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One ResourceQuota. Amounts are thousandths by resource, as the quota writes it (`requests.nvidia.com/gpu`)."""

    item: Object
    hard: Amounts
    used: Amounts

    def left(self, resource: str) -> int:
        """What may still be asked for."""
        return self.hard[resource] - self.used[resource]

    def short(self, need: Amounts) -> list[str]:
        """The resources of which less is left than is needed, GPUs first."""
        found = [name for name in self.used if name in self.hard and need.get(name, 0) > max(self.left(name), 0)]
        return sorted(found, key=lambda name: (not is_gpu(name.removeprefix("requests.")), name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What the LimitRanges of a namespace fill in for containers that leave it open."""

    requests: dict[str, str] = field(default_factory=dict)
    limits: dict[str, str] = field(default_factory=dict)


def quota_of(item: Object) -> Quota:
    """A ResourceQuota by its status; a limit without a status is not known to be used up."""
    status = item.whole.get("status")
    parts = status if isinstance(status, dict) else {}
    return Quota(item=item, hard=_amounts(parts.get("hard")), used=_amounts(parts.get("used")))


def _amounts(value: object) -> Amounts:
    if not isinstance(value, dict):
        return {}
    return {name: found for name, text in value.items() if (found := milli(text)) is not None}


def defaults_of(ranges: Iterable[Object]) -> Defaults:
    """What LimitRanges fill in for containers; of several the first by name."""
    found = Defaults()
    for item in ranges:
        spec = item.whole.get("spec")
        for limit in dicts(spec.get("limits")) if isinstance(spec, dict) else []:
            if limit.get("type") != "Container":
                continue
            default, asked = _map(limit.get("default")), _map(limit.get("defaultRequest"))
            for name, amount in {**default, **asked}.items():
                found.requests.setdefault(name, str(amount))
            for name, amount in default.items():
                found.limits.setdefault(name, str(amount))
    return found


def _map(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def charges_of(pod: Pod, defaults: Defaults) -> Callable[[str], int]:
    """What one pod is charged for each resource as a quota writes it, in thousandths."""
    requests = pod_requests(_filled(pod, "requests", defaults))
    limits = pod_requests(_filled(pod, "limits", defaults))

    def charged(resource: str) -> int:
        if resource in ("pods", "count/pods"):
            return 1000
        kind, dot, name = resource.partition(".")
        if dot and kind == "limits":
            return limits.get(name, 0)
        if dot and kind == "requests":
            return requests.get(name, 0)
        return requests.get(resource, 0) if resource in PLAIN or resource.startswith("hugepages-") else 0

    return charged


def claim_charges(item: Object, is_missing: Callable[[str], bool]) -> Amounts:
    """What the claims of a StatefulSet's next pod are charged, in thousandths; claims that may be there are left out.

    Names of the resources: pkg/quota/v1/evaluator/core/persistent_volume_claims.go.
    """
    found: Amounts = {}
    have, start = (value_at(item.whole, path) for path in ("status.replicas", "spec.ordinals.start"))
    ordinal = sum(one for one in (have, start) if isinstance(one, int))
    templates = value_at(item.whole, "spec.volumeClaimTemplates")
    for template in dicts(templates):
        if not is_missing(f"{value_at(template, 'metadata.name')}-{item.name}-{ordinal}"):
            continue
        storage = milli(value_at(template, "spec.resources.requests.storage")) or 0
        of_class = f"{value_at(template, 'spec.storageClassName')}.storageclass.storage.k8s.io/"
        for name, amount in (
            *((f"{prefix}requests.storage", storage) for prefix in ("", of_class)),
            *((f"{prefix}persistentvolumeclaims", 1000) for prefix in ("", of_class, "count/")),
        ):
            found[name] = found.get(name, 0) + amount
    return found


def _filled(pod: Pod, part: str, defaults: Defaults) -> Pod:
    """The pod with the requests (or limits) that admission would see, written as requests."""
    spec = msgspec.structs.replace(
        pod.spec,
        containers=[_with(one, part, defaults) for one in pod.spec.containers or ()],
        init_containers=[_with(one, part, defaults) for one in pod.spec.init_containers or ()],
    )
    return msgspec.structs.replace(pod, spec=spec)


def _with(container: Container, part: str, defaults: Defaults) -> Container:
    stated = stated_resources(container)
    if part == "limits":
        asked = {**defaults.limits, **stated["limits"]}
    else:
        asked = {**defaults.requests, **stated["limits"], **stated["requests"]}
    return msgspec.structs.replace(container, resources=Raw(msgspec.json.encode({"requests": asked})))


def stated_resources(container: Container) -> dict[str, dict[str, object]]:
    """What a container itself states, by `requests` and `limits`."""
    value = json_value(bytes(container.resources))
    sides = value if isinstance(value, dict) else {}
    return {part: _map(sides.get(part)) for part in ("requests", "limits")}


def selects(item: Object, pod: Pod) -> bool:
    """Whether the scopes of a quota let it count the pod; a scope that is not known here does not."""
    spec = item.whole.get("spec")
    parts = spec if isinstance(spec, dict) else {}
    scopes = parts.get("scopes")
    named = [{"scopeName": name, "operator": "Exists"} for name in scopes] if isinstance(scopes, list) else []
    selector = parts.get("scopeSelector")
    named += dicts(selector.get("matchExpressions")) if isinstance(selector, dict) else []
    return all(_in_scope(pod, one) for one in named)


def _in_scope(pod: Pod, scope: dict[str, object]) -> bool:
    spec = pod.whole.get("spec")
    bounded = isinstance(spec, dict) and spec.get("activeDeadlineSeconds") is not None
    frugal = not any(any(stated_resources(one).values()) for one in pod.spec.containers or ())
    match scope.get("scopeName"):
        case "Terminating":
            return bounded
        case "NotTerminating":
            return not bounded
        case "BestEffort":
            return frugal
        case "NotBestEffort":
            return not frugal
        case "PriorityClass":
            return _in_class(pod.spec.priority_class_name or "", scope)
    return False


def _in_class(name: str, scope: dict[str, object]) -> bool:
    values = scope.get("values")
    listed = isinstance(values, list) and name in values
    match scope.get("operator"):
        case "In":
            return listed
        case "NotIn":
            return not listed
        case "Exists":
            return bool(name)
        case "DoesNotExist":
            return not name
    return False


@dataclass(slots=True)
class Holder:
    """A workload with what its pods hold of one resource of a quota, in thousandths."""

    workload: Ref
    amount: int = 0
    pods: list[Pod] = field(default_factory=list)


def holders(pods: Iterable[Pod], item: Object, resource: str, workload: Callable[[Pod], Object]) -> list[Holder]:
    """Who holds a resource of a quota, the largest first. Pods that have ended hold nothing."""
    found: dict[Ref, Holder] = {}
    for pod in pods:
        amount = charges_of(pod, Defaults())(resource)
        if amount <= 0 or pod.status.phase in ENDED or not selects(item, pod):
            continue
        top = workload(pod).ref
        holder = found.setdefault(top, Holder(top))
        holder.amount += amount
        holder.pods.append(pod)
    return sorted(found.values(), key=lambda one: (-one.amount, str(one.workload)))
