"""The logs of one cluster: the texts that are here, and a record of those that a scan would have liked to read.

A scan sees only logs that it asks for by pod and container. What it asks for and is not here is *wanted*; a door
fetches that from the stores (a bundle's files, a living cluster) and scans again, so that a dump and a cluster give the
same report.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from diag.projection import Object
from diag.snapshot.kinds import ContainerStatus, Pod
from diag.snapshot.sources.part import LogKey, LogStore, LogText, Problem


class Logs:
    """Texts by "namespace/pod", container, and whether it is the run before the last restart.

    `logged` are pods of which a store surely has a log, though nobody has asked for it yet.
    """

    def __init__(
        self,
        texts: Mapping[LogKey, str] | None = None,
        stores: Sequence[LogStore] = (),
        logged: frozenset[str] = frozenset(),
    ) -> None:
        self.texts = dict(texts or {})
        self._stores = tuple(stores)
        self._wanted: dict[LogKey, None] = {}
        self._logged = logged
        self._pods = logged.union(pod for (pod, _, _), text in self.texts.items() if text)

    def lines(self, pod: Object, container: str, *, previous: bool = False) -> list[str]:
        """The stored lines of a container's log, empty when there is none; then it is noted as wanted."""
        text = self.text(pod, container, previous=previous)
        return text.split("\n") if text else []

    def text(self, pod: Object, container: str, *, previous: bool = False) -> str:
        """The same as one text."""
        key = (f"{pod.namespace}/{pod.name}", container, previous)
        text = self.texts.get(key)
        if text is None and isinstance(pod, Pod) and has_run(pod, container, previous=previous):
            self._wanted[key] = None
        return text or ""

    def has_any(self, pod: str) -> bool:
        """Whether there is any log of a pod ("namespace/name")."""
        return pod in self._pods

    def left_out(self, pod: str) -> bool:
        """Whether a store offers a log of a pod, was asked for it, and has given none."""
        asked = [key for key, text in self.texts.items() if key[0] == pod and not text]
        return any(store.offers(key) for key in asked for store in self._stores)

    def keys_of(self, namespace: str, prefix: str, fits: Callable[[str], bool]) -> list[LogKey]:
        """The logs that are here of pods in a namespace whose names begin so and fit, whether the pods are here or not.

        Those that only a store has are noted as wanted.
        """
        start = f"{namespace}/{prefix}"
        offered = {key for store in self._stores for key in store.named(start) if fits(key[0])}
        self._wanted |= dict.fromkeys(sorted(offered - self.texts.keys()))
        return sorted(key for key, text in self.texts.items() if text and key[0].startswith(start) and fits(key[0]))

    def wants(self) -> list[LogKey]:
        """What was asked for, is not here, and is on offer, in the order of asking."""
        return [key for key in self._wanted if any(store.offers(key) for store in self._stores)]

    def fetch(self, keys: Sequence[LogKey]) -> tuple["Logs", list[Problem]]:
        """These logs and more, and what went wrong; a log that could not be had is empty, so it is wanted only once."""
        found = list(self._fetched(keys))
        texts = {**dict.fromkeys(keys, ""), **self.texts}
        for one in found:
            if isinstance(one, LogText):
                key = (one.pod, one.container, one.previous)
                # Of two copies the longer one says more; equal lengths are decided by content, not by order.
                texts[key] = max(texts.get(key, ""), one.text, key=lambda text: (len(text), text))
        return Logs(texts, self._stores, self._logged), [one for one in found if isinstance(one, Problem)]

    def _fetched(self, keys: Sequence[LogKey]) -> Iterable[LogText | Problem]:
        for store in self._stores:
            if mine := [key for key in keys if store.offers(key)]:
                yield from store.fetch(mine)


def has_run(pod: Pod, container: str, *, previous: bool) -> bool:
    """Whether a container has had such a run, so that a log of it can exist. What is unknown has not."""
    every = [*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ())]
    return any(_ran(status, previous=previous) for status in every if status.name == container)


def _ran(status: ContainerStatus, *, previous: bool) -> bool:
    before = bool(status.restart_count) or bool(status.last_state and status.last_state.terminated)
    now = bool(status.state and (status.state.running or status.state.terminated))
    return before if previous else before or now
