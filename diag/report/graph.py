"""The graph of blame as text: a tree for people, Mermaid and DOT for those who want the picture."""

import re
from collections.abc import Iterator, Sequence

from diag.document import CauseRow, FindingRow, LinkRow, Report
from diag.report.cells import wrap
from diag.report.look import Look, glyph, paint, typed
from diag.report.sanitize import visible
from diag.views.because import Step, Trees
from diag.views.wording import counted, named

FORMATS = ("table", "plain", "json", "mermaid", "dot")
_LABEL = 90  # characters of a box
_SHAPES = {"cause": ("([", "])"), "state": ("[/", "/]")}


def trees_text(report: Report, look: Look, *, boxes: bool) -> bytes:
    """A tree for each cause: symptoms above, the root last."""
    several = len(report.target.clusters) > 1
    trees = Trees(report)
    blocks = [
        "\n".join(_tree(trees, cause, look, boxes=boxes, several=several)) for cause in report.causes[: look.limit]
    ]
    return typed(("\n\n".join(blocks) or "No causes found.") + "\n", look).encode()


def _tree(trees: Trees, cause: CauseRow, look: Look, *, boxes: bool, several: bool) -> Iterator[str]:
    yield paint(f"{cause.id} {cause.rule} {cause.name}", "bold", look)
    steps = trees.of(cause)
    for step in steps:
        lead = "  " * step.depth + ("└ " if step.depth and boxes else "because " if step.depth else "")
        yield from wrap(lead + told(step, with_cluster=several), look.width, rest="  " * (step.depth + 2))
    if not steps:
        yield from wrap(f"{named(cause.root, with_cluster=several)}: {visible(cause.summary)}", look.width, rest="  ")


def told(step: Step, *, with_cluster: bool = False) -> str:
    """One step in a line of words."""
    who = visible(named(step.subject, with_cluster=with_cluster))
    if step.is_reference:
        return f"↳ see {step.number}: {who}"
    members = f" ({counted(step.members, 'object')})" if step.members > 1 else ""
    root = "  ◆ root" if step.is_root else ""
    return f"{step.number}. {glyph(step.severity)} {step.severity} {who}{members}: {visible(step.summary)}{root}"


def mermaid(report: Report) -> bytes:
    """A Mermaid flowchart (mermaid-js, flowchart syntax), roots first."""
    lines = ["flowchart TD"]
    for row in _shown(report):
        opening, closing = _SHAPES.get(row.role, ("[", "]"))
        lines.append(f'  {row.id}{opening}"{_entities(_label(row))}"{closing}:::{row.severity}')
    lines += [f'  {link.cause} -->|"{_entities(_short(link.why))}"| {link.symptom}' for link in _links(report)]
    colours = {"error": "#d55e00", "warning": "#e69f00", "info": "#0072b2"}
    lines += [f"  classDef {name} stroke:{colour},stroke-width:2px" for name, colour in colours.items()]
    return "".join(f"{line}\n" for line in lines).encode()


def dot(report: Report) -> bytes:
    """A Graphviz graph."""
    lines = ["digraph diag {", "  rankdir=TB;", '  node [shape=box, fontname="sans-serif"];']
    for row in _shown(report):
        style = ", style=bold" if row.role == "cause" else ""
        lines.append(f"  {row.id} [label={_quoted(_label(row))}, tooltip={_quoted(row.name)}{style}];")
    lines += [f"  {link.cause} -> {link.symptom} [label={_quoted(_short(link.why))}];" for link in _links(report)]
    return "".join(f"{line}\n" for line in [*lines, "}"]).encode()


def _shown(report: Report) -> Sequence[FindingRow]:
    """The findings of causes; one that belongs to none (it was outranked) stands in no picture."""
    within = {each for cause in report.causes for each in (cause.finding, *cause.symptoms)}
    return [row for row in report.findings if row.id in within and re.fullmatch(r"F\d+", row.id)]


def _links(report: Report) -> Sequence[LinkRow]:
    ids = {row.id for row in _shown(report)}
    return [link for link in report.links if link.cause in ids and link.symptom in ids]


def _label(row: FindingRow) -> str:
    return f"{visible(str(row.subject))}: {_short(row.summary)}"


def _short(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= _LABEL else f"{shown[: _LABEL - 1]}…"


def _entities(text: str) -> str:
    """Everything that Mermaid or HTML would read as markup, as character entities in Mermaid's spelling."""
    return re.sub(r"[^\w .,:/()=…✖→-]", lambda found: f"#{ord(found[0])};", text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
