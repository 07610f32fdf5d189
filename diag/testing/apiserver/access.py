"""Who may do what: RBAC rules as in a ClusterRole, for the whole cluster and for single namespaces."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from diag.testing.apiserver.kinds import Resource

Rule = Mapping[str, Sequence[str]]  # apiGroups, resources (with `pods/log`), verbs; `*` means all
EVERYTHING: tuple[Rule, ...] = ({"apiGroups": ("*",), "resources": ("*",), "verbs": ("*",)},)
_REVIEWS: Rule = {  # ClusterRole system:basic-user
    "apiGroups": ("authorization.k8s.io", "authentication.k8s.io"),
    "resources": ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"),
    "verbs": ("create",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The rights of the one user that the server knows.

    `cluster` holds everywhere, `namespaced` in single namespaces only.
    """

    user: str = "dana@example.com"
    cluster: Sequence[Rule] = EVERYTHING
    namespaced: Mapping[str, Sequence[Rule]] = field(default_factory=dict)

    def allows(self, verb: str, resource: Resource, subresource: str, namespace: str) -> bool:
        """Whether the user may; `namespace` is empty for the whole cluster."""
        what = f"{resource.plural}/{subresource}" if subresource else resource.plural
        rules = [*self.cluster, *self.namespaced.get(namespace, ())]
        return any(_covers(rule, verb, resource.group, what) for rule in rules)

    def access_review(self, body: bytes) -> bytes:
        """A SelfSubjectAccessReview, answered."""
        review = _object(body)
        spec = review.get("spec")
        asked = spec.get("resourceAttributes") if isinstance(spec, dict) else None
        asked = asked if isinstance(asked, dict) else {}
        resource = Resource(str(asked.get("group", "")), ("v1",), "", str(asked.get("resource", "")), namespaced=True)
        allowed = self.allows(
            str(asked.get("verb", "")), resource, str(asked.get("subresource", "")), str(asked.get("namespace", ""))
        )
        return _review("SelfSubjectAccessReview", "authorization.k8s.io/v1", spec, {"allowed": allowed})

    def rules_review(self, body: bytes) -> bytes:
        """A SelfSubjectRulesReview of one namespace, answered."""
        spec = _object(body).get("spec")
        namespace = str(spec.get("namespace", "")) if isinstance(spec, dict) else ""
        rules = [dict(rule) for rule in (*self.cluster, *self.namespaced.get(namespace, ()), _REVIEWS)]
        found = {"resourceRules": rules, "nonResourceRules": [], "incomplete": False}
        return _review("SelfSubjectRulesReview", "authorization.k8s.io/v1", spec, found)

    def self_review(self) -> bytes:
        """A SelfSubjectReview: who is asking."""
        info = {"userInfo": {"username": self.user, "groups": ["system:authenticated"]}}
        return _review("SelfSubjectReview", "authentication.k8s.io/v1", None, info)

    def without(self, verb: str, group: str, resource: str) -> "Access":
        """The same rights but one; the rules must name it, not mean it by `*`."""
        return Access(
            user=self.user, cluster=[*_without(self.cluster, verb, group, resource)], namespaced=self.namespaced
        )


def _without(rules: Iterable[Rule], verb: str, group: str, resource: str) -> Iterable[Rule]:
    for rule in rules:
        if not _covers(rule, verb, group, resource):
            yield rule
            continue
        others = [each for each in rule["resources"] if each != resource]
        if others:
            yield {**rule, "resources": others}
        verbs = [each for each in rule["verbs"] if each != verb]
        if verbs:
            yield {"apiGroups": rule["apiGroups"], "resources": [resource], "verbs": verbs}


def _covers(rule: Rule, verb: str, group: str, resource: str) -> bool:
    asked = (("apiGroups", group), ("resources", resource), ("verbs", verb))
    return all("*" in rule[part] or value in rule[part] for part, value in asked)


def _object(body: bytes) -> dict[str, Any]:
    found: Any = msgspec.json.decode(body or b"{}")
    return found if isinstance(found, dict) else {}


def _review(kind: str, api_version: str, spec: Any, found: dict[str, Any]) -> bytes:
    document = {"kind": kind, "apiVersion": api_version, "metadata": {}}
    document |= {"spec": spec} if spec is not None else {}
    return msgspec.json.encode(document | {"status": found}) + b"\n"
