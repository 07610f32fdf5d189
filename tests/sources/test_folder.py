import pytest

from diag.errors import SnapshotError
from diag.snapshot.sources import Limits, read

from .conftest import names, pod


def test_a_folder_gives_a_part_per_file_in_sorted_order(dump):
    dump.write(pod("c"), name="d/z/c.txt")
    dump.write(pod("b"), name="d/m/b")
    dump.write("kind: Pod\nmetadata: {name: a}\n", name="d/a.json")
    parts = read(f"east={dump.folder / 'd'}")
    assert [names(part) for part in parts] == [["a"], ["b"], ["c"]]
    assert {part.name for part in parts} == {"east"}


def test_what_holds_no_objects_is_passed_over_in_silence(dump):
    dump.write(pod("a"), name="d/a.json")
    dump.write(pod("hidden"), name="d/.b.json")
    dump.write(pod("hidden"), name="d/.git/c.json")
    dump.write("kind: Pod\n", name="d/README.md")
    dump.write(b"\x7fELF\x00\x00", name="d/tool")
    dump.write("#!/bin/sh\nkubectl get pods\n", name="d/get.sh")
    dump.write({"name": "left-pad"}, name="d/package.json")
    dump.write('{"level":"info"}\nplain words\n', name="d/app.log")
    dump.write(b"", name="d/empty")
    parts = read(str(dump.folder / "d"))
    assert [names(part) for part in parts] == [["a"]]
    assert parts[0].problems == []


def test_a_bad_file_is_a_problem_of_its_own_part(dump):
    dump.write('{"kind":"Pod","metadata":{"na', name="d/bad.json")
    dump.write(pod("a"), name="d/good.json")
    bad, good = read(str(dump.folder / "d"))
    assert bad.path.endswith("bad.json")
    assert len(bad.problems) == 1
    assert names(good) == ["a"]


def test_a_file_without_permission_is_a_problem_of_its_own_part(dump, monkeypatch):
    dump.write(pod("a"), name="d/a")
    locked = dump.write(pod("b"), name="d/b")
    import diag.snapshot.sources.plain_file as module  # noqa: PLC0415 (patched here only)

    really_open = module.os.open

    def guarded(path, *arguments):
        if path == locked:
            raise PermissionError(13, "Permission denied")
        return really_open(path, *arguments)

    monkeypatch.setattr(module.os, "open", guarded)
    parts = read(str(dump.folder / "d"))
    assert [len(part.problems) for part in parts] == [0, 1]
    assert "permission denied" in parts[1].problems[0].detail


@pytest.mark.parametrize("content", [None, b"words", '{"kind":"List","items":[]}'])
def test_a_folder_without_objects_is_an_error(dump, content):
    (dump.folder / "d").mkdir()
    if content is not None:
        dump.write(content, name="d/f")
    with pytest.raises(SnapshotError, match="holds no"):
        read(str(dump.folder / "d"))


def test_a_folder_of_bad_files_says_what_is_wrong(dump):
    dump.write('{"kind":"Pod","metadata":{"na', name="d/bad.json")
    with pytest.raises(SnapshotError, match="breaks off"):
        read(str(dump.folder / "d"))


def test_links_out_of_the_folder_are_named_and_not_followed(dump):
    dump.write(pod("outside"), name="out/x.json")
    dump.write(pod("a"), name="d/a.json")
    (dump.folder / "d/folder").symlink_to(dump.folder / "out")
    (dump.folder / "d/file").symlink_to(dump.folder / "out/x.json")
    parts = read(str(dump.folder / "d"))
    assert [name for part in parts for name in names(part)] == ["a"]
    assert sum("leads out" in problem.detail for part in parts for problem in part.problems) == 2


def test_a_link_inside_the_folder_gives_nothing_twice(dump):
    dump.write(pod("a"), name="d/sub/a.json")
    (dump.folder / "d/again").symlink_to(dump.folder / "d/sub")
    (dump.folder / "d/back").symlink_to(dump.folder / "d")
    (dump.folder / "d/twin.json").symlink_to(dump.folder / "d/sub/a.json")
    assert [names(part) for part in read(str(dump.folder / "d"))] == [["a"]]


def test_a_mounted_config_map_is_read_through_its_links(dump):
    dump.write(pod("a"), name="d/..2026/a.json")
    (dump.folder / "d/..data").symlink_to("..2026")
    (dump.folder / "d/a.json").symlink_to("..data/a.json")
    assert [names(part) for part in read(str(dump.folder / "d"))] == [["a"]]


def test_a_link_that_leads_nowhere_is_a_problem(dump):
    dump.write(pod("a"), name="d/a.json")
    (dump.folder / "d/b.json").symlink_to(dump.folder / "d/gone.json")
    (dump.folder / "d/c.json").symlink_to("c.json")
    parts = read(str(dump.folder / "d"))
    assert [len(part.problems) for part in parts] == [0, 1, 1]


def test_too_many_files_name_the_flag(dump):
    for number in range(5):
        dump.write(pod(f"p{number}"), name=f"d/{number}")
    with pytest.raises(SnapshotError) as caught:
        read(str(dump.folder / "d"), limits=Limits(files=4))
    assert "--max-files" in caught.value.hint


def test_a_limit_ends_the_reading_of_a_folder(dump):
    dump.write(pod("a"), name="d/a")
    dump.write(b"{" + b" " * 5000, name="d/b")
    with pytest.raises(SnapshotError, match="limit"):
        read(str(dump.folder / "d"), limits=Limits(bytes=1000))
