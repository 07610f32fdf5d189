"""SARIF 2.1.0 for code scanning (OASIS, sarif-v2.1.0), within the limits of GitHub's upload.

GitHub takes 25,000 results with 10,000 steps of a flow each, shows the first 1,000, and refuses a result without a
file and a line (docs.github.com, code-security: SARIF support for code scanning).
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from diag.catalog.registry import RuleInfo, infos, load
from diag.document import CauseRow, FindingRow, IgnoredRow, RefRow, Report
from diag.report.formats.commonmark import block
from diag.report.formats.places import path
from diag.report.look import Look
from diag.report.prose import plain_text
from diag.report.rules import pages
from diag.report.sanitize import cleaned, escaped
from diag.views.because import Trees
from diag.views.coverage import gap_lines
from diag.views.explanation import explanations
from diag.views.wording import counted, named

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_RESULTS = 25_000
_STEPS = 1_000
_Json = dict[str, Any]


def rendered(report: Report, look: Look) -> bytes:
    """One run: a result for each cause, ignored ones as suppressed, and gaps as notifications of the tool."""
    shown = cleaned(report)
    results = list(islice(_results(shown, look), _RESULTS))
    rules = _rules(dict.fromkeys(each["ruleId"] for each in results))
    index = {rule["id"]: at for at, rule in enumerate(rules)}
    for result in results:
        result["ruleIndex"] = index[result["ruleId"]]
    run: _Json = {
        "tool": {"driver": {"name": shown.tool.name, "semanticVersion": shown.tool.version, "rules": rules}},
        "automationDetails": {"id": f"diag/{'+'.join(_part(one.id) for one in shown.target.clusters)}/"},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": list(_notifications(shown))}],
        "results": results,
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return escaped(msgspec.json.format(msgspec.json.encode(document), indent=2)) + b"\n"


def _results(report: Report, look: Look) -> Iterator[_Json]:
    trees = Trees(report)
    several = len(report.target.clusters) > 1
    told = explanations(report, again=look.again, everything=look.everything)
    for cause, explanation in zip(report.causes, told, strict=True):
        result = _result(cause, cause.root, several=several)
        result["message"]["markdown"] = block(plain_text(explanation))
        flow = list(_flow(cause, trees, several=several))
        if len(flow) > 1:
            result["codeFlows"] = [{"threadFlows": [{"locations": flow}]}]
        yield result
    for row in report.ignored:
        yield _result(row.finding, row.finding.subject, several=several) | {"suppressions": [_suppression(row)]}


def _result(row: CauseRow | FindingRow, root: RefRow, *, several: bool) -> _Json:
    return {
        "ruleId": row.rule,
        "level": _LEVELS.get(row.severity, "none"),
        "message": {"text": _unlinked(f"{named(root, with_cluster=several)}: {row.summary}")},
        "locations": [_location(root)],
        "partialFingerprints": {"diag/v1": row.fingerprint},
        "properties": {"confidence": row.confidence, "name": row.name},
    }


def _suppression(row: IgnoredRow) -> _Json:
    until = f", until {row.until}" if row.until else ""
    return {"kind": "external", "justification": f"{row.reason} ({row.by}{until})"}


def _flow(cause: CauseRow, trees: Trees, *, several: bool) -> Iterator[_Json]:
    """The way from the cause to what is seen, in the order of time (SARIF 3.37)."""
    steps = [step for step in trees.of(cause) if not step.is_reference]
    steps.sort(key=lambda step: (not step.is_root, -step.depth))
    for step in steps[: _STEPS - 1]:
        because = f" (because {step.why})" if step.why else ""
        message = {"text": _unlinked(f"{named(step.subject, with_cluster=several)}: {step.summary}{because}")}
        yield {"location": _location(step.subject) | {"message": message}}
    if len(steps) >= _STEPS:
        message = {"text": f"and {counted(len(steps) - _STEPS + 1, 'more symptom')}"}
        yield {"location": _location(cause.root) | {"message": message}}


def _location(ref: RefRow) -> _Json:
    return {
        "physicalLocation": {"artifactLocation": {"uri": path(ref)}, "region": {"startLine": 1}},
        "logicalLocations": [{"name": ref.name, "fullyQualifiedName": f"{ref.cluster}/{ref}", "kind": "resource"}],
    }


def _unlinked(text: str) -> str:
    """Text in which nothing is a link: `[words](target)` would be one, in plain messages too (SARIF 3.11.6)."""
    return text.replace("](", "] (")


def _rules(used: Sequence[str] | dict[str, None]) -> list[_Json]:
    known = {info.id: info for info in infos(load())}
    return [_rule(known[rule]) if rule in known else {"id": rule} for rule in used]


def _rule(info: RuleInfo) -> _Json:
    return {
        "id": info.id,
        "name": info.name,
        "shortDescription": {"text": info.summary},
        "fullDescription": {"text": info.summary},
        "help": {"text": pages([info], 100, markdown=False), "markdown": info.doc},
        "defaultConfiguration": {"level": _LEVELS.get(info.severity, "warning")},
        "properties": {"tags": [info.family, info.question]},
    }


def _notifications(report: Report) -> Iterator[_Json]:
    for gap in gap_lines(report, material_only=False):
        yield {"level": "warning" if gap.material else "note", "message": {"text": _unlinked(gap.in_full)}}


def _part(cluster: str) -> str:
    """The name of a cluster as a part of an id, which `/` would split."""
    return cluster.replace("/", "_")
