"""MCL141: clusters export a Service of one name that is not the same Service."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import told
from diag.findings import Because, Evidence, Finding, Question, Remedy, Severity, as_proof

EXPORT = "multicluster.x-k8s.io/ServiceExport"


@rule("MCL141", name="service-export-conflict", question=Question.KEPT, severity=Severity.WARNING, inputs=(EXPORT,))
def service_export_conflict(ctx: Context) -> Iterator[Finding]:
    """The clusters disagree on the exported Service.

    ## What it means
    Several clusters export a Service of this name, and their ports, type or affinity differ. Consumers of all clusters
    get one of the definitions: the oldest export wins, and what the others set is left out.

    ## Why it happens
    One cluster was upgraded before the other, or two teams gave different Services the same name.

    ## Evidence
    The condition `Conflict=True` of the ServiceExport, with its reason (`PortConflict`, `TypeConflict`, …).

    ## What to do
    Make the Services of all exporting clusters alike, or rename one.

    ## Known limits
    What the other cluster exports is told only as far as the sentence says.
    """
    groups = ctx.groups("custom-resource-not-ready")
    for item in ctx.snap.all(EXPORT):
        said = told(item, "Conflict")
        if said is None or said.status != "True":
            continue
        proof: tuple[Evidence, ...] = (ctx.cite(item, said.path),)
        summary = f"conflicts with what other clusters export: {said.reason} {said.message}".rstrip(" :")
        yield Finding(
            subject=item.ref,
            summary=summary,
            evidence=as_proof(proof),
            accounts_for=tuple(
                Because(group, summary, proof, members=group.share) for group in groups if item in group.members
            ),
            remedies=(
                Remedy(
                    text=f"make Service {item.name} the same in all clusters that export it, or rename one",
                    command=f"kubectl -n {item.namespace} get service {item.name} -o yaml",
                ),
            ),
        )
