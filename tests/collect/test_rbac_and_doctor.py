"""`diag rbac` and `diag doctor` say the truth of every state of a server."""

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import yaml
from scenarios import scenario

from diag.catalog.inputs import kinds_read
from diag.catalog.registry import load as load_rules
from diag.collect.roles import rules_for
from diag.testing.apiserver import Access, ApiServer, Fault, kubeconfig

ITEMS, _ = scenario("preempted-two-deployments")
ALL = rules_for(kinds_read(load_rules(third_party=False)))
POD_READER = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@pytest.mark.parametrize(
    ("ahead", "says"), [(0, ""), (210, r"3 hours (29|30) minutes ahead of"), (-210, r"3 hours 3\d minutes behind")]
)
def test_the_doctor_tells_clocks_that_are_far_apart(serve, diag, ahead, says):
    server = serve(ITEMS[:1])
    server.date = format_datetime(datetime.now(UTC) + timedelta(minutes=ahead), usegmt=True)

    out = diag("doctor", "--kubeconfig", server.config).out

    assert bool(re.search(rf"warn  gpu clock: {says}", out)) is bool(says)
    assert ("gpu clock" in out) is bool(says)


def test_the_role_reads_and_names_everything(diag):
    role = yaml.safe_load(diag("rbac").out)

    assert role["kind"] == "ClusterRole"
    words = [word for rule in role["rules"] for word in (*rule["resources"], *rule["verbs"], *rule["apiGroups"])]
    assert not {"*", "secrets", "nodes/proxy", "pods/exec", "create", "update", "patch", "delete"}.intersection(words)
    assert {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]} in role["rules"]


def test_a_role_for_namespaces_leaves_out_what_has_none(diag):
    first, second = yaml.safe_load_all(diag("rbac", "--role", "-n", "ml", "-n", "team-a").out)

    assert [one["metadata"]["namespace"] for one in (first, second)] == ["ml", "team-a"]
    assert '"nodes"' not in json.dumps(first)
    assert '"clusterqueues"' not in json.dumps(first)
    assert '"pods"' in json.dumps(first)
    assert diag("rbac", "--role").code == 2


def test_every_line_of_the_role_is_used_by_a_collection(serve, diag):
    server = serve(ITEMS, access=Access(cluster=ALL))

    ended = diag("scan", "--kubeconfig", server.config, "-o", "json", "--fail-on", "never")

    assert not [gap for gap in ended.report["gaps"] if gap["why"] == "forbidden"]


@pytest.mark.parametrize(
    ("access", "code", "says"),
    [
        (Access(cluster=ALL), 0, " 0 denied"),
        (Access(cluster=ALL).without("list", "", "pods"), 1, "denied   list pods"),
        (Access(cluster=ALL).without("get", "", "pods/log"), 1, "denied   get pods/log"),
        (Access(cluster=()), 1, "denied   list nodes"),
    ],
)
def test_the_check_tells_each_right_that_is_missing(serve, diag, access, code, says):
    server = serve(ITEMS, access=access)

    ended = diag("rbac", "--check", "--kubeconfig", server.config)

    assert (ended.code, says in ended.out) == (code, True), ended.out + ended.err
    asked = [one for one in server.requests if one.method == "POST"]
    assert all(one.path.endswith("selfsubjectaccessreviews") for one in asked)
    assert ended.out.count("denied   ") == ended.out.count("\n") - 1


def test_the_check_in_a_namespace_asks_for_that(serve, diag):
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    server = serve(ITEMS, access=Access(cluster=(), namespaced={"labs": rules}))

    assert "denied   list pods\n" in diag("rbac", "--check", "--kubeconfig", server.config).out
    assert "denied   list pods\n" not in diag("rbac", "--check", "-n", "labs", "--kubeconfig", server.config).out


def test_the_check_in_a_namespace_asks_about_nodes_in_the_cluster(serve, diag):
    rules = [{"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["list"]}]
    server = serve(ITEMS, access=Access(cluster=(), namespaced={"labs": rules}))

    ended = diag("rbac", "--check", "-n", "labs", "--kubeconfig", server.config)

    assert "denied   list nodes\n" in ended.out
    assert "denied   list pods\n" not in ended.out


def test_the_doctor_looks_at_each_context(diag, tmp_path):
    with ApiServer(ITEMS) as server:
        config = kubeconfig(tmp_path / "config", {"gone": "http://127.0.0.1:9", "gpu": server.url})
        ended = diag("doctor", "--kubeconfig", config, "--context", "all")

    assert ended.code == 3
    assert "fail  gone: " in ended.out
    assert "ok    gpu rights: all" in ended.out


@pytest.mark.parametrize(
    ("ways", "code", "says"),
    [
        ({"access": Access(cluster=ALL)}, 0, "ok    gpu rights: all"),
        (
            {"access": Access(cluster=ALL).without("list", "", "nodes")},
            0,
            " are missing in the whole cluster: list nodes\n",
        ),
        ({"access": Access(cluster=())}, 3, "are missing in the whole cluster"),
        ({"access": Access(cluster=())}, 3, "fail  gpu rights in default: neither pods nor events there"),
        (
            {"access": Access(cluster=(), namespaced={"labs": [POD_READER]}), "namespace": "labs"},
            0,
            "ok    gpu rights in labs: 1 of ",
        ),
        (
            {"faults": [Fault(path=REVIEW, what="html", times=100)]},
            0,
            "warn  gpu rights: the server does not say which",
        ),
        ({"faults": [Fault(path=REVIEW, code=500, times=100)]}, 0, "warn  gpu rights: the server does not say which"),
        ({"faults": [Fault(what="html", times=100)]}, 3, "fail  gpu: GET /version: a page for people"),
        ({"token": "another"}, 3, "log in again"),
        ({"faults": [Fault(what="gone", times=100)]}, 3, " --context gpu version"),
        ({"stale": ["policy"]}, 0, " get apiservices"),
    ],
)
def test_the_doctor_tells_each_state(serve, diag, ways, code, says):
    server = serve(ITEMS, **ways)

    ended = diag("doctor", "--kubeconfig", server.config)

    assert ended.code == code, ended.out + ended.err
    assert says in ended.out
    assert "Traceback" not in ended.err


def test_without_a_cluster_each_command_says_what_to_do(diag):
    for command in (["scan"], ["explain"], ["rbac", "--check"], ["doctor"]):
        ended = diag(*command)
        assert ended.code == 3, command
        assert "no kubeconfig is here" in ended.err + ended.out
        assert "--from" in ended.err + ended.out


def test_a_context_that_does_not_exist_is_a_slip(serve, diag):
    server = serve(ITEMS)

    ended = diag("scan", "--kubeconfig", server.config, "--context", "prod")

    assert ended.code == 2
    assert "no context is called prod" in ended.err
    assert "gpu" in ended.err


def test_a_dump_and_a_cluster_exclude_each_other(serve, diag):
    assert diag("scan", "--demo", "--context", "prod").code == 2


def test_fit_looks_at_the_cluster_too(serve, diag):
    server = serve(ITEMS)

    ended = diag("fit", "--gpus", "1", "--kubeconfig", server.config)

    assert ended.code in (0, 1)
    assert ended.out
    assert diag("fit", "--gpus", "1").code == 3


def test_fit_without_the_right_to_list_nodes_says_so(serve, diag):
    server = serve(ITEMS, access=Access(cluster=ALL).without("list", "", "nodes"))

    ended = diag("fit", "--gpus", "1", "--kubeconfig", server.config)

    assert ended.code == 3
    assert "nowhere to try: GET /api/v1/nodes: 403 nodes is forbidden" in ended.err
    assert "ask for the right to list nodes (diag rbac)" in ended.err
