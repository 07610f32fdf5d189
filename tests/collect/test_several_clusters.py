"""Several contexts: what all say when none can be read, and what one says when others can."""

import logging
import re
import socket
import time

import pytest
import yaml
from scenarios import scenario

from diag.api import scan
from diag.collect.live import Live
from diag.collect.requests import Stop
from diag.errors import ClusterError
from diag.testing.apiserver import Access, ApiServer, Fault, kubeconfig

ITEMS, LOGS = scenario("preempted-two-deployments")
OTHERS, _ = scenario("dra-devices-exhausted")
ALL_READ = re.compile(r"[a-z]+: (\d+) of \1 kinds, .*")


def test_of_several_clusters_that_cannot_be_read_each_is_told(diag, tmp_path):
    config = kubeconfig(tmp_path / "config", {"gone": "http://127.0.0.1:9", "broken": "http://127.0.0.1:9"})
    document = yaml.safe_load(config.read_text())
    document["clusters"][1]["name"] = "another"
    config.write_text(yaml.safe_dump(document))

    ended = diag("scan", "--kubeconfig", config, "--context", "all")

    assert ended.code == 3
    lines = ended.err.splitlines()
    assert "nothing could be read from any of 2 clusters" in lines[0]
    assert len([line for line in lines if "gone" in line and "refused" in line]) == 1
    assert len([line for line in lines if line.startswith("broken cannot be used")]) == 1


def test_a_cluster_that_does_not_answer_is_one_gap_beside_the_others(diag, tmp_path):
    with ApiServer(ITEMS, logs=LOGS) as server:
        config = kubeconfig(tmp_path / "config", {"gpu": server.url, "gone": "http://127.0.0.1:9"})
        ended = diag("scan", "--kubeconfig", config, "--context", "all", "-o", "json")

    assert ended.code == 1
    gaps = [gap for gap in ended.report["gaps"] if gap["cluster"] == "gone"]
    assert [(gap["what"], gap["why"], gap["material"]) for gap in gaps] == [("reach gone", "error", True)]
    assert "SCH101" in gaps[0]["hides"]
    assert {cause["root"]["cluster"] for cause in ended.report["causes"]} == {"gpu"}


def test_contexts_that_could_not_be_read_are_named_before_all_other_gaps(diag, tmp_path):
    config = tmp_path / "config"
    few = Access(cluster=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])
    with (
        ApiServer(ITEMS, logs=LOGS, access=few) as known,
        ApiServer(ITEMS, access=Access(cluster=())) as closed,
        ApiServer(ITEMS, faults=[Fault(code=401, times=10_000)]) as unknown,
    ):
        urls = {"gpu-1": known.url, "gpu-2": known.url, "down": "http://127.0.0.1:9"}
        kubeconfig(config, urls | {"stranger": unknown.url, "denied": closed.url})
        ended = diag("scan", "--kubeconfig", config, "--context", "all", "-o", "table", env={"COLUMNS": "80"})
        whole = diag("scan", "--kubeconfig", config, "--context", "all", "-o", "json")

    told = " ".join(ended.out.split()).split("not checked: ")[1:]
    assert sorted(each.partition(":")[0] for each in told[:3]) == ["reach denied", "reach down", "reach stranger"]
    assert "--context down cluster-info" in " ".join(ended.out.split())
    gaps = [gap for gap in whole.report["gaps"] if gap["cluster"] in ("denied", "stranger", "down")]
    assert len(gaps) == 3
    fixes = {gap["fix"] for gap in whole.report["gaps"] if gap["what"] == "list Node"}
    assert len(fixes) == 2
    assert all(f" --context gpu-{number} auth can-i list nodes" in str(fixes) for number in (1, 2))


def hanging(tmp_path, url, names=("gpu", "hang")):
    """A kubeconfig of one server, in which the login of every context but the first never ends."""
    config = kubeconfig(tmp_path / "config", dict.fromkeys(names, url))
    document = yaml.safe_load(config.read_text())
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sleep", "args": ["60"], "interactiveMode": "Never"
    }  # fmt: skip
    document["users"].append({"name": "hang", "user": {"exec": plugin}})
    for context in document["contexts"][1:]:
        context["context"]["user"] = "hang"
    config.write_text(yaml.safe_dump(document))
    return str(config)


@pytest.mark.parametrize("name", ["hang", "\x1b[31mhang"])
def test_contexts_that_time_did_not_reach_are_gaps_beside_what_was_read(tmp_path, name):
    stop = Stop()
    with ApiServer(ITEMS, logs=LOGS) as server:
        config = hanging(tmp_path, server.url, ("gpu", name, "later"))

        def say(line):  # the first cluster is read: from now on somebody waits for the login of the second
            if stop.until is None and "gpu: " in line:
                stop.until = time.monotonic() + 2

        report = scan(Live(kubeconfig=config, contexts=("all",), stop=stop), progress=say)

    assert {cause.root.cluster for cause in report.causes} == {"gpu"}
    shown = name.replace("\x1b", "\\x1b")
    gaps = {gap.what: gap.why for gap in report.gaps if gap.what.startswith("reach ")}
    assert gaps == {f"reach {shown}": "not-read", "reach later": "not-read"}


@pytest.fixture
def deaf():
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_cluster_that_hangs_takes_nothing_from_the_others(deaf, tmp_path):
    """However the contexts are ordered: the others are read while it is waited for, and it is one gap."""
    for names in (("deaf", "gpu", "later"), ("gpu", "later", "deaf")):
        with ApiServer(ITEMS, logs=LOGS) as one, ApiServer(OTHERS) as other:
            config = str(kubeconfig(tmp_path / "config", {"gpu": one.url, "later": other.url, "deaf": deaf}))
            stop, read = Stop(), set()

            def say(line, stop=stop, read=read):
                read.update(name for name in ("gpu", "later") if ALL_READ.fullmatch(line) and line.startswith(name))
                if len(read) == 2 and stop.until is None:
                    stop.until = time.monotonic() + 0.5

            live = Live(kubeconfig=config, contexts=names, stop=stop, request_timeout_s=600.0)
            report = scan(live, progress=say)
        assert [row.id for row in report.target.clusters] == sorted(names)
        assert {cause.root.cluster for cause in report.causes} == {"gpu", "later"}
        gaps = [(gap.what, gap.why, gap.fix) for gap in report.gaps if gap.cluster == "deaf"]
        assert gaps == [("reach deaf", "not-read", f"kubectl --kubeconfig {config} --context deaf cluster-info")]


def test_a_cluster_that_does_not_answer_costs_one_time_out(deaf, tmp_path):
    config = str(kubeconfig(tmp_path / "config", {"deaf": deaf}))
    began = time.monotonic()

    with pytest.raises(ClusterError, match="no whole answer within 3 s"):
        Live(kubeconfig=config, request_timeout_s=3.0).parts({"Pod"}, str)

    assert time.monotonic() - began < 5.9


def test_a_context_that_does_not_exist_is_told_before_any_is_read(diag, tmp_path):
    with ApiServer(ITEMS, logs=LOGS) as server:
        config = kubeconfig(tmp_path / "config", {"gpu": server.url})
        ended = diag("scan", "--kubeconfig", config, "--context", "gpu", "--context", "gone")

        assert ended.code == 2
        assert "no context is called gone" in ended.err
        assert not server.requests


def test_the_log_of_the_client_is_as_it_was_after_logins_side_by_side(tmp_path):
    before = logging.root.manager.disable
    with ApiServer(ITEMS, logs=LOGS) as server:
        names = [f"gpu-{number}" for number in range(8)]
        config = kubeconfig(tmp_path / "config", dict.fromkeys(names, server.url))
        found, _ = Live(kubeconfig=str(config), contexts=("all",)).gathered({"Pod"}, str)

    assert [each.cluster.context for each in found] == names
    assert logging.root.manager.disable == before


def test_the_doctor_looks_at_each_context_that_is_named(deaf, diag, tmp_path):
    with ApiServer(ITEMS, logs=LOGS) as server:
        config = kubeconfig(tmp_path / "config", {"gpu": server.url, "deaf": deaf, "later": server.url})
        ended = diag("doctor", "--kubeconfig", config, "--context", "all", "--request-timeout", "1s")
        two = diag("doctor", "--kubeconfig", config, "--context", "gpu", "--context", "later")

    assert ended.code == 3
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines if line[6:].startswith(("gpu: ", "deaf: ", "later: "))] == [
        "ok", "fail", "ok"
    ]  # fmt: skip
    assert f"kubectl --kubeconfig {config} --context deaf version" in ended.out
    assert two.code == 0
    assert "gpu rights: all" in two.out
    assert "later rights: all" in two.out


@pytest.mark.parametrize("works", [True, False])
def test_a_proxy_of_the_kubeconfig_is_used(tmp_path, works):
    """A request to an HTTP proxy names the whole address; nobody listens where the cluster is said to be."""
    with ApiServer(ITEMS, logs=LOGS) as server:
        proxy = server.url if works else "http://127.0.0.1:9"
        config = kubeconfig(tmp_path / "config", {"gpu": "http://cluster.invalid"}, cluster={"proxy-url": proxy})
        live = Live(kubeconfig=str(config), request_timeout_s=5.0)
        if works:
            assert scan(live).stats["pods"] == 63
        else:
            with pytest.raises(ClusterError, match=r"(?i)proxy"):
                scan(live)
            assert not server.requests
