"""DEV115: two NVIDIADriver objects want the same node."""

import re
from collections.abc import Iterator

from diag.catalog.context import Context
from diag.catalog.rule import rule
from diag.findings import Because, Evidence, Finding, Proof, Question, Remedy
from diag.projection import Object, dicts
from diag.snapshot.cite import key
from diag.vocab.operands import NVIDIA_DRIVER

REASON = "ConflictingNodeSelector"
NODE = re.compile(r"match the same node (?P<node>[a-z0-9.-]{1,253})")


@rule(
    "DEV115",
    name="conflicting-nvidiadriver-selectors",
    question=Question.OFFERS,
    inputs=("Node", NVIDIA_DRIVER),
    visits={NVIDIA_DRIVER: 1, "Node": 1},
)
def conflicting_nvidiadriver_selectors(ctx: Context) -> Iterator[Finding]:
    """Two NVIDIADriver objects select the same node, so the operator deploys neither.

    ## What it means
    A node can have one driver. Where the selectors of two NVIDIADriver objects overlap, the operator stops both, and
    the nodes of both go without a driver.

    ## Why it happens
    A second object for a few nodes (a canary) was added without taking these nodes out of the first one's selector.

    ## Evidence
    The condition ConflictingNodeSelector of the objects, and their node selectors.

    ## What to do
    Make the selectors exclude each other.

    ## Known limits
    Of the objects in conflict the newest is named as the root: it was added to what worked before.
    """
    found = [(item, place) for item in ctx.snap.all(NVIDIA_DRIVER) if (place := _place(item)) is not None]
    if not found:
        return
    found.sort(key=lambda one: (one[0].created or "", one[0].name), reverse=True)
    root, place = found[0]
    part = "message" if _message(root, place) else "reason"
    evidence: list[Evidence] = [ctx.cite_or_lack(root, f"status.conditions[{place}].{part}")]
    evidence.append(ctx.cite_or_lack(root, f"status.conditions[{place}].reason"))
    for item, _ in found:
        evidence += [ctx.cite(item, f"spec.nodeSelector{key(label)}") for label in sorted(_selector(item))]
    signs: Proof = (evidence[0], *evidence[1:])
    words = f"selects nodes that {', '.join(item.name for item, _ in found[1:]) or 'another object'} selects as well"
    said = NODE.search(_message(root, place))
    where = f", {said['node']} for one" if said else ""
    yield Finding(
        subject=root.ref,
        members=tuple(item.ref for item, _ in found[1:]),
        summary=f"{words}{where}, so none of them gets a driver ({REASON})",
        evidence=signs,
        accounts_for=tuple(
            Because(group, f"no NVIDIADriver is deployed to it: {root.name} {words}", signs)
            for group in ctx.groups("node-without-gpus")
            if any(_selects(item, group.first.labels) for item, _ in found)
        ),
        remedies=(
            Remedy(text="make the nodeSelectors of the NVIDIADriver objects exclude each other", who="platform"),
        ),
    )


def _conditions(item: Object) -> list[dict[str, object]]:
    status = item.whole.get("status")
    return dicts(status.get("conditions")) if isinstance(status, dict) else []


def _place(item: Object) -> int | None:
    return next((place for place, one in enumerate(_conditions(item)) if one.get("reason") == REASON), None)


def _message(item: Object, place: int) -> str:
    message = _conditions(item)[place].get("message")
    return message if isinstance(message, str) else ""


def _selector(item: Object) -> dict[str, str]:
    spec = item.whole.get("spec")
    selector = spec.get("nodeSelector") if isinstance(spec, dict) else None
    return {k: v for k, v in selector.items() if isinstance(v, str)} if isinstance(selector, dict) else {}


def _selects(item: Object, labels: dict[str, str]) -> bool:
    return all(labels.get(label) == value for label, value in _selector(item).items())
