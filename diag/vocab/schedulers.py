"""Schedulers beside kube-scheduler: what their workloads are called, and which API comes with them.

Sources: volcano-sh/volcano installer/helm, apache/yunikorn-release helm-charts, NVIDIA/KAI-Scheduler
deployments (one Deployment per shard, called after it), koordinator-sh/charts, Project-HAMi/HAMi charts,
kubernetes-sigs/scheduler-plugins manifests, kubewharf/charts.
"""

# schedulerName of pods -> names of the workload that is that scheduler (its own name is always one of them).
WORKLOADS = {
    "volcano": ("volcano-scheduler", "vc-scheduler"),
    "yunikorn": ("yunikorn-scheduler",),
    "kai-scheduler": ("kai-scheduler-default",),
    "koord-scheduler": ("koord-scheduler",),
    "hami-scheduler": ("hami-scheduler",),
    "scheduler-plugins-scheduler": ("scheduler-plugins-scheduler",),
    "katalyst-scheduler": ("katalyst-scheduler",),
}

# Kinds that are there only where the scheduler is installed.
KINDS = {
    "volcano": ("scheduling.volcano.sh/Queue", "scheduling.volcano.sh/PodGroup"),
    "yunikorn": (),
    "kai-scheduler": ("scheduling.run.ai/Queue", "scheduling.run.ai/PodGroup"),
    "koord-scheduler": ("scheduling.koordinator.sh/Reservation", "slo.koordinator.sh/NodeMetric"),
    "scheduler-plugins-scheduler": ("scheduling.x-k8s.io/PodGroup",),
    "katalyst-scheduler": ("node.katalyst.kubewharf.io/CustomNodeResource",),
}

# Words in a workload's name that mean another part of the same system than the scheduler itself.
OTHER_PARTS = frozenset(
    {"admission", "binder", "controller", "exporter", "metrics", "operator", "ui", "web", "webhook", "queue", "grouper"}
)
