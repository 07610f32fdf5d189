"""Logs that are in a bundle and are not read for a limit: called cut off, with the flag that lifts it."""

import json

import pytest

from diag.api import capture, scan
from diag.snapshot.archive.write import save
from diag.snapshot.sources.part import Limits
from diag.views.coverage import gap_lines

LINE = "2026-11-27T05:00:00.000000000Z hello\n"


def crashing(name):
    ended = {"terminated": {"exitCode": 1, "finishedAt": "2026-11-27T05:50:00Z"}}
    status = {"name": "c", "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": ended}
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "ml", "uid": name},
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i"}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }  # fmt: skip


@pytest.fixture
def must_gather(tmp_path):
    space = tmp_path / "namespaces/ml"
    (space / "core").mkdir(parents=True)
    pods = {"apiVersion": "v1", "kind": "PodList", "items": [crashing("a"), crashing("b"), crashing("c")]}
    (space / "core/pods.yaml").write_text(json.dumps(pods))
    for name in "ab":  # of c there is no log at all
        logs = space / f"pods/{name}/c/c/logs"
        logs.mkdir(parents=True)
        (logs / "previous.log").write_text(LINE * 3000)
    return tmp_path


def of_logs(report):
    return {gap.what: gap for gap in report.gaps if gap.what.startswith("read the logs of ")}


def test_a_log_that_is_there_and_goes_beyond_the_limit_is_not_called_missing(must_gather):
    found = of_logs(scan([must_gather], limits=Limits(bytes=10_000)))

    cut, missing = found["read the logs of ml/a, ml/b"], found["read the logs of ml/c"]
    assert (cut.why, missing.why) == ("truncated", "not-collected")
    assert "--max-bytes" in cut.fix
    assert "SRV105" in cut.hides
    assert cut.material
    assert missing.material


def test_within_the_limit_only_the_log_that_is_not_there_is_missing(must_gather):
    assert list(of_logs(scan([must_gather]))) == ["read the logs of ml/c"]


def test_the_same_holds_of_an_archive(must_gather, tmp_path):
    path = tmp_path / "a.jsonl.gz"
    save(path, capture([must_gather]).packed)
    limits = Limits(bytes=45_000)  # a log has to fit in twice

    cut = of_logs(scan([path], limits=limits))["read the logs of ml/b"]
    assert cut.why == "truncated"
    assert "--max-bytes" in cut.fix
    assert list(of_logs(scan([path]))) == ["read the logs of ml/c"]


def test_an_archive_that_was_saved_within_the_limit_says_so_ever_after(must_gather, tmp_path):
    path, limits = tmp_path / "a.jsonl.gz", Limits(bytes=10_000)
    save(path, capture([must_gather], limits=limits).packed)

    assert of_logs(scan([path])) == of_logs(scan([must_gather], limits=limits))


def test_of_many_pods_the_first_are_named_and_none_is_lost(must_gather, tmp_path):
    names = [f"p{number}" for number in range(7)]
    pods = {"apiVersion": "v1", "kind": "PodList", "items": [*map(crashing, names), crashing("c")]}
    (must_gather / "namespaces/ml/core/pods.yaml").write_text(json.dumps(pods))
    for name in names:
        logs = must_gather / f"namespaces/ml/pods/{name}/c/c/logs"
        logs.mkdir(parents=True)
        (logs / "previous.log").write_text(LINE * 3000)
    path, limits = tmp_path / "a.jsonl.gz", Limits(bytes=10_000)
    save(path, capture([must_gather], limits=limits).packed)

    saved = scan([path])
    cut, missing = (
        of_logs(saved)["read the logs of ml/p0, ml/p1, ml/p2, ml/p3, ml/p4 and 2 more"],
        "read the logs of ml/c",
    )
    assert cut.pods == [f"ml/{name}" for name in names]
    assert list(of_logs(saved)) == [cut.what, missing]
    (line,) = [line for line in gap_lines(saved, every_pod=True) if line.what.endswith("ml/p5, ml/p6")]
    assert [one.unnamed for one in gap_lines(saved) if one.pods == line.pods] == [True]
    assert not line.unnamed
