"""The archive: the same report from it, captures behind captures, and no half of one, whatever happens."""

import errno
import fcntl
import gzip
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from diag.api import capture, contents, examine, scan
from diag.errors import DiagError, SnapshotError, UsageError
from diag.findings import Confidence
from diag.report.contents import contents_bytes
from diag.report.look import Look
from diag.snapshot.archive.lines import MANIFEST
from diag.snapshot.archive.write import save
from diag.snapshot.sources import Limits, read
from diag.snapshot.sources.part import Lost

HERE = Path(__file__).parent
TESTS = HERE.parent
CASES = sorted(TESTS.glob("cases/*.expected.json"))
SCENARIOS = sorted(TESTS.glob("real/scenarios/*/objects.json.gz"))


def sources(truth):
    if truth.name == "objects.json.gz":
        return [truth]
    stem = truth.name.removesuffix(".expected.json")
    return [path for path in (truth.parent / f"{stem}.json", truth.parent / f"{stem}.logs.json") if path.exists()]


def report(paths):
    return msgspec.json.encode(scan(paths).to_dict())


def log_list(path, texts):
    """Writes logs of container c by pod, and returns the path."""
    entries = [{"pod": pod, "container": "c", "previous": False, "text": text} for pod, text in texts.items()]
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def pod(name, **meta):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "ml", **meta}}


@pytest.fixture
def dump(tmp_path):
    """Writes objects to a file and returns its path."""

    def made(*items, name="dump.json"):
        path = tmp_path / name
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}), encoding="utf-8")
        return path

    return made


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "a.jsonl.gz"


@pytest.mark.parametrize("truth", [*CASES, *SCENARIOS], ids=lambda truth: f"{truth.parent.name}/{truth.name}"[:60])
def test_a_round_trip_gives_the_same_report_to_the_byte(truth, archive):
    save(archive, capture(sources(truth)).packed)

    assert report([archive]) == report(sources(truth))


@pytest.mark.parametrize("form", ["gzip", "zstd", "plain"])
def test_every_packing_holds_the_same(tmp_path, dump, form):
    if form == "zstd":
        pytest.importorskip("zstandard", reason="zstd is an extra")
    path = tmp_path / "a.jsonl"
    saved = capture([dump(pod("p"))], form=form)
    save(path, saved.packed)

    assert (saved.objects, saved.logs) == (1, 0)
    assert report([path]) == report([dump(pod("p"))])


def test_a_yesterdays_archive_is_read():
    found = scan([HERE / "yesterday-v1.jsonl.gz"])

    assert [cause.name for cause in found.causes] == ["image-not-found"]
    assert found.target.clusters[0].id == "night"


def test_an_archive_of_a_newer_version_is_refused_with_a_sentence(archive):
    archive.write_bytes(gzip.compress(b'{"diag":"manifest","schema":"diag.snapshot/v2"}\n'))

    with pytest.raises(SnapshotError) as refused:
        scan([archive])
    assert "v2" in refused.value.message
    assert refused.value.hint


def test_captures_stand_behind_one_another_and_the_newest_is_read(dump, archive):
    for name in ("one", "two", "three"):
        save(archive, capture([dump(pod(name))]).packed, append=True)

    def held(path):
        return sorted(ref["name"] for ref in names(path))

    assert held(archive) == ["three"]
    assert held(f"{archive}@1") == ["one"]
    assert held(f"{archive}@-2") == ["two"]
    for wrong in ("4", "-4"):
        with pytest.raises(SnapshotError, match="3 captures"):
            scan([f"{archive}@{wrong}"])


def names(path):
    from diag.api import examine  # noqa: PLC0415

    return [{"name": ref.name} for ref in examine([path]).known()]


def test_appending_changes_no_byte_of_what_was_there(dump, archive):
    save(archive, capture([dump(pod("one"))]).packed)
    before = archive.read_bytes()
    save(archive, capture([dump(pod("two"))]).packed, append=True)

    assert archive.read_bytes().startswith(before)


def test_no_secret_goes_into_an_archive(dump, archive):
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "ml"},
        "data": {"k": "c2VjcmV0"},
    }
    save(archive, capture([dump(secret, pod("p"))], form="plain").packed)

    assert b"c2VjcmV0" not in archive.read_bytes()
    assert b'"name":"p"' in archive.read_bytes()


def test_managed_fields_say_who_and_when_and_no_more(dump):
    entry = {"manager": "argocd", "operation": "Apply", "time": "2026-11-01T00:00:00Z", "apiVersion": "v1",
             "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}, "subresource": "status"}  # fmt: skip
    text = capture([dump(pod("p", managedFields=[entry, 7], annotations={"n": "1.0"}))], form="plain").packed
    line = next(json.loads(line) for line in text.splitlines() if b'"kind":"Pod"' in line)

    kept = {key: entry[key] for key in ("manager", "operation", "time", "subresource")}
    assert line["metadata"]["managedFields"] == [kept, 7]


def test_items_of_a_typed_list_keep_their_kind(tmp_path, archive):
    path = tmp_path / "pods.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "p"}}]}))
    save(archive, capture([path]).packed)
    plain = tmp_path / "plain.json"
    save(plain, capture([path], form="json").packed)

    assert names(archive) == names(plain) == [{"name": "p"}]


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_of_an_archive_that_breaks_off_the_rest_is_used_and_the_end_is_a_gap(dump, archive, cut):
    whole = capture([dump(*(pod(f"p{number}") for number in range(2000)))]).packed
    archive.write_bytes(whole[: int(len(whole) * cut)])
    found = scan([archive])

    assert 0 < found.stats["pods"] < 2000
    assert [gap.why for gap in found.gaps if gap.why == "truncated"] == ["truncated"]


def test_a_bad_line_costs_no_other(dump, archive):
    lines = capture([dump(pod("a"), pod("b"))], form="plain").packed.splitlines()
    at = next(number for number, line in enumerate(lines) if b'"name":"a"' in line)
    lines[at] = lines[at][:-3]
    archive.write_bytes(b"\n".join(lines))
    found = scan([archive])

    assert found.stats["pods"] == 1
    assert any("a line of" in gap.what and gap.why == "unreadable" for gap in found.gaps)


def test_lines_that_are_missing_are_a_gap(dump, archive):
    lines = capture([dump(pod("a"), pod("b"))], form="plain").packed.splitlines()
    archive.write_bytes(b"\n".join(line for line in lines if b'"name":"a"' not in line))

    assert any(gap.why == "truncated" for gap in scan([archive]).gaps)


@pytest.mark.parametrize("append", [False, True])
def test_a_full_disk_leaves_the_old_file_as_it_was(dump, archive, monkeypatch, append):
    save(archive, capture([dump(pod("one"))]).packed)
    before = archive.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiagError, match="No space left"):
        save(archive, capture([dump(pod("two"))]).packed, append=append)
    assert archive.read_bytes() == before
    assert [path.name for path in archive.parent.iterdir() if path.name.startswith(".")] == []


def test_two_writers_that_append_at_once_lose_nothing(dump, archive):
    frames = [capture([dump(pod(f"p{number}"))]).packed for number in range(12)]
    save(archive, frames[0])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda frame: save(archive, frame, append=True), frames[1:]))

    text = gzip.decompress(archive.read_bytes())
    assert text.count(MANIFEST) == len(frames)
    assert sorted(re.findall(rb'"name":"(p\d+)"', text)) == sorted(f"p{n}".encode() for n in range(12))


@pytest.mark.parametrize("links", [True, False])
def test_two_that_write_a_first_capture_at_once_lose_nothing(dump, archive, monkeypatch, links):
    frames = [capture([dump(pod(f"p{number}"))]).packed for number in range(12)]
    if not links:  # a file system without hard links
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "no links")))
        frames = frames[:1]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda frame: save(archive, frame, append=True), frames))

    assert gzip.decompress(archive.read_bytes()).count(MANIFEST) == len(frames)
    assert [path.name for path in archive.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (lambda _: b"my notes\n", "is no archive"),
        (lambda _: gzip.compress(b"my notes\n"), "is no archive"),
        (lambda frame: frame[:-20], "breaks off (the gzip file breaks off)"),
        (lambda frame: frame + frame[:-20], "breaks off (the gzip file breaks off)"),
        (lambda frame: frame[:60] + b"\0" * 40 + frame[100:], "breaks off (the gzip file is damaged"),
        (lambda frame: frame + b"notes", "breaks off (what follows the gzip data is something else)"),
        (lambda frame: gzip.compress(gzip.decompress(frame).rpartition(b'{"diag":"end"')[0]), "has no end"),
        (gzip.decompress, "is packed as plain, and its name says gzip"),
    ],
)
def test_nothing_is_appended_to_what_could_not_be_read_with_it(dump, archive, there, said):
    frame = capture([dump(pod("a"))]).packed
    archive.write_bytes(there(frame))
    before = archive.read_bytes()

    with pytest.raises(UsageError) as refused:
        save(archive, frame, append=True)
    assert said in refused.value.message
    assert "nothing was changed; " in refused.value.hint
    assert archive.read_bytes() == before


def test_a_plain_archive_whose_last_line_has_no_end_is_not_appended_to(dump, tmp_path):
    path = tmp_path / "a.jsonl"
    frame = capture([dump(pod("a"))], form="plain").packed
    path.write_bytes(frame.rstrip(b"\n"))

    with pytest.raises(UsageError, match="its last line has no end"):
        save(path, frame, append=True)


def test_a_capture_is_added_to_an_empty_file_and_behind_padding(dump, archive):
    archive.touch()
    frame = capture([dump(pod("a"))]).packed
    save(archive, frame, append=True)
    archive.write_bytes(archive.read_bytes() + b"\0" * 5000)
    save(archive, frame, append=True)

    assert read(str(archive))[0].captures == 2


def test_who_waits_for_a_file_that_makes_way_writes_into_the_new_one(dump, archive):
    frame = capture([dump(pod("a"))]).packed
    save(archive, frame)
    with archive.open("r+b") as held:
        fcntl.flock(held.fileno(), fcntl.LOCK_EX)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(save, archive, frame, append=True)
            save(archive, capture([dump(pod("b"))]).packed)
            fcntl.flock(held.fileno(), fcntl.LOCK_UN)
            waiting.result()

    assert gzip.decompress(archive.read_bytes()).count(b'"name":"b"') == 1
    assert read(str(archive))[0].captures == 2


def test_an_archive_holds_one_cluster(dump):
    with pytest.raises(UsageError, match="several"):
        capture([f"a={dump(pod('a'), name='a.json')}", f"b={dump(pod('b'), name='b.json')}"])


def test_the_name_of_the_cluster_is_kept(dump, archive):
    save(archive, capture([f"prod={dump(pod('a'))}"]).packed)

    assert scan([archive]).target.clusters[0].id == "prod"
    assert scan([f"other={archive}"]).target.clusters[0].id == "other"


def test_the_same_capture_gives_the_same_bytes(dump):
    path = dump(pod("a"))

    assert capture([path]).packed == capture([path]).packed


def test_an_archive_within_a_folder_is_one_of_its_files(dump, tmp_path):
    (tmp_path / "in").mkdir()
    save(tmp_path / "in/a.jsonl.gz", capture([dump(pod("a"))]).packed)

    assert names(tmp_path / "in") == [{"name": "a"}]


def test_a_capture_of_what_is_no_archive_is_refused(dump):
    with pytest.raises(SnapshotError, match="no archive"):
        scan([f"{dump(pod('a'))}@2"])


def test_what_could_not_be_read_is_not_absent_after_a_round_trip(dump, archive):
    path = dump(pod("a"), pod("b"))
    path.write_text(path.read_text().replace('"b"', '"b", "x": "\\ud800"', 1))
    save(archive, capture([path]).packed)

    for found in (examine([path]).snapshots[0], examine([archive]).snapshots[0]):
        assert found.lost == (Lost(kind="Pod", namespace="ml", name="b"),)
        assert found.lacks("Pod", "ml", "b") is None
        assert found.lacks("Pod", "ml", "c") is Confidence.LIKELY


# A complete list in an archive: a bad line, lines that are missing, and no end.
@pytest.mark.parametrize(
    ("broken", "coverage"),
    [
        (lambda lines: lines, "complete"),
        (lambda lines: [*lines[:2], lines[2][:-2], *lines[3:]], "damaged"),
        (lambda lines: [*lines[:2], *lines[3:]], "damaged"),
        (lambda lines: lines[:-1], "damaged"),
    ],
)
def test_what_a_damaged_archive_lists_is_not_complete(dump, archive, broken, coverage):
    manifest, part, *rest = capture([dump(pod("a"), pod("b"))], form="plain").packed.splitlines()
    listed = part.replace(b'"listed":[]', b'"listed":[{"kind":"Pod","namespaces":null}]')
    archive.write_bytes(b"\n".join(broken([manifest, listed, *rest])))

    snap = examine([archive]).snapshots[0]
    assert snap.coverage("Pod", "ml") == coverage


def test_permissions_and_the_key_of_pseudonyms_are_kept_and_shown(dump, archive, tmp_path):
    manifest, *rest = capture([dump(pod("a"))], form="plain").packed.splitlines()
    head = json.loads(manifest)
    assert (head["permissions"], head["redaction_key"]) == (None, None)
    head |= {"permissions": [{"kind": "Pod", "namespaces": None}, {"kind": "Node", "namespaces": []},
                             {"kind": "Event", "namespaces": ["ml"]}], "redaction_key": "abc123"}  # fmt: skip
    archive.write_bytes(b"\n".join([json.dumps(head, separators=(",", ":")).encode(), *rest]))
    again = tmp_path / "again.jsonl.gz"
    save(again, capture([archive]).packed)

    for path in (archive, again):
        row = contents([path]).clusters[0]
        assert row.redaction_key == "abc123"
        assert {one.kind: one.namespaces for one in row.permissions} == {"Pod": None, "Node": [], "Event": ["ml"]}
        text = contents_bytes(contents([path]), "plain", Look(width=None)).decode()
        assert "Permissions: could list 1 kind; Event only in ml; was refused Node" in text
        assert "abc123" in text


def test_a_yesterdays_archive_tells_of_no_permissions_and_no_key():
    row = contents([HERE / "yesterday-v1.jsonl.gz"]).clusters[0]

    assert row.permissions is None
    assert row.redaction_key is None


def test_logs_of_a_log_list_count_twice_as_they_are_held_beside_their_lines(tmp_path):
    logs = log_list(tmp_path / "logs.json", {"ml/a": "x" * 100_000})

    assert [len(one.text) for part in read(str(logs), limits=Limits(bytes=205_000)) for one in part.logs] == [100_000]
    with pytest.raises(SnapshotError, match="bytes when expanded") as refused:
        read(str(logs), limits=Limits(bytes=150_000))
    assert "--max-bytes" in refused.value.hint


def test_a_time_of_capture_that_is_none_is_named(archive):
    archive.write_text(
        '{"diag":"manifest","schema":"diag.snapshot/v1","tool":"t","captured_at":"banana"}\n'
        '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"ml"}}\n'
        '{"diag":"end","objects":1,"logs":0}\n'
    )
    (part,) = read(str(archive))

    assert ["'banana' is no time" in problem.what for problem in part.problems] == [True]


@pytest.mark.parametrize("append", [False, True])
def test_a_link_that_is_saved_to_stays_a_link(dump, archive, append):
    link, frame = archive.with_name("link.jsonl.gz"), capture([dump(pod("a"))]).packed
    save(archive, frame)
    link.symlink_to(archive)
    save(link, frame * 3, append=append)

    assert link.is_symlink()
    assert archive.stat().st_size == len(frame) * (3 + append)
