"""A fault at any request leaves a report with what else was read, and says what is missing."""

import re
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from scenarios import scenario

from diag.api import scan
from diag.catalog.inputs import kinds_read
from diag.catalog.registry import load as load_rules
from diag.collect.kube import Cluster
from diag.collect.live import Live
from diag.collect.login import Login
from diag.collect.pool import THREADS
from diag.errors import ClusterError, EndedError
from diag.testing.apiserver import ApiServer, Fault, kubeconfig

NAME = "preempted-two-deployments"
ITEMS, LOGS = scenario(NAME)
PODS = "/api/v1/pods"
READ = kinds_read(load_rules(third_party=False))
LASTING = 1000  # times: longer than anybody tries


@pytest.fixture
def look(serve, monkeypatch):
    """Scans a server with these faults: the report, and the server."""

    def run(*faults, timeout=5.0, **ways):
        with ExitStack() as ending:
            ending.push(server := serve(ITEMS, logs=LOGS, faults=faults, **ways))
            monkeypatch.setenv("KUBECONFIG", server.config)  # which commands do not name, as they name a flag
            return scan(Live(request_timeout_s=timeout)), server

    return run


def gaps(report):
    return [(gap.what, gap.why) for gap in report.gaps]


@pytest.fixture(scope="module")
def clean():
    """The report of a scan without faults, and every path that it asks for, once."""
    with (
        ApiServer(ITEMS, logs=LOGS) as server,
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("KUBECONFIG", str(kubeconfig(Path(folder) / "config", {"gpu": server.url})))
        report = scan(Live())
    return report, list(dict.fromkeys(request.path for request in server.requests))


FAULTS = [
    *(Fault(what="code", code=code, times=LASTING) for code in (400, 403, 404, 406, 410, 500, 503)),
    *(Fault(what=what, times=LASTING) for what in ("reset", "truncate", "garbage", "html")),
]


@pytest.mark.parametrize(
    "fault", FAULTS, ids=lambda fault: fault.what + (str(fault.code) if fault.what == "code" else "")
)
@pytest.mark.parametrize("path", ["/version", "/api", "/apis", PODS, "/api/v1/nodes", "/apis/apps/v1/deployments"])
def test_what_lasts_is_one_gap_and_the_rest_is_read(look, fault, path):
    report, server = look(replace(fault, path=path))

    others = {"/version": "server's version", "/api": "discover /api", "/apis": "discover /apis"}
    meant = (
        others.get(path)
        or f"list {dict.fromkeys([PODS], 'Pod').get(path) or ('Node' if 'nodes' in path else 'apps/Deployment')}"
    )
    assert [what for what, _ in gaps(report) if meant in what], gaps(report)
    if path != PODS:
        assert report.stats["pods"] == 63
    assert len(server.requests) < 80


@pytest.mark.parametrize("name", ["healthy-busy-rollout", "dra-devices-exhausted", "statefulset-rollout-stuck"])
def test_whatever_fails_for_good_is_told_and_blames_nobody_else(name, serve):
    """Each request of a collection in turn, with one fault after the other; logs may be missing without a word."""
    items, logs = scenario(name)
    clean_server = serve(items, logs=logs)
    clean = scan(Live(kubeconfig=clean_server.config))
    troubled = {one.name for cause in clean.causes for one in (cause.root, *cause.lineage)}
    troubled |= {one.name for found in clean.findings for one in (found.subject, *found.members)}
    # A ReplicaSet stands for the Deployment that cannot be listed.
    troubled |= {
        item["metadata"]["name"]
        for item in items
        if troubled.intersection(owner["name"] for owner in item["metadata"].get("ownerReferences", ()))
    }
    asked = dict.fromkeys(request.path for request in clean_server.requests if not request.path.endswith("/log"))
    for number, path in enumerate(asked):
        fault = replace(FAULTS[number % len(FAULTS)], path=path)
        with ExitStack() as ending:
            ending.push(server := serve(items, logs=logs, faults=[fault]))
            report = scan(Live(kubeconfig=server.config, request_timeout_s=5.0))
        assert {*gaps(report)} - {*gaps(clean)}, fault
        severe = {cause.root.name for cause in report.causes if cause.severity != "info"}
        assert severe <= troubled, fault


def test_a_gap_tells_one_failure_from_another(look):
    report, _ = look(
        Fault(path=PODS, code=429, retry_after=99, text="too many requests"),
        Fault(path="/api/v1/nodes", code=302),
        Fault(path="/api/v1/events", what="reset", times=LASTING),
        Fault(path="/apis/apps/v1/deployments", what="truncate", times=LASTING),
    )

    said = {gap.what: gap.detail for gap in report.gaps}
    assert said["list Pod"] == "GET /api/v1/pods: 429 too many requests"
    assert said["list Node"].startswith("GET /api/v1/nodes: 302 ")
    assert said["list Event"] == "GET /api/v1/events: Connection reset by peer"
    assert re.fullmatch(
        r"GET /apis/apps/v1/deployments: Connection broken: IncompleteRead\([^()]*\)", said["list apps/Deployment"]
    )


@pytest.mark.parametrize("share", range(2))
@pytest.mark.parametrize("fault", [Fault(what="reset"), Fault(code=500), Fault(what="garbage")])
def test_each_request_in_turn_may_fail_once_without_a_trace(look, clean, fault, share):
    whole, paths = clean
    for path in paths[share::2]:
        if fault.what == "garbage" and ("/log" in path or path in ("/version", "/api", "/apis")):
            continue  # what is no JSON there is said; of a list it is asked for again
        report, _ = look(replace(fault, path=path))
        assert report.to_dict()["causes"] == whole.to_dict()["causes"], path
        assert gaps(report) == gaps(whole), path


def test_a_login_page_is_no_log(serve):
    clean = serve(ITEMS, logs=LOGS)
    scan(Live(kubeconfig=clean.config))
    path = next(one.path for one in clean.requests if one.path.endswith("/log"))
    _, namespace, _, pod, _ = path.rsplit("/", 4)
    server = serve(ITEMS, logs=LOGS, faults=[Fault(path=path, what="html", times=LASTING)])

    report = scan(Live(kubeconfig=server.config))

    assert [(gap.what, gap.why) for gap in report.gaps] == [(f"read the logs of {namespace}/{pod}", "unreadable")]
    assert "Sign in" not in str(report.to_dict())


def test_logs_that_time_did_not_reach_are_told(serve):
    server = serve(ITEMS, logs=LOGS)
    live = Live(kubeconfig=server.config)

    def say(text):
        if text.startswith("reading "):
            live.stop.interrupted.set()

    report = scan(live, progress=say)

    assert [(gap.what[:18], gap.why) for gap in report.gaps] == [("read the logs of l", "not-read")]


def test_a_flood_is_waited_out_as_the_server_asks(look):
    report, server = look(Fault(path=PODS, code=429, retry_after=1, times=2))

    assert report.stats["pods"] == 63
    assert len([one for one in server.requests if one.path == PODS]) == 3


def test_what_took_all_the_time_is_told(serve):
    server = serve(ITEMS, faults=[Fault(code=429, retry_after=2, times=LASTING)])
    live = Live(kubeconfig=server.config)
    Cluster(Login(kubeconfig=server.config))  # loads the client
    live.stop.until = time.monotonic() + 1

    with pytest.raises(EndedError, match=r"timeout before anything was read: gpu: .*GET /\S*: 429 Too many requests"):
        live.parts(READ, str)


def test_a_server_that_stalls_costs_one_time_out(look):
    began = time.monotonic()
    report, _ = look(Fault(path=PODS, what="stall", times=LASTING), timeout=1.0)

    assert time.monotonic() - began < 20
    assert ("list Pod", "timeout") in gaps(report)
    assert report.stats["nodes"] == 6


def test_a_server_that_answers_no_list_is_not_waited_for_kind_by_kind(serve):
    stalls = Fault(number=4, what="stall", times=LASTING, seconds=60)  # behind version and discovery

    server = serve(ITEMS, faults=[stalls])

    with pytest.raises(ClusterError, match="GET /api/v1/pods: no whole answer within 1 s"):
        Live(kubeconfig=server.config, request_timeout_s=1.0).parts(READ, str)

    assert len(server.requests) <= 3 + 2 * THREADS


def test_lists_that_get_no_answer_beside_one_that_does_are_each_asked_for(serve):
    kinds = ("pods", "events", "nodes", "namespaces", "configmaps", "endpoints", "limitranges", "services")
    stalls = [Fault(path=f"/api/v1/{kind}", what="stall", times=LASTING, seconds=60) for kind in kinds]
    server = serve(ITEMS, faults=stalls)

    (part,) = Live(kubeconfig=server.config, request_timeout_s=1.0).parts(READ, str)

    asked = {one.path.rpartition("/")[2] for one in server.requests}
    assert {"pods", "deployments", "storageclasses"} <= asked
    assert len([one for one in part.problems if "no whole answer" in one.detail]) == len(kinds)


def test_a_history_that_is_compacted_between_pages_is_listed_again(serve):
    pods = [item for item in ITEMS if item["kind"] == "Pod"]
    many = [
        {**pods[0], "metadata": {**pods[0]["metadata"], "name": f"more-{number:04}", "uid": f"u{number}"}}
        for number in range(1200)
    ]
    server = serve([*ITEMS, *many], faults=[Fault(path=PODS, number=2, what="expire")])

    report = scan(Live(kubeconfig=server.config))

    assert report.stats["pods"] == 63 + 1200
    assert not [what for what, _ in gaps(report) if "Pod" in what]


def test_a_history_that_is_always_compacted_is_read_with_a_gap(serve):
    pods = [item for item in ITEMS if item["kind"] == "Pod"]
    many = [
        {**pods[0], "metadata": {**pods[0]["metadata"], "name": f"more-{number:04}", "uid": f"u{number}"}}
        for number in range(1200)
    ]
    expire = [Fault(path=PODS, number=number, what="expire") for number in (2, 2, 2, 2)]
    server = serve([*ITEMS, *many], faults=expire)

    report = scan(Live(kubeconfig=server.config))

    assert report.stats["pods"] == 63 + 1200
    assert ("list Pod", "truncated") in gaps(report)


def test_a_server_that_goes_away_leaves_what_was_read(look):
    report, _ = look(Fault(number=12, what="gone", times=LASTING), timeout=2.0)

    assert report.stats["pods"] == 63
    assert len(gaps(report)) > 10


def test_a_token_that_ran_out_is_fetched_once_more(look):
    report, server = look(Fault(path=PODS, code=401))

    assert report.stats["pods"] == 63
    assert len([one for one in server.requests if one.path == PODS]) == 2


def test_a_token_that_stays_refused_is_told(look):
    with pytest.raises(ClusterError, match="does not know who you are"):
        look(token="another")  # noqa: S106  no secret


def test_an_older_server_without_aggregated_discovery_gives_the_same(look):
    new, _ = look()
    old, _ = look(aggregated=False)

    assert old.to_dict()["causes"] == new.to_dict()["causes"]
    assert gaps(old) == gaps(new)


def test_a_group_whose_server_is_down_is_one_gap(look):
    report, _ = look(stale=["policy"])

    assert [what for what, _ in gaps(report) if "policy" in what][:1] == ["discover policy/v1"]


def test_a_refused_connection_is_no_time_out(tmp_path):
    config = kubeconfig(tmp_path / "config", {"gone": "http://127.0.0.1:9"})

    with pytest.raises(ClusterError, match=r"(?i)refused"):
        scan(Live(kubeconfig=str(config), request_timeout_s=5.0))
