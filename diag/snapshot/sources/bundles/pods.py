"""What the placing of logs has to know of pods: who has which name, and which run a container is in."""

import re
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from diag.snapshot.sources.part import Slice

_POD = re.compile(rb'"kind"\s*:\s*"Pod"')
_HEAD_BYTES = 200


class _Meta(msgspec.Struct):
    name: str
    namespace: str


class _Container(msgspec.Struct):
    name: str


class _State(msgspec.Struct):
    waiting: msgspec.Raw = msgspec.Raw()


class _Status(msgspec.Struct):
    name: str
    restartCount: int = 0  # noqa: N815  as Kubernetes spells it
    state: _State | None = None


class _Spec(msgspec.Struct):
    containers: list[_Container] = []
    initContainers: list[_Container] | None = None  # noqa: N815  as above


class _Statuses(msgspec.Struct):
    containerStatuses: list[_Status] | None = None  # noqa: N815  as above
    initContainerStatuses: list[_Status] | None = None  # noqa: N815  as above


class _Pod(msgspec.Struct):
    metadata: _Meta
    spec: _Spec = msgspec.field(default_factory=_Spec)
    status: _Statuses = msgspec.field(default_factory=_Statuses)


_pod = msgspec.json.Decoder(_Pod)


class Pods:
    """The pods among a bundle's objects; one that cannot be read is left out."""

    def __init__(self, items: Iterable[Slice]) -> None:
        self.containers: dict[str, list[str]] = {}  # "namespace/name" -> names, init containers first
        self._named: dict[str, set[str]] = defaultdict(set)
        self._runs: dict[tuple[str, str], tuple[int, bool]] = {}
        for piece in items:
            if piece.kind == "Pod" or _POD.search(memoryview(piece.raw)[:_HEAD_BYTES]):
                self._add(piece.raw)

    def _add(self, raw: msgspec.Raw) -> None:
        try:
            pod = _pod.decode(raw)
        except (ValueError, RecursionError):
            return
        key = f"{pod.metadata.namespace}/{pod.metadata.name}"
        self._named[pod.metadata.name].add(pod.metadata.namespace)
        self.containers[key] = [one.name for one in [*(pod.spec.initContainers or []), *pod.spec.containers]]
        for status in [*(pod.status.initContainerStatuses or []), *(pod.status.containerStatuses or [])]:
            waits = status.state is not None and bytes(status.state.waiting) not in (b"", b"null")
            self._runs[key, status.name] = (status.restartCount, waits)

    def meant(self, name: str, container: str) -> str | None:
        """The only pod with a name ("namespace/name"), or, for a name that ends in "-", with that beginning."""
        if name.endswith("-"):
            found = [key for key, own in self.containers.items() if f"/{name}" in key and container in own]
        else:
            found = [f"{namespace}/{name}" for namespace in self._named.get(name, ())]
        return found[0] if len(found) == 1 else None

    def only_container(self, pod: str) -> str | None:
        """The name of a pod's container, where it has one."""
        names = self.containers.get(pod, [])
        return names[0] if len(names) == 1 else None

    def run(self, pod: str, container: str, *, previous: bool) -> int | None:
        """Which run (restart count) the current or the previous log is of, None where the pod is not known.

        While a container waits to be started again, both are the run that ended (kubernetes/kubernetes pkg/kubelet
        kubelet_pods.go, validateContainerLogStatus).
        """
        known = self._runs.get((pod, container))
        if known is None:
            return None
        restarts, waits = known
        return restarts - 1 if previous and not waits else restarts
