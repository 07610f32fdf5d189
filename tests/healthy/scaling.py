"""Scalers at rest, paused or at work: what has no pods on purpose, and what is being made."""

from healthy.made import CLOCK, DAYS_AGO, HOURS_AGO, Break, custom, spec_of, well

from diag.testing import (
    deployment,
    event,
    gpu_node,
    lease,
    manifest,
    node,
    pod,
    replica_set,
    stateful_set,
    unschedulable,
)

NAMESPACE = "serving"
REFUSED = "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) didn't match Pod's node affinity/selector."


def _idle():
    """What stands at zero, each for another reason."""
    paused = custom(
        "keda.sh/v1alpha1", "ScaledObject", "paused", namespace=NAMESPACE,
        annotations={"autoscaling.keda.sh/paused-replicas": "0"},
        told={"Ready": "True ScaledObjectReady: ScaledObject is defined correctly and is ready for scaling",
              "Active": "False ScalerNotActive: Scaling is not performed because triggers are not active",
              "Fallback": "False NoFallbackFound", "Paused": "True ScaledObjectPaused: ScaledObject is paused"},
    )  # fmt: skip
    quiet = custom(
        "serving.knative.dev/v1", "Revision", "quiet-00001", namespace=NAMESPACE,
        told={"Active": "False NoTraffic: The target is not receiving traffic.", "ContainerHealthy": "True",
              "Ready": "True", "ResourcesAvailable": "True"},
    )  # fmt: skip
    scaler = custom(
        "autoscaling.internal.knative.dev/v1alpha1", "PodAutoscaler", "quiet-00001", namespace=NAMESPACE,
        told={"Active": "False NoTraffic: The target is not receiving traffic.",
              "Ready": "False NoTraffic: The target is not receiving traffic.", "SKSReady": "True"},
    )  # fmt: skip
    stopped = custom(
        "serving.kserve.io/v1beta1", "InferenceService", "stopped", namespace=NAMESPACE,
        annotations={"serving.kserve.io/stop": "true"},
        told={"PredictorReady": "False Stopped", "Ready": "False Stopped", "Stopped": "True Stopped"},
    )  # fmt: skip
    zero = custom(
        "autoscaling/v2", "HorizontalPodAutoscaler", "zero", namespace=NAMESPACE,
        spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "zero"}},
        told={"AbleToScale": "True SucceededGetScale",
              "ScalingActive": "False ScalingDisabled: scaling is disabled since the replica count of the target is "
              "zero"},
    )  # fmt: skip
    culled = custom(
        "kubeflow.org/v1", "Notebook", "alice", namespace="alice",
        annotations={"kubeflow-resource-stopped": "2026-03-01T22:00:00Z"}, status={"readyReplicas": 0},
    )  # fmt: skip
    return [
        paused, quiet, scaler, stopped, zero, culled,
        deployment("zero", spec_of(), namespace=NAMESPACE, replicas=0, created=DAYS_AGO),
        stateful_set("alice", spec_of(), namespace="alice", replicas=0, created=DAYS_AGO),
    ]  # fmt: skip


def _growing():
    """A pod that waits for a node that the autoscaler is making, and a node that is not ready to offer its GPUs."""
    owner = deployment(
        "llm", spec_of(gpus=1), namespace=NAMESPACE, replicas=2, existing=2, ready=1, created=DAYS_AGO,
        progressed=CLOCK.ago(minutes=3),
    )  # fmt: skip
    made = replica_set(owner)
    waits = unschedulable(
        pod("llm-new", spec_of(gpus=1), namespace=NAMESPACE, created=CLOCK.ago(minutes=3), owner=made), REFUSED,
        since=CLOCK.ago(minutes=3),
    )  # fmt: skip
    triggered = event(
        waits, "TriggeredScaleUp", "pod triggered scale-up: [{gpu-pool 1->2 (max: 8)}]",
        last=CLOCK.ago(minutes=2, seconds=50), component="cluster-autoscaler",
    )  # fmt: skip
    claim = custom(
        "karpenter.sh/v1", "NodeClaim", "gpu-abcde", since=CLOCK.ago(minutes=5), created=CLOCK.ago(minutes=6),
        told={"Launched": "True Launched", "Registered": "True Registered",
              "Initialized": "Unknown ResourceNotRegistered: Resource nvidia.com/gpu was requested but not registered",
              "Ready": "Unknown ReconcilingDependents"},
    )  # fmt: skip
    pool = custom(
        "karpenter.sh/v1", "NodePool", "gpu",
        told={"NodeClassReady": "True NodeClassReady", "NodeRegistrationHealthy": "Unknown AwaitingReconciliation",
              "ValidationSucceeded": "True", "Ready": "True Ready"},
    )  # fmt: skip
    return [owner, made, well("llm-old", "gpu-1", spec=spec_of(gpus=1), namespace=NAMESPACE, owner=made), waits,
            triggered, claim, pool]  # fmt: skip


def cluster():
    """Two nodes, of which the GPU node is full, and a pool that replaced a spot node."""
    nodes = [
        gpu_node("gpu-1", gpus=1, created=DAYS_AGO, heartbeat=CLOCK.ago(), taints=()),
        node("cpu-1", created=DAYS_AGO, heartbeat=CLOCK.ago()),
    ]
    gone = manifest("v1", "Node", "spot-old", created=DAYS_AGO)
    interrupted = event(
        gone, "SpotInterrupted", "Spot interruption warning was triggered", last=CLOCK.ago(minutes=40), warning=True,
        component="karpenter",
    )  # fmt: skip
    return [
        *nodes,
        *(lease(item, renewed=CLOCK.micro(seconds=4)) for item in nodes),
        *_idle(),
        *_growing(),
        interrupted,
    ]


BREAKS = (
    Break(
        says="the autoscaler refuses",
        where="Event/serving/llm-new*",
        path=("reason",),
        value="NotTriggerScaleUp",
        finds="Deployment/serving/llm",
    ),
    Break(
        says="the scaler's trigger fails, and nobody has paused it",
        where="HorizontalPodAutoscaler/serving/zero",
        path=("status", "conditions", {"type": "ScalingActive"}, "reason"),
        value="FailedGetExternalMetric",
        finds="HorizontalPodAutoscaler/serving/zero",
    ),
    Break(
        says="the pool has no valid class of nodes",
        where="NodePool/gpu",
        path=("status", "conditions", {"type": "NodeClassReady"}),
        value={"type": "NodeClassReady", "status": "False", "reason": "NodeClassNotFound",
               "message": "NodeClass not found on cluster", "lastTransitionTime": HOURS_AGO},
        finds="NodePool/gpu",
    ),
)  # fmt: skip
