"""Annotations of GitHub Actions: workflow commands, one for each of the worst causes, and one with the sum.

Of a step GitHub shows ten annotations of a level and drops the others without a word (docs.github.com, workflow
commands; actions/runner `ActionCommand.cs` reads them).
"""

import re

from diag.document import Report
from diag.report.look import Look
from diag.report.sanitize import cleaned, visible
from diag.views.causes import CauseLine, cause_lines, summary_line
from diag.views.explanation import Explanation, explanations
from diag.views.wording import counted, named

_MOST = 10
_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}
# A command begins a line, after blanks; one of the old form may stand anywhere. Azure has both, `##vso[` among them.
_COMMAND = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
_OLD_COMMAND = re.compile(r"##(?=\w*\[)")
_JSON = ("json", "jsonl", "sarif", "gitlab", "otlp-json", "k8sgpt")
_MARKUP = ("junit", "html")


def rendered(report: Report, look: Look) -> bytes:
    """One line for each annotation."""
    shown = cleaned(report)
    several = len(shown.target.clusters) > 1
    causes = cause_lines(shown)
    told = explanations(shown, again=look.again)
    lines = [_annotation(line, one, several=several) for line, one in zip(causes[:_MOST], told, strict=False)]
    more = f"{counted(len(causes) - _MOST, 'more cause')} without an annotation. " if len(causes) > _MOST else ""
    lines.append(_command("notice", "diag", more + visible(summary_line(shown, hidden=look.hidden))))
    return "".join(f"{line}\n" for line in lines).encode()


def _annotation(line: CauseLine, told: Explanation, *, several: bool) -> str:
    said = f"{named(line.root, with_cluster=several)}: {line.summary}"
    for section in told.sections:
        if section.title == "What to do":
            first, *then = (each for each in section.lines if each.kind != "label")
            command = [f"$ {each.text}" for each in then[:1] if each.kind == "command"]
            said = "\n".join((said, f"Next: {first.text}", *command))
    return _command(_LEVELS.get(line.severity, "notice"), f"{line.rule} {line.name}", said)


def _command(level: str, title: str, message: str) -> str:
    escaped = _escaped(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={escaped}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def without_commands(output: bytes, form: str) -> bytes:
    """An output in one of the formats, in which a runner that reads the log finds no command.

    A document says the same as before; in a text a mark stands before what would be one. YAML cannot escape the old
    form where it stands, and is left as it is.
    """
    if form in ("github", "yaml") or (b"::" not in output and b"##" not in output):
        return output
    if form in _JSON:
        return output.replace(b"##[", rb"##\u005b")
    if form in _MARKUP:
        return _COMMAND.sub(r"\1&#58;", output.decode()).replace("##[", "##&#91;").encode()
    return _OLD_COMMAND.sub("## ", _COMMAND.sub(r"\1| :", output.decode())).encode()
