"""A living cluster and a dump of it give the same report."""

import math
from collections import Counter
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from scenarios import SCENARIOS, dump_of, scenario

from diag.api import scan
from diag.collect.live import Live

SPARE = 40  # requests beside one for each 500 objects of a kind


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_cluster_and_its_archive_give_the_same_report(name, serve, diag, tmp_path):
    items, logs = scenario(name)
    server = serve(items, logs=logs)
    archive = tmp_path / "saved.jsonl.gz"

    # Commands name a kubeconfig that was named, which an archive knows nothing of.
    here = {"KUBECONFIG": server.config}

    live = diag("scan", "-o", "json", "--fail-on", "never", env=here)
    asked = len(server.requests)
    saved = diag("snapshot", "save", archive, env=here)
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


@pytest.mark.parametrize("later_s", [61, 300])
def test_a_healthy_cluster_stays_quiet_as_its_clock_goes_on(later_s, serve):
    """A suspended Job names a queue, and Kueue is not installed: nobody says that it should have been admitted."""
    items, logs = scenario("healthy-busy-rollout")
    server = serve(items, logs=logs)
    then = parsedate_to_datetime(server.date) + timedelta(seconds=later_s)
    server.date = format_datetime(then, usegmt=True)

    report = scan(Live(kubeconfig=server.config))

    assert {cause.severity for cause in report.causes} <= {"info"}
    assert report.target.clusters[0].now == then.strftime("%Y-%m-%dT%H:%M:%SZ")
