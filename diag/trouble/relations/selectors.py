"""How a pod narrows down its nodes: its selector and required affinity, with evidence for each key and value."""

from collections.abc import Callable
from dataclasses import dataclass

from diag.facts.selection import required_terms
from diag.findings import FieldEvidence
from diag.projection import Object, dicts
from diag.snapshot.cite import key

NODE_NAME = "metadata.name"  # the only field of a node that matchFields may name
TERMS = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """One demand on node labels. `operator` is that of node affinity; a nodeSelector entry is `In` with one value.

    `term` numbers the affinity term (terms are alternatives), None for the nodeSelector (which always holds).
    """

    label: str
    operator: str
    values: tuple[str, ...]
    paths: tuple[str, ...]  # where label and values stand in the pod
    term: int | None = None


def narrowings(pod: Object) -> list[Narrowing]:
    """All demands of a pod on node labels, and on a node's name (as label `metadata.name`)."""
    spec = pod.whole.get("spec")
    if not isinstance(spec, dict):
        return []
    selector = spec.get("nodeSelector")
    found = [
        Narrowing(label=label, operator="In", values=(value,), paths=(f"spec.nodeSelector{key(label)}",))
        for label, value in (sorted(selector.items()) if isinstance(selector, dict) else ())
        if isinstance(value, str)
    ]
    for number, term in enumerate(required_terms(spec.get("affinity"))):
        for part in ("matchExpressions", "matchFields"):
            expressions = term.get(part) if isinstance(term, dict) else None
            for index, one in enumerate(expressions if isinstance(expressions, list) else ()):
                if dicts([one]) and isinstance(one.get("key"), str):
                    found.append(_of_expression(one, f"{TERMS}[{number}].{part}[{index}]", number))
    return found


def _of_expression(one: dict[str, object], path: str, number: int) -> Narrowing:
    values = one.get("values")
    texts = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
    paths = (f"{path}.key", *(f"{path}.values[{place}]" for place in range(len(texts))))
    return Narrowing(
        label=str(one["key"]), operator=str(one.get("operator") or ""), values=tuple(texts), paths=paths, term=number
    )


def cite_selectors(cite: Callable[[Object, str], FieldEvidence], pod: Object) -> tuple[FieldEvidence, ...]:
    """Evidence of all that narrows a pod down."""
    return tuple(cite(pod, path) for narrowing in narrowings(pod) for path in narrowing.paths)
