"""A bundle of mostly logs is opened within a bound of memory that is far below what it holds."""

import pytest
from layouts.large import run, scan, write_archive, write_bundle

from diag.snapshot.sources import read

MIB = 1024**2


@pytest.mark.slow
def test_logs_are_listed_and_only_the_wanted_one_is_read(tmp_path):
    path = tmp_path / "bundle"
    logs = write_bundle(path, 400 * MIB, one_log=40 * MIB)
    report, _, peak = scan(path, 300 * MIB)
    (cause,) = report["causes"]
    assert logs == 10
    assert (cause["name"], cause["root"]["name"]) == ("cuda-out-of-memory", "p9")
    assert peak < 150 * MIB
    gaps = [gap for gap in report["gaps"] if gap["why"] == "truncated"]
    assert [gap["what"] for gap in gaps] == ["read the logs of ml/p9"]
    assert not any(gap["material"] for gap in gaps)


@pytest.mark.slow
def test_an_archive_holds_the_places_of_its_logs_and_reads_the_wanted_one(tmp_path):
    path = tmp_path / "archive.jsonl.gz"
    logs = write_archive(path, 400 * MIB, one_log=4 * MIB)
    report, _, peak = scan(path, 300 * MIB)
    (cause,) = report["causes"]
    assert logs == 100
    assert (cause["name"], cause["root"]["name"]) == ("cuda-out-of-memory", "p99")
    assert peak < 150 * MIB


@pytest.mark.slow
def test_what_many_logs_say_is_held_once_and_not_line_by_line(tmp_path):
    path = tmp_path / "bundle"
    write_bundle(path, 32 * MIB, one_log=MIB, crashing=32)
    report, _, peak = scan(path, 400 * MIB)
    assert len(report["causes"]) == 32
    assert peak < 160 * MIB


@pytest.mark.slow
def test_logs_that_are_wanted_and_go_beyond_the_limit_are_a_gap_that_names_the_flag(tmp_path):
    path = tmp_path / "bundle"
    write_bundle(path, 32 * MIB, one_log=MIB, crashing=32)
    report, _, peak = scan(path, 300 * MIB, "--max-bytes", "4Mi")
    (gap,) = [gap for gap in report["gaps"] if gap["why"] == "truncated"]
    said = sum(cause["name"] == "cuda-out-of-memory" for cause in report["causes"])
    assert len(report["causes"]) == 32
    assert 2 < said < 12
    assert gap["what"].startswith("read the logs of ")
    assert gap["what"].endswith(f"and {32 - said - 5} more")
    assert "--max-bytes" in gap["fix"]
    assert peak < 100 * MIB


@pytest.mark.slow
@pytest.mark.parametrize("command", ["convert", "redact"])
def test_what_rewrites_an_archive_holds_one_of_its_logs_at_a_time(command, tmp_path):
    path, to = tmp_path / "archive.jsonl.gz", tmp_path / "to.jsonl.gz"
    logs = write_archive(path, 32 * MIB, one_log=MIB)
    key = ["--key", str(tmp_path / "key")] if command == "redact" else []
    _, peak = run(["snapshot", command, "-q", str(path), str(to), *key], 200 * MIB)
    assert sum(part.offered for part in read(str(to))) == logs == 32
    assert peak < 85 * MIB
