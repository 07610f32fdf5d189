"""Two looks: causes by fingerprint, what was changed in between and by whom, and no trigger without a relation."""

import copy
import gzip
import json
import shutil

import jsonschema
import msgspec
import pytest

from diag.api import capture, diff, scan
from diag.compare.document import Difference
from diag.compare.fields import changes
from diag.report.difference import difference_bytes
from diag.report.look import Look
from diag.snapshot.archive.write import save

QUOTA = "tests/real/scenarios/quota-events-expired/objects.json.gz"


@pytest.fixture
def items(request):
    path = request.config.rootpath / QUOTA
    return json.loads(gzip.decompress(path.read_bytes()))["items"]


@pytest.fixture
def write(tmp_path):
    def made(name, objects):
        path = tmp_path / name
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}), encoding="utf-8")
        return path

    return made


def one(items, kind, name):
    return next(item for item in items if item["kind"] == kind and item["metadata"]["name"] == name)


@pytest.fixture
def raised(items):
    """The same cluster before somebody lowered its quota: nothing is blocked."""
    before = copy.deepcopy(items)
    one(before, "ResourceQuota", "gpu-cap")["spec"]["hard"] = {"requests.nvidia.com/gpu": "64"}
    one(before, "ResourceQuota", "gpu-cap")["status"]["hard"] = {"requests.nvidia.com/gpu": "64"}
    return before


def test_the_changed_quota_is_named_first_by_its_root_and_its_manager(items, raised, write):
    quota = one(items, "ResourceQuota", "gpu-cap")
    when = "2099-01-01T00:00:00Z"
    quota["metadata"]["managedFields"] = [
        {"manager": "kube-controller-manager", "operation": "Update", "time": when, "subresource": "status"},
        {"manager": "argocd", "operation": "Apply", "time": when, "fieldsV1": {"f:spec": {}}},
    ]
    found = diff(write("a.json", raised), write("b.json", items))

    assert [cause.name for cause in found.causes.new] == ["resourcequota-exceeded"]
    first = found.objects[0]
    assert (first.object.name, first.what, first.manager, first.operation) == ("gpu-cap", "changed", "argocd", "Apply")
    assert first.fields[0].path == 'spec.hard["requests.nvidia.com/gpu"]'
    assert first.fields[0].before == "64"
    assert [each.how for each in first.related] == ["root"]
    assert len(found.objects) == 1


def blocked(item):
    return item["kind"] == "Job" and not item.get("status", {}).get("succeeded")


@pytest.fixture
def finished(items):
    """A Job of the namespace that has run, so that a look which holds it did look at Jobs."""
    job = copy.deepcopy(next(item for item in items if blocked(item)))
    job["metadata"] |= {"name": "finished", "uid": "another"}
    return {**job, "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}}


def test_a_gone_cause_is_gone_and_nothing_is_called_its_trigger(items, write, finished):
    left = [item for item in items if not blocked(item)]
    found = diff(write("a.json", [*items, finished]), write("b.json", [*left, finished]))

    assert [cause.name for cause in found.causes.gone] == ["resourcequota-exceeded"]
    assert (found.causes.new, found.causes.not_seen_after) == ([], [])
    assert [each.what for each in found.objects] == ["removed"]
    assert found.not_compared == []


def test_a_cause_whose_kind_the_second_look_lacks_is_not_gone(items, write):
    found = diff(write("a.json", items), write("b.json", [item for item in items if item["kind"] != "Job"]))

    assert found.causes.gone == []
    assert [one.cause.name for one in found.causes.not_seen_after] == ["resourcequota-exceeded"]
    assert "batch/Job" in found.not_compared  # a file without a Job does not say that there is none
    text = difference_bytes(found, "plain", Look()).decode()
    assert "0 gone, 0 changed, 0 as before, 1 not compared" in text
    assert "not known to be gone" in text


def test_a_cause_whose_kind_the_first_look_lacks_is_not_new(items, write):
    found = diff(write("a.json", [item for item in items if item["kind"] != "Job"]), write("b.json", items))

    assert found.causes.new == []
    assert [one.cause.name for one in found.causes.not_seen_before] == ["resourcequota-exceeded"]


def test_nothing_behind_the_break_of_a_file_is_gone_and_the_break_is_named(items, write, finished):
    order = sorted([*items, finished], key=blocked)  # the Job that is in trouble comes last
    first, second = write("a.json", order), write("b.json", order)
    second.write_bytes(second.read_bytes()[:-400])
    found = diff(first, second)

    assert found.causes.gone == []
    assert [one.cause.name for one in found.causes.not_seen_after] == ["resourcequota-exceeded"]
    assert [each.endswith("(truncated)") for each in found.damage_after] == [True]
    assert found.damage_before == []


def test_a_namespace_that_one_look_lacks_is_not_compared(items, write):
    space = next(item for item in items if blocked(item))["metadata"]["namespace"]
    fewer = [item for item in items if item["metadata"].get("namespace") != space]
    elsewhere = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "other", "namespace": "elsewhere"}}
    found = diff(write("a.json", items), write("b.json", [*fewer, elsewhere]))

    assert found.causes.gone == []
    assert f"namespace {space}" in found.not_compared
    assert f"batch/Job in {space}" in found.causes.not_seen_after[0].lacks


def test_what_was_refused_in_the_second_capture_is_not_gone(items, write, tmp_path):
    jobs = json.dumps([{"what": "list batch/Job", "why": "forbidden", "detail": "", "fix": "", "kinds": ["batch/Job"]}])
    lines = ['{"diag":"manifest","schema":"diag.snapshot/v1","tool":"t","captured_at":"2099-01-01T00:00:00Z"}']
    lines += [f'{{"diag":"part","path":"c","layout":"live","listed":[],"assumed":null,"problems":{jobs},"lost":[]}}']
    rest = [json.dumps(item) for item in items if item["kind"] != "Job"]
    path = tmp_path / "b.jsonl"
    path.write_text("\n".join([*lines, *rest, f'{{"diag":"end","objects":{len(rest)},"logs":0}}']) + "\n")
    found = diff(write("a.json", items), path)

    assert (found.causes.gone, len(found.causes.not_seen_after)) == ([], 1)
    assert found.damage_after == ["list batch/Job (forbidden)"]


def test_a_report_of_less_does_not_tell_that_a_cause_is_gone(items, write, tmp_path):
    path = tmp_path / "report.json"
    fewer = write("b.json", [item for item in items if item["kind"] != "Job"])
    path.write_bytes(msgspec.json.encode(scan([fewer]).to_dict()))
    found = diff(write("a.json", items), path)

    assert (found.causes.gone, len(found.causes.not_seen_after)) == ([], 1)


GATED = "tests/cases/vllm-gated-repo"


@pytest.mark.parametrize("logs_of", ["first", "second"])
@pytest.mark.parametrize("form", ["dumps", "reports", "archives"])
def test_what_rests_on_logs_of_one_look_is_neither_new_nor_gone(request, tmp_path, logs_of, form):
    root = request.config.rootpath
    with_logs, bare = tmp_path / "logs.jsonl", tmp_path / "bare.jsonl"
    objects, logs = root / f"{GATED}.json", root / f"{GATED}.logs.json"
    for path, sources in ((with_logs, [objects, logs]), (bare, [objects])):
        if form == "archives":
            save(path, capture(sources, form="plain").packed)
        elif form == "reports":
            path.write_bytes(msgspec.json.encode(scan(sources).to_dict()))
        else:
            path.mkdir()
            for each in sources:
                shutil.copy(each, path)
    found = diff(*((with_logs, bare) if logs_of == "first" else (bare, with_logs))).causes

    assert (found.new, found.gone, found.same, found.changed) == ([], [], [], [])
    unseen = [*found.not_seen_before, *found.not_seen_after]
    assert {one.cause.name: one.instead for one in unseen} == {
        "model-repo-gated": None,
        "container-crashing": "model-repo-gated",
    }
    assert all(one.lacks == ["read the logs of llm/vllm-gemma-tg7x84f5f9-7gvhq (not-collected)"] for one in unseen)


def test_a_symptom_of_another_object_is_new_though_logs_are_lacking(request, tmp_path):
    root = request.config.rootpath
    whole = json.loads((root / f"{GATED}.json").read_text())
    other = json.loads(json.dumps(whole).replace("vllm-gemma", "vllm-llama").replace('"uid": "', '"uid": "b'))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    shutil.copy(root / f"{GATED}.json", tmp_path / "a")
    shutil.copy(root / f"{GATED}.logs.json", tmp_path / "a")
    (tmp_path / "b/b.json").write_text(json.dumps({**whole, "items": whole["items"] + other["items"]}))
    found = diff(tmp_path / "a", tmp_path / "b").causes

    assert [(one.name, one.root.name) for one in found.new] == [("container-crashing", "vllm-llama")]


def test_twice_the_same_is_no_difference(items, write):
    path = write("a.json", items)
    found = diff(path, path)

    assert (found.causes.new, found.causes.gone, found.causes.changed, found.objects) == ([], [], [], [])
    assert len(found.causes.same) == 1
    assert found.same_cluster is True


def test_a_cause_that_grew_is_changed(items, write):
    after = copy.deepcopy(items)
    job = next(item for item in after if item["kind"] == "Job" and item.get("status", {}).get("active", 0) == 0)
    again = copy.deepcopy(job)
    again["metadata"] |= {"name": "again", "uid": "another"}
    found = diff(write("a.json", items), write("b.json", [*after, again]))

    assert [each.differs for each in found.causes.changed] != []
    assert ("Job", "again", "added") in [(each.object.kind, each.object.name, each.what) for each in found.objects]


def test_a_kind_that_one_look_lacks_is_not_compared(items, write):
    fewer = [item for item in items if item["kind"] != "ResourceQuota"]
    found = diff(write("a.json", fewer), write("b.json", items))

    assert found.not_compared == ["ResourceQuota"]
    assert all(each.object.kind != "ResourceQuota" for each in found.objects)


def test_reports_are_compared_by_their_causes_alone(items, raised, write, tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(msgspec.json.encode(scan([write("a.json", raised)]).to_dict()))
    found = diff(path, write("b.json", items))

    assert [cause.name for cause in found.causes.new] == ["resourcequota-exceeded"]
    assert found.objects is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_report_is_known_in_every_encoding_that_a_shell_writes(items, write, tmp_path, encoding):
    path = tmp_path / "r.json"
    report = msgspec.json.format(msgspec.json.encode(scan([write("a.json", items)]).to_dict()))
    path.write_bytes(report.decode().encode(encoding))

    assert diff(path, write("b.json", items)).objects is None


def test_a_dump_that_does_not_know_its_cluster_is_compared_all_the_same(items, write):
    fewer = [item for item in items if item["kind"] != "Namespace"]
    found = diff(write("a.json", fewer), write("b.json", items))

    assert (found.causes.new, found.causes.gone) == ([], [])
    assert [cause.name for cause in found.causes.same] == ["resourcequota-exceeded"]
    assert found.same_cluster is None


def test_what_the_server_writes_by_itself_is_no_change(items, write):
    after = copy.deepcopy(items)
    for item in after:
        item["metadata"] |= {"resourceVersion": "999999", "generation": 7, "managedFields": []}
    lease = next(item for item in after if item["kind"] == "Lease")
    lease["spec"]["renewTime"] = "2099-01-01T00:00:00.000000Z"

    assert diff(write("a.json", items), write("b.json", after)).objects == []


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ({"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, "spec.replicas"),
        ({"spec": {}}, {"spec": {"unschedulable": True}}, "spec.unschedulable"),
        ({"spec": {"c": [{"name": "a", "image": "x:1"}]}}, {"spec": {"c": [{"name": "a", "image": "x:2"}]}},
         'spec.c["a"].image'),
        ({"spec": {"args": ["a", "b"]}}, {"spec": {"args": ["a"]}}, "spec.args[1]"),
        ({"data": {"x.conf": "a"}}, {"data": {"x.conf": "b"}}, 'data["x.conf"]'),
        ({"metadata": {"labels": {"a": "1"}}}, {"metadata": {"labels": {"a": "2"}}}, "metadata.labels.a"),
        ({"status": {"allocatable": {"nvidia.com/gpu": "8"}}}, {"status": {"allocatable": {"nvidia.com/gpu": "0"}}},
         'status.allocatable["nvidia.com/gpu"]'),
    ],
)  # fmt: skip
def test_a_wish_that_changed_is_told_by_its_path(before, after, path):
    assert [each.path for each in changes("Node", before, after)] == [path]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"spec": {"c": [{"name": "a"}, {"name": "b"}]}}, {"spec": {"c": [{"name": "b"}, {"name": "a"}]}}),
        ({"status": {"conditions": [1]}}, {"status": {"conditions": [2]}}),
        ({"metadata": {"resourceVersion": "1"}}, {"metadata": {"resourceVersion": "2"}}),
        ({"metadata": "odd", "status": 7}, {"metadata": [], "status": None}),
    ],
)
def test_an_order_or_a_state_is_no_wish(before, after):
    assert changes("Node", before, after) == []


def test_a_secret_inside_a_changed_value_is_masked():
    found = changes("ConfigMap", {"data": {"password": "old-one-1"}}, {"data": {"password": "new-one-2"}})

    assert [(each.before, each.after) for each in found] == [("***", "***")]


def test_the_document_keeps_to_its_schema_and_the_text_to_its_width(items, raised, write):
    found = diff(write("a.json", raised), write("b.json", items))
    document = json.loads(difference_bytes(found, "json", Look()))
    jsonschema.validate(document, msgspec.json.schema(Difference))

    text = difference_bytes(found, "plain", Look(width=60)).decode()
    assert "no proof" in text
    assert max(map(len, text.splitlines())) <= 60


def test_a_name_with_escapes_stays_on_its_line(items, write):
    after = copy.deepcopy(items)
    meta = {"name": "a\x1b[2J", "namespace": "d"}
    evil = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"a": "\x1b[31m"}}
    found = diff(write("a.json", [*items, {**evil, "data": {"a": "b"}}]), write("b.json", [*after, evil]))

    assert "\x1b" not in difference_bytes(found, "plain", Look()).decode()


def test_looks_in_the_wrong_order_are_called_so(items, write):
    early, late, other = (copy.deepcopy(items) for _ in range(3))
    late.append({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "d"},
                 "lastTimestamp": "2098-01-01T00:00:00Z", "involvedObject": {"kind": "Pod", "name": "x"}})  # fmt: skip
    paths = write("early.json", early), write("late.json", late)

    assert "older than the first" not in difference_bytes(diff(*paths), "plain", Look()).decode()
    assert "older than the first" not in difference_bytes(diff(paths[0], paths[0]), "plain", Look()).decode()
    assert "(2098-01-01T00:00:00Z)" in difference_bytes(diff(*reversed(paths)), "plain", Look()).decode()

    one(other, "Namespace", "kube-system")["metadata"]["uid"] = "another"
    text = difference_bytes(diff(paths[1], write("other.json", other)), "plain", Look()).decode()
    assert "two different clusters" in text
    assert "older than the first" not in text


def test_what_a_node_reports_is_not_laid_to_whoever_set_something_else(items, write):
    node = next(item for item in items if item["kind"] == "Node")
    after = copy.deepcopy(items)
    changed = one(after, "Node", node["metadata"]["name"])
    changed["metadata"]["managedFields"] = [
        {"manager": "kubectl", "operation": "Update", "time": "2099-01-01T00:00:00Z"}
    ]
    changed["status"].setdefault("nodeInfo", {})["kubeletVersion"] = "v9.9.9"

    (reported,) = diff(write("a.json", items), write("b.json", after)).objects
    assert (reported.manager, reported.time) == (None, None)

    changed["spec"]["unschedulable"] = not changed["spec"].get("unschedulable")
    found = diff(write("a.json", items), write("b.json", after))
    text = difference_bytes(found, "plain", Look(width=200)).decode()
    assert found.objects[0].manager == "kubectl"
    assert [line for line in text.splitlines() if "(reported, not set)" in line and "kubeletVersion" in line]
    assert not [line for line in text.splitlines() if "(reported, not set)" in line and "unschedulable" in line]


def test_objects_that_are_equal_are_not_decoded(items, write, monkeypatch):
    decoded = []
    monkeypatch.setattr("diag.compare.objects.changes", lambda kind, *_: decoded.append(kind) or [])
    path = write("a.json", items)
    diff(path, path)

    assert decoded == []
