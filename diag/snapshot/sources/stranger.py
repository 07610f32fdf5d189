"""JSON and YAML of other makers that people hand over in place of objects: what it is, and where it can be used."""

import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

_INSTANT = "ask for an instant query: curl 'http://PROMETHEUS/api/v1/query?query=DCGM_FI_DEV_XID_ERRORS'"
_SAID = re.compile(r'"error"\s*:\s*("(?:[^"\\]|\\.){0,300}")')


class Stranger(NamedTuple):
    """What a file is (a predicate), what to do about it, and whether it was meant to stand beside objects."""

    what: str
    hint: str
    beside: bool = False


def stranger(head: bytes, path: str) -> Stranger | None:
    """What the first bytes (UTF-8) of a file without objects say that it is; None where they are of no known maker."""
    text = head.decode(errors="replace")
    for pattern, made in _KNOWN:
        if found := pattern.match(text):
            return made(found, path)
    return None


def _report(_found: re.Match[str], _path: str) -> Stranger:
    return Stranger(
        "is a report of diag, not the objects that it is about",
        "reports of `-o json` are compared: diag diff OLD NEW, or diag report --from … --baseline OLD",
    )


def _k8sgpt(_found: re.Match[str], path: str) -> Stranger:
    return Stranger(
        "is what k8sgpt found, not the objects that it is about",
        f"name the objects, and show this beside: diag report --from … --beside {path}",
    )


# https://prometheus.io/docs/prometheus/latest/querying/api/: status, resultType, errorType, error.
def _failed(found: re.Match[str], _path: str) -> Stranger:
    said = _SAID.search(found.string)
    try:
        why = msgspec.json.decode(said[1], type=str) if said else ""
    except msgspec.MsgspecError:
        why = ""
    return Stranger(f"is an answer of Prometheus that failed: {why or found[1]}", _INSTANT, beside=True)


def _range(found: re.Match[str], _path: str) -> Stranger:
    what = f"is an answer of Prometheus with a {found[1]}, and only a vector is read"
    return Stranger(what, _INSTANT, beside=True)


def _watch(_found: re.Match[str], _path: str) -> Stranger:
    return Stranger(
        "holds watch events, and only the objects themselves are read",
        "take the objects out of them: jq -c 'select(.type != \"DELETED\") | .object'; or save them without --watch",
    )


_Known = tuple[re.Pattern[str], Callable[[re.Match[str], str], Stranger]]
_KNOWN: tuple[_Known, ...] = (
    (re.compile(r'\s*(?:\{[\s\S]{0,2000}?"schema"\s*:\s*"|schema: )diag\.report/v\d'), _report),
    (re.compile(r'\s*\{\s*"status"\s*:\s*"error"[\s\S]*?"errorType"\s*:\s*"(\w+)"'), _failed),
    (re.compile(r'\s*\{\s*"status"\s*:\s*"success"[\s\S]*?"resultType"\s*:\s*"(matrix|scalar|string)"'), _range),
    # kubernetes/apimachinery pkg/apis/meta/v1/watch.go: WatchEvent; kubectl get --watch --output-watch-events
    (re.compile(r'\s*\{\s*"type"\s*:\s*"(?:ADDED|MODIFIED|DELETED|BOOKMARK|ERROR)"\s*,\s*"object"\s*:'), _watch),
    # k8sgpt-ai/k8sgpt pkg/analysis/output.go: JsonOutput.
    (re.compile(r'\s*\{\s*"provider"\s*:[\s\S]*?"(?:problems|status)"\s*:[\s\S]*?"results"\s*:'), _k8sgpt),
)
