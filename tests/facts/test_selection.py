"""Requirements on labels, as the scheduler decides them."""

import pytest

from diag.facts.selection import matches_requirement, matches_term


@pytest.mark.parametrize(
    ("have", "operator", "values", "matches"),
    [
        ("9", "Gt", ["8"], True),
        ("8", "Gt", ["8"], False),
        ("7", "Lt", ["8"], True),
        ("-3", "Lt", ["+2"], True),
        ("1_0", "Gt", ["8"], False),  # Go reads no underscores in base 10
        ("10", "Gt", ["8", "9"], False),  # one value, or the requirement is invalid
        ("10", "Gt", [], False),
        ("9" * 30, "Gt", ["8"], False),  # beyond 64 bits
        ("\u0669", "Gt", ["8"], False),  # digits of another script
        (None, "Gt", ["8"], False),
        ("8", "Gt", [7], False),
        ("a", "In", ["a", "b"], True),
        (None, "NotIn", ["a"], True),
        (None, "DoesNotExist", None, True),
        ("a", "exists", None, False),
    ],
)
def test_an_operator_compares_as_go_does(have, operator, values, matches):
    labels = {} if have is None else {"k": have}

    assert matches_requirement(labels, {"key": "k", "operator": operator, "values": values}) is matches


@pytest.mark.parametrize("term", [{}, {"matchExpressions": []}, None, "x", {"matchFields": None}])
def test_an_empty_term_matches_no_node(term):
    assert not matches_term({"k": "v"}, "n", term)
