"""UPG151: a disruption budget that will refuse every eviction, before anybody drains."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.budgets import BUDGET, Budget, budget
from diag.facts.words import listed
from diag.findings import Finding, Question, Remedy, Severity
from diag.snapshot.kinds import Pod


@rule(
    "UPG151",
    name="pdb-never-allows-disruption",
    question=Question.DRAINS,
    severity=Severity.INFO,
    inputs=(BUDGET, "Pod"),
)
def pdb_never_allows_disruption(ctx: Context) -> Iterator[Finding]:
    """The budget can never allow a disruption with the replicas there are.

    ## What it means
    With all its pods healthy the budget still allows no eviction: it asks for as many pods as there are, or for no
    unavailable one. Nothing suffers from that now. The next drain of a node with one of these pods will not end: an
    upgrade, a repair, a node that the autoscaler wants to remove.

    ## Why it happens
    `minAvailable: 1` (or 100 %) for a workload of one replica, or `maxUnavailable: 0`, often copied from a workload
    with more replicas.

    ## Evidence
    The bound in `spec`, and `status.expectedPods` and `disruptionsAllowed`.

    ## What to do
    Run one replica more, or let the budget allow one disruption. Where it is meant (a long training run), know it
    before the upgrade is planned.

    ## Known limits
    A budget that blocks a drain already is `pdb-blocks-drain`. Budgets without pods are left out.
    """
    found: dict[str, list[Budget]] = defaultdict(list)
    held = [one for item in ctx.snap.all(BUDGET) if (one := budget(item)).never_allows]
    drained = _on_drained_nodes(ctx)
    for one in held:
        if one.expected and not one.allowed and not any(one.selects(pod) for pod in drained):
            found[one.item.namespace].append(one)
    for _, budgets in sorted(found.items()):
        yield _finding(ctx, budgets)


def _on_drained_nodes(ctx: Context) -> list[Pod]:
    """Pods of nodes that are being drained: another rule tells of budgets over these."""
    nodes = [member.name for group in ctx.groups("drain-stuck") for member in group.members]
    return [pod for name in nodes for pod in ctx.snap.pods_on(name)]


def _finding(ctx: Context, budgets: list[Budget]) -> Finding:
    first = budgets[0]
    item = first.item
    where, others = f"pdb {item.name} -n {item.namespace}", [one.item.name for one in budgets[1:]]
    also = f"; the same holds for {listed(others)}" if others else ""
    alike = f"; likewise for {listed(others)}" if others else ""
    return Finding(
        subject=item.ref,
        summary=f"{first.bound} {first.value} of {first.expected} pods refuses every eviction, so no node with one "
        f"of them can be drained{also}",
        evidence=(
            ctx.cite(item, f"spec.{first.bound}"),
            ctx.cite(item, "status.expectedPods"),
            ctx.cite_or_lack(item, "status.disruptionsAllowed"),
        ),
        members=tuple(one.item.ref for one in budgets[1:]),
        remedies=(
            Remedy(text="look at the budget and what it counts", command=f"kubectl describe {where}"),
            Remedy(
                text=f"before the next upgrade run one replica more, or let it allow one disruption ({first.relaxed})"
                f"{alike}",
                command=f"kubectl patch {where} {first.patch}",
                risk="disruptive",
            ),
        ),
    )
