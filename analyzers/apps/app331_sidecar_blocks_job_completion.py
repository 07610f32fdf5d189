"""APP331: the work of a Job is done, and a sidecar keeps its pod running."""

from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Because, Confidence, Evidence, Finding, Question, Remedy
from diag.snapshot.cite import key
from diag.snapshot.kinds import Pod
from diag.trouble.detect.lingering import work_and_rest
from diag.vocab.sidecars import is_mesh_proxy, is_sidecar

INJECTION_LABELS = ("istio-injection", "istio.io/rev", "linkerd.io/inject")  # of namespaces
INJECTED = ("sidecar.istio.io/status", "linkerd.io/proxy-version")  # annotations of the injectors


@rule(
    "APP331",
    name="sidecar-blocks-job-completion",
    question=Question.KEPT,
    inputs=("Pod", "Namespace"),
)
def sidecar_blocks_job_completion(ctx: Context) -> Iterator[Finding]:
    """The work of a Job is done, and a sidecar keeps its pod running.

    ## What it means
    The main container ended with exit code 0, but a pod ends only with its last container, and a sidecar never does.
    The Job stays active, and the pod goes on holding its GPUs.

    ## Why it happens
    A mesh injects its proxy as an ordinary container, or an agent was added beside the work by hand.

    ## Evidence
    The state of the pod's containers, and the label or annotation that had the proxy injected.

    ## What to do
    Leave the proxy out of the Job's pods, run it as a native sidecar (an init container with restartPolicy Always,
    which ends with the pod), or tell it to quit at the end of the work.

    ## Known limits
    A container that is no known sidecar and goes on with work of its own looks alike; then the finding is likely.
    """
    for group in ctx.groups("job-not-finishing"):
        pod = group.first
        if not isinstance(pod, Pod):
            continue
        done, rest = work_and_rest(pod)
        others = [(status.name or "", status.image or "") for _, status in rest]
        known = all(is_sidecar(name, image) for name, image in others)
        proof = [ctx.cite(pod, f"{path}.name") for path, _ in rest]
        running = [ctx.cite_or_lack(pod, f"{path}.state.running.startedAt") for path, _ in rest]
        ended: list[Evidence] = [ctx.cite(pod, f"{path}.state.terminated.exitCode") for path, _ in done]
        mesh = any(is_mesh_proxy(name, image) for name, image in others)
        injected = _injected(ctx, pod) if mesh else []
        names = ", ".join(name for name, _ in others)
        main = ", ".join(status.name or "" for _, status in done)
        count = f" in {len(group.members)} pods" if len(group.members) > 1 else ""
        held = f"; {group.gpus} GPU(s) stay held" if group.gpus else ""
        summary = f"container {main} has completed (exit code 0), and {names} keeps the pod running{count}{held}"
        yield Finding(
            subject=group.workload,
            summary=summary,
            evidence=(proof[0], *[*proof[1:], *ended, *running, *injected]),
            accounts_for=(Because(group, summary, (proof[0], *ended)),),
            confidence=None if known else Confidence.LIKELY,
            since=group.since,
            remedies=_remedies(mesh=mesh, names=names),
        )


def _injected(ctx: Context, pod: Pod) -> list[Evidence]:
    """What had the proxy put into the pod."""
    signs: list[Evidence] = [
        ctx.cite(pod, f"metadata.annotations{key(mark)}") for mark in INJECTED if mark in pod.annotations
    ]
    namespace = ctx.snap.get("Namespace", "", pod.namespace)
    if namespace is not None:
        signs += [
            ctx.cite(namespace, f"metadata.labels{key(label)}")
            for label in INJECTION_LABELS
            if label in namespace.labels
        ]
    return signs


def _remedies(*, mesh: bool, names: str) -> tuple[Remedy, ...]:
    if not mesh:
        return (
            Remedy(text=f"run {names} as a native sidecar: an init container with restartPolicy Always"),
            Remedy(text=f"or let the work tell {names} to quit when it ends"),
        )
    return (
        Remedy(
            text='leave the proxy out of the Job\'s pods (label sidecar.istio.io/inject: "false" in the pod template; '
            "linkerd.io/inject: disabled)"
        ),
        Remedy(text="use native sidecars (Istio: ENABLE_NATIVE_SIDECARS), which end with the pod", who="platform"),
        Remedy(text="or call the proxy's /quitquitquit when the work has ended"),
    )
