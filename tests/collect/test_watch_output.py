"""What `--watch` prints behind the first look: in each format, shared, and to a reader that goes away."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from cluster_objects import node, pod, waiting

from diag.testing.apiserver import ApiServer, kubeconfig

WELL = [node("gpu-1", gpus=1), node("gpu-2", gpus=1), pod("runs", "gpu-1", gpus=1)]
SICK = waiting("waits", gpus=4)


@pytest.fixture
def watched(tmp_path):
    """Runs `diag scan --watch` while a pod comes that finds no room, and gives what was printed, once `enough`."""
    running = []

    def watch(*words, enough):
        with ApiServer(WELL) as server:
            config = kubeconfig(tmp_path / "config", {"gpu": server.url})
            out, err = tmp_path / "out", tmp_path / "err"
            with out.open("wb") as first, err.open("wb") as second:
                process = subprocess.Popen(  # noqa: S603  our own interpreter and words
                    [sys.executable, "-m", "diag", "scan", "--kubeconfig", config, "--watch", *words],
                    stdout=first, stderr=second, stdin=subprocess.DEVNULL,
                    env={**os.environ, "DIAG_CONFIG_DIR": str(tmp_path / "none"), "XDG_STATE_HOME": str(tmp_path),
                         "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
                )  # fmt: skip
            running.append(process)
            until(lambda: out.stat().st_size and any("watch" in one.query for one in server.requests))
            server.store.put(SICK)
            until(lambda: enough(out.read_text(), err.read_text()))
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130, err.read_text()
            return out.read_text(), err.read_text()

    yield watch
    for process in running:
        process.kill()
        process.wait()


def until(happened):
    end = time.monotonic() + 40
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_json_lines_stay_json_lines(watched):
    out, _ = watched("-o", "jsonl", enough=lambda out, _: '"change"' in out)

    records = [json.loads(line) for line in out.splitlines()]
    assert records[0]["type"] == "report"
    (change,) = [one for one in records if one["type"] == "change"]
    assert (change["change"], change["cause"]["root"]["name"]) == ("new", "waits")


def test_one_document_stays_one(watched):
    out, err = watched("-o", "json", enough=lambda _, err: " new " in err)

    assert json.loads(out)["causes"] == []
    assert " new error: " in err


def test_what_comes_is_shared_without_its_names(watched):
    out, err = watched("-o", "plain", "--share", enough=lambda out, _: " new " in out)

    assert " new error: " in out
    assert "waits" not in out + err


def test_who_reads_no_more_ends_it(tmp_path):
    with ApiServer([*WELL, SICK]) as server:
        config = kubeconfig(tmp_path / "config", {"gpu": server.url})
        process = subprocess.Popen(  # noqa: S603  our own interpreter and words
            [sys.executable, "-m", "diag", "scan", "--kubeconfig", config, "--watch"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        process.stdout.close()
        try:
            assert process.wait(30) == 1
            assert process.stderr.read() == b""
        finally:
            process.kill()
            process.stderr.close()
