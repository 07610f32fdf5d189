"""Command lines made of the words of a cluster: the one gate before they are shown for copying.

Names in a dump are anybody's words. A name that is not one plain word of a shell is quoted; a command that would be
several, or whose name would be read as an option, is left out.
"""

import re
import shlex
from collections.abc import Iterable, Iterator

from diag.findings import (
    AbsentEvidence,
    AbsentPathEvidence,
    ComputedEvidence,
    Evidence,
    FieldEvidence,
    Finding,
    LogEvidence,
    Ref,
)
from diag.snapshot.sources.part import KUBECTL
from diag.trouble.groups import Group

# What POSIX shells take as it stands (the set of shlex.quote, and the comma of lists of labels), where it is no option.
_PLAIN = re.compile(r"[\w@%+=:,./][\w@%+=:,./-]*", re.ASCII)
# One simple command: quoted parts, and characters with which a shell does nothing. `"'"` is a quote that is quoted.
_ONE = re.compile(r"""(?:'[^'\x00-\x1f\x7f]*'|"'"|[^'"`$;&|<>()\\*?#!~\x00-\x1f\x7f])*+""")
_MOST = 253  # characters: the longest name that Kubernetes allows is no longer, and nothing longer stands in a command


def is_one(command: str) -> bool:
    """Whether a shell reads it as one command, and nothing in it for more than a word."""
    return _ONE.fullmatch(command) is not None


def is_odd(word: str) -> bool:
    """Whether a shell or a program would not take the word of a cluster as it stands."""
    return bool(word) and _PLAIN.fullmatch(word) is None


def quoted(command: str, words: Iterable[str]) -> str | None:
    """The command with those of the cluster's words quoted that need it; None where it cannot be made one command."""
    odd = sorted({one for one in words if one in command and is_odd(one)}, key=len, reverse=True)
    if any(one.startswith("-") or not re.search(r"\w", one) for one in odd):
        return None  # quoted or not, a program takes it for an option; what is no word at all may be part of ours
    places = {f"word{at}of{len(command)}": one for at, one in enumerate(odd)}
    for place, one in places.items():
        command = command.replace(one, place)
    if not is_one(command):
        return None
    try:
        parts = shlex.split(command) if odd else []
    except ValueError:  # a quote is left open
        return None
    for place, one in places.items():
        parts = [part.replace(place, one) for part in parts]
    command = shlex.join(parts) if odd else command
    return command if is_one(command) else None


def to_cluster(text: str, kubectl: str) -> str:
    """A command, or a text with some, that ask the cluster for which `kubectl` stands; those that name one stay."""
    if kubectl == KUBECTL:
        return text
    return re.sub(rf"(?<![\w./-]){KUBECTL} (?!--(?:context|kubeconfig|as) )", lambda _: f"{kubectl} ", text)


def words_of(finding: Finding) -> Iterator[str]:
    """What a finding names and cites, as far as it could stand in a command."""
    for ref in (finding.subject, *finding.members, *finding.needs):
        yield from words_in(ref)
    for piece in finding.evidence:
        yield from _cited(piece)
    for piece in (piece for one in finding.accounts_for for piece in one.evidence):
        yield from _cited(piece)


def words_of_group(group: Group) -> Iterator[str]:
    """What a group of symptoms names and cites."""
    for ref in (group.workload, *(item.ref for item in group.members)):
        yield from words_in(ref)
    for piece in group.evidence:
        yield from _cited(piece)


def words_in(ref: Ref) -> Iterator[str]:
    """The words of a reference, as commands have them."""
    yield from (ref.namespace, ref.name, ref.kind.lower(), ref.api_version.rpartition("/")[0])


def _cited(piece: Evidence) -> Iterator[str]:
    match piece:
        case FieldEvidence(object=ref, value=value):
            yield from words_in(ref)
            # An argument of a container that is cited may be an option of ours as well.
            if isinstance(value, str) and len(value) <= _MOST and re.match(r"\w", value):
                yield value
        case LogEvidence(pod=ref, container=container):
            yield from (*words_in(ref), container)
        case AbsentEvidence(absent=ref) | AbsentPathEvidence(object=ref):
            yield from words_in(ref)
        case ComputedEvidence(parts=parts):
            for part in parts:
                yield from _cited(part)
