"""Nodes from the text of `kubectl describe nodes`, as far as it tells them.

Origin: kubernetes/kubectl pkg/describe/describe.go, describeNode: names with a colon at the margin, what belongs to
them indented below, the conditions as a table whose columns begin under their titles. Values of annotations
are cut there, and fields that are not printed are absent here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

_FIELD = re.compile(r"(?P<name>[A-Z][A-Za-z ]*):(?:\s+(?P<value>.*))?$")
_TAINT = re.compile(r"(?P<key>[^=:\s]+)(?:=(?P<value>[^:]*))?:(?P<effect>NoSchedule|NoExecute|PreferNoSchedule)")
_TITLES = ("Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")
_TIMES = ("LastHeartbeatTime", "LastTransitionTime")
_INFO = {
    "Kernel Version": "kernelVersion",
    "OS Image": "osImage",
    "Operating System": "operatingSystem",
    "Architecture": "architecture",
    "Container Runtime Version": "containerRuntimeVersion",
    "Kubelet Version": "kubeletVersion",
}


def nodes_of(text: bytes) -> list[bytes]:
    """The nodes that a text describes, each as JSON."""
    return [msgspec.json.encode(_node(fields)) for fields in _described(text.decode(errors="replace"))]


def _described(text: str) -> Iterator[dict[str, list[str]]]:
    """The fields of each node: name -> its value and the lines below it."""
    fields: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        found = _FIELD.match(line)
        if found is None:
            lines.append(line)
            continue
        if found["name"] == "Name":
            if _is_node(fields):
                yield fields
            fields = {}
        lines = fields.setdefault(found["name"], [])
        lines.append(found["value"] or "")
    if _is_node(fields):
        yield fields


def _is_node(fields: Mapping[str, Sequence[str]]) -> bool:
    return "Conditions" in fields and bool(fields.get("Name", [""])[0].strip())


def _node(fields: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    labels = (pair.partition("=") for pair in _values(fields.get("Labels", ())))
    created = _time(fields.get("CreationTimestamp", [""])[0])
    taints = [found.groupdict() for each in _values(fields.get("Taints", ())) if (found := _TAINT.fullmatch(each))]
    system = dict(_pairs(fields.get("System Info", ())))
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": fields["Name"][0].strip(),
            "labels": {key: value for key, equals, value in labels if equals},
        }
        | ({"creationTimestamp": created} if created else {}),
        "spec": {"taints": [{key: value for key, value in taint.items() if value} for taint in taints]}
        | ({"unschedulable": True} if fields.get("Unschedulable", [""])[0].strip() == "true" else {}),
        "status": {
            "conditions": list(_conditions(fields["Conditions"])),
            "capacity": dict(_pairs(fields.get("Capacity", ()))),
            "allocatable": dict(_pairs(fields.get("Allocatable", ()))),
            "nodeInfo": {field: system[title] for title, field in _INFO.items() if title in system},
        },
    }


def _values(lines: Sequence[str]) -> Iterator[str]:
    return (line.strip() for line in lines if line.strip() not in ("", "<none>"))


def _pairs(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """`name:  value` of each line; names of resources have no colon."""
    for line in lines:
        name, colon, value = line.strip().partition(":")
        if colon and value.strip():
            yield name, value.strip()


def _conditions(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    """The rows of the table, cut where the titles begin."""
    at = next((place for place, line in enumerate(lines) if line.split() == list(_TITLES)), None)
    if at is None:
        return
    starts = [lines[at].index(title) for title in _TITLES]
    for line in lines[at + 2 :]:
        cells = [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]
        row = dict(zip(_TITLES, cells, strict=True))
        if not row["Type"] or row["Status"] not in ("True", "False", "Unknown"):
            continue
        row |= {title: _time(row[title]) for title in _TIMES}
        yield {f"{title[0].lower()}{title[1:]}": value for title, value in row.items() if value}


def _time(written: str) -> str:
    """A time as Go's RFC1123Z has it, in RFC 3339; empty where it is none."""
    try:
        return parsedate_to_datetime(written.strip()).isoformat()
    except (ValueError, IndexError, TypeError, OverflowError):
        return ""
