"""Side files that are JSON: Prometheus instant queries, gpud's states, NVSentinel's health events."""

from collections.abc import Iterator
from typing import Any

import msgspec

from diag.projection import dicts
from diag.snapshot.sources.part import Reading
from diag.snapshot.sources.side.kube_state import kube_state
from diag.snapshot.sources.side.lines import MOST_CHARS, Line

# DCGM field names (dcgm-exporter's default counters) and what a value other than 0 means. What only counts since the
# driver was loaded and passes again (thermal violations) tells nothing of today.
_METRICS = {
    "DCGM_FI_DEV_XID_ERRORS": "xid",
    "DCGM_FI_DEV_ROW_REMAP_PENDING": "row-remap-pending",
    "DCGM_FI_DEV_ROW_REMAP_FAILURE": "row-remap-failure",
    "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL": "ecc-uncorrected",
}
# The reasons for a lower clock, as bits (dcgm_fields.h DCGM_CLOCKS_EVENT_REASON_HW_THERMAL).
_CLOCKS = ("DCGM_FI_DEV_CLOCK_THROTTLE_REASONS", "DCGM_FI_DEV_CLOCKS_EVENT_REASONS")
_HW_THERMAL = 0x40
# From here on DCGM means "not supported", "not found" and the like (dcgm_structs.h DCGM_INT32_BLANK).
_BLANK = 0x7FFFFFF0
# dcgm-exporter's Hostname; what kube-prometheus adds.
_NODE_LABELS = ("Hostname", "node", "exported_node", "kubernetes_node")


def prometheus(text: str, path: str) -> Iterator[Reading]:
    """Samples of `/api/v1/query` whose metric is one of DCGM's, or one of kube-state-metrics that tells something.

    https://prometheus.io/docs/prometheus/latest/querying/api/
    """
    whole, places = _json(text), _Places(text, path)
    data = whole.get("data") if isinstance(whole, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    for sample in result if isinstance(result, list) else ():
        labels = sample.get("metric") if isinstance(sample, dict) else None
        if labels is not None:
            places.pass_by('"metric"')
        value = sample.get("value") if isinstance(sample, dict) else None
        if not isinstance(labels, dict) or not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004  time, value
            continue
        name = str(labels.get("__name__"))
        what, told = _METRICS.get(name, ""), str(value[1])
        number = _number(told)
        if number is not None and (said := kube_state(name, labels, told, number)) is not None:
            yield places.of(said.at).tells(
                "prometheus", said.what, said.value, node=said.node, device=said.device, pod=said.pod
            )
        if name in _CLOCKS:
            what, told = "thermal-slowdown", str(int(_number(told) or 0) & _HW_THERMAL)
        if what and _number(told) is not None:
            node = next((str(labels[one]) for one in _NODE_LABELS if labels.get(one)), "")
            device = str(labels.get("UUID") or labels.get("gpu") or "")
            instance = "" if node else str(labels.get("instance") or "")
            where = places.of(device, node, instance)
            yield where.tells("prometheus", what, told, node=node, device=device, instance=instance)


def _number(value: str) -> float | None:
    """What a sample says, None where that is no value: NaN, and what DCGM puts where it has none."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < _BLANK else None


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
    """Health events (NVIDIA/NVSentinel data-models health_event.proto) of what is not healthy, nor was made so later.

    As JSON, where proto3 leaves out what is false, or as its database keeps them: `healthevent`, in lower case.
    """
    found, places = _json(text), _Places(text, path)
    if found is None:
        found = [_json(line) for line in text.split("\n") if line.strip()]
    events = [_in_lower_case(event) for event in dicts(found if isinstance(found, list) else [found])]
    healed: dict[tuple[str, ...], str] = {}
    for event in events:
        if event.get("ishealthy") is True:
            for entity in _entities(event) or [("", "")]:  # without any it is about all of them
                key = (*_check(event), *entity)
                healed[key] = max(healed.get(key, ""), _when(event))
    for event in events:
        entities = _entities(event)
        later = [healed.get((*_check(event), *entity), "") for entity in entities]
        if not _is_fault(event) or max(min(later, default=""), healed.get((*_check(event), "", ""), "")) > _when(event):
            continue
        device = next((value for kind, value in entities if kind in ("PCI", "GPU")), "")
        listed = event.get("errorcode")
        told = listed if isinstance(listed, list) else ()
        codes = " ".join(f"ErrorCode:{code}" for code in told if isinstance(code, str))
        said = f"{event.get('checkname')} {codes} {event.get('message') or ''}".strip()
        where = places.of(str(event.get("message") or ""), "checkName", "checkname")
        yield where.tells("nvsentinel", "message", said, node=str(event.get("nodename") or ""), device=device)


def _in_lower_case(found: dict[str, Any]) -> dict[str, Any]:
    inner = found.get("healthevent")
    return {str(name).lower(): value for name, value in (inner if isinstance(inner, dict) else found).items()}


def _is_fault(event: dict[str, Any]) -> bool:
    if "ishealthy" in event:
        return event["ishealthy"] is False
    return event.get("isfatal") is True or bool(event.get("errorcode"))


def _check(event: dict[str, Any]) -> tuple[str, str]:
    return str(event.get("nodename") or ""), str(event.get("checkname"))


def _entities(event: dict[str, Any]) -> list[tuple[str, str]]:
    found = [_in_lower_case(one) for one in dicts(event.get("entitiesimpacted"))]
    return [(str(one.get("entitytype")), str(one.get("entityvalue"))) for one in found]


def _when(event: dict[str, Any]) -> str:
    """When an event was made, in the order of time; empty where it does not say so."""
    told = event.get("generatedtimestamp")
    if isinstance(told, dict) and isinstance(seconds := told.get("seconds"), int):
        return f"{seconds:020d}"
    return told if isinstance(told, str) else ""


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None


class _Places:
    """Where the pieces of a document stand: each is looked for behind the one before."""

    def __init__(self, text: str, path: str) -> None:
        self._text, self._path, self._at, self._number = text, path, 0, 1

    def pass_by(self, word: str) -> None:
        """Go on behind the next such word."""
        at = self._text.find(word, self._at)
        if at >= 0:
            self._number += self._text.count("\n", self._at, at)
            self._at = at + len(word)

    def of(self, *words: str) -> Line:
        """The line that holds the first of the words; of a long line what is around it."""
        at = next((found for word in words if word and (found := self._text.find(word, self._at)) >= 0), self._at)
        self._number += self._text.count("\n", self._at, at)
        self._at = at
        # Answers of Prometheus are one line of many megabytes: no further is looked than what is kept of it.
        near, far = max(at - MOST_CHARS, 0), at + MOST_CHARS + 1
        start = self._text.rfind("\n", near, at) + 1 or near
        stop = self._text.find("\n", at, far)
        line = self._text[start : stop if stop >= 0 else far].rstrip("\r")
        if len(line) > MOST_CHARS:
            middle = max(at - start - MOST_CHARS // 2, 0)
            line = line[middle : middle + MOST_CHARS]
        return Line(self._path, self._number, line.strip())
