"""Which claims a group waits for, and which claims hold devices for pods that are gone."""

from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.facts.device_requests import claims_of, is_allocated, reserved_for
from diag.facts.devices import CLAIM, TEMPLATE, selectors
from diag.facts.scheduler_message import kind_of, parse_scheduler_message
from diag.findings import Confidence, Evidence
from diag.projection import Object
from diag.trouble.groups import Group
from diag.trouble.shapes import Shape
from diag.vocab.scheduler_reasons import ReasonKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A claim without devices, and the group that waits for it."""

    group: Group
    shape: Shape
    claim: Object
    template: Object | None
    template_path: str | None  # where the pod names the template


def says_devices(group: Group) -> bool:
    """Whether the scheduler turned nodes down because of devices."""
    said = parse_scheduler_message(group.message)
    if said is None:
        return False
    return said.count(ReasonKind.DRA) > 0 or (said.prefilter is not None and kind_of(said.prefilter) is ReasonKind.DRA)


def waiting_claims(ctx: Context, group: Group) -> Iterator[Waiting]:
    """The claims of the group's first member that have no devices."""
    for name, template, path in claims_of(group.first):
        claim = ctx.snap.get(CLAIM, group.first.namespace, name) if name else None
        if claim is not None and group.shape is not None and not is_allocated(claim):
            made_from = ctx.snap.get(TEMPLATE, group.first.namespace, template) if template else None
            yield Waiting(group=group, shape=group.shape, claim=claim, template=made_from, template_path=path)


def class_selectors(known: Object) -> list[tuple[str, str]]:
    """The CEL expressions of a DeviceClass, each with its place."""
    spec = known.whole.get("spec")
    return list(selectors(spec if isinstance(spec, dict) else {}, "spec"))


def left_behind(ctx: Context, claim: Object) -> tuple[tuple[Evidence, ...], Confidence] | None:
    """That a claim holds devices only for pods that no longer exist, and how sure that is; None where it is in use."""
    proof: list[Evidence] = []
    sure = Confidence.CERTAIN
    for path, name, uid in reserved_for(claim):
        pod = ctx.snap.pod(claim.namespace, name) if name else None
        if pod is not None:
            if not uid or not pod.uid or pod.uid == uid:
                return None
            proof += [ctx.cite(claim, path.removesuffix("name") + "uid"), ctx.cite(pod, "metadata.uid")]
            continue
        lacking = ctx.snap.lacks("Pod", claim.namespace, name) if name else None
        if lacking is None:
            return None
        sure = min(sure, lacking)
        proof += [ctx.cite(claim, path), ctx.absent("v1", "Pod", claim.namespace, name)]
    return (tuple(proof), sure) if proof else None
