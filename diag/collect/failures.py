"""What goes wrong with a login or a request, in words: without secrets, and without addresses of Python objects."""

import json
import re
import shlex

from diag.errors import ClusterError
from diag.facts.masking import mask
from diag.facts.quoting import quoted

# Logins that kubectl had built in, what took their place, and what writes that into the kubeconfig:
# kubernetes/client-go plugin/pkg/client/auth/azure/azure_stub.go and gcp/gcp_stub.go
HISTORY = {
    "azure": ("kubelogin", "kubelogin convert-kubeconfig"),
    "gcp": ("gke-gcloud-auth-plugin", "gcloud container clusters get-credentials CLUSTER"),
}
IN_CLUSTER = "in-cluster"  # what the cluster of a pod's service account is called


class TransportError(Exception):
    """No answer, or half of one. `timed_out` says whether it was too slow, `final` that it would be so again.

    Of a watch that was refused, `status` is the answer's; else 0.
    """

    def __init__(self, message: str, *, timed_out: bool = False, final: bool = False, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.timed_out, self.final = timed_out, timed_out or final


# What OpenSSL and resolvers say, and what that means for a kubeconfig; the first that is in the text counts. What is
# `final` would be so again.
_OF_TLS = ("SSL", "EOF occurred", "Connection reset", "Broken pipe")
_PROXY = "Unable to connect to proxy"
_RAN_OUT = "the client certificate of this user ran out"
_MEANINGS = (
    (_RAN_OUT, "get a new client certificate: log in again, or ask who runs the cluster"),
    ("alert certificate expired", "the server says that the client certificate of this user has run out: log in again"),
    ("certificate has expired", "the server's certificate has expired, or the clock of this machine is wrong"),
    ("is not yet valid", "the server's certificate is not valid yet, or the clock of this machine is wrong"),
    ("mismatch, certificate is not valid for", "the server's certificate is for another address: see `server`"),
    ("certificate verify failed", "`certificate-authority` is not the server's, or a proxy opens what is sent"),
    ("key values mismatch", "`client-key` of this user does not belong to its `client-certificate`"),
    ("PEM lib", "`client-certificate` or `client-key` of this user holds no PEM"),
    ("certificate or crl found", "`certificate-authority` of this cluster holds no certificate"),
    ("wrong version number", "the server speaks no TLS at this address: is it http://, or another port?"),
    ("record layer failure", "the server speaks no TLS at this address: is it http://, or another port?"),
    ("Failed to parse", "`server` of this cluster is no address"),
)  # fmt: skip
_AS_IT_MAY_BE = (
    (_PROXY, "the proxy (`proxy-url` of this cluster, or HTTPS_PROXY) does not answer"),
    ("sslv3 alert", "the server ended the handshake: does it take the client certificate of this user?"),
    ("tlsv1", "the server ended the handshake: does it take the client certificate of this user?"),
    ("EOF occurred in violation", "the server ended the handshake: does it want a client certificate?"),
    ("Failed to resolve", "nobody knows the name of the server here: is a VPN needed?"),
    ("Name or service not known", "nobody knows the name of the server here: is a VPN needed?"),
    ("Connection refused", "nobody listens at the address: is it right, and is the cluster up?"),
)

# What the client stumbles over where a kubeconfig has another form than it expects.
_OF_THE_CLIENT = (AttributeError, KeyError, TypeError)
_ENTRY = re.compile(r"\{.*\}|\[[\[{'\"].*\]", re.DOTALL)


def meaning(text: str) -> str:
    """What is wrong, where an error without an answer tells; else empty."""
    return next((means for mark, means in (*_MEANINGS, *_AS_IT_MAY_BE) if mark in text), "")


def broken(why: str, ran_out: str) -> TransportError:
    """An error of the connection: final where it lies in what the kubeconfig says, so that it would be so again.

    Where a client certificate has run out (`ran_out`: when), a server may end the handshake without a word.
    """
    if ran_out and "verify failed" not in why and any(mark in why for mark in _OF_TLS):
        return TransportError(f"{why}; {_expired(ran_out)}", final=True)
    return TransportError(why, final=any(mark in why for mark, _ in _MEANINGS))


def _expired(day: str) -> str:
    return f"{_RAN_OUT} on {day}"


def log_in(name: str, ran_out: str) -> str:
    """What to do where the credentials of a context are not taken; its client certificate may have run out."""
    if name == IN_CLUSTER:
        return "the token of this pod's service account is not taken: does the account still exist?"
    if ran_out:
        return f"{_expired(ran_out)}: log in again, or ask who runs the cluster for a new one"
    return "log in again, as for kubectl; the credentials of this context are not taken"


def unusable(what: str, error: Exception, kubectl: str) -> ClusterError:
    """Of a context that gives no credentials, or an address that cannot be used."""
    why = reason(error)
    if isinstance(error, ImportError):
        why = f"`proxy-url` of this cluster needs a package that is not installed: pip install pysocks ({why})"
    elif isinstance(error, _OF_THE_CLIENT):  # which says more about the client than about the file
        why = "its user or its cluster has a form that is not understood"
    return ClusterError(
        f"{what} cannot be used to reach a cluster: {why}",
        hint=f"try `{kubectl} cluster-info`; `diag doctor` looks closer",
    )


def no_kubeconfig(place: str, error: Exception | None, *, empty: bool = False) -> ClusterError:
    """Of a file that is none, or that names no context; what a parser stumbles over may be a token, and is not told."""
    import yaml  # noqa: PLC0415  comes with the client

    why = "it holds no map of contexts, clusters and users" if error else "it names no context"
    if empty:
        why = "the file is empty"
    elif isinstance(error, yaml.YAMLError | UnicodeDecodeError):
        mark = getattr(error, "problem_mark", None)
        why = "it is no YAML" + (f" (line {mark.line + 1}, column {mark.column + 1})" if mark else "")
    elif isinstance(error, OSError):
        why = error.strerror or str(error) or "it cannot be read"
    return ClusterError(
        f"{place} is no kubeconfig that can be used: {why}",
        hint=f"`kubectl config view --kubeconfig {shlex.quote(place)}` shows what kubectl makes of it",
    )


def no_credentials(name: str, plugin: str, why: str, kubectl: str) -> ClusterError:
    """Of a context whose login plug-in was of no use, or could not even be run (`plugin` is empty)."""
    what = f"the login plug-in {plugin} gave no credentials: {why}"
    return ClusterError(
        f"{name}: {what if plugin else 'the `exec` of its user is not understood, and was not run'}",
        hint=f"`{kubectl} cluster-info` runs it as well, and shows what it says",
    )


def history(name: str, provider: str) -> ClusterError:
    """Of a context whose user logs in by what kubectl had built in once."""
    plugin, command = HISTORY[provider]
    return ClusterError(
        f"{name}: its user logs in by the `auth-provider` {provider}, which kubectl has not had since 1.26; the exec "
        f"plug-in {plugin} took its place",
        hint=f"install {plugin}; `{command}` makes the kubeconfig use it",
    )


def reason(error: BaseException) -> str:
    """An error of the libraries below in one line, without addresses of Python objects."""
    inner = error.args[-1] if error.args else None
    if isinstance(inner, OSError) and (said := inner.strerror or str(inner)):  # ProtocolError("Connection aborted.", …)
        return said
    if isinstance(
        beneath := getattr(error, "original_error", None), Exception
    ):  # ProxyError("…", NewConnectionError())
        return f"{error.args[0]}: {reason(beneath)}"
    if isinstance(inner, Exception) and isinstance(error.args[0], str):  # ("Connection broken: …", IncompleteRead())
        return error.args[0]
    text = re.sub(r"<[^<>]* object at 0x[0-9a-f]+>[:,]? ?|^HTTPS?Connection\([^)]*\): ", "", str(error))
    if type(error).__module__.startswith("kubernetes."):  # it quotes entries of the kubeconfig whole, secrets and all
        text = _ENTRY.sub("…", text)
    return " ".join(mask(text).split())[:300] or type(error).__name__


def said(body: bytes) -> str:
    """The message of a Status, or a plain text."""
    try:
        status = json.loads(body)
    except (ValueError, RecursionError):
        status = None
    message = status.get("message") if isinstance(status, dict) else None
    return quoted(message if isinstance(message, str) else body, 200)
