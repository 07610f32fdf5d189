"""Explanations for those to whom a report is passed on: none of them is "you", who can take a step."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from diag.document import Report
from diag.views.explanation import Explanation, Section, explanations
from diag.views.lines import Line
from diag.views.wording import WHO

# The words that end a step (`diag.views.remedies`).
_YOU = re.compile(rf"\[{WHO['user']}(?=; [a-z]+\]$)")
_OWNER = "[owner of the workload"


def explanations_for_others(report: Report, **told: Any) -> Iterator[Explanation]:
    """As `explanations`, with the owner of the workload where a terminal says "you"."""
    for each in explanations(report, **told):
        yield replace(each, sections=tuple(_section(section) for section in each.sections))


def _section(section: Section) -> Section:
    return replace(section, lines=tuple(_line(line) for line in section.lines))


def _line(line: Line) -> Line:
    return replace(line, text=_YOU.sub(_OWNER, line.text)) if line.kind == "step" else line
