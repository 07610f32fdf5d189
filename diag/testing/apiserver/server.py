"""The server: what it serves, to whom, and what goes wrong with it, on loopback.

with ApiServer(objects) as server:
    subprocess.run(["diag", "scan", "--kubeconfig", str(server.kubeconfig(folder))])
    print(server.requests)
"""

import ssl
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Self

import msgspec

from diag.snapshot.load import EPOCH, load
from diag.snapshot.sources.part import Part, Slice
from diag.testing.apiserver.access import Access
from diag.testing.apiserver.faults import Fault, Faults
from diag.testing.apiserver.handler import Handler, Listener, Request, Target
from diag.testing.apiserver.kinds import Resource
from diag.testing.apiserver.logs import LogTexts
from diag.testing.apiserver.store import Store
from diag.testing.meta import Object


class ApiServer:
    """Serves objects as a kube-apiserver does. A context manager; `url` says where.

    `logs` are texts by ("namespace/pod", container, previous). `token` is the one that is accepted (any request, where
    None). `aggregated` False makes a server that knows only the old discovery. `latency_s` delays each answer.
    `uncompressed` never packs a body. `tls` makes it speak HTTPS. `now` (RFC 3339) is what its clock shows, and stands
    still: the newest time that the objects tell, where it is not given.
    """

    def __init__(  # noqa: PLR0913  one keyword for each way in which servers differ
        self,
        objects: Iterable[Object],
        *,
        logs: LogTexts | None = None,
        access: Access | None = None,
        faults: Sequence[Fault] = (),
        token: str | None = None,
        aggregated: bool = True,
        stale: Sequence[str] = (),
        latency_s: float = 0.0,
        uncompressed: bool = False,
        tls: ssl.SSLContext | None = None,
        resources: Iterable[Resource] | None = None,
        now: str | None = None,
    ) -> None:
        objects = list(objects)
        self.store = Store(objects, resources=resources)
        self.date = _http_date(now or newest(objects))
        self.logs = dict(logs or {})
        self.access = access or Access()
        self.faults = Faults(faults)
        self.token, self.aggregated, self.stale = token, aggregated, tuple(stale)
        self.latency_s, self.uncompressed = latency_s, uncompressed
        self.requests: list[Request] = []
        self.running = True
        self._tls = tls
        self._http = Listener(("127.0.0.1", 0), Handler)
        self._http.api = self
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.running = False
        self._http.shutdown()
        self._http.server_close()

    def target(self, path: str, query: Mapping[str, str]) -> Target | None:
        """What a path means, None where nothing is served under it."""
        parts = path.strip("/").split("/")
        if parts[0] == "api" and len(parts) > 2:  # noqa: PLR2004  api, version, what
            group, version, rest = "", parts[1], parts[2:]
        elif parts[0] == "apis" and len(parts) > 3:  # noqa: PLR2004  apis, group, version, what
            group, version, rest = parts[1], parts[2], parts[3:]
        else:
            return None
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:  # noqa: PLR2004  namespaces, its name, what
            namespace, rest = rest[1], rest[2:]
        resource = self.store.resources.get((group, rest[0]))
        if resource is None or version not in resource.versions:
            return None
        name = rest[1] if len(rest) > 1 else ""
        verb = "get" if name else "watch" if query.get("watch") in ("true", "1") else "list"
        return Target(verb, resource, version, namespace, name, "/".join(rest[2:]))


def newest(objects: Sequence[Object]) -> str:
    """When the objects were so: their own newest time."""
    items = [Slice(raw=msgspec.Raw(msgspec.json.encode(item))) for item in objects]
    return next((snap.now for snap in load([Part(path="served", items=items)])), EPOCH)


def _http_date(moment: str) -> str:
    return format_datetime(datetime.fromisoformat(moment).astimezone(UTC), usegmt=True)
