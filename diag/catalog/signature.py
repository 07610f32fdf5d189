r"""What a signature is: a row in the table of its system that recognises what a component says.

    PULLS = signatures(
        "kubelet image pulls",
        origin="kubernetes/kubernetes pkg/kubelet/images",
        rows=(
            Signature(
                "IMG101", "image-not-found", on=On.WAITING, question=Question.STARTED,
                explains=("container-not-started",), literal="manifest unknown", pattern=r"manifest unknown",
                summary="the registry has no such image", remedies=(Remedy(text="push it, or correct the reference"),),
                means="The tag or repository does not exist in the registry.",
            ),
        ),
    )

A row looks at one place (`on`) of the members of the groups it `explains`: a log line, an event's sentence, a
container's waiting state, the end of a container, a condition, or the group's own message. `literal` must occur in the
text before the pattern is tried, so hundreds of rows cost little. Named groups of the pattern fill `summary` and
remedies, as do those that `words` makes of them, what `look` finds of other objects, and `{node}`, the nodes of the
members; `beside` names what else a reader must see: an argument, a label of the node, a further line.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from diag.catalog.beside import Beside
from diag.findings import Basis, Evidence, Question, Remedy, Severity

if TYPE_CHECKING:
    from diag.catalog.context import Context
    from diag.catalog.texts import Text


class On(StrEnum):
    """Where a row looks."""

    LOG = "log line"  # or the end of the log that the kubelet copied into a termination message
    EVENT = "event"
    WAITING = "waiting state"  # reason and message of a container that waits
    ENDED = "container end"  # reason, exit code and message of a container's last end
    CONDITION = "condition"  # a condition of the member or of its workload, as `Type=Status Reason: message`
    MESSAGE = "message"  # the group's own message: the scheduler's sentence, a queue's condition


RootAt = Literal["workload", "member", "node", "owner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look at other objects found: words for the texts of a row, and what they rest on."""

    words: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Looks at other objects once a row has recognised a sign; what it finds decides nothing.

    `about` says what it looks at, `fills` are the words that it may find, and `blank` is what stands in their place
    where it finds none (nothing, if not said).
    """

    about: str
    fills: tuple[str, ...]
    find: Callable[["Context", "Text", Mapping[str, str]], Found]
    blank: Mapping[str, str] = field(default_factory=dict)

    def at(self, ctx: "Context", text: "Text", said: Mapping[str, str]) -> Found:
        """What it finds beside a text in which `said` was found, with a word for each of `fills`."""
        found = self.find(ctx, text, said)
        return Found(words={**self.blanks, **found.words}, evidence=found.evidence)

    @property
    def blanks(self) -> dict[str, str]:
        """What stands for each of `fills` where nothing is found."""
        return {word: self.blank.get(word, "") for word in self.fills}


@dataclass(frozen=True, slots=True)
class Signature:
    """One row. `root` says which object a person would change, seen from the member that shows the sign."""

    id: str
    name: str
    on: On = field(kw_only=True)
    question: Question = field(kw_only=True)
    explains: tuple[str, ...] = field(kw_only=True)
    literal: str = field(kw_only=True)
    pattern: str = field(kw_only=True)
    summary: str = field(kw_only=True)
    means: str = field(kw_only=True)
    remedies: tuple[Remedy, ...] = field(default=(), kw_only=True)
    words: Callable[[Mapping[str, str]], Mapping[str, str]] | None = field(
        default=None, kw_only=True
    )  # from those found
    reasons: tuple[str, ...] = field(default=(), kw_only=True)  # of events, conditions or waiting states; empty: any
    second: str = field(default="", kw_only=True)  # a pattern that must match another text of the same place as well
    also_on: tuple[On, ...] = field(default=(), kw_only=True)  # places to look at, in order, where `on` is silent
    beside: Beside = field(default=Beside(), kw_only=True)
    look: Look | None = field(default=None, kw_only=True)
    root: RootAt = field(default="workload", kw_only=True)
    severity: Severity = field(default=Severity.ERROR, kw_only=True)
    refines: tuple[str, ...] = field(default=(), kw_only=True)
    versions: str = field(default="", kw_only=True)
    source: str = field(default="", kw_only=True)
    since: str = field(default="0.1", kw_only=True)

    @property
    def basis(self) -> Basis:
        """A signature repeats what somebody said."""
        return Basis.SAID


def filled(template: str, words: Mapping[str, str]) -> str:
    """The template with the pattern's groups put in; braces that name no group stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), template)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of one system. `containers` limits log and state rows to containers whose name or image matches.

    Rows of `any_program` yield to those that know the program. Of an `exclusive` table one row at most speaks for a
    group: the first whose sign stands at the earliest place. Its narrower rows come first. What a server of a table
    that `hangs` says of its end in a log is also looked at where it still runs and is not ready: one of its processes
    may be gone while the container stays. Such words do not count where it listened after them.
    """

    system: str
    origin: str
    rows: tuple[Signature, ...]
    containers: re.Pattern[str] | None = None
    exclusive: bool = False
    any_program: bool = False
    hangs: bool = False
    module: str = ""


def signatures(
    system: str,
    *,
    origin: str,
    rows: tuple[Signature, ...],
    containers: str = "",
    exclusive: bool = False,
    any_program: bool = False,
    hangs: bool = False,
) -> Table:
    """Declare a table. `containers` is a pattern searched in `name image` of a container; empty means all."""
    return Table(
        system=system, origin=origin, rows=rows, containers=re.compile(containers) if containers else None,
        exclusive=exclusive, any_program=any_program, hangs=hangs,
    )  # fmt: skip
