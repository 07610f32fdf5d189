"""What is said of a subject that has no cause to show: well, ignored, a rule that is silent, or not understood."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from diag.catalog.registry import RuleInfo
from diag.cli.flags import Flags
from diag.document import LIST, IgnoredRow, Report
from diag.errors import UsageError
from diag.snapshot.snapshot import Snapshot
from diag.views.causes import Hidden
from diag.views.coverage import GapLine, answering, concerning
from diag.views.hosts import pods_below
from diag.views.questions import rules_of
from diag.views.subject import Match
from diag.views.way import item_of, open_questions
from diag.views.wording import counted, folded, named

_KINDS = 4  # that could not be listed
_NOT_ASKED = ("not-collected", "not-served")  # of which nobody expects the subject


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
    raise _not_understood(report, match, text, unseen)


def felt(
    text: str, match: Match, snapshots: Sequence[Snapshot], tell: Callable[[list[str]], list[str]]
) -> Callable[[list[GapLine]], list[GapLine]] | None:
    """Which gaps may be why nothing was found: those that the open questions of the subject, or the rule, could feel.

    None where nobody knows its questions. `tell` puts names as the gaps have them.
    """
    if match.subject is None:
        rules = {rule.id for rule in _rules_named(text)}
        return (lambda gaps: answering(gaps, rules)) if rules else None
    item = item_of(match.subject, snapshots)
    questions = open_questions(item) if item is not None else None
    if item is None or questions is None:
        return None
    asked = rules_of(questions)
    pods = {pod.ref for snap in snapshots if snap.cluster == match.subject.cluster for pod in pods_below(snap, item)}
    cluster, *names = tell([item.ref.cluster, *(f"{ref.namespace}/{ref.name}" for ref in (item.ref, *sorted(pods)))])
    return lambda gaps: [
        gap for gap in answering(concerning(gaps, names), asked) if not gap.cluster or gap.cluster == cluster
    ]


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
    rules = _rules_named(text)
    if not rules:
        return ""
    names = ", ".join(f"{rule.id} ({rule.name})" for rule in rules)
    blind = [gap.what for gap in report.gaps if any(rule.id in gap.hides for rule in rules)]
    unseen = f", but could not see everything: {'; '.join(blind)}" if blind else ""
    return f"Nothing was found by {names}{unseen}"


def _rules_named(text: str) -> Sequence[RuleInfo]:
    from diag.catalog.registry import infos, load  # noqa: PLC0415  # imports every rule
    from diag.views.rulebook import named as rules_named  # noqa: PLC0415  # as above

    return rules_named(infos(load()), text)


def _not_understood(report: Report, match: Match, text: str, unseen: str) -> UsageError:
    asked = match.asked or text
    if match.searched:
        return UsageError(
            f"no cause says {_short(asked)!r}{unseen}",
            hint=f"searched were the names of all objects, and {counted(match.searched, 'sentence')} and cited values; "
            "a part of the message without numbers and names may do",
        )
    unread = [
        gap.what.removeprefix(LIST) for gap in report.gaps if gap.what.startswith(LIST) and gap.why not in _NOT_ASKED
    ]
    return UsageError(
        f"nothing that was read is called {_short(asked)!r}: it is misspelt, or was not read"
        + (f" (what could not be: {folded(unread, _KINDS)})" if unread else ""),
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
