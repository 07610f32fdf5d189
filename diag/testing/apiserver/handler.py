"""One request: taken apart, its rights and faults looked up, and answered by the other modules."""

import gzip
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from diag.testing.apiserver import discovery
from diag.testing.apiserver.faults import Fault
from diag.testing.apiserver.kinds import Resource
from diag.testing.apiserver.lists import list_page
from diag.testing.apiserver.logs import pod_log
from diag.testing.apiserver.status import NO_SUCH_RESOURCE, UNAUTHORIZED, forbidden, not_found
from diag.testing.apiserver.watching import typed, watch_lines

if TYPE_CHECKING:
    from diag.testing.apiserver.server import ApiServer

_GZIP_FROM = 128 * 1024  # bytes; shorter answers are not compressed (apiserver `responsewriters`)
_JSON, _PLAIN = "application/json", "text/plain; charset=utf-8"
_VERSION = b'{"major":"1","minor":"36","gitVersion":"v1.36.2","platform":"linux/amd64"}\n'
_REVIEWS = {
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": "access",
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews": "rules",
    "/apis/authentication.k8s.io/v1/selfsubjectreviews": "self",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One line of the request log."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """A path below a group and version: `verb` is what it does to `resource`."""

    verb: str
    resource: Resource
    version: str
    namespace: str
    name: str = ""
    subresource: str = ""


class Listener(ThreadingHTTPServer):
    """Takes connections, a thread each."""

    daemon_threads = True
    request_queue_size = 128
    api: "ApiServer"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    server: Listener
    disable_nagle_algorithm = True

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002  the parent's
        """The Date header: the cluster's clock."""
        return self.server.api.date

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the parent's
        """The request log is `ApiServer.requests`."""

    def do_GET(self) -> None:
        """A read."""
        self._answer(b"")

    def do_POST(self) -> None:
        """A self-review, the only thing that is created here."""
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, body: bytes) -> None:
        api = self.server.api
        if not api.running:  # connections that are still open outlive the listener: nobody is there any more
            self.close_connection = True
            return
        split = urlsplit(self.path)
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        # The log keeps what was asked, never what proves who asked.
        shown = {key: value for key, value in self.headers.items() if key.lower() != "authorization"}
        api.requests.append(Request(method=self.command, path=split.path, query=query, headers=shown))
        if api.latency_s:
            time.sleep(api.latency_s)
        fault = api.faults.meet(split.path)
        if fault is not None and self._goes_wrong(fault):
            return
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if api.token is not None and (scheme.lower(), token) != ("bearer", api.token):
            self._send(401, _JSON, UNAUTHORIZED)
            return
        self._respond(split.path, query, body, fault)

    def _respond(self, path: str, query: Mapping[str, str], body: bytes, fault: Fault | None) -> None:
        api = self.server.api
        if self.command == "POST":
            self._review(path, body)
            return
        document = self._document(path)
        if document is not None:
            self._send(200, *document, fault=fault)
            return
        target = api.target(path, query)
        if target is None:
            core = path.startswith("/api/")
            self._send(404, _JSON if core else _PLAIN, NO_SUCH_RESOURCE if core else b"404 page not found\n")
            return
        resource, namespace = target.resource, target.namespace
        if not api.access.allows(target.verb, resource, target.subresource, namespace):
            refusal = forbidden(api.access.user, target.verb, resource, target.subresource, namespace, target.name)
            self._send(403, _JSON, refusal)
        elif target.verb == "watch":
            self._stream(target, query)
        elif target.verb == "list":
            code, page = list_page(api.store, resource, target.version, namespace, query)
            self._send(code, _JSON, page, fault=fault)
        else:
            self._get(target, query, fault)

    def _get(self, target: Target, query: Mapping[str, str], fault: Fault | None) -> None:
        api = self.server.api
        one = api.store.get(target.resource, target.namespace, target.name)
        if one is None:
            self._send(404, _JSON, not_found(target.resource, target.name))
        elif target.subresource == "log" and target.resource.plural == "pods":
            code, form, body = pod_log(one, api.logs, query)
            self._send(code, form, body, fault=fault)
        elif target.subresource:
            self._send(404, _JSON, NO_SUCH_RESOURCE)
        else:
            self._send(200, _JSON, typed(one, target.resource, target.version) + b"\n", fault=fault)

    def _document(self, path: str) -> tuple[str, bytes] | None:
        """Version and discovery, which every user who is known may read."""
        api = self.server.api
        every = api.store.resources.values()
        if path == "/version":
            return _JSON, _VERSION
        if path in ("/api", "/apis"):
            core = path == "/api"
            if api.aggregated and "APIGroupDiscoveryList" in self.headers.get("Accept", ""):
                return discovery.AGGREGATED, discovery.aggregated(every, core=core, stale=api.stale)
            return _JSON, discovery.core_versions() if core else discovery.group_list(every)
        parts = path.strip("/").split("/")
        if parts[0] == "api" and len(parts) == 2:  # noqa: PLR2004  api, version
            found = discovery.resource_list(every, "", parts[1])
        elif parts[0] == "apis" and len(parts) == 3:  # noqa: PLR2004  apis, group, version
            found = None if parts[1] in api.stale else discovery.resource_list(every, parts[1], parts[2])
        else:
            return None
        return None if found is None else (_JSON, found)

    def _review(self, path: str, body: bytes) -> None:
        access = self.server.api.access
        match _REVIEWS.get(path):
            case "access":
                self._send(201, _JSON, access.access_review(body))
            case "rules":
                self._send(201, _JSON, access.rules_review(body))
            case "self":
                self._send(201, _JSON, access.self_review())
            case _:
                self._send(405, _PLAIN, b"this server is read-only\n")

    def _goes_wrong(self, fault: Fault) -> bool:
        """Whether the fault answers the request by itself."""
        match fault.what:
            case "reset" | "gone":
                # A linger time of zero makes the kernel send RST instead of FIN.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return True
            case "html":
                self._send(200, "text/html", b"<html><title>Sign in</title></html>")
                return True
            case "code":
                usual = "Too many requests, please try again later." if fault.code == 429 else "injected"  # noqa: PLR2004
                text = f"{fault.text or usual}\n".encode()
                body = UNAUTHORIZED if fault.code == 401 else text  # noqa: PLR2004
                extra = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
                self._send(fault.code, _JSON if body is UNAUTHORIZED else _PLAIN, body, extra=extra)
                return True
            case "expire":
                self.server.api.store.compact()
        return False

    def _send(
        self, code: int, form: str, body: bytes, *, fault: Fault | None = None, extra: Mapping[str, str] | None = None
    ) -> None:
        packed = (
            len(body) > _GZIP_FROM
            and not self.server.api.uncompressed
            and "gzip" in self.headers.get("Accept-Encoding", "")
        )
        if fault is not None and fault.what == "garbage":
            body = body[: len(body) // 2] + b"\x00}{"
        if packed:
            body = gzip.compress(body, 1, mtime=0)
        self.send_response(code)
        self.send_header("Content-Type", form)
        if packed:
            self.send_header("Content-Encoding", "gzip")
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        if code != 204:  # noqa: PLR2004  no content
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault is None or fault.what not in ("truncate", "stall", "drip"):
            self.wfile.write(body)
        else:
            self.close_connection = True
            self._send_half(body, fault)

    def _send_half(self, body: bytes, fault: Fault) -> None:
        dripping = fault.what == "drip"
        sent = 0 if dripping else len(body) // 2
        self.wfile.write(body[:sent])
        end = time.monotonic() + (0 if fault.what == "truncate" else fault.seconds)
        while self.server.api.running and time.monotonic() < end:
            if dripping:
                self.wfile.write(body[sent : sent + 1])
                sent += 1
            time.sleep(0.02)

    def _stream(self, target: Target, query: Mapping[str, str]) -> None:
        api = self.server.api
        self.send_response(200)
        self.send_header("Content-Type", _JSON)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        lines = watch_lines(
            api.store, target.resource, target.version, target.namespace, query, open_=lambda: api.running
        )
        for line in lines:
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
