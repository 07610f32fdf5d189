"""TRN209: a workflow's own record of a step whose artifacts could not be stored, where the step's pod is gone."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.custom_resources import text_at
from diag.findings import Basis, Because, Confidence, Finding, Question, Remedy
from diag.projection import Object
from diag.snapshot.cite import key, value_at

WORKFLOW = "argoproj.io/Workflow"
# argoproj/argo-workflows workflow/controller/operator.go (inferFailedReason), workflow/artifacts.
SAID = re.compile(
    r"\bwait: \w{1,20} \(exit code \d{1,3}\): (?P<why>[^\n]{0,200}(?:failed to put (?:file|directory)\b[^\n]{0,300}"
    r"|You need to configure artifact storage))"
)
BAD = ("Error", "Failed")


@rule(
    "TRN209",
    name="argo-artifact-upload-failed",
    question=Question.KEPT,
    basis=Basis.SAID,
    inputs=(WORKFLOW,),
)
def argo_step_upload(ctx: Context) -> Iterator[Finding]:
    """The artifacts of a step could not be stored, by the record of its workflow.

    ## What it means
    The step did its work, and Argo's container `wait` could not store what it made. The step counts as failed. Its pod
    may be deleted already: the workflow's status keeps the words.

    ## Why it happens
    The bucket does not exist, its credentials are wrong or over, a policy refuses, or no artifact store is configured.

    ## Evidence
    `status.nodes` of the Workflow: the phase and message of the step.

    ## What to do
    Correct the store, its credentials or its policy, and retry the workflow.

    ## Known limits
    Records that Argo compressed or put into its database are not read.
    """
    for group in ctx.groups("custom-resource-not-ready"):
        for item in (one for one in group.members if one.kind_id == WORKFLOW):
            found = _step(item)
            if found is not None:
                path, said = found
                proof = (ctx.cite(item, f"{path}.message"), ctx.cite(item, f"{path}.phase"))
                step = text_at(item, f"{path}.displayName") or text_at(item, f"{path}.name") or "a step"
                summary = f"what step {step} made could not be stored: {said['why']}"
                yield Finding(
                    subject=item.ref,
                    summary=summary,
                    evidence=proof,
                    accounts_for=(Because(group, summary, proof),),
                    confidence=Confidence.LIKELY,
                    since=text_at(item, f"{path}.finishedAt") or group.since,
                    remedies=(
                        Remedy(
                            text="see which store the artifacts go to",
                            command="kubectl get configmap -A --field-selector "
                            "metadata.name=workflow-controller-configmap -o yaml",
                            who="platform",
                        ),
                        Remedy(text="correct the bucket, its credentials or its policy, then retry (argo retry)"),
                    ),
                )


def _step(item: Object) -> tuple[str, re.Match[str]] | None:
    """The first step of a workflow that failed in storing, and its words."""
    nodes = value_at(item.whole, "status.nodes")
    for name in sorted(nodes) if isinstance(nodes, dict) else ():
        path = f"status.nodes{key(name)}"
        said = SAID.search(text_at(item, f"{path}.message")[:2000])
        if said is not None and text_at(item, f"{path}.phase") in BAD:
            return path, said
    return None
