"""APP598: one route of a gateway breaks the custom of its siblings, and the Service that it should have is there."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.facts.entries import entries, text
from diag.findings import Basis, Confidence, Evidence, Finding, Question, Remedy, Severity, as_proof
from diag.projection import Object
from diag.snapshot.cite import key, value_at

INGRESS, ROUTE, CONFIG = "networking.k8s.io/Ingress", "gateway.networking.k8s.io/HTTPRoute", "ConfigMap"
LEAST = 2  # siblings that make a custom of it
SEGMENT = re.compile(r"^/(?:api/)?(?P<word>[a-z][a-z0-9-]{1,62})(?:/|$|\()")
# nginx: a location of a path, and the host that its requests are passed to.
LOCATION = re.compile(
    r"location\s{1,8}(?:[=~^*]{1,2}\s{1,8})?(?P<path>/[\w/-]{1,100})\s{0,8}\{[^{}]{0,2000}?"
    r"proxy_pass\s{1,8}https?://(?P<host>[a-z0-9][a-z0-9.-]{0,200})"
)
PASSES = b"proxy_pass"


class Way(NamedTuple):
    """One route: the word of its path, the Service that it leads to, and the places that say so."""

    word: str
    service: str
    proof: tuple[Evidence, ...]


@rule(
    "APP598",
    name="gateway-routes-to-wrong-service",
    question=Question.READY,
    inputs=(INGRESS, ROUTE, CONFIG, "Service"),
    basis=Basis.COUNTED,
    severity=Severity.INFO,
    visits={CONFIG: 1},
)
def gateway_routes_to_wrong_service(ctx: Context) -> Iterator[Finding]:
    """The gateway's route leads to another Service than its path names.

    ## What it means
    The routes of a gateway lead, path by path, to Services of the same words (`/cart` to `cart`, `/orders` to
    `orders`), but for one. The Service that this one would lead to is there, and none of the gateway's routes leads to
    it. Requests of that path are answered by the wrong program.

    ## Why it happens
    A line was copied and its backend was not changed, or two backends were mixed up.

    ## Evidence
    The path and the backend of the odd route, the siblings that show the custom, and the Service that is there.

    ## What to do
    Look at the route, and name the Service that its path means.

    ## Known limits
    Names prove nothing: a route may lead elsewhere on purpose, so this is never more than possible, and worth knowing
    only. Read are Ingresses, HTTPRoutes, and `proxy_pass` of nginx in ConfigMaps.
    """
    for kind, read in ((INGRESS, _ingress), (ROUTE, _httproute)):
        for item in ctx.snap.all(kind):
            yield from _odd(ctx, item, list(read(ctx, item)))
    for item in ctx.snap.all(CONFIG):
        if PASSES in bytes(item.raw):
            yield from _odd(ctx, item, list(_nginx(ctx, item)))


def _ingress(ctx: Context, item: Object) -> Iterator[Way]:
    for host, _ in entries(item, "spec.rules"):
        for path, one in entries(item, f"{host}.http.paths"):
            where = f"{path}.backend.service.name"
            service = text(value_at(item.whole, where))
            word = SEGMENT.match(text(one.get("path")))
            if service and word is not None:
                yield Way(word["word"], service, (ctx.cite(item, f"{path}.path"), ctx.cite(item, where)))


def _httproute(ctx: Context, item: Object) -> Iterator[Way]:
    for one, _ in entries(item, "spec.rules"):
        backends = [path for path, _ in entries(item, f"{one}.backendRefs")]
        for match, _ in entries(item, f"{one}.matches"):
            word = SEGMENT.match(text(value_at(item.whole, f"{match}.path.value")))
            where = f"{backends[0]}.name" if len(backends) == 1 else ""
            service = text(value_at(item.whole, where)) if where else ""
            if service and word is not None:
                yield Way(word["word"], service, (ctx.cite(item, f"{match}.path.value"), ctx.cite(item, where)))


def _nginx(ctx: Context, item: Object) -> Iterator[Way]:
    data = value_at(item.whole, "data")
    for name, value in sorted(data.items()) if isinstance(data, dict) else ():
        for found in LOCATION.finditer(value) if isinstance(value, str) else ():
            word = SEGMENT.match(found["path"])
            if word is not None:
                yield Way(word["word"], found["host"].partition(".")[0], (ctx.cite(item, f"data{key(name)}"),))


def _odd(ctx: Context, item: Object, ways: list[Way]) -> Iterator[Finding]:
    """The one route that breaks the custom of its siblings."""
    customs = Counter(custom for way in ways if (custom := _custom(way)) is not None)
    (affixes, count), *_ = [*customs.most_common(1), (("", ""), 0)]
    odd = [way for way in ways if _custom(way) != affixes]
    if count < LEAST or len(odd) != 1:
        return
    way = odd[0]
    meant = f"{affixes[0]}{way.word}{affixes[1]}"
    there = ctx.snap.get("Service", item.namespace, meant)
    if there is None or any(one.service == meant for one in ways):
        return
    siblings = [piece for one in ways if one is not way for piece in one.proof][: 2 * LEAST]
    yield Finding(
        subject=item.ref,
        summary=f"its path of {way.word} leads to Service {way.service}, while Service {meant} is there and its "
        f"{count} other paths lead to the Services of their names",
        evidence=as_proof(dict.fromkeys((*way.proof, ctx.cite(there, "metadata.name"), *siblings))),
        confidence=Confidence.POSSIBLE,
        remedies=(
            Remedy(
                text=f"see whether the route of {way.word} is meant to lead to {way.service}, or to {meant}",
                command=f"kubectl get {(item.kind or '').lower()} {item.name} -n {item.namespace} -o yaml"
                if item.kind
                else None,
            ),
        ),
    )


def _custom(way: Way) -> tuple[str, str] | None:
    """What stands before and after the path's word in the Service's name; None where the word is not in it."""
    before, word, after = way.service.partition(way.word)
    return (before, after) if word else None
