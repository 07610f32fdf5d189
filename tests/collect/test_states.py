"""What `rbac --check` and `doctor` say of servers that are not there, half there, or take somebody for nobody."""

import base64

import pytest
from certificates import certificates
from cluster_objects import node, pod

from diag.catalog.inputs import kinds_read
from diag.catalog.registry import load as load_rules
from diag.collect import certificate
from diag.collect.live import Live
from diag.collect.requests import Stop
from diag.collect.roles import rules_for
from diag.errors import ClusterError
from diag.testing.apiserver import Access, ApiServer, Fault, kubeconfig

ITEMS = [node("gpu-1"), pod("runs", "gpu-1")]
ALL = rules_for(kinds_read(load_rules(third_party=False)))
POD_READER = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}


@pytest.fixture
def several(tmp_path):
    """A kubeconfig with a cluster that is fine, one where nobody listens, and one that never answers."""
    stalls = [Fault(what="stall", times=10_000)]
    with ApiServer(ITEMS, access=Access(cluster=ALL)) as fine, ApiServer(ITEMS, faults=stalls) as hung:
        yield kubeconfig(tmp_path / "config", {"dead": "http://127.0.0.1:9", "hung": hung.url, "fine": fine.url})


def test_the_check_goes_on_behind_a_cluster_that_does_not_answer(several, diag):
    ended = diag("rbac", "--check", "--kubeconfig", several, "--context", "all", "--request-timeout", "300ms")

    assert ended.code == 3
    assert "fine: " in ended.out
    assert " 0 denied" in ended.out
    assert "diag: dead does not say: GET /version: Failed to establish" in ended.err
    assert "diag: hung does not say: GET /version: no whole answer within 0.3 s" in ended.err


def test_the_doctor_tells_which_contexts_it_leaves_out(several, diag):
    plain = diag("doctor", "--kubeconfig", several, "--request-timeout", "300ms")
    every = diag("doctor", "--kubeconfig", several, "--request-timeout", "300ms", "--context", "all")

    assert (plain.code, every.code) == (3, 3)
    assert "diag doctor --context all" in plain.out
    assert "nobody listens at the address" in plain.out
    assert "fine rights" not in plain.out
    assert "diag doctor --context all" not in every.out
    assert "fail  hung: GET /version: no whole answer within 0.3 s" in every.out
    assert "ok    fine rights: all" in every.out


def test_the_check_asks_about_each_namespace_that_is_named(serve, diag):
    server = serve(ITEMS, access=Access(cluster=(), namespaced={"ml": [POD_READER]}))

    ended = diag("rbac", "--check", "-n", "ml", "-n", "labs", "--kubeconfig", server.config)

    first, _, second = ended.out.partition("in namespace ml")
    assert "denied   list pods\n" not in first
    assert "denied   list pods\n" in second
    assert second.endswith("in namespace labs\n")


def test_a_version_that_may_not_be_read_is_no_fault(serve, diag):
    server = serve(ITEMS, access=Access(cluster=ALL), faults=[Fault(path="/version", code=403, times=99)])

    assert diag("doctor", "--kubeconfig", server.config).code == 0
    assert diag("rbac", "--check", "--kubeconfig", server.config).code == 0


def test_a_server_that_takes_one_for_nobody_is_told(serve, diag):
    server = serve(ITEMS, access=Access(user="system:anonymous", cluster=ALL))

    ended = diag("doctor", "--kubeconfig", server.config)

    assert "warn  gpu: answers, and takes you for nobody (system:anonymous)\n      give this context cred" in ended.out


def data(folder, name):
    return base64.b64encode((folder / f"{name}.pem").read_bytes()).decode()


@pytest.mark.parametrize(
    ("key", "authority", "means"),
    [
        ("server-key", "ca", "`client-key` of this user does not belong to its `client-certificate`"),
        ("ca", "ca", "holds no PEM"),
        ("client-key", "client-key", "`certificate-authority` of this cluster holds no certificate"),
        ("client-key", "other", "`certificate-authority` is not the server's, or a proxy opens what is sent"),
    ],
)
def test_certificates_that_do_not_fit_are_told_at_once(serve, tmp_path, key, authority, means):
    (tmp_path / "other").mkdir()
    certificates(tmp_path / "other")
    tls = certificates(tmp_path)
    (tmp_path / "other.pem").write_bytes((tmp_path / "other/ca.pem").read_bytes())
    user = {"client-certificate-data": data(tmp_path, "client"), "client-key-data": data(tmp_path, key)}
    server = serve(ITEMS, tls=tls, user=user, cluster={"certificate-authority-data": data(tmp_path, authority)})

    with pytest.raises(ClusterError) as caught:
        Live(kubeconfig=server.config).parts({"Pod"}, str)

    assert means in caught.value.hint
    assert server.requests == []


def ran_out(folder):
    """What a kubeconfig says of a user whose client certificate has run out."""
    return {"client-certificate": str(folder / "expired.pem"), "client-key": str(folder / "expired-key.pem")}


def test_a_client_certificate_that_has_run_out_is_told_where_the_handshake_fails(serve, diag, tmp_path):
    tls = certificates(tmp_path)
    server = serve(ITEMS, tls=tls, user=ran_out(tmp_path), cluster={"certificate-authority": str(tmp_path / "ca.pem")})

    for command in (["scan"], ["rbac", "--check"], ["doctor"]):
        ended = diag(*command, "--kubeconfig", server.config)
        assert ended.code == 3
        assert "the client certificate of this user ran out on 2020-01-31" in ended.out + ended.err, command
    assert server.requests == []


def test_a_client_certificate_that_has_run_out_is_told_where_nobody_is_known_by_it(serve, diag, tmp_path):
    """As a kube-apiserver does: the handshake goes well, and the answer is 401."""
    server = serve(
        ITEMS, tls=certificates(tmp_path, verify=False), user=ran_out(tmp_path), token="another",  # noqa: S106
        cluster={"certificate-authority": str(tmp_path / "ca.pem")},
    )  # fmt: skip

    for command in (["scan"], ["doctor"]):
        ended = diag(*command, "--kubeconfig", server.config)
        assert ended.code == 3
        assert "the client certificate of this user ran out on 2020-01-31: log in again" in ended.out + ended.err


@pytest.mark.parametrize(
    ("name", "text"), [("client", ""), ("expired", "2020-01-31"), ("expired-key", ""), ("nowhere", "")]
)
def test_when_a_certificate_ran_out_is_read_of_itself(tmp_path, name, text):
    certificates(tmp_path)
    (tmp_path / "cut.pem").write_bytes((tmp_path / "expired.pem").read_bytes()[:200])

    assert certificate.ran_out(str(tmp_path / f"{name}.pem")) == text
    assert certificate.ran_out(str(tmp_path / "cut.pem")) == certificate.ran_out(None) == ""


def test_what_waits_for_its_turn_at_ctrl_c_was_not_read(serve):
    server = serve(ITEMS, faults=[Fault(path="/api/v1/pods", code=429, retry_after=20, times=9)])
    live = Live(kubeconfig=server.config)

    def say(text):
        if text.startswith("gpu: 1 of 2"):
            live.stop.interrupted.set()

    (part,) = live.parts({"Pod", "Node"}, say)

    (problem,) = part.problems
    assert (problem.what, problem.why) == ("list Pod", "not-read")
    assert "429" in problem.detail
    assert "interrupted" in problem.detail


def test_a_cluster_that_time_ended_before_it_had_answered_is_one_gap(several):
    live = Live(kubeconfig=str(several), contexts=("all",), request_timeout_s=60, stop=Stop())

    def say(text):
        if text.startswith("fine: 1 of 1"):
            live.stop.interrupted.set()

    parts = {part.path: part for part in live.parts({"Pod"}, say)}

    assert [problem.what for problem in parts["hung"].problems] == ["reach hung"]
    assert [problem.what for problem in parts["dead"].problems] == ["reach dead"]
    assert parts["fine"].items


def test_several_clusters_are_not_read_for_one_archive(several, diag, tmp_path):
    with_all = ("--kubeconfig", several, "--context", "all", "--request-timeout", "60s")

    ended = diag("snapshot", "save", tmp_path / "all.jsonl", *with_all, timeout=20)

    assert (ended.code, "here are several: dead, hung, fine" in ended.err) == (2, True)
