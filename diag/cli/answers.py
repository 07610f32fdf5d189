"""What is said of a subject that has no cause to show: well, ignored, a rule that is silent, or not understood."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from diag.cli.flags import Flags
from diag.document import IgnoredRow, Report
from diag.errors import UsageError
from diag.views.causes import Hidden
from diag.views.subject import Match
from diag.views.wording import counted, named


def answer(report: Report, text: str, match: Match, flags: Flags, hidden: Hidden) -> list[str]:
    """The lines to print. Raises UsageError with what is nearest when nothing has that name or says that."""
    subject = named(match.subject) if match.subject else text
    if match.ignored:
        return [_ignored(row, flags) for row in match.ignored]
    unseen = f", but {counted(hidden.count, 'cause')} hidden by {hidden.by} may concern it" if hidden.count else ""
    if match.subject:
        return [f"Nothing wrong found with {subject}{unseen}."]
    if silent := _silent_rule(report, text):
        return [f"{silent}{unseen}."]
    raise _not_understood(match, text, unseen)


def _ignored(row: IgnoredRow, flags: Flags) -> str:
    """A finding that the user asked not to see, with the place where it was asked."""
    found = row.finding
    origins = [
        each.origin
        for each in flags.config.ignores
        if row.by == "config"
        and each.reason == row.reason
        and any(fnmatchcase(word, each.rule) for word in (found.rule, found.name))
    ]
    where = f" ({origins[0]})" if origins else ""
    until = f", until {row.until}" if row.until else ""
    reason = f": {row.reason}" if row.by != "flag" else " (--ignore)"
    return f"{named(found.subject)}: {found.name} ({found.rule}) is ignored by {row.by}{where}{reason}{until}"


def _silent_rule(report: Report, text: str) -> str:
    """A sentence about a rule that is there and found nothing, empty where the text names none."""
    from diag.catalog.registry import infos, load  # noqa: PLC0415  # imports every rule
    from diag.views.rulebook import named as rules_named  # noqa: PLC0415  # as above

    rules = rules_named(infos(load()), text)
    if not rules:
        return ""
    names = ", ".join(f"{rule.id} ({rule.name})" for rule in rules)
    blind = [gap.what for gap in report.gaps if any(rule.id in gap.hides for rule in rules)]
    unseen = f", but could not see everything: {'; '.join(blind)}" if blind else ""
    return f"Nothing was found by {names}{unseen}"


def _not_understood(match: Match, text: str, unseen: str) -> UsageError:
    asked = match.asked or text
    if match.searched:
        return UsageError(
            f"no cause says {_short(asked)!r}{unseen}",
            hint=f"searched were the names of all objects, and {counted(match.searched, 'sentence')} and cited values; "
            "a part of the message without numbers and names may do",
        )
    return UsageError(
        f"nothing that was read is called {_short(asked)!r}: it is misspelt or not in the files",
        hint=_suggested(match.suggestions),
    )


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004  # one line of a terminal


def _suggested(names: Sequence[str]) -> str:
    if names:
        return f"did you mean {' or '.join(names)}?"
    return (
        "`diag scan` lists what there is to explain; a subject is kind/name, kind/ns/name, ns/pod or an id such as C1"
    )
