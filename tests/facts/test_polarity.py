"""Polarity: what a condition says, for the kinds whose habits differ."""

import pytest

from diag.vocab.polarity import ENTRIES, Verdict, is_known, verdict

GOOD, BAD, NEUTRAL = Verdict.GOOD, Verdict.BAD, Verdict.NEUTRAL


@pytest.mark.parametrize(
    ("kind", "type_", "status", "reason", "expected"),
    [
        ("Node", "Ready", "True", "KubeletReady", GOOD),
        ("Node", "Ready", "Unknown", "NodeStatusUnknown", BAD),
        ("Node", "MemoryPressure", "False", "", GOOD),
        ("Node", "KernelDeadlock", "False", "KernelHasNoDeadlock", GOOD),
        ("Node", "FrequentContainerdRestart", "True", "", BAD),
        ("Node", "AcceleratedHardwareReady", "False", "NvidiaXID79Error", BAD),
        ("Node", "GpuMemWatch", "True", "GpuMemWatchIsNotHealthy", BAD),
        ("Node", "NeuronHealth", "True", "", BAD),
        ("Node", "SomebodysBusProblem", "False", "", GOOD),  # named after a defect
        ("Node", "SomebodysBusHealthy", "False", "", BAD),  # named after what is good
        ("Node", "VMEventScheduled", "True", "", NEUTRAL),
        ("Node", "SomebodysMood", "False", "", NEUTRAL),
        ("Pod", "SlurmNodeStateIdle", "True", "", NEUTRAL),
        ("Pod", "SlurmNodeStateDown", "True", "", BAD),
        ("Pod", "Ready", "False", "PodCompleted", NEUTRAL),
        ("batch/Job", "Failed", "False", "", GOOD),
        ("apiextensions.k8s.io/CustomResourceDefinition", "NonStructuralSchema", "False", "", GOOD),
        ("kueue.x-k8s.io/ClusterQueue", "Active", "False", "FlavorNotFound", BAD),
        ("serving.knative.dev/Revision", "Active", "False", "NoTraffic", NEUTRAL),
        ("keda.sh/ScaledObject", "Active", "False", "ScalerNotActive", NEUTRAL),
        ("keda.sh/ScaledObject", "Ready", "False", "TriggerError", BAD),
        ("keda.sh/ScaledObject", "Fallback", "True", "FallbackExists", BAD),
        ("autoscaling/HorizontalPodAutoscaler", "ScalingActive", "False", "ScalingDisabled", NEUTRAL),
        ("autoscaling/HorizontalPodAutoscaler", "ScalingActive", "False", "FailedGetResourceMetric", BAD),
        ("autoscaling/HorizontalPodAutoscaler", "ScalingLimited", "True", "TooManyReplicas", NEUTRAL),
        ("scheduling.run.ai/Queue", "OverQuota", "True", "", NEUTRAL),
        ("karpenter.sh/NodeClaim", "Drifted", "True", "NodePoolDrifted", NEUTRAL),
        ("karpenter.k8s.aws/EC2NodeClass", "AMIsReady", "False", "AMINotFound", BAD),
        ("s3.aws.upbound.io/Bucket", "Synced", "False", "ReconcilePaused", NEUTRAL),
        ("s3.aws.upbound.io/Bucket", "Synced", "False", "ReconcileError", BAD),
        ("config.openshift.io/ClusterOperator", "Progressing", "True", "", NEUTRAL),
        ("config.openshift.io/ClusterOperator", "Upgradeable", "False", "", NEUTRAL),
        ("cluster.karmada.io/Cluster", "Ready", "Unknown", "ClusterStatusUnknown", BAD),
        ("ray.io/RayCluster", "RayClusterProvisioned", "False", "RayClusterPodsProvisioning", NEUTRAL),
        ("multicluster.x-k8s.io/ServiceExport", "Conflict", "True", "PortConflict", BAD),
        ("skupper.io/Listener", "Ready", "False", "Pending", NEUTRAL),
        ("example.com/Widget", "Ready", "False", "Broken", BAD),  # by convention
        ("example.com/Widget", "Ready", "Unknown", "", NEUTRAL),
        ("example.com/Widget", "Stalled", "False", "", GOOD),
        ("example.com/Widget", "Frobnicated", "False", "", NEUTRAL),
    ],
)
def test_a_condition_is_judged_by_its_kind_type_and_reason(kind, type_, status, reason, expected):
    assert verdict(kind, type_, status, reason) is expected


def test_no_entry_says_two_things_of_one_type():
    for entry in ENTRIES:
        assert len({*entry.good, *entry.bad, *entry.neutral}) == len([*entry.good, *entry.bad, *entry.neutral]), entry


def test_every_entry_names_its_source_and_a_type_whose_silence_is_bad_is_judged_at_all():
    for entry in ENTRIES:
        assert entry.source
        assert set(entry.unknown) <= {*entry.good, *entry.bad}, entry


def test_a_kind_is_known_by_itself_or_by_its_group_and_not_by_convention():
    assert is_known("keda.sh/ScaledJob")
    assert not is_known("example.com/Widget")
