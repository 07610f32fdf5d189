"""Builders of Kubernetes objects for tests, the demo cluster and benchmarks.

Every builder is pure and returns a plain dict as the API server prints it; uids and generated suffixes depend on names
only, and times are passed in. A test of a rule may look like this:

    from diag.testing import container, gpu_node, listing, pod, pod_spec, unschedulable

    spec = pod_spec(container("train", "registry.example.com/train:1", gpus=16))
    waiter = unschedulable(pod("big-0", spec), "0/1 nodes are available: …", since="2026-03-02T08:00:00Z")
    snapshot = listing([gpu_node("gpu-1"), waiter])
"""

from diag.testing.controllers import daemon_set, deployment, job, replica_set, stateful_set
from diag.testing.events import as_events_v1, event, series_event
from diag.testing.meta import Clock, Object, listing, manifest, name_of, namespace_of, owner_reference, suffix, uid_for
from diag.testing.nodes import A10G, H100, L40S, GpuModel, cordoned, gpu_node, lease, node
from diag.testing.pods import crashing, pod, running, succeeded, unschedulable, waiting
from diag.testing.policies import (
    config_map,
    endpoint_slice,
    namespace,
    pdb,
    priority_class,
    pvc,
    resource_quota,
    service,
    storage_class,
)
from diag.testing.queues import (
    cluster_queue,
    condition,
    local_queue,
    pod_group,
    volcano_pod_group,
    volcano_queue,
    workload,
)
from diag.testing.scheduling import Room
from diag.testing.specs import GPU, GPU_TOLERATION, container, http_probe, pod_spec

__all__ = [
    "A10G",
    "GPU",
    "GPU_TOLERATION",
    "H100",
    "L40S",
    "Clock",
    "GpuModel",
    "Object",
    "Room",
    "as_events_v1",
    "cluster_queue",
    "condition",
    "config_map",
    "container",
    "cordoned",
    "crashing",
    "daemon_set",
    "deployment",
    "endpoint_slice",
    "event",
    "gpu_node",
    "http_probe",
    "job",
    "lease",
    "listing",
    "local_queue",
    "manifest",
    "name_of",
    "namespace",
    "namespace_of",
    "node",
    "owner_reference",
    "pdb",
    "pod",
    "pod_group",
    "pod_spec",
    "priority_class",
    "pvc",
    "replica_set",
    "resource_quota",
    "running",
    "series_event",
    "service",
    "stateful_set",
    "storage_class",
    "succeeded",
    "suffix",
    "uid_for",
    "unschedulable",
    "volcano_pod_group",
    "volcano_queue",
    "waiting",
    "workload",
]
