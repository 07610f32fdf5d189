"""SCH195: a pod with HAMi's resources waits for a scheduler that does not know them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.joins.backends import INPUTS, Backend, backend
from diag.catalog.rule import rule
from diag.facts.nodes import allocatable
from diag.facts.selection import matches_labels, matches_requirement
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object, dicts
from diag.snapshot.cite import MISSING, key, value_at
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group
from diag.trouble.relations.webhooks import MUTATING, Webhook, named
from diag.trouble.shapes import DEFAULT_SCHEDULER, request_path, shape_of

# Project-HAMi/HAMi pkg/device/*: measures of a share, which no node lists, since HAMi's scheduler alone counts them.
SHARES = re.compile(
    r"nvidia\.com/gpu(?:mem|mem-percentage|cores)|hygon\.com/dcu(?:mem|cores)|cambricon\.com/mlu\.smlu\.v(?:memory|core)"
    r"|metax-tech\.com/v(?:memory|core)|iluvatar\.ai/vcuda-(?:memory|core)|mthreads\.com/sgpu-(?:memory|core)"
)
WEBHOOK = "vgpu.hami.io"  # charts/hami/templates/scheduler/webhook.yaml
SCHEDULER = "hami-scheduler"  # charts/hami/templates/_helpers.tpl, after the release's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Bypass:
    """Why the webhook did not see a pod: the object that a person would change, in words, with proof."""

    root: Ref
    why: str
    proof: tuple[Evidence, ...]
    repair: Remedy
    needs: tuple[Ref, ...] = ()


@rule(
    "SCH195",
    name="hami-webhook-bypassed",
    question=Question.PLACED,
    inputs=("Pod", "Node", "Namespace", MUTATING, *INPUTS),
    refines=("gpu-resource-not-offered",),
)
def hami_webhook_bypassed(ctx: Context) -> Iterator[Finding]:
    """HAMi's webhook did not see a pod, so it waits for the default scheduler.

    ## What it means
    HAMi's webhook gives pods that ask for a share of a GPU to HAMi's scheduler when they are created. Memory and cores
    of a GPU are listed by no node: only that scheduler counts them, and any other waits for ever.

    ## Why it happens
    The webhook ignores failures (`failurePolicy: Ignore`), so pods pass it by while nothing answers behind its Service;
    or its selectors leave out the pod or its namespace.

    ## Evidence
    The request, the pod's scheduler, that no node lists the resource, and what is behind the webhook's Service or in
    its selectors.

    ## What to do
    Repair what answers the webhook, then create the pod again: its scheduler is chosen at creation only.

    ## Known limits
    Where webhooks were not collected, it is told only if HAMi's scheduler has no ready pod. Silent where the webhook
    answers and lets the pod in: what was wrong when the pod was created is then not to be seen any more.
    """
    hooks = named(ctx.snap.all(MUTATING), WEBHOOK)
    down = next(_schedulers_down(ctx), None) if not hooks and not ctx.snap.holds(MUTATING) else None
    for group in ctx.groups("pod-unscheduled") if hooks or down else ():
        shape = shape_of(group.first) if isinstance(group.first, Pod) else None
        if shape is None or shape.scheduler != DEFAULT_SCHEDULER:
            continue
        wanted = [one for one in sorted(shape.requests) if SHARES.fullmatch(one)]
        short = [one for one in wanted if re.search(rf"Insufficient {re.escape(one)}(?![\w-])", group.message)]
        if short and not any(allocatable(node).get(short[0]) for node in ctx.place.snap.nodes):
            bypass = _left_out(ctx, group, hooks[0]) or _unanswered(ctx, hooks[0]) if hooks else down
            if bypass is not None:
                yield _finding(ctx, group, short[0], bypass)


def _schedulers_down(ctx: Context) -> Iterator[Bypass]:
    """HAMi's scheduler, which serves the webhook, where it has no ready pod and no webhook was collected."""
    for item in ctx.snap.all("apps/Deployment"):
        ready = value_at(item.whole, "status.readyReplicas")
        if item.name.endswith(SCHEDULER) and ready in (MISSING, None, 0) and isinstance(item.whole.get("status"), dict):
            yield Bypass(
                root=item.ref,
                why=f"Deployment {item.name}, which answers HAMi's webhook, has no ready pod",
                proof=(ctx.cite_or_lack(item, "status.readyReplicas"),),
                needs=(item.ref,),
                repair=Remedy(
                    text=f"find out why Deployment {item.name} has no ready pod, and repair it",
                    command=f"kubectl describe deployment {item.name} -n {item.namespace}",
                    who="platform",
                ),
            )


def _left_out(ctx: Context, group: Group, hook: Webhook) -> Bypass | None:
    """The pod or its namespace, where the webhook's selectors leave it out."""
    space = ctx.snap.get("Namespace", "", group.first.namespace)
    sides: tuple[tuple[str, Object | None], ...] = (("objectSelector", group.first), ("namespaceSelector", space))
    for side, item in sides:
        path = f"{hook.path}.{side}"
        selector = value_at(hook.config.whole, path)
        if item is None or not isinstance(selector, dict) or matches_labels(item.labels, selector):
            continue
        what = f"Namespace {item.name}" if item is space else "the pod"
        return Bypass(
            root=item.ref if item is space else group.workload,
            why=f"the {side} of HAMi's webhook leaves out {what}",
            proof=tuple(_unmet(ctx, path, hook, item)),
            repair=Remedy(
                text=f"change the labels of {what}, or the {side} of {hook.config.name}",
                command=f"kubectl get mutatingwebhookconfigurations {hook.config.name} -o yaml",
            ),
        )
    return None


def _unmet(ctx: Context, path: str, hook: Webhook, item: Object) -> Iterator[Evidence]:
    """The labels that a selector demands, where the object does not meet it, and what it has instead."""
    selector = value_at(hook.config.whole, path)
    listed = selector.get("matchExpressions")
    demands = [(f"{path}.matchExpressions[{index}].key", one) for index, one in enumerate(dicts(listed))]
    labels = selector.get("matchLabels")
    demands += [
        (f"{path}.matchLabels{key(label)}", {"key": label, "operator": "In", "values": [value]})
        for label, value in (labels.items() if isinstance(labels, dict) else ())
    ]
    for where, demand in demands:
        if not matches_requirement(item.labels, demand):
            pieces = ctx.cite_if(hook.config, where), ctx.cite_if(item, f"metadata.labels{key(str(demand.get('key')))}")
            yield from (piece for piece in pieces if piece is not None)


def _unanswered(ctx: Context, hook: Webhook) -> Bypass | None:
    """What does not answer the webhook, where pods pass it by meanwhile."""
    policy = f"{hook.path}.failurePolicy"
    if hook.service is None or value_at(hook.config.whole, policy) != "Ignore":
        return None
    behind = backend(ctx, hook.service)
    words = behind.words or _down(ctx, behind)
    if not words:
        return None
    kind, name, namespace = "Service", hook.service[1], hook.service[0]
    if behind.needs:
        kind, name, namespace = behind.needs[0].kind, behind.needs[0].name, behind.needs[0].namespace
    return Bypass(
        root=behind.needs[0] if behind.needs else hook.config.ref,
        why=f"HAMi's webhook is not answered, and passed by then ({words})",
        proof=(ctx.cite(hook.config, policy), *behind.proof),
        needs=behind.needs,
        repair=Remedy(
            text=f"find out why {kind} {name} does not answer, and repair it",
            command=f"kubectl describe {kind.lower()} {name} -n {namespace}",
            who="platform",
        ),
    )


def _down(ctx: Context, behind: Backend) -> str:
    """A workload behind the Service whose pods are in trouble, in words; empty where none is."""
    down = [group.workload for group in ctx.groups() if group.workload in behind.needs]
    return f"{down[0].kind} {down[0].name} is not ready" if down else ""


def _finding(ctx: Context, group: Group, resource: str, bypass: Bypass) -> Finding:
    pod = group.first
    request = request_path(pod, resource)
    proof = [
        *([ctx.cite(pod, request)] if request else []),
        ctx.cite_or_lack(pod, "spec.schedulerName"),
        *bypass.proof,
    ]
    why = f"asks for {resource}, which only HAMi's scheduler knows, and waits for {DEFAULT_SCHEDULER}: {bypass.why}"
    return Finding(
        subject=bypass.root,
        summary=why if bypass.root == group.workload else f"Pod {pod.name} {why}",
        evidence=as_proof([group.evidence[0], *proof]),
        accounts_for=(Because(group, why, tuple(proof)),),
        confidence=Confidence.LIKELY,
        since=group.since,
        needs=bypass.needs,
        remedies=(
            bypass.repair,
            Remedy(
                text=f"then create Pod {pod.name} again: its scheduler is chosen at creation only",
                command=f"kubectl delete pod {pod.name} -n {pod.namespace}" if pod.owners else None,
                risk="disruptive",
            ),
        ),
    )
