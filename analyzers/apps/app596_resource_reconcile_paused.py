"""APP596: somebody paused an object on which another one waits."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts import custom_resources as facts
from diag.facts.entries import entries, text
from diag.findings import Because, Confidence, Evidence, Finding, Question, Ref, Remedy, as_proof
from diag.projection import Object, kind_id
from diag.snapshot.cite import key, value_at
from diag.trouble.groups import Group
from diag.vocab import custom_resources as words

MAX_MEMBERS = 8
# fluxcd/pkg apis/meta: what a resource waits for, and where its source is named; a dependency is of its own kind.
DEPENDS = "spec.dependsOn"
FLUX = ("kustomize.toolkit.fluxcd.io/Kustomization", "helm.toolkit.fluxcd.io/HelmRelease")
WAITS = "DependencyNotReady"
FLUX_SOURCES = ("source.toolkit.fluxcd.io/v1", "source.toolkit.fluxcd.io/v1beta2")
SOURCES = ("spec.sourceRef", "spec.chart.spec.sourceRef", "spec.chartRef")


class Held(NamedTuple):
    """A paused object, where that stands, how the waiter is bound to it, and how that was found."""

    item: Object
    path: str
    bond: str
    proof: tuple[Evidence, ...]
    said: bool  # whether the waiter's own words name it


class Waits(NamedTuple):
    """Who waits for a paused object, and its own words."""

    item: Object
    held: Held
    said: tuple[Evidence, ...]
    group: Group | None = None


@rule(
    "APP596",
    name="resource-reconcile-paused",
    question=Question.CREATED,
    inputs=FLUX,
)
def resource_reconcile_paused(ctx: Context) -> Iterator[Finding]:
    """A paused object keeps something waiting that depends on it.

    ## What it means
    An operator leaves an object alone that is suspended or paused. That is an intention and no fault; but another
    object is not ready, and depends on it: it names it as its dependency or source, owns it, or is owned by it.

    ## Why it happens
    Somebody paused it for a repair or a migration and did not take that back.

    ## Evidence
    The pause (`spec.suspend`, `spec.paused` or an annotation), the reference of the waiter, and what the waiter says.

    ## What to do
    Ask why it is paused, and resume it.

    ## Known limits
    What is paused shows the status that it had before. Where the waiter's words do not name the paused object, the
    finding is likely at most.
    """
    found: dict[Ref, list[Waits]] = {}
    for group in ctx.groups("custom-resource-not-ready"):
        for member in group.members[:MAX_MEMBERS]:
            held = next(_held(ctx, member, group.message), None)
            if held is not None:
                found.setdefault(held.item.ref, []).append(Waits(member, held, group.evidence, group))
                break
    for kind in FLUX:
        for item in ctx.snap.all(kind):
            said = facts.told(item, "Ready")
            # It only repeats that another is not ready, so it is in no group: what is paused does not complain.
            held = next(_held(ctx, item, said.message), None) if said is not None and said.reason == WAITS else None
            if said is not None and held is not None and said.status != "True":
                found.setdefault(held.item.ref, []).append(Waits(item, held, (ctx.cite(item, said.path),)))
    for _, waiters in sorted(found.items()):
        yield _finding(ctx, waiters)


def _held(ctx: Context, member: Object, message: str) -> Iterator[Held]:
    """Paused objects that the member depends on: by reference, then below it, then above it."""
    for path, reference in _references(member):
        name, namespace = text(reference.get("name")), text(reference.get("namespace")) or member.namespace
        kind = text(reference.get("kind")) or member.kind or ""
        for item in _named(ctx, member, kind, namespace, name) if name else ():
            if place := _pause(item):
                proof = (ctx.cite(member, f"{path}.name"),)
                yield Held(item, place, "which it depends on", proof, _names(message, name))
    for child in ctx.snap.children_of(member):
        if place := _pause(child):
            yield Held(child, place, "which is part of it", (), _names(message, child.name))
    for ref in ctx.lineage(member):
        owner = ctx.snap.find(ref)
        if owner is not None and (place := _pause(owner)):
            yield Held(owner, place, "to which it belongs", (), _names(message, owner.name))


def _references(member: Object) -> Iterator[tuple[str, dict[str, object]]]:
    yield from entries(member, DEPENDS)
    for path in SOURCES:
        found = value_at(member.whole, path)
        if isinstance(found, dict):
            yield path, found


def _named(ctx: Context, member: Object, kind: str, namespace: str, name: str) -> Iterator[Object]:
    """The object of that name: of the member's own API, or of Flux's sources."""
    for api in dict.fromkeys((member.api_version or "", *FLUX_SOURCES)):
        item = ctx.snap.find(Ref(ctx.cluster, api, kind, namespace, name))
        if item is not None:
            yield item
            return


def _pause(item: Object) -> str:
    """Where the object says that it is paused, empty where it is not. A custom resource only: others have own rules."""
    if "." not in kind_id(item.api_version, item.kind).partition("/")[0]:
        return ""
    path = next((one for one in words.HELD_PATHS if value_at(item.whole, one) is True), "")
    noted = next((one for one in words.HELD_ANNOTATIONS if item.annotations.get(one, "false") != "false"), "")
    return path or (f"metadata.annotations{key(noted)}" if noted else "")


def _names(message: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", message))


def _finding(ctx: Context, waiters: list[Waits]) -> Finding:
    first = waiters[0]
    item = first.held.item
    pause = ctx.cite_or_lack(item, first.held.path)
    who = f"{first.item.kind} {first.item.name}"
    waits = f"{who} and {len(waiters) - 1} more wait" if len(waiters) > 1 else f"{who} waits"
    return Finding(
        subject=item.ref,
        summary=f"is paused ({first.held.path.removeprefix('metadata.')}), and {waits} for it",
        evidence=as_proof((pause, *first.held.proof, *first.said)),
        accounts_for=tuple(
            Because(
                one.group,
                f"{item.kind} {item.name}, {one.held.bond}, is paused",
                (pause, *one.held.proof),
                members=one.group.share,
            )
            for one in waiters
            if one.group is not None
        ),
        confidence=None if all(one.held.said for one in waiters) else Confidence.LIKELY,
        remedies=(
            Remedy(text=f"ask why {item.kind} {item.name} is paused"),
            Remedy(text="resume it: take the pause back where it was set", risk="disruptive"),
        ),
    )
