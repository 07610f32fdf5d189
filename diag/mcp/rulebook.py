"""The tool `rule`: what a rule means, or which rules there are."""

from typing import Annotated, Any

import msgspec

from diag.catalog.registry import RuleInfo, infos, load
from diag.document import Row
from diag.mcp.asking import Asked, Cursor, Limit, Room
from diag.mcp.pages import Answer, head, page, start
from diag.views.rulebook import asked_for


class RuleAsked(Asked, kw_only=True):
    """What `rule` takes."""

    rule: Annotated[
        str, msgspec.Meta(max_length=300, description="an id (QUO004), a name, a prefix (QUO), a glob, or words")
    ]
    limit: Limit = 20
    cursor: Cursor = ""


class RuleRow(Row, kw_only=True):
    """One rule; `page` holds the lines of its page, where rules were asked for by id or name."""

    id: str
    name: str
    severity: str
    inputs: list[str]
    summary: str
    page: list[str]


class RuleAnswer(Answer, kw_only=True):
    """What `rule` answers."""

    rules: list[RuleRow]


def rule(room: Room, asked: RuleAsked) -> dict[str, Any]:
    """The pages of the rules that were named, or a list of those that the words mean."""
    look = room.looks.latest()
    begin = start(asked.cursor, look)
    catalogue = load()
    found, as_pages = asked_for(infos(catalogue), asked.rule.split(), catalogue.rows)

    def row(one: RuleInfo) -> RuleRow:
        lines = one.doc.splitlines() if as_pages else []
        return RuleRow(
            id=one.id, name=one.name, severity=one.severity, inputs=[*one.inputs], summary=one.summary, page=lines
        )

    return page(RuleAnswer(**head(look), rules=[]), "rules", found, begin=begin, limit=asked.limit, make=row)
