"""Container logs of a living cluster: fetched when a scan wants them, in parallel, the last 64 KB of each."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from diag.collect.kube import Cluster, path_of
from diag.collect.pool import in_parallel
from diag.collect.requests import FailedError, Stop, ask
from diag.snapshot.sources.part import LogKey, LogText, Problem

KEPT_BYTES = 64 * 1024
_LINES = "2000"
_MOST_BYTES = 1024 * 1024  # that are asked for: lines are counted from the end, bytes from the start of those
_NOT_THERE = (400, 404)  # the container has not run, has no previous run, or is gone meanwhile


class LiveLogs:
    """Offers every log of a cluster. `stop` ends it as it ends the lists."""

    def __init__(self, cluster: Cluster, stop: Stop, say: Callable[[str], None]) -> None:
        self._cluster, self._stop, self._say = cluster, stop, say
        self._lock = threading.Lock()
        self.read_bytes = 0

    def offers(self, key: LogKey) -> bool:
        """Any log may be there."""
        return key[0].count("/") == 1

    def named(self, start: str) -> list[LogKey]:  # noqa: ARG002  # the protocol's
        """None: a cluster has no logs of pods that are gone."""
        return []

    def fetch(self, keys: Sequence[LogKey]) -> Iterator[LogText | Problem]:
        """The logs that are there; of what was refused, one problem for each namespace and reason."""
        failures: dict[tuple[str, int], list[tuple[LogKey, FailedError]]] = defaultdict(list)
        for key, found in in_parallel(keys, self._one, self._stop):
            if isinstance(found, LogText):
                yield found
            elif isinstance(found, FailedError) and found.status not in _NOT_THERE:
                failures[key[0].partition("/")[0], found.status].append((key, found))
        order = {key: at for at, key in enumerate(keys)}
        for (namespace, _), some in sorted(failures.items()):
            some.sort(key=lambda one: order[one[0]])  # not as answers came, which is another order each time
            pods = list(dict.fromkeys(key[0] for key, _ in some))
            more = f" and {len(pods) - 1} more" if len(pods) > 1 else ""
            first, error = some[0]
            yield Problem(
                what=f"read the logs of {pods[0]}{more}", why=error.why, detail=str(error),
                fix=f"{self._cluster.kubectl} logs -n {namespace} {first[0].partition('/')[2]} -c {first[1]}"
                + (" --previous" if first[2] else ""),
            )  # fmt: skip

    def _one(self, key: LogKey) -> LogText:
        namespace, _, pod = key[0].partition("/")
        query = {"container": key[1], "tailLines": _LINES, "limitBytes": str(_MOST_BYTES)}
        query |= {"previous": "true"} if key[2] else {}
        path = path_of("api", "v1", "namespaces", namespace, "pods", pod, "log")
        body = ask(self._cluster, path, query, accept="*/*", stop=self._stop).body
        kept = body[-KEPT_BYTES:]
        if len(kept) < len(body):
            kept = kept[kept.find(b"\n") + 1 :]
        with self._lock:
            self.read_bytes += len(body)
        return LogText(pod=key[0], container=key[1], previous=key[2], text=kept.decode(errors="replace").rstrip("\n"))
