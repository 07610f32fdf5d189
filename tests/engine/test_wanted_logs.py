"""Logs that a source only offers: read when a rule asks, once, within the limit, never of a pod that has not run."""

from dataclasses import dataclass, field

import pytest

from diag.causes.examine import Choice, examine
from diag.causes.wanted import MAX_LOGS
from diag.snapshot.load import load
from diag.snapshot.sources import LogText, Problem

TRACE = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.15 GiB"
)


@dataclass
class Store:
    """Offers every log that it has, and notes what it is asked for."""

    texts: dict
    asked: list = field(default_factory=list)

    def offers(self, key):
        return key in self.texts

    def fetch(self, keys):
        self.asked.append(list(keys))
        for pod, container, previous in keys:
            text = self.texts[pod, container, previous]
            if text is None:
                yield Problem(what=f"read the log of {pod}", why="forbidden", detail="no", fix="ask")
            else:
                yield LogText(pod=pod, container=container, previous=previous, text=text)


def crashing(cluster, name):
    pod = cluster.pod(name, 1, node="n")
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": cluster.LONG_AGO}}
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}
    container = pod["spec"]["containers"][0]["name"]
    status = {"name": container, "restartCount": 9, "ready": False, "state": waiting, "lastState": ended}
    pod["status"] = {"phase": "Running", "containerStatuses": [{**status, "image": "x", "imageID": ""}]}
    return pod, (f"ml/{name}", container, True)


def examined(cluster, store, *items):
    return examine(load([cluster.part(items, store=store)], now=cluster.NOW), Choice(), lambda _: None)


def test_a_log_that_is_offered_says_the_same_as_one_that_is_in_the_dump(cluster):
    pod, key = crashing(cluster, "a")
    log = {"pod": key[0], "container": key[1], "previous": True, "text": TRACE}
    inside = examine(load([cluster.part([pod], logs=[log])], now=cluster.NOW), Choice(), lambda _: None)
    offered = examined(cluster, Store({key: TRACE}), pod)

    assert "GiB" in str(inside.report.evidence)
    assert offered.report == inside.report


def test_only_what_a_rule_asks_for_is_read_and_only_once(cluster):
    pod, key = crashing(cluster, "a")
    store = Store({key: TRACE, ("ml/healthy", "main", False): "fine"})
    examined(cluster, store, pod, cluster.pod("healthy", 1, node="n"))

    assert store.asked == [[key]]


def test_a_pod_that_never_ran_has_no_log(cluster):
    store = Store({("ml/p", "main", previous): TRACE for previous in (True, False)})
    examined(cluster, store, cluster.pod("p", 1))

    assert store.asked == []


def test_a_log_that_cannot_be_read_is_a_gap(cluster):
    pod, key = crashing(cluster, "a")
    report = examined(cluster, Store({key: None}), pod).report

    assert ("read the log of ml/a", "forbidden") in [(gap.what, gap.why) for gap in report.gaps]


@pytest.mark.parametrize("extra", [0, 1])
def test_beyond_the_limit_logs_are_left_and_named(cluster, extra):
    pods, keys = zip(*(crashing(cluster, f"p{number:03}") for number in range(MAX_LOGS + extra)), strict=True)
    for number, pod in enumerate(pods):  # each a workload of its own, so that each is asked for
        pod["metadata"].pop("ownerReferences", None)
        pod["spec"]["containers"][0]["image"] = f"image-{number}"
    store = Store(dict.fromkeys(keys, TRACE))
    report = examined(cluster, store, *pods).report

    assert sum(map(len, store.asked)) <= MAX_LOGS
    left = [gap.what for gap in report.gaps if "a scan reads" in gap.fix]
    assert bool(left) == bool(extra)
