"""IMG176: KServe's node-local model cache could not fetch its model."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Because, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import key, value_at

CACHES = ("serving.kserve.io/LocalModelCache", "serving.kserve.io/LocalModelNamespaceCache")
FAILED = "NodeDownloadError"  # kserve/kserve pkg/apis/serving/v1alpha1/local_model_cache_types.go
SHOWN = 5


@rule(
    "IMG176",
    name="model-cache-download-failed",
    question=Question.STARTED,
    inputs=CACHES,
    basis=Basis.SAID,
    severity=Severity.WARNING,
)
def model_cache_download_failed(ctx: Context) -> Iterator[Finding]:
    """KServe's node-local model cache could not fetch the model.

    ## What it means
    The model is not on these nodes, so an InferenceService that uses the cache does not start there.

    ## Why it happens
    The download's Job failed: no access to the store, a wrong URI, or no room on the node's volume.

    ## Evidence
    `status.nodeStatus` of the cache, and how many copies failed.

    ## What to do
    Read the log of the download's Job in the cache's job namespace.

    ## Known limits
    KServe counts a failed attempt as an error also while the Job goes on trying.
    """
    for kind in CACHES:
        for cache in ctx.snap.all(kind):
            found = value_at(cache.whole, "status.nodeStatus")
            failed = sorted(name for name, said in found.items() if said == FAILED) if isinstance(found, dict) else []
            if failed:
                yield _finding(ctx, cache, failed)


def _finding(ctx: Context, cache: Object, failed: list[str]) -> Finding:
    evidence: list[Evidence] = [ctx.cite(cache, f"status.nodeStatus{key(name)}") for name in failed[:SHOWN]]
    evidence += filter(None, [ctx.cite_if(cache, "status.copies.failed"), ctx.cite_if(cache, "spec.sourceModelUri")])
    names = ", ".join(failed[:SHOWN]) + (f" and {len(failed) - SHOWN} more" if len(failed) > SHOWN else "")
    words = f"could not fetch its model to {names} ({FAILED})"
    proof = as_proof(evidence)
    return Finding(
        subject=cache.ref,
        summary=words,
        evidence=proof,
        accounts_for=tuple(
            Because(group, words, proof)
            for group in ctx.groups("custom-resource-not-ready")
            if group.first.ref == cache.ref
        ),
        remedies=(
            Remedy(
                text="look at the Jobs that download models",
                command="kubectl get jobs -A",
                who="platform",
            ),
            Remedy(text="correct sourceModelUri, its credentials, or the size of the node group's volume"),
        ),
    )
