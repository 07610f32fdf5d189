"""`diag snapshot save` of a cluster that is slow, or lets only a part be seen."""

import pytest
from scenarios import scenario

from diag.testing.apiserver import EVERYTHING, Access, Fault

ITEMS, _ = scenario("preempted-two-deployments")


def test_what_was_read_by_the_end_of_time_is_kept_and_the_end_is_told(serve, diag, tmp_path):
    server = serve(ITEMS, faults=[Fault(path="/api/v1/pods", what="stall", seconds=60)])
    path = tmp_path / "a.jsonl.gz"

    ended = diag("snapshot", "save", path, "--kubeconfig", server.config, "--timeout", "2s")

    assert ended.code == 124
    assert "timeout: this is what was read by then" in ended.err
    assert "list Pod" in diag("snapshot", "info", path).out


@pytest.mark.parametrize(("named", "code"), [((), 0), (("-n", "labs"), 1)])
def test_a_namespace_of_those_who_may_see_no_more_is_looked_into(serve, diag, tmp_path, named, code):
    server = serve(ITEMS, access=Access(cluster=(), namespaced={"labs": EVERYTHING, "default": EVERYTHING}))
    path = tmp_path / "a.jsonl.gz"

    assert diag("snapshot", "save", path, "--kubeconfig", server.config, *named).code == 0
    assert diag("scan", "--from", path).code == code
