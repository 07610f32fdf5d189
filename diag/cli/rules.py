"""`diag rules`: the catalogue, or the page of one rule."""

import sys
import textwrap
from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from diag.cli.group import Examples
from diag.errors import UsageError

if TYPE_CHECKING:
    from diag.catalog.registry import RuleInfo

_EXAMPLES = ("diag rules", "diag rules 'QUO*'", "diag rules SCH101")
_FORMATS = ("table", "plain", "json")
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


@click.command("rules", cls=Examples, examples=_EXAMPLES)
@click.argument("wanted", required=False, metavar="[ID|NAME|GLOB]")
@click.option("-o", "--output", multiple=True, metavar="FORMAT[=PATH]", help=", ".join(_FORMATS))
def command(wanted: str | None, output: tuple[str, ...]) -> None:
    """List the rules; the page of one for an ID, a name or a synonym."""
    from diag.catalog.registry import infos, load  # noqa: PLC0415  # imports every rule
    from diag.cli.output import Target, deliver, targets  # noqa: PLC0415  # help runs nothing

    to = targets(output, _FORMATS, "table" if sys.stdout.isatty() else "plain")
    rules = infos(load())
    listing = wanted is None or bool({*"*?["}.intersection(wanted))
    found = [rule for rule in rules if _matches(rule, wanted or "*")] if listing else _named(rules, wanted or "")

    def render(target: Target) -> bytes:
        if target.form == "json":
            import msgspec  # noqa: PLC0415  # as above

            return msgspec.json.format(msgspec.json.encode(found)) + b"\n"
        width = _width() if target.form == "table" else None
        bold = width is not None and target.path is None and sys.stdout.isatty() and _colored()
        return (_listed(found, width) if listing else _pages(found, width, bold=bold)).encode()

    deliver(to, render)


def _colored() -> bool:
    import os  # noqa: PLC0415  # help runs nothing

    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _width() -> int:
    import shutil  # noqa: PLC0415  # help runs nothing

    return min(max(shutil.get_terminal_size((100, 24)).columns, 60), 120)


def _matches(rule: "RuleInfo", glob: str) -> bool:
    return fnmatchcase(rule.id, glob.upper()) or fnmatchcase(rule.name, glob.lower())


def _named(rules: "list[RuleInfo]", wanted: str) -> "list[RuleInfo]":
    """The rules of an id, a retired id, a name or a synonym. Raises UsageError with what is nearest."""
    from diag.catalog.retired import successors  # noqa: PLC0415  # help runs nothing
    from diag.catalog.taxonomy import taxonomy  # noqa: PLC0415

    names = taxonomy()
    known = names.get(wanted.lower())
    meant = {wanted.upper(), successors().get(wanted.upper(), ""), wanted.lower(), known.name if known else ""}
    found = [rule for rule in rules if rule.id in meant or rule.name in meant]
    if found:
        return found
    if known:
        raise UsageError(f"no rule finds {known.name!r} by itself yet", hint=f"it means: {known.meaning}")
    if wanted.upper() in successors():
        raise UsageError(f"{wanted.upper()} was retired, and no rule took its place", hint="`diag rules` lists all")
    detected = {rule.name for rule in rules}
    words = [
        *(rule.id for rule in rules),
        *(word for word, cause in names.items() if cause.name in detected),
        *detected,
    ]
    near = get_close_matches(wanted.upper(), words, n=1) or get_close_matches(wanted.lower(), words, n=1)
    hint = f"did you mean {near[0]}?" if near else "`diag rules` lists all"
    raise UsageError(f"there is no rule {wanted!r}", hint=hint)


def _listed(rules: "Sequence[RuleInfo]", width: int | None) -> str:
    """One line each: id, severity, name and what it says; as a table under a heading and cut to the width."""
    rows = [("ID", "SEVERITY", "NAME", "MEANING")] if width else []
    rows += [(rule.id, rule.severity, rule.name, rule.summary) for rule in rules]
    widths = [max((len(row[at]) for row in rows), default=0) for at in range(3)]
    lines = ["  ".join([*(f"{cell:{room}}" for cell, room in zip(row, widths, strict=False)), row[3]]) for row in rows]
    return "".join(f"{_cut(line, width)}\n" for line in lines)


def _cut(line: str, width: int | None) -> str:
    return line if width is None or len(line) <= width else f"{line[: width - 1]}…"


def _pages(rules: "Sequence[RuleInfo]", width: int | None, *, bold: bool) -> str:
    """Pages as Markdown; on a terminal its paragraphs are wrapped anew and its headings stand out."""
    pages = [rule.doc if width is None else _wrapped(rule.doc, width, bold=bold) for rule in rules]
    return "\n\n".join(page.strip() for page in pages) + "\n"


def _wrapped(page: str, width: int, *, bold: bool) -> str:
    lines: list[str] = []
    fenced, paragraph = False, list[str]()

    def flush() -> None:
        if paragraph:
            lines.extend(textwrap.wrap(" ".join(paragraph), width, break_long_words=False, break_on_hyphens=False))
            paragraph.clear()

    for line in page.splitlines():
        fence = line.lstrip().startswith("```")
        if fence or fenced:
            flush()
            lines += [] if fence else [f"    {line.strip()}"]
            fenced ^= fence
        elif line.startswith("#"):
            flush()
            title = line.lstrip("# ")
            lines.append(f"{_BOLD}{title}{_PLAIN}" if bold else title if line.startswith("# ") else title.upper())
        elif not line.strip() or line.startswith("- "):
            flush()
            lines += [] if line.strip() else [""]
            paragraph += [line] if line.strip() else []
        else:
            paragraph.append(line.strip())
    flush()
    return "\n".join(lines)
