"""Exchanges of a real API server, through the real client; and the same shapes from the test server."""

from pathlib import Path
from urllib.parse import unquote_plus

import msgspec
import pytest
import urllib3
import vcr
import yaml
from scenarios import scenario

from diag.collect.discovery import discover
from diag.collect.kube import Cluster, path_of
from diag.collect.login import Login
from diag.collect.requests import FailedError, Stop, ask
from diag.testing.apiserver import Access, kubeconfig

RECORDINGS = Path(__file__).parent / "recordings"
ITEMS, _ = scenario("preempted-two-deployments")


@pytest.fixture
def real(tmp_path):
    """A cluster that answers with a recording."""
    config = kubeconfig(
        tmp_path / "config", {"real": "https://127.0.0.1:6443"}, cluster={"insecure-skip-tls-verify": True}
    )

    def replayed(name):
        place = next(RECORDINGS.glob(f"{name}-*.yaml"))
        match = ["method", "scheme", "host", "port", "path", "query"]
        return vcr.VCR(record_mode="none", match_on=match).use_cassette(str(place)), Cluster(
            Login(kubeconfig=str(config))
        )

    return replayed


def exchanges(name):
    """(path, query, status, content type, body) of a recording."""
    place = next(RECORDINGS.glob(f"{name}-*.yaml"))
    for one in yaml.load(place.read_text(), Loader=yaml.CSafeLoader)["interactions"]:
        if one["request"]["method"] == "GET":
            path, _, query = one["request"]["uri"].removeprefix("https://127.0.0.1:6443").partition("?")
            headers = one["response"]["headers"]
            form = headers.get("Content-Type", [""])[0]
            yield (
                path,
                dict(pair.split("=", 1) for pair in query.split("&") if pair),
                one["response"]["status"]["code"],
                form,
                one["response"]["body"]["string"],
            )


@pytest.mark.parametrize("recording", ["02", "03"])
def test_discovery_of_a_real_server_is_understood_both_ways(real, recording):
    tape, cluster = real(recording)
    with tape:
        found = discover(cluster, {"Pod", "apps/Deployment", "batch/Job", "kueue.x-k8s.io/Workload"})

    workloads = found.kinds["kueue.x-k8s.io/Workload"]
    assert (workloads.version, workloads.plural, workloads.namespaced) == ("v1beta2", "workloads", True)
    assert found.kinds["Pod"].path("ml") == "/api/v1/namespaces/ml/pods"
    assert not found.kinds["kueue.x-k8s.io/ClusterQueue"].namespaced
    assert "Secret" not in found.kinds
    assert found.absent("kueue.x-k8s.io/Nonsense")
    assert not found.absent("nosuch.example.com/Thing")


def test_a_real_refusal_is_told_with_the_servers_words(real):
    tape, cluster = real("10")
    with tape, pytest.raises(FailedError, match=r'403 pods is forbidden: User "dana@example\.com" cannot list') as told:
        ask(cluster, "/api/v1/pods", {"limit": "50"})
    assert told.value.why == "forbidden"


def test_a_real_flood_is_plain_text_and_names_its_pause(real, monkeypatch):
    path, query, *_ = next(exchanges("17"))
    tape, cluster = real("17")
    pauses = []
    monkeypatch.setattr(Stop, "wait", lambda _, seconds: pauses.append(seconds) or False)
    with tape, pytest.raises(FailedError, match="429 Too many requests"):
        ask(cluster, path, query)
    assert pauses
    assert pauses[0] >= 1


def test_a_real_expired_token_brings_the_one_that_goes_on(real):
    tape, cluster = real("19")
    gone = next(one for one in exchanges("19") if one[2] == 410 and "continue" in one[1])
    with tape:
        ask(cluster, gone[0], next(exchanges("19"))[1])
        with pytest.raises(FailedError) as told:
            ask(cluster, gone[0], {key: value.replace("%3D", "=") for key, value in gone[1].items()})
    assert told.value.status == 410
    assert told.value.token


def test_real_logs_and_their_refusals(real):
    tape, cluster = real("14")
    path = path_of("api", "v1", "namespaces", "logs", "pods", "web-0", "log")
    with tape:
        assert b"CUDA out of memory" in ask(cluster, path).body
        with pytest.raises(FailedError, match="previous terminated container"):
            ask(cluster, path, {"previous": "true"})


SAME = [
    (path, query, status, form, body)
    for name in ("10", "12")
    for path, query, status, form, body in exchanges(name)
    if status in (400, 403, 404)
    and "limit=abc" not in path
    and "log" not in path
    and "table" not in str(query)
    and "nosuch.example.com" not in path
    and "customresource" not in path
]


@pytest.mark.parametrize(("path", "query", "status", "form", "body"), SAME, ids=lambda value: str(value)[:40])
def test_the_test_server_refuses_as_the_real_one_did(serve, path, query, status, form, body):
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    access = Access(cluster=(), namespaced={"team-a": []}) if status == 403 else Access(cluster=rules)
    kueue = [
        {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": kind, "metadata": {"name": "x"} | space}
        for kind, space in (("Workload", {"namespace": "team-a"}), ("ClusterQueue", {}))
    ]
    server = serve([*ITEMS, *kueue], access=access)
    asked = {key: _unquoted(value) for key, value in query.items()}

    answer = _raw(server, path, asked)

    assert answer.status == status
    assert answer.headers["Content-Type"].partition(";")[0] == form.partition(";")[0]
    if form.startswith("application/json"):
        ours, theirs = msgspec.json.decode(answer.data), msgspec.json.decode(body.encode())
        if "continue key" not in theirs["message"]:
            assert ours == theirs
        assert {key: type(value) for key, value in ours.items()} == {key: type(value) for key, value in theirs.items()}


def _raw(server, path, query):
    return urllib3.PoolManager().request("GET", server.url + path, fields=query)


def _unquoted(text):
    return unquote_plus(text)
