"""The shape of a pod: all that decides where it may run, without what differs between siblings by nature."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from diag.facts.gpus import Amounts, container_requests, gpus_of, is_gpu, pod_requests
from diag.facts.nodes import Toleration, tolerations
from diag.facts.selection import required_terms
from diag.projection import Object, dicts, json_value, string_map
from diag.snapshot.kinds import Pod

DEFAULT_SCHEDULER = "default-scheduler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What one pod asks for. Equal shapes have equal keys."""

    key: tuple[Any, ...]
    requests: Amounts = field(compare=False)  # thousandths by resource, `pods` included
    tolerations: tuple[Toleration, ...] = field(compare=False)
    node_selector: dict[str, str] = field(compare=False)
    affinity: Any = field(compare=False)  # spec.affinity, decoded, None when absent
    scheduler: str = field(compare=False)
    priority: int = field(compare=False)
    priority_class: str = field(compare=False)
    claims: tuple[str, ...] = field(compare=False)  # names of PersistentVolumeClaims, as written
    device_claims: bool = field(compare=False)  # asks for devices through DRA

    @property
    def gpus(self) -> dict[str, int]:
        """GPU resources in whole devices."""
        return gpus_of(self.requests)

    @property
    def gpu_total(self) -> int:
        """All GPU devices of one pod."""
        return sum(self.gpus.values())

    @property
    def terms(self) -> list[Any]:
        """Required node selector terms."""
        return required_terms(self.affinity)


def shape_of(pod: Pod) -> Shape:
    """The shape of a pod."""
    requests = pod_requests(pod)
    spec = pod.spec
    affinity = json_value(bytes(spec.affinity)) if bytes(spec.affinity) else None
    claims = claim_names(pod)
    scheduler = spec.scheduler_name or DEFAULT_SCHEDULER
    devices = bool(json_value(bytes(spec.resource_claims)))
    return Shape(
        key=(
            tuple(sorted(requests.items())),
            _canonical(bytes(spec.tolerations)),
            _canonical(bytes(spec.node_selector)),
            _encoded(_without_own_node(affinity)),
            _canonical(bytes(spec.topology_spread_constraints)),
            scheduler,
            spec.priority or 0,
            tuple(sorted(_sibling_name(claim, pod.name) for claim in claims)),
            devices,
        ),
        requests=requests,
        tolerations=tolerations(spec.tolerations),
        node_selector=string_map(spec.node_selector),
        affinity=affinity,
        scheduler=scheduler,
        priority=spec.priority or 0,
        priority_class=spec.priority_class_name or "",
        claims=claims,
        device_claims=devices,
    )


def claim_names(pod: Pod) -> tuple[str, ...]:
    """The PersistentVolumeClaims that a pod mounts, those of its ephemeral volumes by the name that they get."""
    found = []
    for volume in dicts(json_value(bytes(pod.spec.volumes))):
        claim = volume.get("persistentVolumeClaim")
        if isinstance(claim, dict) and isinstance(claim.get("claimName"), str):
            found.append(claim["claimName"])
        elif isinstance(volume.get("ephemeral"), dict):
            # kubernetes/kubernetes staging/src/k8s.io/component-helpers/storage/ephemeral
            found.append(f"{pod.name}-{volume.get('name')}")
    return tuple(found)


def request_path(pod: Object, resource: str) -> str | None:
    """Where a pod asks for a resource: the path of its largest request, None when it does not ask (or is no pod)."""
    if not isinstance(pod, Pod):
        return None
    best: tuple[int, str] | None = None
    for part, containers in (("containers", pod.spec.containers), ("initContainers", pod.spec.init_containers)):
        for index, container in enumerate(containers or ()):
            amount = container_requests(container).get(resource, 0)
            if amount <= 0 or (best is not None and amount <= best[0]):
                continue
            asked = json_value(bytes(container.resources))
            where = next(
                (
                    side
                    for side in ("requests", "limits")
                    if isinstance(asked, dict)
                    and isinstance(asked.get(side), dict)
                    and isinstance(asked[side].get(resource), str | int | float)
                ),
                None,
            )
            if where:
                best = (amount, f'spec.{part}[{index}].resources.{where}["{resource}"]')
    return best[1] if best else None


def main_gpu(requests: Amounts) -> str | None:
    """The GPU resource that a shape asks most of, None when it asks for none."""
    asked = [(-amount, name) for name, amount in requests.items() if amount > 0 and is_gpu(name)]
    return min(asked)[1] if asked else None


def _without_own_node(affinity: Any) -> Any:
    """An affinity without the node that a DaemonSet pod is made for (metadata.name in matchFields)."""
    terms = dicts(required_terms(affinity))
    if not any(term.get("matchFields") for term in terms):
        return affinity
    kept = [{key: value for key, value in term.items() if key != "matchFields"} for term in terms]
    node = {**affinity["nodeAffinity"], "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": kept}}
    return {**affinity, "nodeAffinity": node}


def _sibling_name(claim: str, pod: str) -> str:
    """A claim's name without what tells siblings apart: the pod's own name, or an ordinal."""
    if pod and (claim.startswith(f"{pod}-") or claim.endswith(f"-{pod}")):
        return claim.replace(pod, "")
    base, _, ordinal = claim.rpartition("-")
    return base if base and ordinal.isdigit() else claim


@lru_cache(maxsize=16384)
def _canonical(text: bytes) -> bytes:
    return _encoded(json_value(text))


def _encoded(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")
