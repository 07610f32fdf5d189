"""A living cluster and a dump of it give the same report."""

import math
from collections import Counter

import pytest
from scenarios import SCENARIOS, dump_of, scenario

SPARE = 40  # requests beside one for each 500 objects of a kind


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_cluster_and_its_archive_give_the_same_report(name, serve, diag, tmp_path):
    items, logs = scenario(name)
    server = serve(items, logs=logs)
    archive = tmp_path / "saved.jsonl.gz"

    live = diag("scan", "--kubeconfig", server.config, "-o", "json", "--fail-on", "never")
    asked = len(server.requests)
    saved = diag("snapshot", "save", archive, "--kubeconfig", server.config)
    offline = diag("scan", "--from", archive, "-o", "json", "--fail-on", "never")

    assert (live.code, saved.code, offline.code) == (0, 0, 0), live.err + saved.err + offline.err
    assert without_source(live.report) == without_source(offline.report)
    counts = Counter((item["apiVersion"], item["kind"]) for item in items)
    assert asked <= sum(math.ceil(count / 500) for count in counts.values()) + SPARE
    assert not [one for one in server.requests if one.method != "GET" or "secrets" in one.path]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_cluster_and_a_plain_dump_of_it_name_the_same_causes(name, serve, diag, tmp_path):
    items, logs = scenario(name)
    server = serve(items, logs=logs)

    live = diag("scan", "--kubeconfig", server.config, "-o", "json", "--fail-on", "never")
    dump = diag("scan", "--from", f"gpu={dump_of(name)}", "-o", "json", "--fail-on", "never")

    assert [told(cause) for cause in live.report["causes"]] == [told(cause) for cause in dump.report["causes"]]


def told(cause):
    return cause["name"], cause["root"], cause["summary"], cause["severity"]


def without_source(report):
    return {**report, "target": {"clusters": [{**one, "source": None} for one in report["target"]["clusters"]]}}
