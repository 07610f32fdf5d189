"""What goes wrong with a login or a request, in words: without secrets, and without addresses of Python objects."""

import json
import re
import shlex

from diag.collect.quoting import quoted
from diag.errors import ClusterError


class TransportError(Exception):
    """No answer, or half of one. `timed_out` says whether it was too slow, `final` that it would be so again.

    Of a watch that was refused, `status` is the answer's; else 0.
    """

    def __init__(self, message: str, *, timed_out: bool = False, final: bool = False, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.timed_out, self.final = timed_out, timed_out or final


def unusable(what: str, error: Exception) -> ClusterError:
    """Of a context that gives no credentials, or an address that cannot be used."""
    return ClusterError(
        f"{what} cannot be used to reach a cluster: {reason(error)}",
        hint="try `kubectl cluster-info`; `diag doctor` looks closer",
    )


def no_kubeconfig(place: str, error: Exception) -> ClusterError:
    """Of a file that the client cannot take; what it stumbles over says more about the client than about the file."""
    import yaml  # noqa: PLC0415  comes with the client

    why = "it holds no map of contexts, clusters and users"
    if isinstance(error, yaml.YAMLError | UnicodeDecodeError):
        mark = getattr(error, "problem_mark", None)  # without the line itself, which may be a token
        why = "it is no YAML" + (f" (line {mark.line + 1}, column {mark.column + 1})" if mark else "")
    elif type(error).__module__.startswith("kubernetes."):  # in words for people, with the file and the missing key
        why = reason(error).rstrip(".")
    elif isinstance(error, OSError):
        why = error.strerror or "it cannot be read"
    return ClusterError(
        f"{place} is no kubeconfig that can be used: {why}",
        hint=f"`kubectl config view --kubeconfig {shlex.quote(place)}` shows what kubectl makes of it",
    )


def reason(error: BaseException) -> str:
    """An error of the libraries below in one line, without addresses of Python objects."""
    inner = error.args[-1] if error.args else None
    if isinstance(inner, OSError) and (said := inner.strerror or str(inner)):  # ProtocolError("Connection aborted.", …)
        return said
    text = re.sub(r"<[^<>]* object at 0x[0-9a-f]+>[:,]? ?|^HTTPS?Connection\([^)]*\): ", "", str(error))
    return " ".join(text.split())[:300] or type(error).__name__


def said(body: bytes) -> str:
    """The message of a Status, or a plain text."""
    try:
        status = json.loads(body)
    except (ValueError, RecursionError):
        status = None
    message = status.get("message") if isinstance(status, dict) else None
    return quoted(message if isinstance(message, str) else body, 200)
