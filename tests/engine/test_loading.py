"""Loading: what of a dump is kept, what becomes a gap, and when the dump was made."""

import msgspec
import pytest

import diag.snapshot.load as loading
from diag.errors import UsageError
from diag.findings import Confidence
from diag.projection import PROJECTIONS, Object
from diag.snapshot.kinds import Container, Pod
from diag.snapshot.lenient import NotAnObject, decode
from diag.snapshot.load import load
from diag.snapshot.sources import Listed


def raw_fields(struct, seen=()):
    for one in msgspec.structs.fields(struct):
        if one.type is msgspec.Raw:
            yield struct, one
        elif isinstance(one.type, type) and issubclass(one.type, msgspec.Struct) and one.type not in seen:
            yield from raw_fields(one.type, (*seen, struct))


@pytest.mark.parametrize("kind", sorted(PROJECTIONS))
def test_a_raw_field_is_never_optional_so_objects_do_not_fall_into_the_lenient_path(kind):
    assert all(isinstance(one.default, msgspec.Raw) for _, one in raw_fields(PROJECTIONS[kind]))

    _, dropped = decode(
        msgspec.json.encode({"metadata": {"labels": {"a": "b"}, "annotations": None}}), PROJECTIONS[kind]
    )
    assert dropped == []


def test_a_null_raw_field_is_empty_and_no_gap(cluster):
    snap = cluster.snap({**cluster.pod("p"), "metadata": {"name": "p", "namespace": "ml", "labels": None}})

    assert snap.pods[0].labels == {}
    assert snap.gaps == ()


def test_objects_as_the_api_server_prints_them_take_the_strict_path(cluster, monkeypatch):
    slow = []
    original = loading.decode
    monkeypatch.setattr(loading, "decode", lambda raw, struct: slow.append(original(raw, struct)) or slow[-1])

    cluster.snap(
        cluster.pod("a", 1, node="n"), cluster.node("n"), cluster.event("Pod", "a", "Pulled", "x", warning=False)
    )
    assert all(dropped == [] for _, dropped in slow)


@pytest.mark.parametrize(
    "text",
    [
        b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"ml"}}',
        b'{ "kind" : "Pod" , "apiVersion":"v1","metadata":{"name":"p","namespace":"ml"}}',
        b'{"metadata":{"name":"p","namespace":"ml"},"spec":{"x":{"kind":"Node"}},"kind":"Pod","apiVersion":"v1"}',
    ],
)
def test_the_kind_is_found_wherever_it_stands(cluster, text):
    assert list(cluster.snap(text).tables) == ["Pod"]


def test_kinds_of_the_same_name_in_several_groups_are_different_objects(cluster):
    meta = {"metadata": {"name": "x", "namespace": "ml"}}
    snap = cluster.snap(
        {"apiVersion": "v1", "kind": "Service", **meta},
        {"apiVersion": "serving.knative.dev/v1", "kind": "Service", **meta},
    )

    assert snap.get("Service", "ml", "x") is not snap.get("serving.knative.dev/Service", "ml", "x")
    assert snap.get("serving.knative.dev/Service", "ml", "x") is not None


def test_a_plain_file_is_assumed_to_hold_its_kinds_in_its_namespaces_and_nothing_else(cluster):
    snap = cluster.snap(cluster.pod("p"), cluster.job("j"))

    assert snap.lacks("batch/Job", "ml", "other") is Confidence.LIKELY
    assert snap.lacks("batch/Job", "elsewhere", "other") is None
    assert snap.lacks("apps/Deployment", "ml", "other") is None
    assert snap.lacks("batch/Job", "ml", "j") is None


def test_completeness_is_kept_for_each_file(cluster):
    one = cluster.part([cluster.pod("p", namespace="a")], path="a")
    other = cluster.part([cluster.job("j", namespace="b")], path="b")
    snap = load([one, other])[0]

    assert snap.lacks("Pod", "b", "x") is None
    assert snap.lacks("Pod", "a", "x") is Confidence.LIKELY


def test_a_complete_source_knows_what_does_not_exist(cluster):
    snap = cluster.snap(cluster.pod("p"), listed=[Listed(kind="Pod")])

    assert snap.lacks("Pod", "ml", "x") is Confidence.CERTAIN


def test_secrets_are_dropped_and_their_absence_proves_nothing(cluster):
    snap = cluster.snap(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "ml"}, "data": {"a": "c2VjcmV0"}},
        cluster.pod("p"),
    )

    assert list(snap.tables) == ["Pod"]
    assert snap.lacks("Secret", "ml", "s") is None
    assert b"c2VjcmV0" not in b"".join(bytes(item.raw) for table in snap.tables.values() for item in table.values())


def test_leases_tell_when_the_dump_was_made(cluster):
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "n"},
        "spec": {"renewTime": "2026-11-25T12:00:30.123456Z"},
    }
    snap = cluster.snap(cluster.pod("p"), lease, now=None)

    assert snap.now == "2026-11-25T12:00:30.123456Z"
    assert snap.now_from == "newest time"


def test_times_with_offsets_count_and_deletions_and_texts_do_not(cluster):
    pod = cluster.pod(
        "p",
        created="2026-11-25T10:00:00+02:00",
        meta={
            "deletionTimestamp": "2027-01-01T00:00:00Z",
            "annotations": {"x": '{"lastTransitionTime":"2028-01-01T00:00:00Z"}'},
        },
    )

    assert cluster.snap(pod, now=None).now == "2026-11-25T08:00:00Z"


def test_now_comes_from_the_option_before_the_capture_before_the_newest_time(cluster):
    assert cluster.snap(cluster.pod("p"), now=None, captured_at="2026-11-26T00:00:00Z").now_from == "manifest"
    assert cluster.snap(cluster.pod("p"), captured_at="2026-11-26T00:00:00Z").now == cluster.NOW


@pytest.mark.parametrize(
    ("captured", "now", "told"),
    [
        ("2026-11-25T09:00:00Z", None, True),  # three hours before the newest time
        ("2026-11-25T11:50:00Z", None, False),  # as long as collecting may take
        ("2026-11-26T09:00:00Z", None, False),  # a quiet cluster
        ("2026-11-25T09:00:00Z", "2026-11-25T12:00:00Z", False),
    ],
)
def test_a_clock_that_lies_behind_the_objects_is_a_gap(cluster, captured, now, told):
    newest = {**cluster.pod("p"), "metadata": {"name": "p", "namespace": "ml", "creationTimestamp": cluster.NOW}}

    snap = cluster.snap(newest, now=now, captured_at=captured)

    assert [(gap.what, gap.why) for gap in snap.gaps] == [("how old things are", "disagrees")] * told


def test_silent_trouble_of_unknown_age_is_info_and_a_gap_says_so(cluster):
    pod = cluster.pod("p")
    del pod["metadata"]["creationTimestamp"]
    diagnosis = cluster.diagnose(pod)

    assert [cause.severity.value for cause in diagnosis.causes] == ["info"]
    assert [gap.why for gap in diagnosis.gaps if gap.material and gap.why != "not-collected"] == [
        "capture-time-unknown"
    ]


def test_an_age_of_zero_is_an_age(cluster):
    diagnosis = cluster.diagnose(cluster.pod("p", created=cluster.NOW))

    assert "capture-time-unknown" not in {gap.why for gap in diagnosis.gaps}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"metadata": {"name": "p", "namespace": "ml", "uid": 5}}, "metadata.uid"),
        ({"spec": {"nodeName": ["x"]}}, "spec.nodeName"),
        ({"spec": {"containers": {"name": "c"}}}, "spec.containers"),
        ({"status": {"conditions": [{"type": "Ready"}, 7]}}, "status.conditions[1]"),
    ],
)
def test_a_field_of_the_wrong_type_is_dropped_and_named_and_the_rest_stays(cluster, change, path):
    snap = cluster.snap({**cluster.pod("p"), **change}, cluster.pod("q"))

    assert [pod.name for pod in snap.pods] == ["p", "q"]
    assert [gap.what.split(" of ")[0] for gap in snap.gaps] == [path]


def test_a_bad_list_element_keeps_the_places_of_its_neighbours():
    pod, dropped = decode(b'{"spec":{"containers":[3,{"name":"b"}]}}', Pod)

    assert dropped == ["spec.containers[0]"]
    assert pod.spec.containers[1].name == "b"
    assert pod.spec.containers[0] == Container()


@pytest.mark.parametrize("text", [b"[]", b"5", b"{", b'{"kind":"Pod"', b"\xff\xfe"])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(NotAnObject):
        decode(text, Object)


def test_an_object_without_metadata_or_without_a_kind_is_one_gap_each(cluster):
    snap = cluster.snap({"apiVersion": "v1", "kind": "Pod"}, {"metadata": {"name": "x"}}, cluster.pod("p"))

    assert [pod.name for pod in snap.pods] == ["p"]
    assert sorted(gap.what.split(" in ")[0] for gap in snap.gaps) == ["Pod without a name", "an item without a kind"]


def test_an_input_cannot_pose_as_what_the_loader_sets(cluster):
    text = msgspec.json.encode(
        {
            **cluster.pod("p"),
            "$diag.cluster": "evil",
            "$diag.decoded": {"metadata": {"name": "evil"}},
            "$diag.held": False,
        }
    )
    pod = cluster.snap(text).pods[0]

    assert (pod.cluster, pod.whole["metadata"]["name"], pod.ref.seen) == ("default", "p", True)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({"generation": 3, "resourceVersion": "1"}, {"generation": 2, "resourceVersion": "9"}),
        ({"resourceVersion": "10"}, {"resourceVersion": "9"}),
    ],
)
def test_of_two_copies_the_newer_one_stays_in_whatever_order_they_come(cluster, newer, older):
    one, other = ({**cluster.pod("p"), "metadata": {"name": "p", "namespace": "ml", **meta}} for meta in (newer, older))

    kept = {cluster.snap(*items).pods[0].metadata.resource_version for items in ((one, other), (other, one))}
    assert kept == {newer["resourceVersion"]}


def kube_system(uid):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": uid}}


def test_files_of_one_cluster_are_one_whatever_they_are_called(cluster):
    parts = [
        cluster.part([kube_system("u1")], path="a", name="prod"),
        cluster.part([kube_system("u1"), cluster.pod("p")], path="b"),
    ]

    assert [snap.cluster for snap in load(parts)] == ["prod"]


def test_different_clusters_are_never_one(cluster):
    parts = [cluster.part([kube_system("u1")], path="a"), cluster.part([kube_system("u2")], path="b")]

    assert len(load(parts)) == 2
    with pytest.raises(UsageError, match="two different clusters"):
        load([cluster.part([kube_system(uid)], path=uid, name="prod") for uid in ("u1", "u2")])


def test_a_log_list_joins_the_only_cluster_and_asks_when_there_are_several(cluster):
    logs = cluster.part([], path="logs.json", logs=[{"pod": "ml/p", "container": "c", "previous": False, "text": "x"}])
    one = cluster.part([kube_system("u1"), cluster.pod("p")], path="a", name="prod")
    other = cluster.part([kube_system("u2")], path="b", name="test")

    assert load([logs, one])[0].log_lines(load([one])[0].pods[0], "c") == ["x"]
    with pytest.raises(UsageError, match=r"logs\.json"):
        load([one, other, logs])


@pytest.mark.parametrize("place", ["name", "namespace"])
def test_a_name_that_no_server_takes_is_lost_and_stands_in_no_sentence(cluster, place):
    long = {"name": "a", "namespace": "ml", place: "x" * 2000}
    snap = cluster.snap(cluster.pod("p"), {"apiVersion": "v1", "kind": "Pod", "metadata": long})

    assert [pod.name for pod in snap.pods] == ["p"]
    assert [gap.why for gap in snap.gaps] == ["unreadable"]
    assert "xxx" not in str(snap.gaps)
    assert snap.lost
    assert snap.lacks("Pod", "ml", "q") is None


@pytest.mark.parametrize(
    "odd", ["\u0662\u0660\u0669\u0669-01-01T00:00:00Z", "2099-13-01T00:00:00Z", "2026-11-27T25:61:61Z"]
)
def test_what_is_no_time_is_not_the_time_of_the_snapshot(cluster, odd):
    pod = cluster.pod("p")
    pod["metadata"]["creationTimestamp"] = odd
    known = cluster.pod("q")
    known["metadata"]["creationTimestamp"] = "2026-11-02T00:00:00Z"

    assert cluster.snap(pod, known).now == cluster.snap(known).now
