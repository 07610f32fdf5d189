"""Container logs of a living cluster: fetched when a scan wants them, in parallel, the last 64 KB of each."""

import shlex
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from diag.collect.kube import Cluster, path_of
from diag.collect.pool import in_parallel
from diag.collect.requests import FailedError, Stop, ask, is_page
from diag.document import READ_LOGS
from diag.snapshot.sources.part import LogKey, LogText, Problem
from diag.snapshot.sources.words import first_of

KEPT_BYTES = 64 * 1024
_LINES = "2000"
_MOST_BYTES = 1024 * 1024  # that are asked for: lines are counted from the end, bytes from the start of those
_FORBIDDEN = 403
_NOT_THERE = (400, 404)  # the container has not run, has no previous run, or is gone meanwhile


def _unread(key: LogKey, found: Exception | None, stop: Stop) -> FailedError:
    """Of a log that time did not reach, or over which a fault of ours came."""
    if found is None:
        return FailedError(f"GET the log of {key[0]}: {stop.ended} before it was read", status=0, why="not-read")
    return FailedError(f"GET the log of {key[0]}: {type(found).__name__}: {found}", status=0, why="error")


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
        """The logs that are there; of what was refused, or what time did not reach, one problem for each reason."""
        failures: dict[tuple[int, str], list[tuple[LogKey, FailedError]]] = defaultdict(list)
        for key, found in in_parallel(keys, self._one, self._stop):
            if isinstance(found, LogText):
                yield found
                continue
            error = found if isinstance(found, FailedError) else _unread(key, found, self._stop)
            if error.status not in _NOT_THERE:
                failures[error.status, error.why].append((key, error))
        order = {key: at for at, key in enumerate(keys)}
        for _, some in sorted(failures.items()):
            some.sort(key=lambda one: order[one[0]])  # not as answers came, which is another order each time
            yield self._problem([key for key, _ in some], some[0][1])

    def _problem(self, keys: Sequence[LogKey], error: FailedError) -> Problem:
        pods = list(dict.fromkeys(key[0] for key in keys))
        namespace, _, pod = pods[0].partition("/")
        kubectl, previous = self._cluster.kubectl, " --previous" if keys[0][2] else ""
        whose = shlex.join(["-n", namespace, pod, "-c", keys[0][1]])  # a server may send any name
        fix = f"{kubectl} logs {whose}{previous} shows the same"
        if error.status == _FORBIDDEN:
            fix = f"ask for the right to get pods/log (diag rbac); {fix}"
        return Problem(
            what=f"{READ_LOGS}{first_of(pods, 1)}", why=error.why, detail=str(error), fix=fix, pods=tuple(pods)
        )

    def _one(self, key: LogKey) -> LogText:
        namespace, _, pod = key[0].partition("/")
        query = {"container": key[1], "tailLines": _LINES, "limitBytes": str(_MOST_BYTES)}
        query |= {"previous": "true"} if key[2] else {}
        path = path_of("api", "v1", "namespaces", namespace, "pods", pod, "log")
        answer = ask(self._cluster, path, query, accept="*/*", stop=self._stop)
        if is_page(answer):
            text = f"GET {path}: the answer is no log, but {answer.headers['content-type']}"
            raise FailedError(text, status=answer.status, why="unreadable")
        kept = answer.body[-KEPT_BYTES:]
        if len(kept) < len(answer.body):
            kept = kept[kept.find(b"\n") + 1 :]
        with self._lock:
            self.read_bytes += len(answer.body)
        return LogText(pod=key[0], container=key[1], previous=key[2], text=kept.decode(errors="replace").rstrip("\n"))
