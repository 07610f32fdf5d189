"""Which moments there are captures from, where sources hold several of one cluster."""

import gzip
import json
from pathlib import Path

import pytest

from diag.snapshot.sources.captured import captured
from diag.snapshot.sources.moments import moments
from diag.snapshot.sources.part import Limits


def capture(at, *, cluster="prod", namespaces=None, objects=1):
    """The lines of one capture."""
    held = [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"n{each}"}} for each in range(objects)]
    lines = [
        {"diag": "manifest", "schema": "diag.snapshot/v1", "tool": "diag", "cluster": cluster, "captured_at": at},
        {"diag": "part", "path": "p", "listed": [{"kind": "Node", "namespaces": namespaces}]},
        *held,
        {"diag": "end", "objects": objects, "logs": 0},
    ]
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()


@pytest.fixture
def archive(tmp_path):
    def written(name, *captures, pack=gzip.compress):
        path = tmp_path / name
        path.write_bytes(b"".join(map(pack, captures)))
        return str(path)

    return written


def sources_of(found):
    return [each.sources for each in found]


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_appended_captures_are_one_moment_each(archive, pack):
    path = archive("week.jsonl", capture("2026-11-26T09:00:00Z"), capture("2026-11-26T10:00:00Z"), pack=pack)

    found, at = moments([path], Limits())

    assert [each.at for each in found] == ["2026-11-26T09:00:00Z", "2026-11-26T10:00:00Z"]
    assert sources_of(found) == [(f"{path}@1",), (f"{path}@2",)]
    assert at == 1
    assert moments([f"{path}@1"], Limits())[1] == 0
    assert moments([f"{path}@-2"], Limits())[1] == 0


def test_one_capture_is_nothing_to_step_through(archive):
    path = archive("one.jsonl.gz", capture("2026-11-26T09:00:00Z"))

    assert moments([path], Limits()) == ([], 0)


def test_files_of_one_cluster_stand_in_the_order_of_time_and_what_is_no_archive_stays(archive, tmp_path):
    late = archive("b.jsonl.gz", capture("2026-11-26T10:00:00Z"))
    early = archive("a.jsonl.gz", capture("2026-11-26T09:00:00Z"))
    logs = tmp_path / "logs.json"
    logs.write_text("[]")

    found, at = moments([late, str(logs), early], Limits())

    assert sources_of(found) == [(str(logs), f"{early}@1"), (f"{late}@1", str(logs))]
    assert at == 1


def test_files_that_hold_other_namespaces_belong_together(archive):
    one = archive("a.jsonl.gz", capture("2026-11-26T09:00:00Z", namespaces=["a"]))
    other = archive("b.jsonl.gz", capture("2026-11-26T10:00:00Z", namespaces=["b"]))

    assert moments([one, other], Limits()) == ([], 0)


def test_files_of_which_one_does_not_say_from_when_it_is_belong_together(archive):
    one, other = archive("a.jsonl.gz", capture(None)), archive("b.jsonl.gz", capture("2026-11-26T10:00:00Z"))

    assert moments([one, other], Limits()) == ([], 0)


def test_of_several_clusters_each_stands_as_it_was_last_seen_by_then(archive):
    prod = archive("prod.jsonl.gz", capture("2026-11-26T09:00:00Z"), capture("2026-11-26T11:00:00Z"))
    dev = archive("dev.jsonl.gz", capture("2026-11-26T10:00:00Z", cluster="dev"))

    found, _ = moments([prod, f"dev={dev}"], Limits())

    assert sources_of(found) == [(f"{prod}@1", f"dev={dev}@1"), (f"{prod}@2", f"dev={dev}@1")]
    assert [each.at[11:13] for each in found] == ["10", "11"]
    assert moments([dev, archive("x.jsonl.gz", capture("2026-11-26T09:00:00Z"))], Limits()) == ([], 0)


def test_a_manifest_that_cannot_be_read_costs_no_other_capture(archive):
    path = archive("week.jsonl.gz", b'{"diag":"manifest","schema":7}\n', capture("2026-11-26T10:00:00Z"))

    assert [one.at for one in captured(Path(path), Limits())] == ["", "2026-11-26T10:00:00Z"]


def test_captures_are_told_apart_in_a_line_of_memory(archive):
    big = capture("2026-11-26T10:00:00Z", objects=200)
    path = archive("week.jsonl.gz", *[big] * 5)

    assert len(captured(Path(path), Limits(bytes=max(map(len, big.split(b"\n")))))) == 5
