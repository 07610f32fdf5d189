"""Selectors: label selectors and the node selector terms of affinities.

As kubernetes/kubernetes staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity and
apimachinery/pkg/labels decide. A term that cannot be understood matches nothing, as there.
"""

import re
from collections.abc import Mapping
from typing import Any

from diag.projection import dicts

_INTEGER = re.compile(r"[+-]?[0-9]{1,400}")


def matches_requirement(labels: Mapping[str, str], requirement: Any) -> bool:  # noqa: PLR0911  a table of operators
    """One `{key, operator, values}` against labels."""
    if not isinstance(requirement, dict):
        return False
    key, operator = requirement.get("key"), requirement.get("operator")
    values = requirement.get("values")
    values = values if isinstance(values, list) else []
    have = labels.get(key) if isinstance(key, str) else None
    match operator:
        case "In":
            return have is not None and have in values
        case "NotIn":
            return have is None or have not in values
        case "Exists":
            return have is not None
        case "DoesNotExist":
            return have is None
        case "Gt" | "Lt":
            return _compares(have, operator, values)
    return False


def _compares(have: str | None, operator: str, values: list[Any]) -> bool:
    """Gt and Lt: one value, and both integers as Go's strconv.ParseInt(s, 10, 64) reads them."""
    mine, bound = _integer(have), _integer(values[0]) if len(values) == 1 else None
    if mine is None or bound is None:
        return False
    return mine > bound if operator == "Gt" else mine < bound


def _integer(text: Any) -> int | None:
    number = int(text) if isinstance(text, str) and _INTEGER.fullmatch(text) else None
    return number if number is not None and -(2**63) <= number < 2**63 else None


def matches_labels(labels: Mapping[str, str], selector: Any) -> bool:
    """A LabelSelector (`matchLabels`, `matchExpressions`); an empty one matches all, None nothing."""
    if not isinstance(selector, dict):
        return False
    wanted = selector.get("matchLabels")
    expressions = selector.get("matchExpressions")
    if isinstance(wanted, dict) and any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(matches_requirement(labels, one) for one in expressions) if isinstance(expressions, list) else True


def required_terms(affinity: Any) -> list[Any]:
    """The required node selector terms of a pod's affinity, empty when it has none."""
    node: Any = affinity
    for step in ("nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"):
        node = node.get(step) if isinstance(node, dict) else None
    return node if isinstance(node, list) else []


def matches_term(labels: Mapping[str, str], name: str, term: Any) -> bool:
    """One node selector term: all its expressions and fields; an empty term matches nothing."""
    if not isinstance(term, dict):
        return False
    expressions, fields = dicts(term.get("matchExpressions")), dicts(term.get("matchFields"))
    if not expressions and not fields:
        return False
    return all(matches_requirement(labels, one) for one in expressions) and all(
        matches_requirement({"metadata.name": name}, one) for one in fields
    )
