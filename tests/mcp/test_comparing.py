import os

import msgspec
import pytest
from cluster_objects import node, waiting

from diag import api
from diag.mcp.asking import Room
from diag.mcp.looks import Look, Looks


def dump(path, *items):
    path.write_bytes(msgspec.json.encode({"apiVersion": "v1", "kind": "List", "items": items}))


@pytest.fixture
def room(tmp_path):
    """A room whose look is of a cluster in which a pod waits; before it, there was none. A secret lies beside."""
    saved = tmp_path / "saved"
    saved.mkdir()
    dump(saved / "before.json", node("n1"), node("n2"))
    dump(saved / "after.json", node("n1"), node("n2", offers=4), waiting("big", gpus=16))
    dump(tmp_path / "private.json", node("n1"))
    (saved / "away.json").symlink_to(tmp_path / "private.json")
    (saved / "notes.txt").write_text("no snapshot")
    found = api.examine([saved / "after.json"])
    look = Look(report=found.report, snapshots=found.snapshots, known=lambda: list(found.known()), summary="")
    return Room(looks=Looks(take=lambda: look), folders=(saved,))


@pytest.mark.parametrize("asked", [{"before": "before.json"}, {"before": "before.json", "after": "after.json"}])
def test_what_is_new_and_which_objects_changed(room, ask, asked):
    document = ask(room, ("compare_snapshots", asked)).structured_content
    changed = {(one["object"]["kind"], one["object"]["name"]): one for one in document["objects"]}

    assert [one["root"]["name"] for one in document["new"]] == ["n2"]
    assert len(document["not_seen_before"]) == 1
    assert (document["gone"], document["compared"]) == ([], True)
    assert document["not_compared"] == ["Pod"]  # the first holds none, which says nothing
    assert {field["path"] for field in changed["Node", "n2"]["fields"]} == {'status.allocatable["nvidia.com/gpu"]'}


def test_a_report_that_was_saved_has_no_objects_to_compare(room, ask, tmp_path):
    report = room.looks.latest().report
    (tmp_path / "saved" / "report.json").write_bytes(msgspec.json.encode(report))
    document = ask(room, ("compare_snapshots", {"before": "report.json", "after": "report.json"})).structured_content

    assert (document["compared"], document["objects"], document["new"]) == (False, [], [])
    assert document["same"] == len(report.causes)


@pytest.mark.parametrize(
    "name",
    [
        "../private.json", "away.json", "/etc/passwd", "gone.json", "", ".", "before.json/..", "a\x00b", "x" * 300,
        "before.json/../../private.json", "~/before.json", "-", "mine=before.json",
    ],
)  # fmt: skip
def test_nothing_but_what_was_offered_is_read(room, ask, name):
    answer = ask(room, ("compare_snapshots", {"before": name}))

    assert answer.is_error is True
    assert "no offered snapshot is called" in answer.content[0].text
    assert "after.json, away.json, before.json and notes.txt" in answer.content[0].text.replace(", notes", " and notes")


@pytest.mark.parametrize("name", ["ring", "one", "ring/before.json", "pipe", "dangling", "folder"])
def test_what_cannot_be_read_as_a_file_is_one_clear_error(room, ask, caplog, tmp_path, name):
    saved = tmp_path / "saved"
    for link, to in (("ring", "ring"), ("one", "two"), ("two", "one"), ("dangling", "gone")):
        (saved / link).symlink_to(to)
    os.mkfifo(saved / "pipe")
    (saved / "folder").mkdir()
    asked = [{"before": name}, {"before": "before.json", "after": name}]
    told = [ask(room, ("compare_snapshots", each)).content[0].text for each in asked]

    assert all(f"no offered snapshot is called '{name}'" in each for each in told)
    assert caplog.records == []


def test_a_folder_that_is_a_ring_of_links_offers_nothing(room, ask, tmp_path):
    (tmp_path / "ring").symlink_to("ring")
    answer = ask(Room(looks=room.looks, folders=(tmp_path / "ring",)), ("compare_snapshots", {"before": "x"}))

    assert "there are none" in answer.content[0].text


def test_a_file_that_is_no_snapshot_is_told(room, ask):
    answer = ask(room, ("compare_snapshots", {"before": "notes.txt"}))

    assert answer.is_error is True
    assert "notes.txt" in answer.content[0].text


def test_where_no_folder_is_offered_the_answer_says_how_to(room_of, report_of_sample, ask):
    answer = ask(room_of(report_of_sample), ("compare_snapshots", {"before": "x"}))

    assert "diag mcp --snapshots FOLDER" in answer.content[0].text
