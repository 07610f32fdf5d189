"""What clients say of a connection that they did not get: to which host and port, and how it failed."""

import re
from dataclasses import dataclass
from functools import lru_cache

HOST = r"(?P<host>[a-zA-Z](?:[a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?|\d{1,3}(?:\.\d{1,3}){3})"
PORT = r"(?P<port>\d{2,5})"
_HINTS = re.compile(
    r"refused|ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|resolve|resolution|not known|no such host"
    r"|timed out|timeout|bad address|No route|UnknownHost|translate host|endpoint"
)
# Go, glibc and Python, Node, curl, libpq, BusyBox, Java.
_UNRESOLVED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"lookup {HOST}(?: on [\w.:\[\]]+)?: (?:no such host|server misbehaving|i/o timeout)",
        rf"[Ff]ailed to resolve '{HOST}'",
        rf"[Cc]ould not resolve host(?:name)?:? '?{HOST}",
        rf"could not translate host name \"{HOST}\" to address",
        rf"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) {HOST}",
        rf"bad address '{HOST}'",
        rf"can't resolve '{HOST}'",
        rf"UnknownHostException: {HOST}",
        rf"host='{HOST}', port={PORT}\).{{0,200}}(?:Name or service not known|Temporary failure in name resolution)",
        rf"connecting to {HOST}:{PORT}\. (?:Name or service not known|Temporary failure in name resolution)",
        rf"\b{HOST}:{PORT}\b[^\n]{{0,60}}(?:Name or service not known|Temporary failure in name resolution)",
        rf"\({HOST}, {PORT}\) cannot be retrieved \(gai error: -[23]\b",  # PyTorch's store: EAI_NONAME, EAI_AGAIN
    )
)
_UNREACHED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"host='{HOST}', port={PORT}\).{{0,300}}(?:refused|timed out|No route)",
        rf"dial tcp (?:\S+->)?{HOST}:{PORT}: (?:connect: connection refused|i/o timeout|connect: no route to host)",
        rf"connect (?:ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH) {HOST}:{PORT}",
        rf"connection to server at \"{HOST}\"(?: \([\w.:]+\))?, port {PORT} failed: (?:Connection refused|.*timed out)",
        rf"[Ff]ailed to connect to {HOST} port {PORT}",
        rf"connect to {HOST} port {PORT}[^\n]{{0,60}}(?:refused|timed out|No route)",
        rf"[Cc]annot connect to host {HOST}:{PORT}",
        rf"connecting to {HOST}:{PORT}[^\n]{{0,60}}(?:refused|timed out)",
        rf"[Cc]ould not connect to [\w ]{{1,30}}at {HOST}:{PORT}[^\n]{{0,60}}refused",
        rf"[Cc]ould not connect to {HOST}:{PORT} \([\d.:a-f]{{3,45}}\)[^\n]{{0,30}}(?:refused|timed out)",  # apt
        rf"[a-z]{{3,12}}://(?:[^\s@/]{{0,80}}@)?{HOST}:{PORT}[^\n]{{0,200}}(?:[Cc]onnection refused|timed out)",
        rf"(?<![\w.:-]){HOST}:{PORT}\b[^\n]{{0,60}}(?:[Cc]onnection refused|ECONNREFUSED)",
        rf"[Cc]onnect to {HOST}<{PORT}> (?:failed|returned)[^\n]{{0,20}}(?:refused|timed out|No route)",  # NCCL
        rf"client socket has [^\n]{{0,80}} \[?{HOST}\]?:{PORT}\b[^\n]{{0,50}}(?:refused|timed|No route)",
        rf"connect to \({HOST}, {PORT}\)",  # PyTorch's store: timed out while trying to connect to (host, port)
        rf"can't connect to remote host \({HOST}\): Connection (?:refused|timed out)",
        rf"(?:[Cc]onnection refused|ECONNREFUSED)[^\n]{{0,40}}\b{HOST}:{PORT}\b",
        # boto, KServe's storage initializer
        rf"(?:connect to the|timeout on) endpoint URL: \"[a-z]{{3,8}}://{HOST}(?::{PORT})?(?=[/\"])",
        rf"Failed to connect to \w{{1,20}} endpoint '[a-z]{{3,8}}://{HOST}(?::{PORT})?(?=[/'])",
    )
)
_REFUSED = re.compile(r"refused|ECONNREFUSED")
_UNTOLD = re.compile(r"[Cc]ould not connect to the endpoint URL|[Ff]ailed to connect to \w{1,20} endpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One attempt that failed: `how` is `unresolved`, `refused`, `timeout`, or `waits` where only the attempt is known.

    It is `no connection` where the words do not tell. `port` is None where none is named.
    """

    host: str
    port: int | None
    how: str


@lru_cache(maxsize=4096)
def parse_connection(line: str) -> Connection | None:
    """The failed connection that a log line tells of, None where it tells of none or names no host."""
    if not _HINTS.search(line):
        return None
    for pattern in _UNRESOLVED:
        found = pattern.search(line)
        if found and _is_host(found["host"]):
            return Connection(host=found["host"].lower(), port=port_of(found), how="unresolved")
    for pattern in _UNREACHED:
        found = pattern.search(line)
        if found and _is_host(found["host"]):
            how = "refused" if _REFUSED.search(line) else "no connection" if _UNTOLD.search(line) else "timeout"
            return Connection(host=found["host"].lower(), port=port_of(found), how=how)
    return None


def _is_host(text: str) -> bool:
    """Whether a word may be a host: not a clock time or a bare number."""
    return not text.isdigit() and text.lower() not in ("localhost", "127.0.0.1", "error", "errno")


def port_of(found: re.Match[str]) -> int | None:
    """The port that a pattern found, None where it found none or a number that is no port."""
    port = found.groupdict().get("port")
    return int(port) if port and 0 < int(port) < 65536 else None  # noqa: PLR2004  TCP


def service_of(host: str, namespace: str, known: frozenset[str]) -> tuple[str, str] | None:
    """Namespace and name of the Service that a host of the cluster's DNS means, seen from a namespace.

    `known` are the names of namespaces: `name.namespace` is taken for a Service's only if there is such a namespace.
    None for a host outside the cluster.
    """
    parts = host.rstrip(".").split(".")
    match parts:
        case [name]:
            return namespace, name
        case [name, space] if space in known:
            return space, name
        case [name, space, "svc", *_]:
            return space, name
        case [_, name, space, "svc", *_]:  # a pod of a headless Service
            return space, name
    return None
