"""APP585: the API server refuses the pod's ServiceAccount what the program needs."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.catalog.signature import On
from diag.catalog.texts import Text, first_text
from diag.facts.custom_resources import text_at
from diag.findings import Basis, Because, Confidence, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import value_at
from diag.trouble.groups import Group

BINDING, RBAC = "rbac.authorization.k8s.io/RoleBinding", "rbac.authorization.k8s.io/v1"
CRASHED = ("container-crashing", "init-container-failing", "pod-failed")
Q = r'\\?"'  # a structured log escapes the quotes
# kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go (forbiddenMessage)
REFUSED = re.compile(
    rf"is forbidden: User {Q}system:serviceaccount:(?P<namespace>[a-z0-9-]{{1,63}}):(?P<account>[a-z0-9.-]{{1,253}})"
    rf"{Q} cannot (?P<verb>[a-z]{{1,20}}) resource {Q}(?P<what>[\w./-]{{1,253}}){Q}"
    rf"(?: in API group {Q}(?P<group>[\w.-]{{0,253}}){Q})?(?: in the namespace {Q}(?P<where>[a-z0-9-]{{1,63}}){Q})?"
)


@rule(
    "APP585",
    name="serviceaccount-forbidden",
    question=Question.STARTED,
    basis=Basis.SAID,
    inputs=("Pod", BINDING),
)
def serviceaccount_forbidden(ctx: Context) -> Iterator[Finding]:
    """The pod's ServiceAccount lacks a permission that its program needs.

    ## What it means
    The program calls the API server as its ServiceAccount, is refused, and ends.

    ## Why it happens
    Its Role misses a resource or verb, the binding names another account or namespace, or a newer release of the
    program needs more than the old Role grants.

    ## Evidence
    The API server's sentence in the log, the pod's ServiceAccount, and the binding that names it, where there is one.

    ## What to do
    Grant the verb on the resource in the Role that is bound to the account, or bind one that has it.

    ## Known limits
    Only what is said about the pod's own account counts. The Role is named where one binding of the namespace names the
    account; else the account is the root. A program may go on without what it was refused, and end for another reason.
    """
    found = [(group, hit) for group in ctx.groups(*CRASHED) if (hit := first_text(ctx, group, REFUSED, On.LOG))]
    bindings = ctx.snap.all(BINDING) if found else []
    for group, (text, said) in found:
        if _is_own(text.member, said):
            yield _finding(ctx, group, text, said, _bindings(bindings, said))


def _is_own(pod: Object, said: re.Match[str]) -> bool:
    return (pod.namespace, _account(pod)) == (said["namespace"], said["account"])


def _account(pod: Object) -> str:
    return text_at(pod, "spec.serviceAccountName") or "default"


def _bindings(bindings: list[Object], said: re.Match[str]) -> list[Object]:
    """The bindings that name the account, of the namespace in which it was refused."""
    where = said["where"] or said["namespace"]
    return [
        one
        for one in bindings
        if one.namespace == where
        and any(
            subject.get("kind") == "ServiceAccount"
            and subject.get("name") == said["account"]
            and subject.get("namespace", where) == said["namespace"]
            for subject in dicts(value_at(one.whole, "subjects"))
        )
    ]


def _finding(ctx: Context, group: Group, text: Text, said: re.Match[str], bound: list[Object]) -> Finding:
    names = {text_at(one, "roleRef.name") for one in bound if text_at(one, "roleRef.kind") == "Role"}
    name = names.pop() if len(names) == 1 == len(bound) else ""
    proof: list[Evidence] = [text.cite()]
    proof += [piece] if (piece := ctx.cite_if(text.member, "spec.serviceAccountName")) is not None else []
    account = Ref(ctx.cluster, "v1", "ServiceAccount", said["namespace"], said["account"], seen=False)
    root = account
    if name:
        root = Ref(ctx.cluster, RBAC, "Role", bound[0].namespace, name, seen=False)
        proof.append(ctx.cite(bound[0], "roleRef.name"))
    resource = f"{said['what']}.{said['group']}" if said["group"] else said["what"]
    where = f"in namespace {said['where']}" if said["where"] else "in the whole cluster"
    summary = f"ServiceAccount {said['namespace']}/{said['account']} may not {said['verb']} {resource} {where}"
    role = f"Role {name}" if name else "a role bound to the account"
    scope = f"-n {said['where']}" if said["where"] else "-A"
    return Finding(
        subject=root,
        summary=f"{summary}, and {text.member.name} ends after it was refused",
        evidence=as_proof(proof),
        accounts_for=(Because(group, f"{summary} (forbidden)", as_proof(proof)),),
        confidence=Confidence.LIKELY,
        since=group.since,
        remedies=(
            Remedy(
                text="ask whether the account may do it now",
                command=f"kubectl auth can-i {said['verb']} {resource} {scope} "
                f"--as=system:serviceaccount:{said['namespace']}:{said['account']}",
                who="platform",
            ),
            Remedy(
                text=f"grant {said['verb']} on {resource} in {role}",
                who="platform",
            ),
        ),
    )
