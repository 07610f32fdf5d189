"""Logs of bundles: whose they are, which run they are of, and what stands before their lines."""

import gzip

import pytest
from layouts.collectors import STAMP, UID, section
from layouts.packing import pack
from layouts.state import as_json

from diag.snapshot.sources import Limits, LogText, Problem, read


def a_pod(name="web", *, restarts=0, waiting=False, containers=("c",), namespace="shop"):
    state = {"waiting": {"reason": "CrashLoopBackOff"}} if waiting else {"running": {}}
    statuses = [{"name": each, "restartCount": restarts, "state": state} for each in containers]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": each} for each in containers]},
        "status": {"containerStatuses": statuses},
    }


def fetched(files, where, *keys, form="tar.gz", limits=None):
    """What the store of a bundle gives for keys."""
    (part,) = read(str(pack(files, form, where)), limits=limits or Limits())
    assert all(part.store.offers(key) for key in keys)
    return list(part.store.fetch(keys))


def text_of(files, where, key, **options):
    (one,) = fetched(files, where, key, **options)
    assert (one.pod, one.container, one.previous) == key
    return one.text


def gathered(name, text):
    return {f"img/namespaces/shop/pods/web/c/c/logs/{name}.log": text.encode()}


NODE = f"node-1/pods/shop_web_{UID}/c"
MUST_GATHER_POD = {
    "img/namespaces/shop/core/pods.yaml": as_json({"kind": "PodList", "apiVersion": "v1", "items": [a_pod()]})
}


def node_log(restarts, waiting, **files):
    return {"pods.json": as_json(a_pod(restarts=restarts, waiting=waiting))} | {
        f"{NODE}/{name}": text if isinstance(text, bytes) else text.encode() for name, text in files.items()
    }


def test_the_kubelets_time_is_taken_off_but_not_the_programs_own(tmp_path):
    files = MUST_GATHER_POD | gathered("current", f"{STAMP}2026-01-01T00:00:00Z hello\n{STAMP}\n")
    assert text_of(files, tmp_path, ("shop/web", "c", False)) == "2026-01-01T00:00:00Z hello\n"


def test_an_insecure_copy_stands_in_for_a_previous_log_that_failed(tmp_path):
    files = MUST_GATHER_POD | gathered("previous", "") | gathered("previous.insecure", "died\n")
    assert text_of(files, tmp_path, ("shop/web", "c", True)) == "died"


@pytest.mark.parametrize(
    ("waiting", "previous", "run"), [(False, False, 3), (False, True, 2), (True, False, 3), (True, True, 3)]
)
def test_the_restart_count_tells_the_run(tmp_path, waiting, previous, run):
    files = node_log(3, waiting, **{"2.log": "run 2", "3.log": "run 3"})
    assert text_of(files, tmp_path, ("shop/web", "c", previous)) == f"run {run}"


def test_without_the_pod_the_newest_run_is_the_current_one(tmp_path):
    files = {f"{NODE}/{n}.log": f"run {n}".encode() for n in (9, 10)}
    assert text_of(files, tmp_path, ("shop/web", "c", False)) == "run 10"
    assert text_of(files, tmp_path, ("shop/web", "c", True)) == "run 9"


def test_a_run_that_is_not_there_is_not_offered(tmp_path):
    (part,) = read(str(pack(node_log(3, False, **{"3.log": "x"}), "tar", tmp_path)))  # not waiting
    assert part.store.offers(("shop/web", "c", False))
    assert not part.store.offers(("shop/web", "c", True))
    assert not part.store.offers(("shop/web", "other", False))


def test_rotated_pieces_come_in_their_order_and_are_expanded(tmp_path):
    files = node_log(
        1,
        False,  # not waiting
        **{
            "1.log": "three\n",
            "1.log.20261125-110000": "two\n",
            "1.log.20261125-100000.gz": gzip.compress(b"one\n"),
            "0.log": "of the run before\n",
        },
    )
    assert text_of(files, tmp_path, ("shop/web", "c", False)) == "one\ntwo\nthree"


def test_what_must_gather_rotated_of_another_run_is_left_out(tmp_path):
    rotated = "img/namespaces/shop/pods/web/c/c/logs/rotated"
    files = (
        {
            "img/namespaces/shop/core/pods.yaml": as_json(
                {"kind": "PodList", "apiVersion": "v1", "items": [a_pod(restarts=1)]}
            )
        }
        | gathered("current", "new\n")
        | {f"{rotated}/0.log.20261125-100000": b"old run\n", f"{rotated}/1.log.20261125-110000": b"this run\n"}
    )
    assert text_of(files, tmp_path, ("shop/web", "c", False)) == "this run\nnew"


def test_the_runtimes_prefix_is_taken_off_and_parts_of_lines_are_joined(tmp_path):
    lines = f"{STAMP}stdout F first\n{STAMP}stderr P sec\n{STAMP}stderr F ond\n{STAMP}stdout F \n"
    assert text_of(node_log(0, False, **{"0.log": lines}), tmp_path, ("shop/web", "c", False)) == "first\nsecond\n"


def test_dockers_lines_are_unpacked(tmp_path):
    lines = '{"log":"one\\n","stream":"stdout","time":"t"}\n{"log":"tw","stream":"stdout"}\n{"log":"o\\n"}\nbroken\n'
    assert text_of(node_log(0, False, **{"0.log": lines}), tmp_path, ("shop/web", "c", False)) == "one\ntwo\nbroken"


def test_sections_tell_the_containers_of_one_file_apart(tmp_path):
    text = section("shop", "web", "a", "of a\n==== START logs for container x of pod shop/web ====") + section(
        "shop", "web", "b", "of b"
    )
    files = {
        "shop/replication-controllers.json": as_json({"kind": "ReplicationControllerList", "items": []}),
        "shop/pods.json": as_json({"kind": "PodList", "apiVersion": "v1", "items": [a_pod(containers=("a", "b"))]}),
        "shop/web/logs.txt": text.encode(),
    }
    first, second = fetched(files, tmp_path, ("shop/web", "b", False), ("shop/web", "a", False))
    assert (first.container, first.text) == ("b", "of b")
    assert second.text == "of a\n==== START logs for container x of pod shop/web ===="


def test_a_log_that_kubectl_could_not_have_is_a_problem_and_no_log(tmp_path):
    files = {
        "shop/replication-controllers.json": as_json({"kind": "ReplicationControllerList", "items": []}),
        "shop/pods.json": as_json({"kind": "PodList", "apiVersion": "v1", "items": [a_pod()]}),
        "shop/web/logs.txt": section("shop", "web", "c", "Request log error: not allowed").encode(),
    }
    (problem,) = fetched(files, tmp_path, ("shop/web", "c", False))
    assert (problem.why, problem.what) == ("error", "read the logs of shop/web")


def test_prefixes_tell_the_containers_of_an_operand_apart(tmp_path):
    pods = {"apiVersion": "v1", "kind": "List", "items": [a_pod("drv", containers=("a", "ab"), namespace="nvidia")]}
    files = {
        "gpu_operand_pods.yaml": as_json(pods),
        "gpu_operand_pod_drv.log": b"[pod/drv/a] one\n[pod/drv/ab] two\n[pod/drv/a] three\n",
    }
    assert text_of(files, tmp_path, ("nvidia/drv", "a", False)) == "one\nthree"


def test_a_collectors_own_logs_are_those_of_the_only_pod_of_that_name(tmp_path):
    root = "bundle/cluster-resources/pods"
    web = [a_pod(), a_pod("db"), a_pod("db", namespace="other")]
    files = {f"{root}/all.json": as_json({"kind": "PodList", "apiVersion": "v1", "items": web})} | {
        "bundle/app/web.log": b"whole\n",
        "bundle/app/db/c.log": b"whose?\n",
        "bundle/app/web/c-previous.log": b"before\n",
    }
    (part,) = read(str(pack(files, "zip", tmp_path)))
    assert part.offered == 2
    first, second = part.store.fetch([("shop/web", "c", False), ("shop/web", "c", True)])
    assert (first.text, second.text) == ("whole", "before")


def test_of_a_long_log_the_end_is_read_from_the_beginning_of_a_line_on(tmp_path):
    text = "".join(f"line {number}\n" for number in range(10_000))
    found = fetched(
        node_log(0, False, **{"0.log": text}),
        tmp_path,
        ("shop/web", "c", False),
        limits=Limits(log_bytes=100),
    )
    log, problem = found
    assert isinstance(log, LogText)
    assert log.text.split("\n")[-1] == "line 9999"
    assert log.text.split("\n")[0] == "line 9991"
    assert isinstance(problem, Problem)
    assert problem.why == "truncated"
    assert "--max-log-bytes" in problem.fix


def test_a_packed_log_that_is_damaged_gives_what_precedes(tmp_path):
    packed = gzip.compress(b"one\n" * 10)
    files = node_log(0, False, **{"0.log": "end\n", "0.log.20261125-100000.gz": packed[:-12]})
    found = fetched(files, tmp_path, ("shop/web", "c", False))
    assert found[0].text.endswith("end")


@pytest.mark.parametrize("form", ["folder", "tar", "zip", "zip of tar.gz"])
def test_only_wanted_logs_are_read_and_in_every_form(tmp_path, form):
    files = node_log(0, False, **{"0.log": "hello\n"}) | {
        f"node-1/pods/shop_other{n}_{UID}/c/0.log": b"x" * 1000 for n in range(20)
    }
    (part,) = read(str(pack(files, form, tmp_path)))
    assert part.offered == 21
    assert part.logs == []
    assert [one.text for one in part.store.fetch([("shop/web", "c", False)])] == ["hello"]


def test_a_bundle_that_is_gone_when_logs_are_wanted_is_a_problem(tmp_path):
    path = pack(node_log(0, False, **{"0.log": "x"}), "tar", tmp_path)
    (part,) = read(str(path))
    path.unlink()
    found = list(part.store.fetch([("shop/web", "c", False)]))
    assert [one.why for one in found if isinstance(one, Problem)] == ["error"]
