"""`doctor` and `rbac --check` say the truth for each way in which users prove who they are."""

import json
import sys

import pytest
from certificates import certificates
from cluster_objects import node, pod

from diag.catalog.inputs import kinds_read
from diag.catalog.registry import load as load_rules
from diag.collect.roles import rules_for
from diag.testing.apiserver import Access

ITEMS = [node("gpu-1"), pod("runs", "gpu-1")]
ALL = rules_for(kinds_read(load_rules(third_party=False)))
TOKEN = "a-token"  # noqa: S105  no secret


@pytest.fixture
def known(serve, tmp_path):
    """Starts a server, and gives the kubeconfig of a user of a kind; not `right`: of one whom it does not know."""

    def started(kind, access, *, right=True):
        token = TOKEN if right else "another"
        if kind == "certificate":
            tls = certificates(tmp_path)
            strange = tmp_path / "strange"
            strange.mkdir(exist_ok=True)
            certificates(strange)
            own = tmp_path if right else strange
            user = {"client-certificate": str(own / "client.pem"), "client-key": str(own / "client-key.pem")}
            cluster = {"certificate-authority": str(tmp_path / "ca.pem")}
            return serve(ITEMS, tls=tls, access=access, user=user, cluster=cluster).config
        (tmp_path / "token").write_text(token)
        user = {"token": {"token": token}, "file": {"tokenFile": str(tmp_path / "token")}, "plug-in": plugin(token)}
        return serve(ITEMS, token=TOKEN, access=access, user=user[kind]).config

    return started


def plugin(token):
    version = "client.authentication.k8s.io/v1"
    credential = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": token}}
    words = ["-c", f"print({json.dumps(json.dumps(credential))})"]
    return {"exec": {"apiVersion": version, "command": sys.executable, "args": words, "interactiveMode": "Never"}}


@pytest.mark.parametrize("kind", ["token", "file", "plug-in", "certificate"])
def test_who_is_known_is_told_what_is_missing(known, diag, kind):
    every = Access(cluster=ALL)
    for access, code, missing in ((every, 0, 0), (every.without("list", "", "nodes"), 1, 1)):
        config = known(kind, access)
        doctor, check = diag("doctor", "--kubeconfig", config), diag("rbac", "--check", "--kubeconfig", config)
        assert (doctor.code, check.code) == (0, code), doctor.out + check.out + check.err
        assert ("gpu rights: all" in doctor.out) is (not missing)
        assert ("missing in the whole cluster: list nodes\n" in doctor.out) is bool(missing)
        assert f", {missing} denied, 0 unknown" in check.out


@pytest.mark.parametrize("kind", ["token", "file", "plug-in", "certificate"])
def test_who_is_not_known_is_told_so(known, diag, kind):
    config = known(kind, Access(cluster=ALL), right=False)

    doctor, check = diag("doctor", "--kubeconfig", config), diag("rbac", "--check", "--kubeconfig", config)
    scan = diag("scan", "--kubeconfig", config)

    assert (doctor.code, check.code, scan.code) == (3, 3, 3)
    assert "fail  gpu: GET /version: " in doctor.out
    assert ("log in again" in doctor.out) is (kind != "certificate")
    assert "gpu does not say: GET /version: " in check.err
    assert not check.out
