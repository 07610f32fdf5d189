"""What a client can attach without a question: the latest report, a cause of it, a rule's page."""

from typing import Any
from urllib.parse import unquote

import mcp_types as types
import msgspec

from diag.errors import UsageError
from diag.mcp.asking import Room
from diag.mcp.causes import ExplainAsked, ScanAsked, explain, scan
from diag.mcp.rulebook import RuleAsked, rule

_REPORT = "diag://report/latest"
_FINDING = "diag://finding/"
_RULE = "diag://rule/"
_JSON = "application/json"

TEMPLATES = [
    types.ResourceTemplate(
        name="finding", uri_template=f"{_FINDING}{{id}}", mime_type=_JSON,
        description="A cause of the latest look in full, by its id (C1), a finding's (F3) or a fingerprint.",
    ),
    types.ResourceTemplate(
        name="rule", uri_template=f"{_RULE}{{id}}", mime_type=_JSON, description="The page of a rule, by id or name."
    ),
]  # fmt: skip


def listed() -> list[types.Resource]:
    """The resources that have an address of their own."""
    return [
        types.Resource(
            uri=_REPORT,
            name="report",
            mime_type=_JSON,
            description="The causes of the latest look, in short; the first page of what the tool scan answers.",
        )
    ]


def read(room: Room, uri: str) -> types.TextResourceContents:
    """One resource as JSON. Raises UsageError for an address that leads nowhere."""
    return types.TextResourceContents(uri=uri, mime_type=_JSON, text=msgspec.json.encode(_found(room, uri)).decode())


def _found(room: Room, uri: str) -> dict[str, Any]:
    if uri == _REPORT:
        return scan(room, ScanAsked(limit=100))
    for prefix, answer in ((_FINDING, _finding), (_RULE, _rule)):
        if uri.startswith(prefix) and (name := unquote(uri.removeprefix(prefix)).strip()):
            return answer(room, name[:300])
    raise UsageError(f"there is no resource {uri[:120]!r}", hint=f"there are {_REPORT}, {_FINDING}C1, {_RULE}QUO004")


def _finding(room: Room, name: str) -> dict[str, Any]:
    return explain(room, ExplainAsked(subject=name, limit=1))


def _rule(room: Room, name: str) -> dict[str, Any]:
    return rule(room, RuleAsked(rule=name))
