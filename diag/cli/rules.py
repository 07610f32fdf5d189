"""`diag rules`: the catalogue, or the page of one rule."""

from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from diag.cli.group import Examples
from diag.errors import UsageError

if TYPE_CHECKING:
    from diag.catalog.registry import RuleInfo

_EXAMPLES = ("diag rules", "diag rules 'QUO*'", "diag rules SCH101")


@click.command("rules", cls=Examples, examples=_EXAMPLES)
@click.argument("wanted", required=False, metavar="[ID|NAME|GLOB]")
def command(wanted: str | None) -> None:
    """List the rules; the page of one for an ID or a name."""
    from diag.catalog.registry import infos, load  # noqa: PLC0415  # imports every rule
    from diag.cli.output import to_stdout  # noqa: PLC0415  # help runs nothing

    rules = sorted(infos(load()), key=lambda rule: (rule.id, rule.name))
    if wanted is None or "*" in wanted:
        text = _listed([rule for rule in rules if _matches(rule, wanted or "*")])
    else:
        text = "\n\n".join(_page(rule) for rule in _named(rules, wanted)) + "\n"
    to_stdout(text.encode())


def _matches(rule: "RuleInfo", glob: str) -> bool:
    return fnmatchcase(rule.id, glob.upper()) or fnmatchcase(rule.name, glob.lower())


def _named(rules: "list[RuleInfo]", wanted: str) -> "list[RuleInfo]":
    found = [rule for rule in rules if _matches(rule, wanted)]
    if not found:
        known = [word for rule in rules for word in (rule.id, rule.name)]
        near = get_close_matches(wanted, known, n=1) or get_close_matches(wanted.upper(), known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`diag rules` lists all"
        raise UsageError(f"there is no rule {wanted!r}", hint=hint)
    return found


def _listed(rules: "list[RuleInfo]") -> str:
    lines = [f"{rule.id:6}  {rule.severity!s:7}  {rule.name:48}  {rule.status}".rstrip() for rule in rules]
    return "".join(f"{line}\n" for line in lines)


def _page(rule: "RuleInfo") -> str:
    facts = (
        f"family {rule.family}, severity {rule.severity}, since {rule.since}",
        f"reads {', '.join(rule.inputs)}" if rule.inputs else "",
    )
    head = f"# {rule.id} {rule.name}\n\n" + "".join(f"{fact}\n" for fact in facts if fact)
    return f"{head}\n{rule.doc.strip()}"
