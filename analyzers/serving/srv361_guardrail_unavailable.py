"""SRV361: a guard model on the way of the requests is not ready, for no reason that is told."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.pods import condition
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Remedy, as_proof
from diag.snapshot.cite import value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.vocab.engines import SERVERS

NOT_READY = ("container-not-ready", "container-crashing", "container-not-started", "pod-unscheduled")
# NVIDIA/NeMo-Guardrails, foundation-model-stack/fms-guardrails-orchestrator, trustyai-explainability
# guardrails-detectors, protectai/llm-guard, and models that are guards by their names (Llama Guard, Granite Guardian,
# ShieldGemma)
GUARD = re.compile(
    r"(?i)nemo-?guardrails|guardrails-(?:orchestrator|detector|gateway)|\bllm-?guard\b|llama-?guard|granite-guardian"
    r"|shieldgemma|nemoguard"
)
MAX_WORDS = 60


@rule(
    "SRV361",
    name="guardrail-unavailable",
    question=Question.READY,
    basis=Basis.REMAINDER,
    inputs=("Pod",),
)
def guardrail_unavailable(ctx: Context) -> Iterator[Finding]:
    """The guard model is not ready, while the server behind it is.

    ## What it means
    Requests are checked by a guard (a small model or a service) before they reach the main server, or after it. The
    guard does not answer, so that requests are refused or time out, though the main server is ready and idle. A guard
    that is set to let pass what it cannot check lets all pass instead.

    ## Why it happens
    The guard crashes, does not become ready, or finds no node or GPU.

    ## Evidence
    The guard's pod, by its image or its model, and a model server of the namespace that is ready.

    ## What to do
    Bring the guard back; read in its configuration whether it fails open or closed.

    ## Known limits
    Guards are known by what their image or model is called. Where another rule tells why the pods are not ready, that
    is the cause.
    """
    for group in ctx.groups(*NOT_READY):
        pod = group.first
        sign = _sign(pod) if isinstance(pod, Pod) else None
        main = _main(ctx, group) if sign is not None else None
        if sign is not None and main is not None:
            guard, server = ctx.cite(pod, sign), ctx.cite(main, "metadata.name")
            proof: list[Evidence] = [*group.evidence, guard, server]
            summary = (
                f"the guard {pod.name} ({guard.value}) {group.kind.title}, so requests that pass it are refused "
                f"or go unchecked, while {main.name} is ready"
            )
            yield Finding(
                subject=group.workload,
                summary=summary,
                evidence=as_proof(proof),
                accounts_for=(Because(group, summary, as_proof(proof)),),
                confidence=Confidence.LIKELY,
                since=group.since,
                remedies=(
                    Remedy(
                        text="look at the guard's pods and their log",
                        command=f"kubectl describe pod {pod.name} -n {pod.namespace}",
                    ),
                    Remedy(text="read whether the guard fails open or closed, and tell those who send requests"),
                ),
            )


def _sign(pod: Pod) -> str | None:
    """Where a pod's image or command line names a guard."""
    for index, one in enumerate(pod.spec.containers or ()):
        if GUARD.search(one.image or ""):
            return f"spec.containers[{index}].image"
        for part in ("command", "args"):
            words = value_at(pod.whole, f"spec.containers[{index}].{part}")
            for place, word in enumerate(words[:MAX_WORDS] if isinstance(words, list) else ()):
                if isinstance(word, str) and GUARD.search(word[:500]):
                    return f"spec.containers[{index}].{part}[{place}]"
    return None


def _main(ctx: Context, group: Group) -> Pod | None:
    """A model server of the namespace that is ready, and no guard itself."""
    for pod in ctx.snap.pods_in(group.first.namespace):
        words = " ".join(f"{one.name} {one.image}" for one in pod.spec.containers or ())
        ready = condition(pod, "Ready")
        if ready is not None and ready.status == "True" and SERVERS.search(words) and _sign(pod) is None:
            return pod
    return None
