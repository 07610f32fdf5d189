"""Servers whose discovery is no discovery, and those that ask to be asked again: told, and never a crash or a wait."""

import msgspec
import pytest
from scenarios import scenario

from diag.api import scan
from diag.collect import kube
from diag.collect.kube import Cluster, ReadOnlyError
from diag.collect.live import Live
from diag.collect.login import Login
from diag.errors import ClusterError
from diag.testing.apiserver import Fault, discovery, handler

ITEMS, LOGS = scenario("preempted-two-deployments")
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
JUNK = {
    "too deep": DEEP,
    "no UTF-8": b'{"kind":"\xff\xfe","x":"\xc3("}',
    "a list": b"[1,2]",
    "other types": b'{"kind":1,"items":{"a":1},"groups":7,"versions":9,"resources":"x","gitVersion":["v1"]}',
}


@pytest.fixture
def answering(monkeypatch, serve):
    """Scans a server that answers these paths with these bytes: the report, and the server."""

    def look(answers, **ways):
        own = handler.Handler._document  # noqa: SLF001  the test server's own

        def document(self, path):
            return ("application/json", answers[path]) if path in answers else own(self, path)

        monkeypatch.setattr(handler.Handler, "_document", document)
        server = serve(ITEMS, logs=LOGS, **ways)
        return scan(Live(kubeconfig=server.config, request_timeout_s=5.0)), server

    return look


@pytest.mark.parametrize("path", ["/version", "/api", "/apis"])
@pytest.mark.parametrize("what", JUNK)
def test_what_is_no_document_is_one_gap_and_the_pods_are_read(answering, path, what):
    report, _ = answering({path: JUNK[what]})

    assert report.stats["pods"] == 63
    told = [gap.what for gap in report.gaps if "version" in gap.what or gap.what.startswith("discover")]
    assert len(told) == 1


@pytest.mark.parametrize("version", [None, {}, "", "../..", "v1/../x", "..", 7])
def test_versions_that_are_none_are_never_asked_for(answering, version):
    group = {"name": "batch", "versions": [{"groupVersion": "batch/v1", "version": version}]}
    groups = msgspec.json.encode({"kind": "APIGroupList", "groups": [group]})

    report, server = answering({"/apis": groups}, aggregated=False)

    assert report.stats["pods"] == 63
    gaps = [gap for gap in report.gaps if gap.what.startswith("discover batch")]
    assert [f"kubectl --kubeconfig {server.config} get apiservices" in gap.fix for gap in gaps] == [True]
    assert gaps[0].hides
    assert not [one.path for one in server.requests if one.path.startswith("/apis/")]


def test_a_resource_that_is_not_named_hides_its_group_and_is_not_absent(answering, monkeypatch):
    monkeypatch.setattr(discovery, "aggregated", lambda *_, core, **__: aggregated(core=core, kind=None))
    report, _ = answering({})

    gaps = {gap.what: gap for gap in report.gaps if gap.what.startswith("discover kueue")}
    assert [*gaps] == ["discover kueue.x-k8s.io/v1beta1"]
    assert not [gap.what for gap in report.gaps if gap.what.startswith("list kueue")]


def aggregated(*, core, kind):
    """An aggregated document of pods and nodes, or of a Workload that says no kind."""

    def resource(plural, kind, scope):
        return {"resource": plural, "responseKind": {"kind": kind}, "scope": scope, "verbs": ["list"]}

    known = [resource("pods", "Pod", "Namespaced"), resource("nodes", "Node", "Cluster")]
    one = {"metadata": {"name": ""}, "versions": [{"version": "v1", "resources": known}]}
    unsaid = [resource("workloads", kind, "Namespaced")]
    other = {"metadata": {"name": "kueue.x-k8s.io"}, "versions": [{"version": "v1beta1", "resources": unsaid}]}
    return msgspec.json.encode({"kind": "APIGroupDiscoveryList", "items": [one if core else other]})


def test_a_stale_group_is_one_gap_with_the_rules_that_it_blinds(serve):
    report = scan(Live(kubeconfig=serve(ITEMS, logs=LOGS, stale=["policy"]).config))

    gaps = [gap for gap in report.gaps if "policy" in gap.what]
    assert [gap.what for gap in gaps] == ["discover policy/v1"]
    assert gaps[0].hides


def test_gaps_of_discovery_name_the_context_that_was_named(serve):
    faults = [Fault(path=path, code=403, times=100) for path in ("/version", "/api", "/apis")]
    server = serve(ITEMS, logs=LOGS, stale=["policy"])
    forbidden = serve(ITEMS, logs=LOGS, faults=faults)
    for one, count in ((server, 1), (forbidden, 3)):
        report = scan(Live(kubeconfig=one.config, contexts=("gpu",)))
        fixes = [gap.fix for gap in report.gaps if "discover" in gap.what or "version" in gap.what]
        assert len(fixes) == count
        assert all(fix.startswith(f"kubectl --kubeconfig {one.config} --context gpu ") for fix in fixes)


@pytest.mark.parametrize("told", ["²", "-1", "1e9", "soon", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_retry_after_that_is_no_number_is_none(serve, told):
    pods = "/api/v1/pods"
    server = serve(ITEMS, logs=LOGS, faults=[Fault(path=pods, code=429, retry_after=told, times=2)])

    report = scan(Live(kubeconfig=server.config))

    assert report.stats["pods"] == 63
    assert len([one for one in server.requests if one.path == pods]) == 3


@pytest.mark.parametrize("path", ["/version", "/api/v1/pods"])
def test_who_asks_for_an_hour_is_not_waited_for(serve, path):
    server = serve(ITEMS, logs=LOGS, faults=[Fault(path=path, code=429, retry_after=3600, times=100)])

    report = scan(Live(kubeconfig=server.config))

    assert [gap.what for gap in report.gaps if "version" in gap.what or "list Pod" in gap.what]
    assert len([one for one in server.requests if one.path == path]) == 1
    assert report.stats["nodes"] == 6


def test_a_server_that_cannot_is_one_error_and_not_asked_for_each_kind(serve):
    server = serve(ITEMS, faults=[Fault(code=503, times=10_000)])

    with pytest.raises(ClusterError, match="503"):
        scan(Live(kubeconfig=server.config))
    assert {one.path for one in server.requests} == {"/version", "/api", "/apis"}


@pytest.mark.parametrize(
    "path",
    ["/api/..", "/apis/../v1", "/apis/../api/v1", "/api/v1/namespaces/../secrets", "/api/v1/namespaces/../pods/x/log",
     "/api/v1/namespaces/ml/pods/../log"],
)  # fmt: skip
def test_no_path_goes_up(serve, path):
    server = serve(ITEMS)
    cluster = Cluster(Login(kubeconfig=server.config))

    with pytest.raises(ReadOnlyError):
        cluster.get(path)
    assert not server.requests
    assert kube.path_of("api", "v1", "namespaces", "ml", "pods") == "/api/v1/namespaces/ml/pods"
