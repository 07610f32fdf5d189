"""APP005: Pod Security admission refuses the pods of a namespace."""

import re
from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Basis, Because, Evidence, Finding, Question, Ref, Remedy
from diag.trouble.groups import Group
from diag.trouble.relations.refusals import Refusal, refusals

# kubernetes/kubernetes staging/src/k8s.io/pod-security-admission/admission/admission.go
VIOLATES = re.compile(r'violates PodSecurity "(?P<policy>[^"]{1,100})": (?P<what>[^\n]{1,600})')
ENFORCE = "pod-security.kubernetes.io/enforce"


@rule(
    "APP005",
    name="pod-security-violation",
    question=Question.CREATED,
    basis=Basis.SAID,
    inputs=("Namespace", "Event", "apps/ReplicaSet", "apps/StatefulSet", "apps/DaemonSet", "batch/Job"),
)
def pod_security_violation(ctx: Context) -> Iterator[Finding]:
    """Pod Security admission refuses the pods of a namespace.

    ## What it means
    The namespace enforces a level of the Pod Security Standards that the pod template does not meet. The pods are
    never created.

    ## Why it happens
    The template asks for host paths, privileges or host networking, as drivers and device plugins do, or just does
    not state what `restricted` wants stated. Often the label on the namespace is newer than the workload.

    ## Evidence
    The refusal with the list of what is violated, and the namespace's label.

    ## What to do
    Meet the level in the pod template. For drivers and plugins that need privileges, give the namespace another
    level.

    ## Known limits
    A level that the API server's own configuration sets as the default has no label.
    """
    refused: dict[str, list[tuple[Group, Refusal, re.Match[str]]]] = defaultdict(list)
    for group in ctx.groups("pod-not-created"):
        for one in refusals(group):
            said = VIOLATES.search(one.text)
            if said is not None:
                refused[one.member.namespace].append((group, one, said))
                break
    for namespace, found in sorted(refused.items()):
        yield _finding(ctx, namespace, found)


def _finding(ctx: Context, namespace: str, found: list[tuple[Group, Refusal, re.Match[str]]]) -> Finding:
    item = ctx.snap.get("Namespace", "", namespace)
    label = ctx.cite_if(item, f'metadata.labels["{ENFORCE}"]') if item is not None else None
    said = [one.evidence for _, one, _ in found]
    rest: list[Evidence] = [*([label] if label else []), *said[1:]]
    policy, what = found[0][2]["policy"], found[0][2]["what"]
    names = ", ".join(f"{group.workload.kind} {group.workload.name}" for group, _, _ in found[:4])
    return Finding(
        subject=item.ref if item else Ref(ctx.cluster, "v1", "Namespace", "", namespace, seen=False),
        summary=f'it enforces PodSecurity "{policy}", which the pods of {names} violate: {what}',
        evidence=(said[0], *rest),
        accounts_for=tuple(
            Because(group, f'its pods violate PodSecurity "{hit["policy"]}": {hit["what"]}', (one.evidence,))
            for group, one, hit in found
        ),
        second_sign=label is not None,
        since=min((group.since for group, _, _ in found if group.since), default=None),
        remedies=(
            Remedy(text=f"meet the level in the pod template: {what}"),
            Remedy(
                text=f"give the namespace a level that allows it, in its label {ENFORCE}, if the workload needs that",
                who="platform",
            ),
        ),
    )  # fmt: skip
