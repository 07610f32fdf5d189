import json

import pytest

from diag.errors import SnapshotError
from diag.snapshot.sources import LogText

from .conftest import a_list, pod

ENTRY = {"pod": "shop/web", "container": "app", "previous": True, "text": "one\ntwo\n"}
LOG = LogText(pod="shop/web", container="app", previous=True, text="one\ntwo\n")


def test_a_log_list_gives_logs_and_no_objects(dump):
    part = dump.read([ENTRY, ENTRY | {"previous": False}])
    assert part.logs[0] == LOG
    assert [log.previous for log in part.logs] == [True, False]
    assert (part.items, part.problems) == ([], [])


@pytest.mark.parametrize("begin", ["[", "[\n ", ""], ids=["on one line", "indented", "line by line"])
def test_a_log_list_whose_first_log_is_the_kernels_is_no_kernel_log(dump, begin):
    entry = json.dumps(ENTRY | {"text": "[  412.1] NVRM: GPU 0000:1b:00.0: RmInitAdapter failed!\n"})
    part = dump.read(f"{begin}{entry}{']' if begin else ''}\n")
    assert [log.pod for log in part.logs] == ["shop/web"]


def test_an_empty_log_list_is_no_error(dump):
    part = dump.read([])
    assert (part.logs, part.problems) == ([], [])


def test_previous_may_be_left_out(dump):
    assert dump.read([{key: ENTRY[key] for key in ("pod", "container", "text")}]).logs[0].previous is False


def test_log_entries_line_by_line_are_logs(dump):
    assert len(dump.read(f"{json.dumps(ENTRY)}\n{json.dumps(ENTRY)}\n").logs) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"pod": "web"},
        {"pod": "a/b/c"},
        {"pod": "/web"},
        {"pod": 7},
        {"text": None},
        {"container": None},
        {"previous": "yes"},
    ],
)
def test_a_wrong_entry_is_a_problem_and_the_others_are_kept(dump, wrong):
    part = dump.read([ENTRY, ENTRY | wrong])
    assert part.logs == [LOG]
    (problem,) = part.problems
    assert "log 2 of" in problem.what


def test_a_log_that_is_no_utf8_is_a_problem(dump):
    text = json.dumps([ENTRY, ENTRY]).encode().replace(b"one", b"\xff\xfe", 1)
    part = dump.read(text)
    assert len(part.logs) == 1
    assert len(part.problems) == 1


def test_a_log_list_that_breaks_off_keeps_the_whole_logs(dump):
    part = dump.read(json.dumps([ENTRY, ENTRY])[:-20])
    assert part.logs == [LOG]
    assert [problem.why for problem in part.problems] == ["truncated"]


def test_objects_in_an_array_are_no_logs(dump):
    part = dump.read([pod("a", pod="x/y", text="z")])
    assert (len(part.items), len(part.logs)) == (1, 0)


def test_a_log_entry_among_objects_is_a_problem(dump):
    part = dump.read(a_list(pod("a"), ENTRY))
    assert len(part.problems) == 1


def test_an_array_of_something_else_is_refused(dump):
    with pytest.raises(SnapshotError, match="no Kubernetes object"):
        dump.read([{"name": "left-pad"}])
