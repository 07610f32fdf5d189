"""Side files that are JSON: Prometheus instant queries, gpud's states, NVSentinel's health events."""

from collections.abc import Iterator
from typing import Any

import msgspec

from diag.projection import dicts
from diag.snapshot.sources.part import Reading
from diag.snapshot.sources.side.lines import MOST_CHARS, Line

# DCGM field names (dcgm-exporter's default counters) and what a value other than 0 means.
_METRICS = {
    "DCGM_FI_DEV_XID_ERRORS": "xid",
    "DCGM_FI_DEV_ROW_REMAP_PENDING": "row-remap-pending",
    "DCGM_FI_DEV_ROW_REMAP_FAILURE": "row-remap-failure",
    "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL": "ecc-uncorrected",
    "DCGM_FI_DEV_THERMAL_VIOLATION": "thermal-slowdown",
}
# dcgm-exporter's Hostname; what kube-prometheus adds.
_NODE_LABELS = ("Hostname", "node", "exported_node", "kubernetes_node")


def prometheus(text: str, path: str) -> Iterator[Reading]:
    """Samples of `/api/v1/query` whose metric is one of DCGM's (https://prometheus.io/docs/prometheus/latest/querying/api/)."""
    whole, places = _json(text), _Places(text, path)
    data = whole.get("data") if isinstance(whole, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    for sample in result if isinstance(result, list) else ():
        labels = sample.get("metric") if isinstance(sample, dict) else None
        value = sample.get("value") if isinstance(sample, dict) else None
        if not isinstance(labels, dict) or not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004  time, value
            continue
        what = _METRICS.get(str(labels.get("__name__")))
        if what:
            node = next((str(labels[one]) for one in _NODE_LABELS if labels.get(one)), "")
            device = str(labels.get("UUID") or labels.get("gpu") or "")
            yield places.of(device, node).tells("prometheus", what, str(value[1]), node=node, device=device)


def gpud(text: str, path: str) -> Iterator[Reading]:
    """States of `GET /v1/states` (leptonai/gpud api/v1/types.go): components whose health is not Healthy."""
    whole, places = _json(text), _Places(text, path)
    components = whole if isinstance(whole, list) else [whole]
    for component in components:
        states = component.get("states") if isinstance(component, dict) else None
        for state in states if isinstance(states, list) else ():
            if isinstance(state, dict) and state.get("health") not in ("Healthy", None, "", "Initializing"):
                said = f"{component.get('component')}: {state.get('reason') or state.get('error') or ''}"
                where = places.of(str(state.get("reason") or ""), "health")
                yield where.tells("gpud", "message", said)


def nvsentinel(text: str, path: str) -> Iterator[Reading]:
    """Health events (NVIDIA/NVSentinel data-models health_event.proto) that are not healthy."""
    found, places = _json(text), _Places(text, path)
    if found is None:
        found = [_json(line) for line in text.split("\n") if line.strip()]
    for event in found if isinstance(found, list) else [found]:
        if not isinstance(event, dict) or event.get("isHealthy") is not False:
            continue
        entities = dicts(event.get("entitiesImpacted"))
        device = next((str(one.get("entityValue")) for one in entities if one.get("entityType") in ("PCI", "GPU")), "")
        listed = event.get("errorCode")
        told = listed if isinstance(listed, list) else ()
        codes = " ".join(f"ErrorCode:{code}" for code in told if isinstance(code, str))
        said = f"{event.get('checkName')} {codes} {event.get('message') or ''}".strip()
        where = places.of(str(event.get("message") or ""), "checkName")
        yield where.tells("nvsentinel", "message", said, node=str(event.get("nodeName") or ""), device=device)


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None


class _Places:
    """Where the pieces of a document stand: each is looked for behind the one before."""

    def __init__(self, text: str, path: str) -> None:
        self._text, self._path, self._at, self._number = text, path, 0, 1

    def of(self, *words: str) -> Line:
        """The line that holds the first of the words; of a long line what is around it."""
        at = next((found for word in words if word and (found := self._text.find(word, self._at)) >= 0), self._at)
        self._number += self._text.count("\n", self._at, at)
        self._at = at
        start = self._text.rfind("\n", 0, at) + 1
        stop = self._text.find("\n", at)
        line = self._text[start : stop if stop >= 0 else None].rstrip("\r")
        if len(line) > MOST_CHARS:
            middle = max(at - start - MOST_CHARS // 2, 0)
            line = line[middle : middle + MOST_CHARS]
        return Line(self._path, self._number, line.strip())
