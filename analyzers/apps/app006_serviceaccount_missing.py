"""APP006: the pods' ServiceAccount does not exist."""

import re
from collections import defaultdict
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import texts
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy
from diag.trouble.groups import Group
from diag.trouble.relations.refusals import refusals

# kubernetes/kubernetes plugin/pkg/admission/serviceaccount/admission.go
REFUSED = re.compile(r"error looking up service account (?P<namespace>[a-z0-9-]{1,63})/(?P<name>[a-z0-9.-]{1,253}): ")
# pkg/kubelet/token: it was there when the pod was created, and the kubelet gets no token for it.
NO_TOKEN = re.compile(r"failed to fetch token: serviceaccounts \"(?P<name>[a-z0-9.-]{1,253})\" not found")


@rule(
    "APP006",
    name="serviceaccount-missing",
    question=Question.CREATED,
    basis=Basis.SAID,
    inputs=("ServiceAccount", "Event", "Pod", "apps/ReplicaSet", "apps/StatefulSet", "apps/DaemonSet", "batch/Job"),
)
def serviceaccount_missing(ctx: Context) -> Iterator[Finding]:
    """The pods' ServiceAccount does not exist.

    ## What it means
    The pod template names a ServiceAccount that is not in the namespace, and the API server creates no pod without
    it. Of pods that are there already, the kubelet can mount no token once the ServiceAccount is deleted.

    ## Why it happens
    A typing error, a chart installed without its ServiceAccount, or one that was deleted with another release.

    ## Evidence
    The refusal, or, where no sentence is left, the name in the template; and that the ServiceAccount is not among those
    of the namespace.

    ## What to do
    Create the ServiceAccount, or name one that exists in `spec.serviceAccountName`.

    ## Known limits
    Where no ServiceAccounts of the namespace were collected, only the refusal speaks.
    """
    refused: dict[tuple[str, str], list[tuple[Group, Evidence]]] = defaultdict(list)
    for group in ctx.groups("pod-not-created"):
        for one in refusals(group):
            said = REFUSED.search(one.text)
            if said is not None:
                refused[said["namespace"], said["name"]].append((group, one.evidence))
                break
        else:
            named = ctx.cite_if(group.first, "spec.template.spec.serviceAccountName") if not group.message else None
            if named is not None and _lacks(ctx, group.first.namespace, str(named.value)):
                refused[group.first.namespace, str(named.value)].append((group, named))
    for group in ctx.groups("container-not-started"):
        for text in texts(ctx, group, On.EVENT):
            said = NO_TOKEN.search(text.text)
            if said is not None:
                refused[group.first.namespace, said["name"]].append((group, text.cite()))
                break
    for (namespace, name), found in sorted(refused.items()):
        yield _finding(ctx, namespace, name, found)


def _finding(ctx: Context, namespace: str, name: str, found: list[tuple[Group, Evidence]]) -> Finding:
    here = ctx.snap.get("ServiceAccount", namespace, name)
    absent = _lacks(ctx, namespace, name)
    proof: list[Evidence] = [ctx.absent("v1", "ServiceAccount", namespace, name)] if absent else []
    others = _near(ctx, namespace)
    said = [one for _, one in found]
    stated = any(group.message for group, _ in found)
    rest = [*proof, *said[1:]]
    names = ", ".join(f"{group.workload.kind} {group.workload.name}" for group, _ in found[:4])
    now = "exists by now, but did not when" if here else "does not exist, so"
    return Finding(
        subject=here.ref if here else Ref(ctx.cluster, "v1", "ServiceAccount", namespace, name, seen=False),
        summary=f"{now} {_missed(found[0][0])} for {names}{others}",
        evidence=(said[0], *rest),
        accounts_for=tuple(
            Because(group, f"its pods run as ServiceAccount {name}, which was not found", (one,))
            for group, one in found
        ),
        confidence=Confidence.POSSIBLE if here else None if stated else Confidence.LIKELY,
        second_sign=absent,
        since=min((group.since for group, _ in found if group.since), default=None),
        remedies=(
            Remedy(
                text=f"create ServiceAccount {name} in namespace {namespace}",
                command=f"kubectl create serviceaccount {name} -n {namespace}",
            ),
            Remedy(text="or name a ServiceAccount that exists in the pod template"),
        ),
    )


def _missed(group: Group) -> str:
    return "no pod was created" if group.symptom == "pod-not-created" else "the kubelet gets no token"


def _near(ctx: Context, namespace: str) -> str:
    """The ServiceAccounts that are there, but for the one that every namespace has."""
    names = [item.name for item in ctx.snap.all("ServiceAccount") if item.namespace == namespace]
    own = [name for name in names if name != "default"]
    return f"; the namespace has {', '.join(own[:4])}" if own else ""


def _lacks(ctx: Context, namespace: str, name: str) -> bool:
    return ctx.snap.lacks("ServiceAccount", namespace, name) is not None
