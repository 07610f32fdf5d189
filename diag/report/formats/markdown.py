"""Markdown for issues, chat and job summaries: what is wrong and what to do in the open, the evidence folded away.

Where the room ends, evidence is left out first, then the least of the causes; the text says what is missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from diag.document import Report
from diag.report.cells import cut
from diag.report.formats.commonmark import cited, code, fenced, text
from diag.report.look import Look, glyph, typed
from diag.report.sanitize import cleaned, visible
from diag.views.beside import beside_lines
from diag.views.causes import ORDER, CauseLine, cause_lines, summary_line
from diag.views.citations import Citation
from diag.views.coverage import gap_lines
from diag.views.explanation import Explanation, Section, explanations
from diag.views.wording import CONFIDENCE, counted, gpu_cost, listed, named, short_duration

ROOM = 60_000  # bytes; a comment on GitHub holds 65,536 characters
_IN_THE_OPEN = ("In words", "What to do")
_REPEATED = ("What is wrong",)  # its first line is the headline
_RESERVE = 400  # bytes for the notes on what is left out
_SMALLEST = 300  # bytes that no cause takes less than
_GAPS = 20
_NAME, _SENTENCE = 100, 1_500  # characters of a cluster's name, and of a summary


def rendered(report: Report, look: Look) -> bytes:
    """The report within the room of a comment."""
    return page(report, look, ROOM).encode()


def page(report: Report, look: Look, room: int) -> str:
    """The report in at most `room` bytes (not less than 2,000)."""
    shown = cleaned(report)
    causes = cause_lines(shown)[: look.limit]
    head, tail = _head(shown, look), _tail(shown, look, room // 4)
    left = room - _bytes(head + tail) - _RESERVE
    blocks: list[_Block] = []
    told = explanations(shown, again=look.again, everything=look.everything)
    for line, explanation in islice(zip(causes, told, strict=False), len(causes)):
        block = _block(line, explanation, several=len(shown.target.clusters) > 1)
        needed = _bytes(block.opened)
        if needed <= left:
            blocks.append(block)
            left -= needed
        elif left < _SMALLEST:
            break
    parts, unproven = [head], 0
    for block in blocks:
        left -= _bytes(block.folded)
        fits = left >= 0
        unproven += not fits
        left += 0 if fits else _bytes(block.folded)
        parts.append(block.opened + (block.folded if fits else ""))
    return typed("".join([*parts, *_cut(len(causes) - len(blocks), unproven), tail]), look)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """One cause: what always stands there, and what gives way."""

    opened: str
    folded: str


def _bytes(text: str) -> int:
    return len(text.encode())


def _head(report: Report, look: Look) -> str:
    unlisted = max(len(report.causes) - look.limit, 0) if look.limit is not None else 0
    summary = summary_line(report, unlisted=unlisted, hidden=look.hidden)
    places = listed(f"{code(cut(one.id, _NAME))} as of {text(one.now)}" for one in report.target.clusters[:5])
    tool = text(f"{report.tool.name} {report.tool.version}")
    order = f"Sorted {text(ORDER)}.\n\n" if len(report.causes) > 1 else ""
    return f"## diag: {text(cut(visible(summary), _SENTENCE))}\n\n{places} · {tool}\n\n{order}"


def _tail(report: Report, look: Look, room: int) -> str:
    gaps = [gap.in_full for gap in gap_lines(report)]
    parts = _listing("Could not be checked", gaps, room)
    parts += _listing("Another tool says", list(beside_lines(report)), room // 2)
    if look.show_ignored:
        rows = [f"{named(row.finding.subject)}: {row.finding.name}: {row.reason} ({row.by})" for row in report.ignored]
        parts += _listing("Ignored", rows, room // 2)
    return parts


def _listing(title: str, rows: Sequence[str], room: int) -> str:
    if not rows:
        return ""
    items: list[str] = []
    for row in rows[:_GAPS]:
        item = f"- {text(row)}\n"
        room -= _bytes(item)
        if room < 0:
            break
        items.append(item)
    rest = len(rows) - len(items)
    return f"### {title}\n\n" + "".join(items) + (f"- and {counted(rest, 'more thing')}\n" if rest else "") + "\n"


def _cut(uncaused: int, unproven: int) -> Iterator[str]:
    if uncaused:
        yield f"**{counted(uncaused, 'more cause')} left out:** there is no room for more here.\n\n"
    if unproven:
        yield f"**The evidence of {counted(unproven, 'cause')} is left out:** there is no room for more here.\n\n"


def _block(line: CauseLine, told: Explanation, *, several: bool) -> _Block:
    cost = gpu_cost(line.gpus, line.gpus_lost)
    age = short_duration(line.age_s) if line.age_s is not None else ""
    facts = listed((f"{line.name} ({line.rule})", CONFIDENCE.get(line.confidence, line.confidence), cost, age))
    root = named(line.root, with_cluster=several)
    opened = [
        f"### {glyph(line.severity)} {line.id} {line.severity}: {text(cut(f'{root}: {line.summary}', _SENTENCE))}\n\n",
        f"{text(facts)} · {code(line.fingerprint)}\n\n",
        *(part for section in told.sections if section.title in _IN_THE_OPEN for part in _section(section)),
    ]
    rest = [section for section in told.sections if section.title not in (*_IN_THE_OPEN, *_REPEATED)]
    seen = [
        Section(title=section.title, lines=section.lines[1:])
        for section in told.sections
        if section.title in _REPEATED and section.lines[1:]
    ]
    folded = [
        f"<details><summary>Reasons, doubts, and {counted(len(told.citations), 'piece')} of evidence</summary>\n\n",
        *(part for section in (*seen, *rest) for part in _section(section)),
        "**Evidence**\n\n",
        *map(_citation, told.citations),
        "\n**More**\n\n",
        *(fenced(command) for command in told.more),
        "</details>\n\n",
    ]
    return _Block(opened="".join(opened), folded="".join(folded))


def _section(section: Section) -> Iterator[str]:
    yield f"**{section.title}**\n\n"
    number = 0
    for line in section.lines:
        if line.kind == "command":
            yield fenced(line.text, " " * len(f"{number}. ") if number else "")
        elif line.kind == "label":
            yield f"\n{text(line.text)}\n\n"
        else:
            number += line.kind == "step"
            mark = f"{number}." if line.kind == "step" else "-"
            yield f"{mark} {text(line.text)}{cited(line.cites)}\n"
    yield "\n"


def _citation(one: Citation) -> str:
    value = f": {code(one.value)}" if one.value else ""
    parts = f", from{cited(one.parts)}{one.more}" if one.parts else ""
    return f"- \\[{one.number}\\] {text(one.place)}{value}{parts}\n"
