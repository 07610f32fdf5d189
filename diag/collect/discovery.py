"""What an API server serves: aggregated discovery (two requests), else group by group.

The newest version of a kind is taken: generally available before beta before alpha, then the higher number
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/).
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from diag.collect.kube import Answer, Cluster, path_of
from diag.collect.pool import in_parallel
from diag.collect.requests import BUSY, SERVER_ERROR, FailedError, Stop, ask
from diag.collect.roles import CLUSTER_SCOPED
from diag.facts.quoting import quoted
from diag.projection import dicts
from diag.snapshot.sources.part import Problem

AGGREGATED = ",".join(
    [f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")]
    + ["application/json"]
)
ROOTS = ("/api", "/apis")
_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_STAGE = {"alpha": 1, "beta": 2, None: 3}
_PLURAL = re.compile(r"[a-z0-9]+")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")  # of a group or a version: nothing else makes a path
# Kinds that every API server has (kubernetes/kubernetes pkg/controlplane/instance.go, the stable versions of its
# legacy, apps and batch groups): where discovery does not name them, it is discovery that lacks something.
EVERYWHERE = frozenset({
    "ConfigMap", "Endpoints", "Event", "LimitRange", "Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim",
    "Pod", "ReplicationController", "ResourceQuota", "Service", "ServiceAccount",
    "apps/DaemonSet", "apps/Deployment", "apps/ReplicaSet", "apps/StatefulSet", "batch/CronJob", "batch/Job",
})  # fmt: skip
# Groups of Kubernetes itself, whose kinds are at v1 where discovery cannot be asked.
_ASSUMED = ("", "apps", "batch", "policy", "storage.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "node.k8s.io")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One kind in the version that is asked for."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def id(self) -> str:
        """`Pod`, `apps/Deployment`."""
        return f"{self.group}/{self.kind}" if self.group else self.kind

    @property
    def full(self) -> str:
        """As kubectl takes it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def group_version(self) -> str:
        """`v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "") -> str:
        """Where its objects are listed, of one namespace or of all."""
        root = ("apis", self.group) if self.group else ("api",)
        return path_of(*root, self.version, *(("namespaces", namespace) if namespace else ()), self.plural)


@dataclass(slots=True)
class Discovered:
    """What is served by kind id; `unknown` are groups of which nobody could say, so a kind may still be there.

    `unanswered` are the requests for `/api` and `/apis` that got no answer, not even a refusal: nothing, or that the
    server cannot. `silent` are groups with a version of which it does not say what is in it: which one, and why.
    """

    kinds: dict[str, Served] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    everything_unknown: bool = False
    unanswered: list[FailedError] = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def absent(self, kind: str) -> bool:
        """Whether the server serves the kind's group and surely not the kind: an older version of its system.

        Of a group that is not served at all nothing is claimed: what its labels and names say may be for another
        cluster to read.
        """
        group = kind.rpartition("/")[0]
        unknown = group in self.unknown or (self.everything_unknown and group) or kind in EVERYWHERE
        return kind not in self.kinds and not unknown and any(one.group == group for one in self.kinds.values())

    def unserved(self, kind: str) -> bool:
        """Whether the server surely does not serve the kind's group at all: its system is not installed."""
        group = kind.rpartition("/")[0]
        known = not self.everything_unknown and group and group not in self.unknown
        return bool(known) and not any(one.group == group for one in self.kinds.values())

    def add(self, one: Served) -> None:
        """Note a kind; of two versions the newer stays."""
        known = self.kinds.get(one.id)
        if known is None or _age(one.version) > _age(known.version):
            self.kinds[one.id] = one

    def note_silent(self, group: str, version: object, why: str) -> None:
        """Note that a version of a group does not tell what is in it."""
        shown = quoted(str(version), 60)
        self.silent.setdefault(group, f"{group}/{shown}: {why}" if group else f"{shown}: {why}")

    def add_entry(
        self, version: tuple[str, object], kind: object, plural: object, scope: object, verbs: object
    ) -> None:
        """Note an entry of a discovery document, unless it cannot be listed, or must not be (Secrets).

        `version` is its group and version, `scope` as either document tells it.
        """
        group, name = version
        if not isinstance(verbs, list) or "list" not in verbs or plural == "secrets":
            return
        if isinstance(plural, str) and "/" in plural:
            return
        if not (isinstance(kind, str) and kind and isinstance(plural, str) and _PLURAL.fullmatch(plural)):
            self.note_silent(group, name, "it does not say of each resource what it is")
        elif not _is_name(name):
            self.note_silent(group, name, "this is no version")
        elif not group or _is_name(group):
            known = scope in (True, False, "Namespaced", "Cluster")
            own = f"{group}/{kind}" if group else kind
            namespaced = scope in (True, "Namespaced") if known else own not in CLUSTER_SCOPED
            self.add(Served(group=group, version=str(name), kind=kind, plural=plural, namespaced=namespaced))


def discover(cluster: Cluster, wanted: Collection[str], stop: Stop | None = None) -> Discovered:
    """The kinds that can be listed. `wanted` (kind ids) limits what is asked of servers with the old discovery only."""
    found, stop = Discovered(), stop or Stop()
    answers = dict(in_parallel(ROOTS, lambda path: ask(cluster, path, accept=AGGREGATED, stop=stop), stop))
    for path in ROOTS:
        try:
            document = _object(_answered(answers[path], path, stop).body)
            if "APIGroupDiscoveryList" in str(document.get("kind")):
                _aggregated(document, found)
            elif document.get("kind") in ("APIVersions", "APIGroupList"):
                _plain(cluster, path, document, wanted, found)
            else:
                raise msgspec.ValidationError(f"the answer is a {quoted(str(document.get('kind')), 60)}")
        except (FailedError, msgspec.MsgspecError) as error:
            _assume(cluster, path, wanted, found, error)
    found.kinds.pop("events.k8s.io/Event", None)  # the same store as the core group's: every event once
    _note_silent(cluster, wanted, found)
    _note_missing(cluster, wanted, found)
    return found


def _answered(result: Answer | Exception | None, path: str, stop: Stop) -> Answer:
    """The answer. Raises what was raised in its place, FailedError where time was over before."""
    if result is None:
        raise FailedError(f"GET {path}: {stop.ended} before it had answered", status=0, why="not-read")
    if isinstance(result, Exception):
        raise result
    return result


def _note_silent(cluster: Cluster, wanted: Collection[str], found: Discovered) -> None:
    """One problem for each group that may have more than it says, where a kind that is wanted is missing."""
    found.unknown |= {*found.silent}
    for group, why in sorted(found.silent.items()):
        hidden = sorted(kind for kind in wanted if kind.rpartition("/")[0] == group and kind not in found.kinds)
        if hidden:
            found.problems.append(
                Problem(
                    what=f"discover {why.partition(':')[0]}", why="error", detail=why, kinds=tuple(hidden),
                    fix=f"{cluster.kubectl} get apiservices  shows which API service is not available",
                )
            )  # fmt: skip


def _note_missing(cluster: Cluster, wanted: Collection[str], found: Discovered) -> None:
    """What every API server has and this one does not offer is hidden, not absent."""
    hidden = [
        kind
        for kind in sorted(EVERYWHERE.intersection(wanted))
        if kind not in found.kinds
        and kind.rpartition("/")[0] not in found.unknown
        and not (found.everything_unknown and "/" in kind)
    ]
    if hidden:
        detail = f"the server does not say that it lists {', '.join(hidden)}, which every Kubernetes has"
        found.problems.append(
            Problem(
                what="discover what every API server has", why="error", detail=detail,
                fix=f"{cluster.kubectl} api-resources --verbs=list", kinds=tuple(hidden),
            )
        )  # fmt: skip


def _aggregated(document: dict[str, Any], found: Discovered) -> None:
    for group in dicts(document.get("items")):
        name = str(_dict(group.get("metadata")).get("name") or "")
        for version in dicts(group.get("versions")):
            if version.get("freshness") == "Stale":
                found.note_silent(name, version.get("version"), "its API service does not answer")
            for each in dicts(version.get("resources")):
                kind = _dict(each.get("responseKind")).get("kind")
                verbs, scope = each.get("verbs"), each.get("scope")
                found.add_entry((name, version.get("version")), kind, each.get("resource"), scope, verbs)


def _plain(cluster: Cluster, path: str, document: dict[str, Any], wanted: Iterable[str], found: Discovered) -> None:
    if path == "/api":
        versions = document.get("versions")
        groups = {"": versions if isinstance(versions, list) else []}
    else:
        needed = {kind.rpartition("/")[0] for kind in wanted}
        groups = {
            str(group.get("name")): [each.get("version") for each in dicts(group.get("versions"))]
            for group in dicts(document.get("groups"))
            if str(group.get("name")) in needed
        }
    for group, versions in groups.items():
        for version in versions:
            if not _is_name(version):
                found.note_silent(group, version, "this is no version")
                continue
            try:
                listed = _object(ask(cluster, path_of("apis" if group else "api", group, version)).body)
            except (FailedError, msgspec.MsgspecError) as error:
                found.note_silent(group, version, str(error))
                continue
            for each in dicts(listed.get("resources")):
                verbs, scope = each.get("verbs"), each.get("namespaced")
                found.add_entry((group, version), each.get("kind"), each.get("name"), scope, verbs)


def _assume(cluster: Cluster, path: str, wanted: Iterable[str], found: Discovered, error: Exception) -> None:
    """Discovery cannot be asked: take the kinds of Kubernetes itself to be where they are since 1.25."""
    from diag.causes.silence import plural  # noqa: PLC0415  only then

    if isinstance(error, FailedError) and (not error.status or error.status in BUSY or error.status >= SERVER_ERROR):
        found.unanswered.append(error)
    core, hidden = path == "/api", []
    for kind in wanted:
        group, _, name = kind.rpartition("/")
        if group and not core and group not in _ASSUMED:
            hidden.append(kind)
        if (not group) is core and group in _ASSUMED and kind != "Secret":
            word = plural(kind).partition(".")[0]
            found.add(Served(group=group, version="v1", kind=name, plural=word, namespaced=kind not in CLUSTER_SCOPED))
    if core:
        found.unknown.add("")
    else:
        found.everything_unknown = True
    found.problems.append(
        Problem(
            what=f"discover {path}", why=error.why if isinstance(error, FailedError) else "error", detail=str(error),
            fix=f"{cluster.kubectl} get --raw {path}", kinds=tuple(sorted(hidden)),
        )
    )  # fmt: skip


def _age(version: str) -> tuple[int, int, int]:
    found = _VERSION.fullmatch(version)
    return (_STAGE[found[2]], int(found[1]), int(found[3] or 0)) if found else (0, 0, 0)


def _is_name(text: object) -> bool:
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def _object(body: bytes) -> dict[str, Any]:
    try:
        found: Any = msgspec.json.decode(body)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(f"it is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise msgspec.ValidationError("it is no JSON object")
    return found


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
