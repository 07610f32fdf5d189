"""What diag keeps of an object beside Kubernetes' own fields must not be spelled like one of them."""

from diag.projection import PROJECTIONS, Object
from diag.snapshot import kinds

OURS = {"cluster", "piece", "decoded", "held"}


def _own_fields(kind: type[Object]) -> set[str]:
    parents = [one for one in kind.__mro__ if one not in Object.__mro__]
    return {name for one in parents for name in vars(one).get("__annotations__", ())}


def test_no_kind_has_a_field_of_its_own_under_a_name_that_diag_uses() -> None:
    assert set(Object.__annotations__) >= OURS
    assert "source" in _own_fields(kinds.Event)  # what was once overwritten
    for kind in {*PROJECTIONS.values()}:
        assert not _own_fields(kind) & OURS, kind
