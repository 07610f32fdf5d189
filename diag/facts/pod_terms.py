"""What a pod demands of the pods around it: required affinity and anti-affinity, and hard topology spread.

As kubernetes/kubernetes pkg/scheduler/framework/plugins/interpodaffinity and podtopologyspread read them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from diag.facts.selection import matches_labels, matches_requirement
from diag.projection import Object, dicts
from diag.snapshot.kinds import Pod

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
Side = Literal["podAffinity", "podAntiAffinity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PodTerm:
    """One required term: near (or away from) pods of these labels and namespaces, within a domain of `topology`.

    `namespaces` are those that it names, its own by default; `namespace_selector` adds others by their labels.
    """

    owner: Pod
    side: Side
    path: str
    topology: str
    selector: Any
    namespaces: frozenset[str]
    namespace_selector: Any
    extra: tuple[tuple[str, str, str], ...]  # key, operator, value of matchLabelKeys and mismatchLabelKeys

    def means(self, pod: Pod) -> bool:
        """Whether the term is about that pod, by its labels. Which namespaces count is the caller's to know."""
        extra = [{"key": key, "operator": operator, "values": [value]} for key, operator, value in self.extra]
        return matches_labels(pod.labels, self.selector) and all(matches_requirement(pod.labels, one) for one in extra)

    @property
    def words(self) -> str:
        """The labels that it asks for, as kubectl writes selectors."""
        selector = self.selector if isinstance(self.selector, dict) else {}
        labels = selector.get("matchLabels")
        parts = [f"{key}={value}" for key, value in labels.items()] if isinstance(labels, dict) else []
        for one in dicts(selector.get("matchExpressions")):
            values = one.get("values")
            listed = f" ({', '.join(map(str, values))})" if isinstance(values, list) and values else ""
            parts.append(f"{one.get('key')} {str(one.get('operator') or '').lower()}{listed}")
        return ",".join(parts)

    def means_namespace(self, name: str, labels: Mapping[str, str] | None) -> bool | None:
        """Whether pods of that namespace count; None where its labels decide and are not known."""
        if name in self.namespaces:
            return True
        if not isinstance(self.namespace_selector, dict):
            return False
        if not self.namespace_selector:
            return True
        return None if labels is None else matches_labels(labels, self.namespace_selector)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One constraint that keeps a pod off nodes (`whenUnsatisfiable: DoNotSchedule`)."""

    path: str
    topology: str
    selector: Any
    extra: tuple[tuple[str, str, str], ...]
    max_skew: int
    min_domains: int
    honours_selector: bool
    honours_taints: bool

    def means(self, pod: Pod) -> bool:
        """Whether that pod is counted, by its labels."""
        extra = [{"key": key, "operator": operator, "values": [value]} for key, operator, value in self.extra]
        return matches_labels(pod.labels, self.selector) and all(matches_requirement(pod.labels, one) for one in extra)


def pod_terms(pod: Pod, side: Side) -> list[PodTerm]:
    """The required terms of one side; what cannot be understood is left out."""
    spec = pod.whole.get("spec")
    affinity = spec.get("affinity") if isinstance(spec, dict) else None
    part = affinity.get(side) if isinstance(affinity, dict) else None
    terms = part.get(REQUIRED) if isinstance(part, dict) else None
    found = []
    for index, term in enumerate(terms if isinstance(terms, list) else ()):
        if not isinstance(term, dict) or not isinstance(term.get("topologyKey"), str):
            continue
        named = term.get("namespaces")
        names = {one for one in named if isinstance(one, str)} if isinstance(named, list) else set()
        selector = term.get("namespaceSelector")
        if not names and not isinstance(selector, dict):
            names = {pod.namespace}
        found.append(
            PodTerm(
                owner=pod, side=side, path=f"spec.affinity.{side}.{REQUIRED}[{index}]", topology=term["topologyKey"],
                selector=term.get("labelSelector"), namespaces=frozenset(names), namespace_selector=selector,
                extra=(*_extra(pod, term, "matchLabelKeys", "In"), *_extra(pod, term, "mismatchLabelKeys", "NotIn")),
            )
        )  # fmt: skip
    return found


def hard_spreads(pod: Pod) -> list[Spread]:
    """The topology spread constraints that must be met."""
    spec = pod.whole.get("spec")
    entries = spec.get("topologySpreadConstraints") if isinstance(spec, dict) else None
    found = []
    for index, one in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(one, dict) or one.get("whenUnsatisfiable", "DoNotSchedule") != "DoNotSchedule":
            continue
        if isinstance(one.get("topologyKey"), str):
            found.append(
                Spread(
                    path=f"spec.topologySpreadConstraints[{index}]", topology=one["topologyKey"],
                    selector=one.get("labelSelector"), extra=_extra(pod, one, "matchLabelKeys", "In"),
                    max_skew=_positive(one.get("maxSkew")), min_domains=_positive(one.get("minDomains")),
                    honours_selector=one.get("nodeAffinityPolicy", "Honor") == "Honor",
                    honours_taints=one.get("nodeTaintsPolicy", "Ignore") == "Honor",
                )
            )  # fmt: skip
    return found


def host_ports(pod: Object) -> Iterator[tuple[str, int, str, str]]:
    """The ports of the node that a pod's containers take: path, number, protocol and address ("" for all)."""
    spec = pod.whole.get("spec")
    for part in ("containers", "initContainers"):
        containers = spec.get(part) if isinstance(spec, dict) else None
        for place, container in enumerate(containers if isinstance(containers, list) else ()):
            ports = container.get("ports") if isinstance(container, dict) else None
            # An ordinary init container is over before the others start; only a sidecar keeps its ports.
            if part == "initContainers" and isinstance(container, dict) and container.get("restartPolicy") != "Always":
                continue
            for index, port in enumerate(ports if isinstance(ports, list) else ()):
                for one in dicts([port]):
                    number, address = one.get("hostPort"), one.get("hostIP")
                    if isinstance(number, int) and not isinstance(number, bool) and number > 0:
                        path = f"spec.{part}[{place}].ports[{index}].hostPort"
                        anywhere = address in (None, "", "0.0.0.0")  # noqa: S104  the API's word for every address
                        yield path, number, str(one.get("protocol") or "TCP"), "" if anywhere else str(address)


def ports_clash(pod: Object, other: Object) -> bool:
    """Whether two pods cannot be on one node for a host port: the same number and protocol on a common address."""
    return any(
        (number, protocol) == (its_number, its_protocol) and (address == its_address or not (address and its_address))
        for _, number, protocol, address in host_ports(pod)
        for _, its_number, its_protocol, its_address in host_ports(other)
    )


def _extra(pod: Pod, term: dict[str, Any], part: str, operator: str) -> tuple[tuple[str, str, str], ...]:
    """Keys whose value in the pod itself is part of the selector (KEP-3633, KEP-3243)."""
    keys = term.get(part)
    labels = pod.labels
    return tuple(
        (key, operator, labels[key]) for key in keys if isinstance(key, str) and key in labels
    ) if isinstance(keys, list) else ()  # fmt: skip


def _positive(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 1
