"""What a function rule is: a pure generator of findings, with a declaration of what it reads and answers.

    @rule("SCH101", name="gpu-request-exceeds-any-node", question=Question.PLACED, inputs=("Pod", "Node"))
    def gpu_request_exceeds_any_node(ctx: Context) -> Iterator[Finding]:
        '''A pod asks for more GPUs than the largest node offers.

        ## What it means … ## Why it happens … ## Evidence … ## What to do … ## Known limits …
        '''

The docstring is the rule's documentation page. A function that settles the shortages of one pool declares further names
with `others`, a page each.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from diag.findings import Basis, Finding, Gap, Question, Severity

if TYPE_CHECKING:
    from diag.catalog.context import Context

# A rule may also say what it could not settle (`Gap`): where its sums disagree with the scheduler's, for example.
RuleFunction = Callable[["Context"], Iterator[Finding | Gap]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One id and name under which a rule reports, with its page."""

    id: str
    name: str
    page: str = ""
    severity: Severity = Severity.ERROR
    basis: Basis = Basis.COUNTED
    refines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A function rule. `stage` 2 runs after all others and is asked only for what their findings need."""

    named: tuple[Named, ...]
    question: Question
    inputs: tuple[str, ...]
    function: RuleFunction
    module: str
    visits: Mapping[str, int] = field(default_factory=dict)
    since: str = "0.1"
    status: Literal["stable", "preview"] = "stable"
    stage: int = 1
    states: tuple[str, ...] = ()  # of groups that it is asked about (`refused`, `not looked at`); empty: any

    @property
    def id(self) -> str:
        """The first of its ids."""
        return self.named[0].id

    def by_name(self, name: str) -> Named:
        """The declaration of a name that the rule reports; the first for an empty name. Raises KeyError."""
        if not name:
            return self.named[0]
        return {one.name: one for one in self.named}[name]


def rule(  # noqa: PLR0913  a declaration, one keyword each
    rule_id: str,
    *,
    name: str,
    question: Question,
    inputs: tuple[str, ...],
    basis: Basis = Basis.COUNTED,
    severity: Severity = Severity.ERROR,
    refines: tuple[str, ...] = (),
    others: tuple[Named, ...] = (),
    visits: Mapping[str, int] | None = None,
    since: str = "0.1",
    status: Literal["stable", "preview"] = "stable",
    stage: int = 1,
    states: tuple[str, ...] = (),
) -> Callable[[RuleFunction], Rule]:
    """Declare a function as a rule. `inputs` are the kinds that it reads, those behind pools and placement included.

    `refines` lists names that this one beats where both answer the same question for the same group. `visits` bounds
    how often a run may walk all objects of a kind. `states` limits whose verdict a gap in its inputs could change.
    """

    def declare(function: RuleFunction) -> Rule:
        first = Named(
            id=rule_id, name=name, page=function.__doc__ or "", severity=severity, basis=basis, refines=refines
        )
        return Rule(
            named=(first, *others),
            question=question,
            inputs=inputs,
            function=function,
            module=function.__module__,
            visits=visits or {},
            since=since,
            status=status,
            stage=stage,
            states=states,
        )

    return declare
