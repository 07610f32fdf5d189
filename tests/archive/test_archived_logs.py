"""Logs of an archive: their places are held and not their texts, and only those that a rule asks for are read."""

import json
import random
import tracemalloc

import pytest

from diag.api import capture
from diag.errors import SnapshotError
from diag.snapshot.archive.logs import stored_logs
from diag.snapshot.archive.write import save
from diag.snapshot.load import load
from diag.snapshot.sources import Limits, read
from diag.snapshot.sources.part import LogText, Problem

MB = 1_000_000
LOGS = 20
FORMS = ["plain", "gzip"]


@pytest.fixture
def write(tmp_path):
    """Saves a pod and logs of its container c, by their pods, as one capture; returns the path."""

    def made(texts, *, form="plain", append=False):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "ml"}}
        entries = [{"pod": name, "container": "c", "previous": False, "text": text} for name, text in texts]
        (tmp_path / "pod.json").write_text(json.dumps(pod))
        (tmp_path / "logs.json").write_text(json.dumps(entries))
        path = tmp_path / "a.jsonl"
        save(path, capture([tmp_path / "pod.json", tmp_path / "logs.json"], form=form).packed, append=append)
        return path

    return made


def store(path, **limits):
    return next(part.store for part in read(str(path), limits=Limits(**limits)) if part.store)


def key(pod):
    return pod, "c", False


def many():
    return [(f"ml/p{number}", random.Random(number).randbytes(MB // 2).hex()) for number in range(LOGS)]


@pytest.mark.parametrize("form", FORMS)
def test_of_many_logs_only_the_one_that_is_asked_for_is_held(write, form):
    path = write(many(), form=form)

    expected = dict(many())["ml/p7"]
    tracemalloc.start()
    logs = store(path, bytes=3 * MB)
    (found,) = logs.fetch([key("ml/p7")])
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == LogText(pod="ml/p7", container="c", previous=False, text=expected)
    assert held < 2 * MB
    assert peak < 10 * MB


def test_how_many_logs_there_are_is_known_before_one_is_read(write):
    parts = read(str(write(many())))

    assert (sum(part.offered for part in parts), [part.logs for part in parts]) == (LOGS, [[], []])
    (snap,) = load(parts)
    assert all(snap.logs.has_any(f"ml/p{number}") for number in range(LOGS))
    assert not snap.logs.has_any("ml/p")


def test_logs_that_are_asked_for_count_for_the_limit(write):
    logs = store(write(many()), bytes=3 * MB)

    (first,) = logs.fetch([key("ml/p1")])
    (problem,) = logs.fetch([key(f"ml/p{number}") for number in range(LOGS)])
    assert isinstance(first, LogText)
    assert isinstance(problem, Problem)
    assert "3,000,000 bytes" in problem.detail


def test_a_log_that_alone_is_beyond_the_limit_is_refused(write):
    with pytest.raises(SnapshotError, match="bytes when expanded") as refused:
        store(write([("ml/p", "x" * 2 * MB)]), bytes=MB)
    assert "--max-bytes" in refused.value.hint


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("number", "text"), [("@1", "old"), ("", "new")])
def test_each_capture_has_its_own_logs(write, form, number, text):
    write([("ml/p", "old")], form=form)
    path = write([("ml/p", "new")], form=form, append=True)

    assert [one.text for one in store(f"{path}{number}").fetch([key("ml/p")])] == [text]


def test_of_two_copies_of_a_log_the_longer_one_is_read_and_of_equals_the_greater_text(write):
    path = write([("ml/p", "long"), ("ml/p", "short"[:3]), ("ml/q", "aa"), ("ml/q", "bb"), ("ml/q", "ab")])

    found = store(path).fetch([key("ml/p"), key("ml/q")])
    assert {one.pod: one.text for one in found} == {"ml/p": "long", "ml/q": "bb"}


def test_a_file_that_was_written_anew_meanwhile_is_named_and_no_log_of_another_is_told(write):
    logs = store(write([("ml/p", "mine"), ("ml/q", "its")]))
    write([("ml/q", "mine"), ("ml/p", "its")])

    (problem,) = logs.fetch([key("ml/p")])
    assert (problem.why, "has changed since it was read" in problem.detail) == ("error", True)


def test_whoever_writes_all_logs_gets_all(write, tmp_path):
    path = write(many())

    assert [(log.pod, log.text) for part in read(str(path)) for log in stored_logs(part)] == many()
    again = tmp_path / "again.jsonl"
    save(again, capture([path], form="plain").packed)
    assert sum(part.offered for part in read(str(again))) == LOGS
