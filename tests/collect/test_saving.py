"""`diag snapshot save` of a cluster that is slow, or lets only a part be seen."""

import pytest
from scenarios import scenario

from diag import api
from diag.cli.root import run
from diag.testing.apiserver import EVERYTHING, Access

ITEMS, _ = scenario("preempted-two-deployments")


def test_the_end_of_time_is_told_and_what_was_read_is_kept(serve, diag, tmp_path, monkeypatch, capsys):
    server, path, capture = serve(ITEMS), tmp_path / "a.jsonl.gz", api.capture

    def cut_short(live, **asked):
        found = capture(live, **asked)
        live.stop.interrupted.set()
        return found

    monkeypatch.setattr(api, "capture", cut_short)

    assert run(["snapshot", "save", str(path), "--kubeconfig", server.config]) == 130
    assert "interrupted: this is what was read by then" in capsys.readouterr().err
    assert diag("scan", "--from", path).code == 1


@pytest.mark.parametrize(("named", "code"), [((), 0), (("-n", "labs"), 1)])
def test_a_namespace_of_those_who_may_see_no_more_is_looked_into(serve, diag, tmp_path, named, code):
    server = serve(ITEMS, access=Access(cluster=(), namespaced={"labs": EVERYTHING, "default": EVERYTHING}))
    path = tmp_path / "a.jsonl.gz"

    assert diag("snapshot", "save", path, "--kubeconfig", server.config, *named).code == 0
    assert diag("scan", "--from", path).code == code
