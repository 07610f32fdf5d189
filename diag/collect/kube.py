"""The one door to a cluster: kubeconfig, credentials and transport of the official client, and nothing that writes.

It lets through GET of versions, discovery, lists, watches and pod logs, and the three self-reviews. Everything else is
refused before a connection is opened: other verbs, Secrets, single objects, and every other subresource (exec, attach,
portforward, proxy, status …). Only bytes pass; the client's models and its silent retries are not used.

Works with kubernetes 33 (urllib3 in `rest_client`, `authorization` as the key of a token) and with 37 and later.
"""

import contextlib
import json
import os
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from diag import __version__
from diag.collect import plugin
from diag.collect.certificate import ran_out
from diag.collect.deadline import within
from diag.collect.failures import (
    HISTORY,
    IN_CLUSTER,
    TransportError,
    broken,
    history,
    no_credentials,
    reason,
    said,
    unusable,
)
from diag.collect.kubeconfig import Kubeconfig, chosen, place_of
from diag.collect.login import Login
from diag.errors import ClusterError, UsageError
from diag.facts.masking import mask
from diag.facts.quoting import LONGEST
from diag.snapshot.paged import GZIP_OR_ZLIB

# Several clusters are read in threads: two that load the client at once lock each other out of its modules.
_LOADING = threading.Lock()
_CHUNK = 256 * 1024
_CONNECT_S = 10.0
_POOL = 96  # connections that are kept: a watch holds one for each kind
_MOST_BYTES = 1 << 30
# What unpacks to more than the first, and more than so many times its size, is a bomb: deflate makes no more than a
# thousandth of anything, and of objects, each with a uid and times of its own, much less.
_FREE_BYTES, _MOST_RATIO = 64 << 20, 100
_UNKNOWN_USER = 401
_ITSELF = ("", ())  # acts as nobody else
_MOST_LINE = 16 << 20  # of a watch, an object a line: etcd takes 1.5 MiB of one, and larger servers set a few more
_WORD = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"
_OBJECT = r"(?!\.\.?/)[^/]+"  # the transport would take dots for a way up
_LIST = rf"/(?:api|apis/{_WORD})/{_WORD}(?:/namespaces/{_OBJECT})?/(?!secrets$)(?P<plural>[a-z0-9]+)"
_DISCOVERY = rf"/version|/apis?|/api/{_WORD}|/apis/{_WORD}/{_WORD}"
_READABLE = re.compile(rf"{_DISCOVERY}|{_LIST}|/api/v1/namespaces/{_OBJECT}/pods/{_OBJECT}/log")
_REVIEWS = frozenset(
    f"/apis/{group}.k8s.io/v1/{plural}"
    for group, plural in (
        ("authorization", "selfsubjectaccessreviews"),
        ("authorization", "selfsubjectrulesreviews"),
        ("authentication", "selfsubjectreviews"),
    )
)


class ReadOnlyError(Exception):
    """A request that this program never makes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, its headers (names in lower case), the body; `packed` as received, if it was."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    packed: bytes = b""


def path_of(*parts: str) -> str:
    """A path of parts, each quoted."""
    return "/" + "/".join(quote(part, safe="") for part in parts if part)


def require(login: Login) -> None:
    """Raises UsageError where the context that is named does not exist, ClusterError where no kubeconfig is read."""
    if (place := place_of(login.kubeconfig)) is not None:
        chosen(Kubeconfig(place), login.context)


def in_cluster() -> bool:
    """Whether this runs in a pod with a service account."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and bool(os.environ.get("KUBERNETES_SERVICE_PORT"))


class Cluster:
    """An open door. `get`, `lines` and `review` raise TransportError when nothing whole comes back."""

    def __init__(self, login: Login) -> None:
        self.login = login
        self._lock = threading.Lock()
        self._generation = 0
        self._renewable = True  # whether new credentials may be of use
        self._load()

    @property
    def kubectl(self) -> str:
        """How commands begin that ask this cluster: with its context, where one was named."""
        return self.login.kubectl()

    def get(self, path: str, query: Mapping[str, str] | None = None, *, accept: str = "") -> Answer:
        """One answer, read whole. Raises TransportError beyond a GiB or the time-out of a request."""
        if not _READABLE.fullmatch(path):
            raise ReadOnlyError(f"GET {path}")
        return self._asked("GET", path, query or {}, b"", accept or "application/json")

    def review(self, path: str, body: Mapping[str, object]) -> Answer:
        """A self-review: what may I do, who am I. Nothing is stored by it."""
        if path not in _REVIEWS:
            raise ReadOnlyError(f"POST {path}")
        return self._asked("POST", path, {}, json.dumps(body).encode(), "application/json")

    def lines(self, path: str, query: Mapping[str, str], opened: Callable[[], object] = bool) -> Iterator[bytes]:
        """The lines of a watch as they come, until the server ends it. `opened` is called before the first."""
        if not re.fullmatch(_LIST, path) or query.get("watch") != "true":
            raise ReadOnlyError(f"watch {path}")
        idle_s = float(query.get("timeoutSeconds", "60")) + self.login.timeout_s
        for renewed in (False, True):
            generation = self._generation
            with self._open("GET", path, query, b"", "application/json", idle_s=idle_s) as response:
                if response.status == 200:  # noqa: PLR2004
                    self._renewable = True
                    opened()
                    yield from _split(response)
                    return
                status, text = response.status, said(response.read(LONGEST, decode_content=True))
            if status != _UNKNOWN_USER or renewed or not self._renewed(generation):
                raise TransportError(f"{status} {text}", status=status)

    def _asked(self, method: str, path: str, query: Mapping[str, str], body: bytes, accept: str) -> Answer:
        generation = self._generation
        answer = self._once(method, path, query, body, accept)
        if answer.status != _UNKNOWN_USER:
            self._renewable = True
            return answer
        return self._once(method, path, query, body, accept) if self._renewed(generation) else answer

    def _renewed(self, generation: int) -> bool:
        """Whether there are newer credentials than those of a generation that was refused: a token may have run out."""
        with self._lock:
            if generation == self._generation:
                if not self._renewable:  # the newest are refused, too
                    return False
                self._renewable = False
                try:
                    self._load()
                except ClusterError:
                    return False
        return True

    def _once(self, method: str, path: str, query: Mapping[str, str], body: bytes, accept: str) -> Answer:
        """One answer, whole within the time of a request: where bytes come one by one, no single read is late."""
        end = time.monotonic() + self.login.timeout_s
        try:
            return within(self.login.timeout_s, lambda: self._exchanged(method, path, query, body, accept, end))
        except TimeoutError as error:
            raise self._too_slow() from error

    def _exchanged(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, accept: str, end: float
    ) -> Answer:
        with self._open(method, path, query, body, accept) as response:
            chunks, size = [], 0
            for chunk in response.stream(_CHUNK, decode_content=False):
                size += len(chunk)
                if size > _MOST_BYTES:
                    raise TransportError(f"the answer is larger than {_MOST_BYTES:,} bytes", final=True)
                if time.monotonic() > end:
                    raise self._too_slow()
                chunks.append(chunk)
            headers = {key.lower(): value for key, value in response.headers.items()}
            received = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            if headers.get("content-encoding", "identity") == "identity":
                return Answer(response.status, headers, received)
            return Answer(response.status, headers, _unpacked(received), received)

    def _too_slow(self) -> TransportError:
        return TransportError(f"no whole answer within {self.login.timeout_s:g} s", timed_out=True)

    @contextlib.contextmanager
    def _open(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, accept: str, *, idle_s: float = 0.0
    ) -> Iterator[Any]:
        import urllib3  # noqa: PLC0415  comes with the client

        url = self._host + path + ("?" + urlencode(query) if query else "")
        headers = urllib3.HTTPHeaderDict(self._identity)
        headers["Accept"] = accept
        headers["Accept-Encoding"] = "gzip"
        if body:
            headers["Content-Type"] = "application/json"
        connect_s = min(_CONNECT_S, self.login.timeout_s)
        timeout = urllib3.Timeout(connect=connect_s, read=idle_s or self.login.timeout_s)
        response = None
        try:
            response = self._pool.request(
                method, url, body=body or None, headers=headers, timeout=timeout, retries=False, redirect=False,
                preload_content=False,
            )  # fmt: skip
            yield response
        except urllib3.exceptions.NewConnectionError as error:  # a kind of time-out to urllib3, and none to people
            raise TransportError(reason(error)) from error
        except urllib3.exceptions.ConnectTimeoutError as error:
            raise TransportError(f"no connection within {connect_s:g} s", timed_out=True) from error
        except urllib3.exceptions.TimeoutError as error:
            raise self._too_slow() from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise broken(reason(error), self.ran_out) from error
        finally:
            if response is not None:
                response.drain_conn() if response.closed else response.close()

    def _headers(self, settings: Any) -> Mapping[str, str]:
        """Who asks. Raises ValueError for what cannot be sent."""
        import urllib3  # noqa: PLC0415

        headers = urllib3.HTTPHeaderDict({"User-Agent": f"diag/{__version__}"})
        for setting in settings.auth_settings().values():
            if setting.get("in") == "header" and setting.get("value"):
                headers[setting["key"]] = _header(str(setting["value"]), "the token")
        user, groups = self.login.as_user or self._acts_as[0], self.login.as_groups or self._acts_as[1]
        if user:
            headers["Impersonate-User"] = _header(user, "the user to act as")
        for group in groups if user else self.login.as_groups:
            headers.add("Impersonate-Group", _header(group, "the group to act as"))
        return headers

    def _load(self) -> None:
        """Read the configuration (again: exec plug-ins run, token files are read), and make a pool of connections."""
        with _LOADING:
            import urllib3  # noqa: PLC0415
            from kubernetes import config  # noqa: F401, PLC0415  what `_configure` takes from it is loaded here, too
            from kubernetes.client import ApiClient, Configuration  # noqa: PLC0415  heavy

        urllib3.disable_warnings(urllib3.exceptions.DependencyWarning)  # an error says the same, in a sentence
        settings = Configuration()
        # In silence: the client logs what an exec plug-in says, secrets and escapes included.
        with plugin.alone_at_a_terminal(), plugin.silence:
            self.context, self.namespace, self._acts_as = _configure(settings, self.login)
        settings.connection_pool_maxsize = _POOL
        # A plug-in whose credential has run out by its own account would run for each request: a 401 renews instead.
        settings.refresh_api_key_hook = None
        self._host = str(settings.host).rstrip("/")
        if not self._host.startswith(("https://", "http://")):
            raise ClusterError(
                f"{self.context}: its server {mask(repr(self._host))} is no address that begins with https:// or http://",
                hint="correct `server` of this cluster in the kubeconfig",
            )
        try:
            self._identity = self._headers(settings)
            self._pool = ApiClient(settings).rest_client.pool_manager
        except Exception as error:  # ImportError where a proxy's protocol needs a package
            raise unusable(self.context, error, self.login.kubectl(self.context)) from error
        self.ran_out = ran_out(settings.cert_file)  # the day on which its client certificate ran out, if it did
        self._generation += 1


def _header(value: str, what: str) -> str:
    """A value as it is sent: UTF-8 as other clients send it, without the line end of a file."""
    value = value.strip()
    if not value.isprintable():
        raise ValueError(f"{what} is no single line of text")
    return value.encode().decode("latin-1")


def _configure(settings: Any, login: Login) -> tuple[str, str, tuple[str, tuple[str, ...]]]:
    """Fill the client's configuration; returns the names of the context and of its namespace, and whom it acts as."""
    from kubernetes.config import exec_provider, incluster_config, kube_config  # noqa: PLC0415  heavy

    place = place_of(login.kubeconfig)
    if place is None and not login.context and in_cluster():
        try:
            incluster_config.load_incluster_config(client_configuration=settings)
        except Exception as error:
            raise unusable("the service account of this pod", error, login.kubectl()) from error
        folder = Path(incluster_config.SERVICE_TOKEN_FILENAME).parent
        try:
            return IN_CLUSTER, (folder / "namespace").read_text(encoding="utf-8").strip() or "default", _ITSELF
        except (OSError, ValueError):
            return IN_CLUSTER, "default", _ITSELF
    if place is None and in_cluster():
        raise UsageError(
            f"no context is called {login.context}: there is no kubeconfig",
            hint="without --context the service account of this pod is used",
        )
    if place is None:
        named = os.environ.get("KUBECONFIG")
        raise ClusterError(
            "there is no cluster to look at: no kubeconfig is here"
            + (f" (KUBECONFIG names {named}, which is no file)" if named else "")
            + ", and this is no pod",
            hint="set KUBECONFIG or --kubeconfig, or read a dump with --from FILE (--from - for what is piped in)",
        )
    known = Kubeconfig(place)
    context = chosen(known, login.context)
    if why := known.dangling(context):
        why = f"{context.name} cannot be used to reach a cluster: its context {why}"
        raise ClusterError(why, hint="correct the context, or name another with --context")
    if (old := known.auth_provider(context)) in HISTORY:
        raise history(context.name, old)
    plugin.bound(exec_provider, kube_config, login.timeout_s)
    try:
        kube_config.load_kube_config(
            config_file=known.place, context=context.name, client_configuration=settings, persist_config=False
        )
    except Exception as error:
        raise unusable(context.name, error, login.kubectl(context.name)) from error
    if known.has_plugin(context) and not (settings.api_key or settings.cert_file):
        raise no_credentials(context.name, plugin.last.name, plugin.last.why, login.kubectl(context.name))
    return context.name, context.namespace, known.acts_as(context)


def _unpacked(received: bytes) -> bytes:
    unpacking = zlib.decompressobj(GZIP_OR_ZLIB)
    most = min(_MOST_BYTES, max(_FREE_BYTES, len(received) * _MOST_RATIO))
    try:
        body = unpacking.decompress(received, most)
    except zlib.error as error:
        raise TransportError(f"the answer cannot be unpacked: {error}") from error
    if not unpacking.eof:
        if unpacking.unconsumed_tail:
            raise TransportError(f"the answer is larger than {most:,} bytes when unpacked", final=True)
        raise TransportError("the answer is cut short")
    return body


def _split(response: Any) -> Iterator[bytes]:
    held = b""
    for chunk in response.stream(_CHUNK, decode_content=True):
        *lines, held = (held + chunk).split(b"\n")
        yield from (line for line in lines if line)
        if len(held) > _MOST_LINE:
            raise TransportError(f"a line of the watch is larger than {_MOST_LINE:,} bytes", final=True)
    if held:
        yield held
