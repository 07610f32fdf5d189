"""`--watch` and `--wait`: what changes is told, from watches and without listing again."""

import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from scenarios import dump_of, scenario

from diag.collect.live import Live
from diag.collect.roles import rules_for
from diag.collect.watching import Watch
from diag.testing.apiserver import Access, Fault

NAME = "preempted-two-deployments"
ITEMS, LOGS = scenario(NAME)
WORKLOADS = {("labs", kind) for kind in ("Pod", "ReplicaSet", "Deployment")}
PODS = re.compile(rb'.{0,50}"kind":"Pod"')
HEALTHY, _ = scenario("healthy-busy-rollout")


def pods_of(parts):
    return {
        bytes(piece.raw).partition(b'"name":"')[2].partition(b'"')[0]
        for part in parts
        for piece in part.items
        if piece.kind == "Pod" or b'"kind":"Pod"' in bytes(piece.raw)[:60]
    }


def named(name):
    pod = next(item for item in ITEMS if item["kind"] == "Pod")
    return {**pod, "metadata": {**pod["metadata"], "name": name, "uid": name}}


def test_changes_come_in_a_batch_and_nothing_is_listed_again(serve):
    server = serve(ITEMS)
    watch = Watch(Live(kubeconfig=server.config))
    before = pods_of(watch.parts({"Pod", "Node"}, str))
    time.sleep(0.3)

    server.store.put(named("comes"))
    server.store.put(named("comes-and-goes"))
    server.store.remove(named("comes-and-goes"))
    after = pods_of(watch.parts({"Pod", "Node"}, str))

    watch.stop.interrupted.set()
    assert {each.decode() for each in after - before} == {"comes"}
    lists = [one for one in server.requests if one.path == "/api/v1/pods" and "watch" not in one.query]
    assert len(lists) == 1


def test_a_watch_that_the_server_forgot_lists_its_kind_again(serve):
    server = serve(ITEMS, faults=[Fault(path="/api/v1/pods", number=2, what="expire")])
    watch = Watch(Live(kubeconfig=server.config))
    watch.parts({"Pod"}, str)
    server.store.put(named("comes"))

    found = watch.parts({"Pod"}, str)
    if b"comes" not in pods_of(found):  # listed anew just before it came: the next watch tells it
        found = watch.parts({"Pod"}, str)

    watch.stop.interrupted.set()
    assert b"comes" in pods_of(found)


def test_a_watch_that_is_refused_says_so_in_the_server_s_words(serve):
    access = Access(cluster=rules_for({"Pod", "Node"})).without("watch", "", "pods")
    watch = Watch(Live(kubeconfig=serve(ITEMS, access=access).config))
    watch.parts({"Pod", "Node"}, str)

    began = time.monotonic()
    watch.parts({"Pod", "Node"}, str)

    watch.stop.interrupted.set()
    assert time.monotonic() - began < 25  # it is news, which is not kept until ages have moved on
    assert watch.lost["gpu"].startswith("refuses a watch (403 pods is forbidden: User")
    assert "{" not in watch.lost["gpu"]


def test_what_is_refused_after_it_was_listed_stays_and_is_a_gap(serve):
    server = serve(ITEMS, faults=[Fault(path="/api/v1/pods", number=2, code=403, times=999)])
    watch = Watch(Live(kubeconfig=server.config))
    before = pods_of(watch.parts({"Pod", "Node"}, str))

    (part,) = watch.parts({"Pod", "Node"}, str)

    watch.stop.interrupted.set()
    assert pods_of([part]) == before
    assert "list Pod" in {problem.what for problem in part.problems}
    assert "Pod" not in {one.kind for one in part.listed}


@pytest.fixture
def started(tmp_path):
    """Starts the program; gives the process."""
    running = []

    def start(*args):
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and words
            [sys.executable, "-m", "diag", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "DIAG_CONFIG_DIR": str(tmp_path / "none"), "XDG_STATE_HOME": str(tmp_path / "state")},
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        for thread in readers:
            thread.join(5)
        for stream in (process.stdout, process.stderr):
            stream.close()


def test_watch_prints_the_first_look_then_what_comes_and_goes_until_ctrl_c(serve, started):
    server = serve(ITEMS, logs=LOGS)
    process = started("scan", "--kubeconfig", server.config, "--watch", "-o", "plain")
    lines = []
    gather(process.stdout, lines)
    wait_for(lambda: any("preempted-by-priority" in line for line in lines))
    assert not [line for line in lines if " gone " in line]

    for app in ("demo-chat", "demo-image"):
        for item in ITEMS:
            meta = item["metadata"]
            if (meta.get("namespace"), item["kind"]) in WORKLOADS and meta["name"].startswith(app):
                server.store.remove(item)
    wait_for(lambda: any(" gone error: preempted-by-priority" in line for line in lines))

    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert "Traceback" not in process.stderr.read()


def test_wait_ends_with_the_first_cause(serve, started):
    server = serve([item for item in ITEMS if item["kind"] != "Event" and item["metadata"].get("namespace") != "labs"])
    process = started("scan", "--kubeconfig", server.config, "--wait", "60s")
    wait_for(lambda: len([one for one in server.requests if one.query.get("watch") == "true"]) > 5)
    time.sleep(1)
    assert process.poll() is None

    for item in ITEMS:
        if item["metadata"].get("namespace") == "labs" or item["kind"] == "Event":
            server.store.put(item)

    out, err = process.communicate(timeout=50)
    assert process.returncode == 1, out + err
    assert "error:" in out


def test_wait_is_over_on_a_healthy_cluster(serve, diag):
    server = serve(HEALTHY)
    began = time.monotonic()

    ended = diag("scan", "--kubeconfig", server.config, "--wait", "2s", "--select", "SCH*")

    assert ended.code == 0
    assert time.monotonic() - began < 25  # and not a batch of 30 s beyond it


def test_ctrl_c_while_reading_prints_what_was_read(serve, started):
    server = serve(ITEMS, faults=[Fault(path="/apis/apps/v1/deployments", what="stall", times=9, seconds=60)])
    process = started("scan", "--kubeconfig", server.config, "-o", "plain")
    wait_for(lambda: any("deployments" in one.path for one in server.requests))
    time.sleep(0.5)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)

    assert process.returncode == 130, err
    assert "preempted" in out
    assert "interrupted: this is what was read by then; missing: " in err
    assert "list apps/Deployment" in err


def test_a_time_out_prints_what_was_read(serve, diag):
    server = serve(ITEMS, faults=[Fault(path="/apis/apps/v1/deployments", what="stall", times=9, seconds=60)])

    ended = diag("scan", "--kubeconfig", server.config, "--timeout", "5s", "-o", "json")

    assert ended.code == 124
    assert ended.report["causes"]
    assert [gap for gap in ended.report["gaps"] if gap["what"] == "list apps/Deployment"]


readers = []


def gather(stream, lines):
    """Collect the lines of a stream beside the test."""
    thread = threading.Thread(target=lambda: lines.extend(stream), daemon=True)
    readers.append(thread)
    thread.start()


def wait_for(happened, seconds=30):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_wait_for_a_subject_ends_when_it_is_well(serve, started):
    name = "deployment/live/translate"
    items = [item for item in ITEMS if item["metadata"]["name"] != "translate" or item["kind"] != "Deployment"]
    deployment = next(
        item for item in ITEMS if item["kind"] == "Deployment" and item["metadata"]["name"] == "translate"
    )
    quiet = [item for item in items if item["kind"] not in ("Event", "Pod")]
    server = serve([*quiet, {**deployment, "status": {"readyReplicas": 1}}])
    process = started("explain", "--kubeconfig", server.config, name, "--wait", "60s")
    wait_for(lambda: len([one for one in server.requests if one.query.get("watch") == "true"]) > 5)
    time.sleep(1)
    assert process.poll() is None

    server.store.put({**deployment, "status": {"replicas": 4, "updatedReplicas": 4, "readyReplicas": 4}})

    out, err = process.communicate(timeout=50)
    assert process.returncode == 0, out + err


def test_a_watch_whose_server_goes_away_says_so(started, tmp_path):
    config = tmp_path / "config"
    server = subprocess.Popen(  # noqa: S603  our own interpreter and words
        [sys.executable, "-m", "diag.testing.apiserver", str(dump_of(NAME)), "--kubeconfig", str(config)]
    )
    wait_for(config.exists)
    process = started("scan", "--kubeconfig", str(config), "--watch")
    out, err = [], []
    gather(process.stdout, out)
    gather(process.stderr, err)
    wait_for(lambda: any("preempted" in line for line in out))

    server.kill()

    wait_for(lambda: any("test does not answer (" in line and "what follows may be old" in line for line in err), 60)
    assert server.wait(5)
