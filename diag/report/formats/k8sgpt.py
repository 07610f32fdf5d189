"""The JSON of `k8sgpt analyze -o json`, for pipelines that read that (k8sgpt-ai/k8sgpt pkg/analysis/output.go)."""

import msgspec

from diag.document import CauseRow, Report
from diag.report.look import Look
from diag.report.prose import plain_text
from diag.report.sanitize import cleaned, escaped
from diag.views.explanation import Explanation, explanations
from diag.views.wording import WHY_NOT


def rendered(report: Report, look: Look) -> bytes:
    """A result for each cause, its explanation as `details`; gaps as `errors`."""
    shown = cleaned(report)
    told = explanations(shown, again=look.again, everything=look.everything)
    results = [_result(cause, one) for cause, one in zip(shown.causes, told, strict=True)]
    document = {
        "provider": "diag",
        "errors": [f"{gap.what}: {WHY_NOT.get(gap.why, gap.why)}" for gap in shown.gaps if gap.material] or None,
        "status": "ProblemDetected" if results else "OK",
        "problems": len(results),
        "results": results or None,  # as Go writes an empty list
    }
    return escaped(msgspec.json.format(msgspec.json.encode(document), indent=2)) + b"\n"


def _result(cause: CauseRow, told: Explanation) -> dict[str, object]:
    root = cause.root
    parents = [ref for ref in cause.lineage if ref != root]
    return {
        "kind": root.kind,
        "name": f"{root.namespace}/{root.name}" if root.namespace else root.name,
        "error": [{"Text": f"{cause.rule} {cause.name}: {cause.summary}", "KubernetesDoc": "", "Sensitive": None}],
        "details": plain_text(told),
        "parentObject": f"{parents[0].kind}/{parents[0].name}" if parents else "",
    }
