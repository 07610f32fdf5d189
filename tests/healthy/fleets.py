"""More than one cluster: nodes that are none, hubs whose pods run elsewhere, DRA instead of device plugins."""

from healthy.made import CLOCK, DAYS_AGO, HOURS_AGO, Break, conditions, custom, spec_of, well

from diag.testing import deployment, gpu_node, lease, manifest, node, replica_set


def _nodes():
    """A machine, a virtual kubelet, a vcluster's stand-in, and a node whose GPUs are offered through DRA only."""
    real = node("cpu-1", created=DAYS_AGO, heartbeat=CLOCK.ago())
    virtual = node(
        "virtual", created=DAYS_AGO, heartbeat=CLOCK.ago(), labels={"type": "virtual-kubelet"},
        taints=({"key": "virtual-kubelet.io/provider", "value": "cloud", "effect": "NoSchedule"},),
        resources={"nvidia.com/gpu": "100"},
    )  # fmt: skip
    stand_in = node("vc-node", created=DAYS_AGO, heartbeat=CLOCK.ago(), labels={"vcluster.loft.sh/fake-node": "true"})
    stand_in["status"] |= {"capacity": {"cpu": "16", "pods": "110"}, "allocatable": {"cpu": "16", "pods": "110"}}
    claims = gpu_node("dra-1", created=DAYS_AGO, heartbeat=CLOCK.ago())
    for part in ("capacity", "allocatable"):
        del claims["status"][part]["nvidia.com/gpu"]
    return [real, virtual, stand_in, claims]


def _devices():
    devices = [
        {"name": f"gpu-{n}", "attributes": {"type": {"string": "gpu"}, "productName": {"string": "NVIDIA H100"}}}
        for n in range(8)
    ]
    return [
        manifest("resource.k8s.io/v1", "DeviceClass", "gpu.nvidia.com", created=DAYS_AGO,
                 spec={"selectors": [{"cel": {"expression": "device.driver == 'gpu.nvidia.com'"}}]}),
        manifest("resource.k8s.io/v1", "ResourceSlice", "dra-1-gpu", created=DAYS_AGO,
                 spec={"driver": "gpu.nvidia.com", "nodeName": "dra-1", "devices": devices,
                       "pool": {"name": "dra-1", "generation": 1, "resourceSliceCount": 1}}),
    ]  # fmt: skip


def cluster():
    """A hub and a member in one."""
    nodes = _nodes()
    owner = deployment("burst", spec_of(), namespace="apps", replicas=1, created=DAYS_AGO)
    made = replica_set(owner)
    template = deployment("spread", spec_of(), namespace="apps", replicas=0, created=DAYS_AGO)
    return [
        *nodes,
        *(lease(item, renewed=CLOCK.micro(seconds=4)) for item in nodes),
        *_devices(),
        owner, made, well("burst-1", "virtual", namespace="apps", owner=made),
        template,
        custom("cluster.karmada.io/v1alpha1", "Cluster", "member1",
               told={"Ready": "True ClusterReady: cluster is healthy and ready to accept workloads",
                     "CompleteAPIEnablements": "True Complete"}),
        custom("work.karmada.io/v1alpha2", "ResourceBinding", "spread-deployment", namespace="apps", owner=template,
               told={"Scheduled": "True Success: Binding has been scheduled successfully.",
                     "FullyApplied": "True FullyAppliedSuccess"}),
        custom("work.karmada.io/v1alpha1", "Work", "spread-1", namespace="karmada-es-member1",
               told={"Applied": "True AppliedSuccessful", "Dispatching": "False SuspendDispatching"}),
        custom("cluster.open-cluster-management.io/v1", "ManagedCluster", "east",
               told={"HubAcceptedManagedCluster": "True", "ManagedClusterJoined": "True",
                     "ManagedClusterConditionAvailable": "True ManagedClusterAvailable",
                     "ManagedClusterConditionClockSynced": "True"}),
        custom("cluster.open-cluster-management.io/v1beta2", "ManagedClusterSet", "empty",
               told={"ClusterSetEmpty": "True NoClusterMatched"}),
        custom("offloading.liqo.io/v1beta1", "NamespaceOffloading", "offloading", namespace="apps",
               status={"offloadingPhase": "Ready"}),
    ]  # fmt: skip


BREAKS = (
    Break(
        says="the member's agent is silent",
        where="ManagedCluster/east",
        path=("status", "conditions", {"type": "ManagedClusterConditionAvailable"}),
        value=conditions(ManagedClusterConditionAvailable="Unknown ManagedClusterLeaseUpdateStopped: agent stopped")[0],
        finds="ManagedCluster/east",
    ),
    Break(
        says="the object does not reach its member",
        where="Work/karmada-es-member1/spread-1",
        path=("status", "conditions", {"type": "Applied"}),
        value=conditions(Applied="False AppliedFailed: Failed to apply all manifests (0/1): denied")[0],
        finds="Work/karmada-es-member1/spread-1",
    ),
    Break(
        says="the provider refuses the pod",
        where="Pod/apps/burst-1",
        path=("status",),
        value={"phase": "Pending", "reason": "ProviderFailed", "message": "no such container group",
               "startTime": HOURS_AGO},
        finds="Deployment/apps/burst",
    ),
    Break(
        says="the runtime of the machine is down",
        where="Node/cpu-1",
        path=("status", "conditions", {"type": "Ready"}),
        value={"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "container runtime is down",
               "lastTransitionTime": HOURS_AGO},
        finds="Node/cpu-1",
    ),
)  # fmt: skip
