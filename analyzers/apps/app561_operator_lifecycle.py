"""APP561 to APP564: operators that the Operator Lifecycle Manager cannot find or install."""

from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.joins.own_trouble import suffers
from diag.catalog.rule import Named, rule
from diag.facts import custom_resources as facts
from diag.facts.entries import text
from diag.facts.words import listed
from diag.findings import GRACE_S, Basis, Evidence, Finding, Proof, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import value_at

# operator-framework/api pkg/operators/v1alpha1 and v1, operator-framework/operator-controller api/v1
OLD, NEW = "operators.coreos.com", "olm.operatorframework.io"
SOURCE, VERSION, PLAN, GROUP = (
    f"{OLD}/{kind}" for kind in ("CatalogSource", "ClusterServiceVersion", "InstallPlan", "OperatorGroup")
)
CATALOG, EXTENSION = f"{NEW}/ClusterCatalog", f"{NEW}/ClusterExtension"
WAITS_S = 5 * 60  # a catalog's pod is pulled and started in that time
# grpc/grpc-go connectivity: IDLE and CONNECTING are on their way.
LOST = "TRANSIENT_FAILURE"

EXTENSION_PAGE = """The operator extension cannot be installed.

## What it means
No version of the package is installed, or the one that is asked for is not, and the controller tries again and again.

## Why it happens
No catalog has the package or the version, its ServiceAccount lacks rights, or another object of the same name is in
the way.

## Evidence
The conditions `Installed` and `Progressing` of the ClusterExtension.

## What to do
Do what the message says, then let the controller try again.

## Known limits
An extension of less than five minutes is left out.
"""
INSTALL_PAGE = """The operator's install plan or version failed.

## What it means
The operator's Deployment, permissions or definitions could not be made, so that the operator does not run.

## Why it happens
A requirement is not met (a definition, an API, a permission), an upgrade was refused, or the Deployment did not
become ready.

## Evidence
`status.phase` of the ClusterServiceVersion or InstallPlan with its message.

## What to do
Do what the message says. A failed InstallPlan is not tried again: delete it with its Subscription and make that anew.

## Known limits
Copies of a version in other namespaces are left out.
"""
GROUP_PAGE = """The namespace has more than one OperatorGroup, so no operator is installed.

## What it means
Versions of operators in the namespace fail with `TooManyOperatorGroups`, as the Lifecycle Manager cannot tell which
group says what they may watch.

## Why it happens
Two charts or two people made one each.

## Evidence
The OperatorGroups of the namespace.

## What to do
Delete all but one.

## Known limits
Groups of less than a minute are left out.
"""


@rule(
    "APP561",
    name="operator-catalog-unhealthy",
    question=Question.READY,
    inputs=(SOURCE, VERSION, PLAN, GROUP, CATALOG, EXTENSION),
    basis=Basis.SAID,
    severity=Severity.WARNING,
    others=(
        Named(id="APP562", name="operator-extension-not-installed", page=EXTENSION_PAGE, basis=Basis.SAID),
        Named(id="APP563", name="operator-install-failed", page=INSTALL_PAGE, basis=Basis.SAID),
        Named(
            id="APP564",
            name="operatorgroup-conflict",
            page=GROUP_PAGE,
            severity=Severity.WARNING,
            refines=("operator-install-failed",),
        ),
    ),
)
def operator_lifecycle(ctx: Context) -> Iterator[Finding]:
    """An operator catalog cannot be reached or served.

    ## What it means
    Operators of the catalog are neither installed nor upgraded; in its namespace the resolution of others stops, too.

    ## Why it happens
    The catalog's image cannot be pulled, its pod does not run, or a mirror or proxy is in the way.

    ## Evidence
    `status.connectionState` of the CatalogSource, or the condition `Progressing` of the ClusterCatalog.

    ## What to do
    Look at the catalog's pod and its image; remove a catalog that is not needed.

    ## Known limits
    A catalog that is still connecting, or is younger than five minutes, is left out.
    """
    for item in ctx.snap.all(SOURCE):
        if value_at(item.whole, "status.connectionState.lastObservedState") == LOST and _is_old(ctx, item):
            proof: Proof = (
                ctx.cite(item, "status.connectionState.lastObservedState"),
                ctx.cite_or_lack(item, "spec.image"),
            )
            yield _finding(ctx, item, "operator-catalog-unhealthy", "it cannot be reached (TRANSIENT_FAILURE)", proof)
    for kind, name in ((CATALOG, "operator-catalog-unhealthy"), (EXTENSION, "operator-extension-not-installed")):
        for item in ctx.snap.all(kind):
            said = facts.told(item, "Progressing")
            if said is not None and said.reason in ("Retrying", "Blocked") and _is_old(ctx, item):
                yield _finding(ctx, item, name, f"{said.reason}: {said.message}", (ctx.cite(item, said.path),))
    versions = ctx.snap.all(VERSION)
    for item in (*versions, *ctx.snap.all(PLAN)):
        if value_at(item.whole, "status.phase") == "Failed" and value_at(item.whole, "status.reason") != "Copied":
            yield from _failed(ctx, item)
    for namespace, groups in _crowded(ctx).items():
        yield _conflict(ctx, namespace, groups, [one for one in versions if one.namespace == namespace])


def _is_old(ctx: Context, item: Object) -> bool:
    return ctx.older(item.created, WAITS_S)


def _crowded(ctx: Context) -> dict[str, list[Object]]:
    """The OperatorGroups of namespaces with several."""
    found: dict[str, list[Object]] = defaultdict(list)
    for item in ctx.snap.all(GROUP):
        if not item.metadata.deletion_timestamp and ctx.older(item.created, GRACE_S):
            found[item.namespace].append(item)
    return {namespace: items for namespace, items in sorted(found.items()) if len(items) > 1}


def _failed(ctx: Context, item: Object) -> Iterator[Finding]:
    message = text(value_at(item.whole, "status.message"))
    pieces: list[Evidence] = [ctx.cite(item, "status.phase")]
    pieces += [one for path in ("status.message", "status.reason") if (one := ctx.cite_if(item, path))]
    yield _finding(ctx, item, "operator-install-failed", f"{item.kind} failed: {message}", as_proof(pieces))


def _conflict(ctx: Context, namespace: str, groups: list[Object], versions: list[Object]) -> Finding:
    proof = as_proof([ctx.cite(one, "metadata.name") for one in groups[:4]])
    why = f"namespace {namespace} has {len(groups)} OperatorGroups: {listed([one.name for one in groups])}"
    return Finding(
        name="operatorgroup-conflict",
        subject=groups[0].ref,
        summary=why,
        evidence=proof,
        accounts_for=tuple(because for one in versions for because in suffers(ctx, one, why, proof)),
        members=tuple(one.ref for one in groups[1:]),
        remedies=(
            Remedy(text="look at them", command=f"kubectl get operatorgroups -n {namespace} -o yaml", who="platform"),
            Remedy(text="delete all but one", who="platform", risk="disruptive"),
        ),
    )


def _finding(ctx: Context, item: Object, name: str, why: str, proof: Proof) -> Finding:
    kind = f"{(item.kind or '').lower()}.{(item.api_version or '').partition('/')[0]}"
    where = f" -n {item.namespace}" if item.namespace else ""
    return Finding(
        name=name,
        subject=item.ref,
        summary=why,
        evidence=proof,
        accounts_for=tuple(suffers(ctx, item, why, proof)),
        remedies=(
            Remedy(text="look at it", command=f"kubectl describe {kind} {item.name}{where}", who="platform"),
            Remedy(text="repair what the message names", who="platform", risk="disruptive"),
        ),
    )
