"""Labels by which operators of training and multi-host serving tell the roles of their pods.

Sources: kubernetes-sigs/jobset api/jobset/v1alpha2, kubernetes-sigs/lws api/leaderworkerset/v1, ray-project/kuberay
ray-operator/controllers/ray/utils/constant.go, kubeflow/trainer pkg/apis/kubeflow.org/v1 (branch release-1.9).
"""

JOBSET = "jobset.x-k8s.io/JobSet"
JOBSET_NAME = "jobset.sigs.k8s.io/jobset-name"
REPLICATED_JOB = "jobset.sigs.k8s.io/replicatedjob-name"

LWS = "leaderworkerset.x-k8s.io/LeaderWorkerSet"
LWS_NAME = "leaderworkerset.sigs.k8s.io/name"
LWS_GROUP = "leaderworkerset.sigs.k8s.io/group-index"
LWS_WORKER = "leaderworkerset.sigs.k8s.io/worker-index"  # "0" is the leader

RAY_CLUSTER = "ray.io/RayCluster"
RAY_CLUSTER_NAME = "ray.io/cluster"
RAY_ROLE = "ray.io/node-type"  # head, worker, redis-cleanup

KUBEFLOW_JOB_NAME = "training.kubeflow.org/job-name"
