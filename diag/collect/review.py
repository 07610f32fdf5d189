"""What the server says that one may do: self-reviews, which store nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from diag.collect.discovery import Discovered
from diag.collect.failures import TransportError
from diag.collect.kube import Cluster
from diag.collect.pool import in_parallel
from diag.collect.requests import Stop, failed
from diag.collect.roles import Rule
from diag.facts.quoting import quoted

_ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_CREATED = 201
Verdict = Literal["allowed", "denied", "not served", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One thing that a collection does, and whether it may; `detail` is the server's reason or what went wrong."""

    verb: str
    group: str
    resource: str
    verdict: Verdict
    detail: str = ""

    @property
    def full(self) -> str:
        """As kubectl takes it: `deployments.apps`, `pods/log`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


def check(
    cluster: Cluster, rules: Sequence[Rule], served: Discovered, *, namespace: str = "", stop: Stop | None = None
) -> list[Right]:
    """One review for each line of a role: `list`, and `get` of logs. Raises nothing.

    With a namespace kinds that have one are asked about there, others in the cluster.
    """
    asked = [
        (verb, group, resource)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if verb == ("get" if "/" in resource else "list")
    ]
    known = {(one.group, one.plural): one.namespaced for one in served.kinds.values()}
    unsure = served.unknown if not served.everything_unknown else {group for _, group, _ in asked}

    def one(line: tuple[str, str, str]) -> Right:
        verb, group, resource = line
        if (group, resource.partition("/")[0]) not in known and group not in unsure:
            return Right(verb=verb, group=group, resource=resource, verdict="not served")
        inside = namespace if known.get((group, resource.partition("/")[0]), True) else ""
        return _asked(cluster, verb, group, resource, inside)

    done = dict(in_parallel(asked, one, stop or Stop()))
    return [*_in_order(asked, done)]


def _in_order(asked: Sequence[tuple[str, str, str]], done: dict[tuple[str, str, str], Any]) -> Iterator[Right]:
    for line in asked:
        found = done[line]
        if isinstance(found, Right):
            yield found
        else:
            verb, group, resource = line
            detail = str(found or "not asked")
            yield Right(verb=verb, group=group, resource=resource, verdict="unknown", detail=detail)


def _asked(cluster: Cluster, verb: str, group: str, resource: str, namespace: str) -> Right:
    plain, _, subresource = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": plain}
    attributes |= {"subresource": subresource} if subresource else {}
    attributes |= {"namespace": namespace} if namespace else {}
    try:
        answer = cluster.review(_ACCESS, {"spec": {"resourceAttributes": attributes}})
    except TransportError as error:
        return Right(verb=verb, group=group, resource=resource, verdict="unknown", detail=str(error))
    status = _status(answer.body) if answer.status == _CREATED else None
    if status is None or not isinstance(status.get("allowed"), bool):
        return Right(
            verb=verb, group=group, resource=resource, verdict="unknown", detail=str(failed(_ACCESS, answer, "POST"))
        )
    detail = status.get("reason")
    return Right(
        verb=verb, group=group, resource=resource, verdict="allowed" if status["allowed"] else "denied",
        detail=quoted(detail, 300) if isinstance(detail, str) else "",
    )  # fmt: skip


def who(cluster: Cluster) -> str | None:
    """The name under which the server knows this user, None where it does not tell. Raises TransportError."""
    answer = cluster.review(_WHO, {})
    status = _status(answer.body) if answer.status == _CREATED else None
    info = (status or {}).get("userInfo")
    name = info.get("username") if isinstance(info, dict) else None
    return quoted(name, 200) if isinstance(name, str) else None


def _status(body: bytes) -> dict[str, Any] | None:
    try:
        review: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    status = review.get("status") if isinstance(review, dict) else None
    return status if isinstance(status, dict) else None
