"""A counted piece names its first parts, and says of the others how many they are and what they add."""

import pytest

from diag.document import EvidenceRow
from diag.views.citations import Citations


def counted(values):
    """A total and its parts, as the report has them."""
    parts = {f"E{place}": EvidenceRow(id=f"E{place}", computed=f"free on n{place}", value=value, from_=[])
             for place, value in enumerate(values, 2)}  # fmt: skip
    total = EvidenceRow(id="E1", computed="free on all", value=0, from_=list(parts))
    return Citations({"E1": total, **parts})


@pytest.mark.parametrize(
    ("values", "more"),
    [
        ([5, 4, 4, 4, 3, 2], " and 2 more (5 together)"),
        (["5", "4", "4", "4", "19"], " and 1 more (19 together)"),  # a quantity is a text
        ([5, 4, 4, 4, "80.2Gi"], " and 1 more"),
        ([5, 4, 4, 4, True], " and 1 more"),
        ([5, 4, 4, 4, "9" * 20], " and 1 more"),
        ([5, 4, 4, 4], ""),
        ([5], ""),
    ],
)
def test_the_parts_that_are_not_cited_are_told_together(values, more):
    citations = counted(values)

    citations.cite(["E1"])

    assert citations.rows()[0].more == more
    assert citations.rows()[0].parts == tuple(range(2, 2 + min(len(values), 4)))


@pytest.mark.parametrize(
    ("computed", "paths", "more"),
    [
        ("free cpu on node a", ["status.allocatable.cpu"], " alone: no pod was seen there that asks for any of it"),
        ("free cpu on node a", ["status.allocatable.cpu", "spec.containers[0].resources.requests.cpu"], ""),
        ("free cpu on node a", ["spec.containers[0].resources.requests.cpu"], ""),
        ("cpu of node a", ["status.allocatable.cpu"], ""),
    ],
)
def test_what_is_free_where_no_pod_was_seen_says_that_it_rests_on_the_node_alone(computed, paths, more):
    parts = {f"E{place}": EvidenceRow(id=f"E{place}", path=path, value="8") for place, path in enumerate(paths, 2)}
    citations = Citations({"E1": EvidenceRow(id="E1", computed=computed, value="8", from_=[*parts]), **parts})

    citations.cite(["E1"])

    assert citations.rows()[0].more == more
