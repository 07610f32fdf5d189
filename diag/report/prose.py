"""Explanations as text: rows of `diag.views.explanation`, put into words by a template, laid out for the terminal."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources

import jinja2
import msgspec

from diag.document import CauseRow, CheckedRow, ExplanationRow, Report
from diag.report.cells import wrap
from diag.report.look import Look, glyph, paint, typed
from diag.report.sanitize import cleaned
from diag.report.text import overview
from diag.views.explanation import Explanation, explained

# What the template writes: `# headline`, `## heading`, `- item`, `* label`, `1. step`, `$ command`, `[1] evidence`.
_MARK = re.compile(r"(#{1,2}|-|\*|\d+\.|\$|\[\d+\]) ")
_BLANK_LINES = re.compile(r"\n{3,}")


def with_explanations(report: Report, look: Look) -> Report:
    """The report with a templated explanation of each of its causes; of the look, how to look further counts."""
    rows = [_row(report, cause, look) for cause in report.causes]
    return msgspec.structs.replace(report, explanations=rows)


def _told(report: Report, cause: CauseRow, look: Look) -> Explanation:
    return explained(report, cause, again=look.again, everything=look.everything)


def _row(report: Report, cause: CauseRow, look: Look) -> ExplanationRow:
    told = _told(report, cause, look)
    text = _written(told)
    said = next((row for row in report.explanations or () if row.cause == cause.id), None)
    if said is not None:  # what a model was asked is kept; the text around it is the template's
        return msgspec.structs.replace(said, text=text, citations=[each.evidence for each in told.citations])
    sentences = sum(len(section.lines) for section in told.sections)
    return ExplanationRow(
        cause=cause.id,
        engine="template",
        model=None,
        text=text,
        citations=[each.evidence for each in told.citations],
        # Every line of the template is taken from the report, so each of them holds.
        checked=CheckedRow(sentences=sentences, kept=sentences, dropped=0),
    )


def drawn(report: Report, look: Look, *, boxes: bool = True) -> str:
    """All causes of the report explained, one after another, within the terminal's width; of several, a list first.

    Without `boxes`: no marks beyond letters and brackets, for logs and screen readers.
    """
    shown = cleaned(report)
    texts = [_written(_told(shown, cause, look)) for cause in shown.causes[: look.limit]]
    # A rule between two explanations; a screen reader needs only the empty line.
    between = ["", paint("─" * (look.width or 60), "dim", look), ""] if boxes else ["", ""]
    several = len(shown.causes) > 1
    lines = overview(shown, look, boxes=boxes) if several else []
    for at, text in enumerate(texts):
        severity = shown.causes[at].severity
        lines += [*(between if at or several else ()), *_laid_out(text, look, severity=severity, boxes=boxes)]
    return typed("".join(f"{line.rstrip()}\n" for line in lines), look)


def plain_text(told: Explanation) -> str:
    """One explanation without marks beyond letters and brackets, its lines never broken."""
    lines = _laid_out(_written(told), Look(), severity="", boxes=False)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _laid_out(text: str, look: Look, *, severity: str, boxes: bool) -> Iterator[str]:
    for line in text.splitlines():
        found = _MARK.match(line)
        mark, body = (found[1], line[found.end() :]) if found else ("", line)
        match mark:
            case "#":
                first = f"{glyph(severity)} " if boxes else ""
                yield from _painted(wrap(body, look.width, first=first, rest=" " * len(first)), severity, look)
            case "##":
                yield paint(body if boxes else f"{body}:", "bold", look)
            case "$":
                # A command is never broken, so that it can be copied.
                yield "    " + paint(f"$ {body}", "command", look)
            case "*":
                yield from wrap(body, look.width, first="  ", rest="  ")
            case "":
                yield from _painted(wrap(line, look.width), "dim", look)
            case _:
                yield from wrap(body, look.width, first=f"  {mark} ", rest=" " * (len(mark) + 3))


def _painted(lines: Iterable[str], style: str, look: Look) -> Iterator[str]:
    return (paint(line, style, look) for line in lines)


def _written(told: Explanation) -> str:
    text = _template().render(told=_on_lines(told))
    return _BLANK_LINES.sub("\n\n", text).strip() + "\n"


def _on_lines(told: Explanation) -> object:
    """The rows as plain values, line breaks inside a value made visible: a line of the template stays one line."""
    return _folded(msgspec.to_builtins(told))


def _folded(value: object) -> object:
    match value:
        case str():
            return "⏎".join(value.splitlines())
        case list() | tuple():
            return [_folded(each) for each in value]
        case dict():
            return {key: _folded(each) for key, each in value.items()}
        case _:
            return value


@cache
def _template() -> jinja2.Template:
    source = (resources.files("diag.prompts") / "explanation.txt.j2").read_text(encoding="utf-8")
    # Plain text for a terminal: nothing to escape for HTML, and values are never templates themselves.
    environment = jinja2.Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  # no markup comes out of this
    )
    environment.filters["cites"] = _cites
    return environment.from_string(source)


def _cites(numbers: Iterable[int]) -> str:
    joined = "".join(f"[{number}]" for number in numbers)
    return f" {joined}" if joined else ""
