import msgspec
import pytest

from diag.document import RefRow
from diag.views.subject import resolve


def ids(match):
    return [cause.id for cause in match.causes]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C2", ["C2"]),
        ("c2", ["C2"]),
        ("F6", ["C2"]),
        ("3fa9", ["C1"]),
        ("3FA9C2D1", ["C1"]),
        ("a1b2c3", ["C1"]),
        ("job/ml/llama-ft", ["C1"]),
        ("Job ml/llama-ft", ["C1"]),
        ("jobs.batch/ml/llama-ft", ["C1"]),
        ("job/llama-ft", ["C1"]),
        ("quota/gpu-quota", ["C1"]),
        ("no/gpu-7", ["C2"]),
        ("NODE/gpu-7", ["C2"]),
        ("serve/chat-70b-6d9f7c5b8-abcde", ["C2"]),
        ("chat-70b-6d9f7c5b8-abcde", ["C2"]),
        ("po/chat-70b-6d9f7c5b8-abcde", ["C2"]),
        ("deploy/serve/chat-70b", ["C2"]),
        ("pdb/db/etcd", ["C3"]),
        ("pod/nvidia-device-plugin-x2v9k", ["C2"]),  # its log is cited
        ("secret/ml/ngc-key", []),  # only a rival's evidence speaks of it
        ("DEV201", ["C2"]),
        ("dev201", ["C2"]),
        ("resourcequota-exceeded", ["C1"]),
        ("pod-unscheduled", ["C2"]),  # a symptom's name
        ("C1 C3", ["C1", "C3"]),
        ("job/ml/llama-ft pdb/db/etcd", ["C1", "C3"]),
        ("ns/ml", ["C1"]),
        ("namespace/serve", ["C2"]),
        ("namespace gpu-operator", ["C2"]),
        ("db", ["C3"]),
    ],
)
def test_what_people_have_in_hand(report, text, expected):
    match = resolve(report, text)

    assert ids(match) == expected
    assert not match.suggestions


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("serve   chat-70b-6d9f7c5b8-abcde   0/1   Pending   0   41m", ["C2"]),
        ("29m Warning FailedScheduling pod/chat-70b-6d9f7c5b8-abcde 0/9 nodes are available.", ["C2"]),
        ("12m   Warning   FailedCreate   job/llama-ft   Error creating: forbidden", ["C1"]),
        ("gpu-7   Ready   <none>   3d   v1.33.1", ["C2"]),
    ],
)
def test_a_pasted_line_is_read_for_the_names_in_it(report, line, expected):
    assert ids(resolve(report, line)) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("the device plugin CANNOT   load\tNVML on gpu-77", ["C2"]),
        ("failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND", ["C2"]),
        ("Warning  FailedCreate  12m (x9 over 40m)  job-controller  is forbidden: exceeded quota: gpu-quota", ["C1"]),
        (r"pods \"llama-ft-9\" is forbidden: exceeded quota", ["C1"]),
        ("\u201c9 Insufficient nvidia.com/gpu.\u201d", []),  # quoted, two words, and not the whole of anything
        ("the budget allows no eviction, so gpu-…", ["C3"]),
        ("no cat is on the mat", []),
    ],
)
def test_a_pasted_message_is_looked_for_in_what_the_causes_say_and_cite(report, message, expected):
    assert ids(resolve(report, message)) == expected


def test_how_much_was_searched_for_a_message_is_told(report):
    assert resolve(report, "no cat is on the mat").searched > 10


def test_the_longest_stretch_of_a_message_decides(report):
    two = [
        msgspec.structs.replace(report.causes[0], summary="it was not possible to find the driver"),
        msgspec.structs.replace(report.causes[1], summary="it was not possible to find the driver of the volume"),
        report.causes[2],
    ]

    pasted = "Error: it was not possible to find the driver of the volume w-1"
    assert ids(resolve(msgspec.structs.replace(report, causes=two), pasted)) == ["C2"]


def test_a_plain_word_of_a_sentence_is_no_object(report):
    known = [RefRow(cluster="prod-eu", apiVersion="v1", kind="ConfigMap", namespace="ml", name="available")]

    assert resolve(report, "nothing at all is available here", known=known).subject is None
    assert resolve(report, "ml   available   1   3d", known=known).subject == known[0]


def test_every_object_of_a_cause_leads_to_it(report):
    between = RefRow(cluster="prod-eu", apiVersion="apps/v1", kind="ReplicaSet", namespace="serve", name="chat-70b-6d9")
    cause = msgspec.structs.replace(report.causes[1], lineage=[between])
    event = RefRow(cluster="prod-eu", apiVersion="v1", kind="Event", namespace="serve", name="old-pod.17a2b3")
    evidence = [
        msgspec.structs.replace(row, object=event) if row.id == report.findings[5].evidence[0] else row
        for row in report.evidence
    ]
    known = [
        RefRow(cluster="prod-eu", apiVersion="v1", kind="Pod", namespace="serve", name="old-pod"),
        RefRow(cluster="prod-eu", apiVersion="v1", kind="Pod", namespace="db", name="etcd-0"),
        RefRow(cluster="prod-eu", apiVersion="v1", kind="Service", namespace="db", name="gpu-2"),
    ]
    third = msgspec.structs.replace(report.causes[2], summary="db/etcd-0 on gpu-2 may not go")
    changed = msgspec.structs.replace(report, causes=[report.causes[0], cause, third], evidence=evidence)

    def asked(text):
        return ids(resolve(changed, text, known=known))

    assert asked("rs/serve/chat-70b-6d9") == ["C2"]
    assert asked("pod/serve/old-pod") == ["C2"]  # a cited event speaks of it
    assert asked("pod/db/etcd-0") == ["C3"]  # only its sentence names it
    assert asked("svc/db/gpu-2") == []  # another kind of that name


def test_causes_about_an_object_come_before_those_that_only_name_it(report):
    named = msgspec.structs.replace(report.causes[0], summary="Node gpu-7 has no room")

    match = resolve(msgspec.structs.replace(report, causes=[named, *report.causes[1:]]), "node/gpu-7")

    assert ids(match) == ["C2"]
    assert [cause.id for cause in match.also] == ["C1"]


def test_an_ignored_cause_is_found_by_all_that_it_reaches(report):
    pod = RefRow(cluster="prod-eu", apiVersion="v1", kind="Pod", namespace="edge", name="old-chat-0")
    (row,) = report.ignored

    for text in ("svc/serve/old-chat", "pod/edge/old-chat-0", "NET301", row.finding.name, "ns/edge"):
        match = resolve(report, text, known=[pod], put_aside=[[pod]])
        assert (match.causes, match.ignored) == ((), (row,)), text
    assert not resolve(report, "C1").ignored


def test_of_several_subjects_the_one_that_is_not_there_is_named(report):
    match = resolve(report, "C1 pod/ml/nobody")

    assert (match.found, match.asked) == (False, "pod/ml/nobody")


def test_a_namespace_narrows_a_bare_name(report):
    assert ids(resolve(report, "job/llama-ft", namespaces=("ml",))) == ["C1"]
    assert not resolve(report, "job/llama-ft", namespaces=("other",)).causes


def test_three_letters_of_a_fingerprint_are_too_few(report):
    assert not resolve(report, "3fa").causes


def test_a_known_object_without_a_cause_is_found_and_clean(report):
    healthy = RefRow(cluster="prod-eu", apiVersion="v1", kind="Pod", namespace="ml", name="fine-0")

    match = resolve(report, "pod/ml/fine-0", known=[healthy])

    assert (match.causes, match.subject) == ((), healthy)


def test_a_misspelt_subject_gets_the_nearest(report):
    match = resolve(report, "job/ml/lama-ft")

    assert (match.causes, match.subject) == ((), None)
    assert match.suggestions[0] == "Job/ml/llama-ft"


def test_nonsense_gets_no_suggestion(report):
    assert not resolve(report, "zzzzzzzz").suggestions
    assert not resolve(report, "///").suggestions


def test_a_name_that_only_sentences_hold_means_the_causes_that_hold_it(report):
    spoken = msgspec.structs.replace(report.causes[1], summary="its Secret hf-token-prod does not exist")
    one = msgspec.structs.replace(report, causes=[report.causes[0], spoken, *report.causes[2:]])

    assert ids(resolve(one, "hf-token-prod")) == ["C2"]
    assert not resolve(one, "hf-token").found  # a part of a name is none
    assert not resolve(one, "exist").found  # nor is a plain word
