"""A log record for each cause and each gap in OTLP's JSON, as a collector takes it (opentelemetry.io, OTLP 1.x).

One line, so that files of several reports can be put together.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from diag.document import CauseRow, ClusterRow, GapRow, Report
from diag.report.look import Look
from diag.report.prose import plain_text
from diag.report.sanitize import cleaned, escaped
from diag.views.explanation import Explanation, explanations
from diag.views.wording import WHY_NOT, moment, named

# Numbers of the data model of logs: INFO, WARN, ERROR.
_SEVERITIES = {"error": (17, "ERROR"), "warning": (13, "WARN"), "info": (9, "INFO")}
_Json = dict[str, Any]


def rendered(report: Report, look: Look) -> bytes:
    """An export request: a resource for each cluster, with the time of the look as the time of its records."""
    shown = cleaned(report)
    told = explanations(shown, again=look.again, everything=look.everything)
    causes = list(zip(shown.causes, told, strict=True))
    known = {one.id for one in shown.target.clusters}
    clusters = [
        *shown.target.clusters,
        # What belongs to no cluster (a rule package that cannot be imported) is of the whole look.
        *([_nowhere(shown)] if any(gap.cluster not in known for gap in shown.gaps) else ()),
    ]
    resources = []
    for one in clusters:
        at = _nanoseconds(one.now)
        records = [_cause(cause, how, at) for cause, how in causes if cause.root.cluster == one.id]
        records += [_gap(gap, at) for gap in shown.gaps if (gap.cluster if gap.cluster in known else "") == one.id]
        scope = {"name": shown.tool.name, "version": shown.tool.version}
        attributes = {"service.name": shown.tool.name, **({"k8s.cluster.name": one.id} if one.id else {})}
        resources.append(
            {
                "resource": {"attributes": list(_attributes(attributes))},
                "scopeLogs": [{"scope": scope, "logRecords": records}],
            }
        )
    return escaped(msgspec.json.encode({"resourceLogs": resources})) + b"\n"


def _nowhere(report: Report) -> ClusterRow:
    now = report.target.clusters[0].now if report.target.clusters else ""
    return ClusterRow(id="", source="snapshot", server_version=None, captured_at=None, now=now, now_from="")


def _nanoseconds(time: str) -> str:
    """Nanoseconds since the epoch, as OTLP spells 64 bits in JSON; 0 is its unknown."""
    at = moment(time)
    return str(int(at.timestamp()) * 10**9 + at.microsecond * 1000) if at else "0"


def _cause(cause: CauseRow, told: Explanation, at: str) -> _Json:
    attributes: _Json = {
        "diag.rule.id": cause.rule,
        "diag.rule.name": cause.name,
        "diag.confidence": cause.confidence,
        "diag.fingerprint": cause.fingerprint,
        "diag.gpus_waited_for": cause.affected.gpus,
        "diag.gpus_lost": cause.affected.gpus_lost,
        "diag.root": named(cause.root),
        "diag.explanation": plain_text(told),
    }
    if cause.root.namespace:
        attributes["k8s.namespace.name"] = cause.root.namespace
    if cause.since:
        attributes["diag.since"] = cause.since
    return _record("diag.cause", cause.severity, f"{named(cause.root)}: {cause.summary}", at, attributes)


def _gap(gap: GapRow, at: str) -> _Json:
    attributes = {"diag.gap.why": gap.why, "diag.gap.fix": gap.fix, "diag.gap.material": gap.material}
    attributes |= {"diag.gap.detail": gap.detail} if gap.detail else {}
    said = f"{gap.what}: {WHY_NOT.get(gap.why, gap.why)}"
    return _record("diag.gap", "warning" if gap.material else "info", said, at, attributes)


def _record(event: str, severity: str, body: str, at: str, attributes: _Json) -> _Json:
    number, text = _SEVERITIES.get(severity, _SEVERITIES["info"])
    return {
        "timeUnixNano": at,
        "observedTimeUnixNano": at,
        "severityNumber": number,
        "severityText": text,
        "eventName": event,
        "body": {"stringValue": body},
        "attributes": list(_attributes(attributes)),
    }


def _attributes(given: _Json) -> Iterator[_Json]:
    for key, value in given.items():
        match value:
            case bool():
                yield {"key": key, "value": {"boolValue": value}}
            case int():
                yield {"key": key, "value": {"intValue": str(value)}}
            case _:
                yield {"key": key, "value": {"stringValue": value}}
