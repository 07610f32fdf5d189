from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diag.facts.scheduler_message import (
    Preemption,
    Reason,
    find_scheduler_message,
    kind_of,
    parse_scheduler_message,
)
from diag.vocab.scheduler_reasons import ReasonKind as Kind

# Every distinct sentence of the cases and of the real dumps, some of them quoted by an operator.
HARVESTED = (Path(__file__).parent / "scheduler_messages.txt").read_text().splitlines()


def kinds(text):
    return [(reason.count, reason.kind) for reason in parse_scheduler_message(text).reasons]


@pytest.mark.parametrize("text", HARVESTED)
def test_every_sentence_of_the_dumps_is_understood(text):
    message = find_scheduler_message(text)
    assert message.complete
    assert message.reasons or message.prefilter
    inside = message.preemption.reasons if message.preemption else ()
    assert all(reason.kind is not Kind.OTHER for reason in (*message.reasons, *inside))
    assert message.prefilter is None or kind_of(message.prefilter) is not Kind.OTHER
    assert ("preemption: " in text) == (message.preemption is not None)


def test_a_sentence_of_a_recent_release_is_taken_apart():
    text = (
        "0/5 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient memory, 4 Insufficient "
        "nvidia.com/gpu. no new claims to deallocate, preemption: 0/5 nodes are available: 2 No preemption victims "
        "found for incoming pod, 3 Preemption is not helpful for scheduling."
    )
    message = parse_scheduler_message(text)
    assert (message.nodes, message.available_word, message.prefilter) == (5, "available", None)
    assert message.reasons == (
        Reason(count=1, kind=Kind.TAINT, text="node(s) had untolerated taint(s)"),
        Reason(count=2, kind=Kind.INSUFFICIENT, resource="memory", text="Insufficient memory"),
        Reason(count=4, kind=Kind.INSUFFICIENT, resource="nvidia.com/gpu", text="Insufficient nvidia.com/gpu"),
    )
    assert message.preemption == Preemption(no_victims=2, not_helpful=3)


def test_short_resources_of_one_node_are_counted_each():
    message = parse_scheduler_message("0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient nvidia.com/gpu.")
    assert message.count(Kind.INSUFFICIENT) == 4
    assert message.count(Kind.INSUFFICIENT, "nvidia.com/gpu") == 2
    assert message.count(Kind.TAINT) == 0


@pytest.mark.parametrize(
    ("reason", "taint"),
    [
        ("node(s) had untolerated taint {nvidia.com/gpu: present}", ("nvidia.com/gpu", "present")),
        (
            "node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }",
            ("node-role.kubernetes.io/control-plane", ""),
        ),
        ("node(s) had taint {sku: gpu}, that the pod didn't tolerate", ("sku", "gpu")),
        ("node(s) had untolerated taint {pool: a, 3 b. c}", ("pool", "a, 3 b. c")),
        ("node(s) had untolerated taint(s)", None),
        ("node(s) had untolerated taint", None),
        ("node(s) had taints that the pod didn't tolerate", None),
    ],
)
def test_taints_are_named_where_the_release_names_them(reason, taint):
    message = parse_scheduler_message(f"0/4 nodes are available: 1 {reason}, 3 Insufficient cpu.")
    assert [(each.count, each.kind, each.taint) for each in message.reasons] == [
        (1, Kind.TAINT, taint),
        (3, Kind.INSUFFICIENT, None),
    ]


def test_a_comma_in_a_resource_name_ends_no_reason():
    message = parse_scheduler_message("0/4 nodes are available: 1 Insufficient odd/a,b, 3 Too many pods.")
    assert [reason.resource for reason in message.reasons] == ["odd/a,b", None]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("node(s) were unschedulable", Kind.UNSCHEDULABLE),
        ("Too many pods", Kind.TOO_MANY_PODS),
        ("node(s) pod number exceeded", Kind.TOO_MANY_PODS),
        ("node(s) didn't match Pod's node affinity/selector", Kind.NODE_AFFINITY),
        ("node(s) didn't match Pod's node affinity", Kind.NODE_AFFINITY),
        ("node(s) didn't match the requested node name", Kind.NODE_NAME),
        ("node(s) didn't have free ports for the requested pod ports", Kind.PORTS),
        ("node(s) didn't match pod topology spread constraints (missing required label)", Kind.SPREAD),
        ("node(s) didn't match pod affinity rules", Kind.POD_AFFINITY),
        ("node(s) didn't match pod anti-affinity rules", Kind.POD_ANTI_AFFINITY),
        ("node(s) didn't match pod affinity/anti-affinity rules", Kind.POD_AFFINITY_UNNAMED),
        ("node(s) didn't satisfy existing pods anti-affinity rules", Kind.EXISTING_ANTI_AFFINITY),
        ("node(s) had volume node affinity conflict", Kind.VOLUME_AFFINITY),
        ("node(s) didn't match PersistentVolume's node affinity", Kind.VOLUME_AFFINITY),
        ("node(s) didn't find available persistent volumes to bind", Kind.VOLUME_BIND),
        ('persistentvolumeclaim "weights" not found', Kind.VOLUME_BIND),
        ('persistentvolumeclaim "w" bound to non-existent persistentvolume "pv"', Kind.VOLUME_BIND),
        ("node(s) exceed max volume count", Kind.VOLUME_LIMIT),
        ("node(s) had no available volume zone", Kind.VOLUME_ZONE),
        ("ebs.csi.aws.com CSI driver is not installed on the node", Kind.CSI_MISSING),
        (
            (
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by "
                "another pod"
            ),
            Kind.VOLUME_IN_USE,
        ),
        ("cannot allocate all claims", Kind.DRA),
        ("resource claim ml/gpus is in the process of being allocated", Kind.DRA),
        ("request gpu: device class l40s.gpu.nvidia.com does not exist", Kind.DRA),
        ('pod "ml/train": resource claim template not found', Kind.DRA),
        ("node gpu-1: timed out trying to allocate devices", Kind.DRA),
        ("waiting for minCount pods from a gang to be scheduled", Kind.GANG),
        ("waiting for scheduling gates: [kueue.x-k8s.io/admission]", Kind.GATED),
        ("node(s) didn't match Pod's required features", Kind.NODE_FEATURES),
        ("Insufficient gpu devices", Kind.INSUFFICIENT),
        ("node(s) were struck by lightning", Kind.OTHER),
    ],
)
def test_each_wording_has_its_meaning_counted_or_not(reason, kind):
    assert kinds(f"0/3 nodes are available: 3 {reason}.") == [(3, kind)]
    alone = parse_scheduler_message(f"0/3 nodes are available: {reason}. preemption: not eligible.")
    assert (alone.reasons, alone.prefilter) == ((), reason)
    assert kind_of(alone.prefilter) is kind


def test_a_daemonset_pod_names_the_plugins_that_chose_its_node():
    text = (
        "0/4 nodes are available: 1 Too many pods, 3 node(s) didn't satisfy plugin(s) [NodeAffinity NodeResourcesFit]."
    )
    assert kinds(text) == [(1, Kind.TOO_MANY_PODS), (3, Kind.NODE_AFFINITY)]
    assert parse_scheduler_message(text).reasons[1].plugins == ("NodeAffinity", "NodeResourcesFit")
    assert kinds("0/1 nodes are available: 1 node(s) didn't satisfy plugin(s) [VolumeBinding].") == [
        (1, Kind.VOLUME_AFFINITY)
    ]
    assert kinds("0/1 nodes are available: 1 node(s) didn't satisfy plugin(s) [Mine].") == [(1, Kind.PREFILTERED)]


def test_a_doubled_full_stop_ends_the_sentence():
    message = parse_scheduler_message(
        "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims "
        "found for incoming pod.."
    )
    assert message.reasons[0].resource == "cpu"
    assert message.preemption == Preemption(no_victims=2)


def test_preemption_that_was_not_tried_says_why():
    message = parse_scheduler_message(
        "0/2 nodes are available: 2 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.."
    )
    assert message.preemption == Preemption(why="not eligible due to preemptionPolicy=Never")


def test_nodes_that_stay_short_without_victims_are_listed():
    message = parse_scheduler_message(
        "0/6 nodes are available: 6 Insufficient nvidia.com/gpu. preemption: 0/6 nodes are available: 2 Preemption is "
        "not helpful for scheduling, 4 Insufficient nvidia.com/gpu."
    )
    assert message.preemption.not_helpful == 2
    assert [(each.count, each.resource) for each in message.preemption.reasons] == [(4, "nvidia.com/gpu")]


def test_noise_is_no_reason():
    message = parse_scheduler_message("0/2 nodes are available: 2 cannot allocate all claims. still not schedulable")
    assert kinds("0/2 nodes are available: 2 cannot allocate all claims. still not schedulable") == [(2, Kind.DRA)]
    assert message.postfilter == "still not schedulable"
    assert message.preemption is None


def test_an_empty_list_of_reasons_leaves_the_preemption():
    message = parse_scheduler_message(
        "0/2 nodes are available: preemption: not eligible due to preemptionPolicy=Never."
    )
    assert (message.prefilter, message.reasons) == (None, ())
    assert message.preemption.why == "not eligible due to preemptionPolicy=Never"


def test_numbers_inside_a_prefilters_text_are_no_counts():
    text = "pre-filter pod a cannot find enough sibling pods, 2 of 4 are there"
    message = parse_scheduler_message(f"0/4 nodes are available: {text}.")
    assert (message.prefilter, message.reasons) == (text, ())


def test_a_sentence_that_is_cut_off_says_so():
    message = parse_scheduler_message("0/9 nodes are available: 4 Insufficient cpu, 5 Insufficient nvidia.co")
    assert not message.complete
    assert parse_scheduler_message("0/9 nodes are available: 4 Insufficient cpu.").complete


def test_volcano_calls_nodes_unavailable():
    message = parse_scheduler_message("0/3 nodes are unavailable: 3 Insufficient nvidia.com/gpu.")
    assert (message.nodes, message.available_word) == (3, "unavailable")


def test_a_cluster_without_nodes_has_a_sentence_of_its_own():
    message = parse_scheduler_message("no nodes available to schedule pods")
    assert (message.nodes, message.reasons) == (0, ())


def test_a_sentence_inside_another_text_is_found_but_not_parsed_as_one():
    text = "Origin reason is ddp-1: In hyperNode s1: 0/2 nodes are unavailable: 2 Insufficient nvidia.com/gpu."
    assert parse_scheduler_message(text) is None
    assert find_scheduler_message(text).nodes == 2


@pytest.mark.parametrize("text", ["", "0/", "0/3 nodes", "1/3 nodes are available: 2 Too many pods.", "nodes are"])
def test_another_text_is_no_sentence(text):
    assert parse_scheduler_message(text) is None
    assert find_scheduler_message(text) is None


@pytest.mark.parametrize(
    "unit",
    ["{", '"', "{a", ", ", "1 a, ", ".", "a", " ", "preemption: ", "resource claim ", "0/9 nodes are available:"],
)
def test_a_hostile_megabyte_is_read_in_linear_time(unit):
    # In quadratic time this would not end within the day.
    assert find_scheduler_message("0/9 nodes are available: 1 " + unit * (1_000_000 // len(unit))).nodes == 9


@given(st.text(alphabet='0123456789 ,.{}:"/()Insufficient', max_size=200))
def test_no_tail_crashes(tail):
    assert parse_scheduler_message("0/3 nodes are available: " + tail).nodes == 3
