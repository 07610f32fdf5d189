"""Training at work: steps that were reached once, trials that lost, restarts that mended it, waits for one another."""

from healthy.made import CLOCK, DAYS_AGO, HOURS_AGO, Break, conditions, custom, well

from diag.testing import lease, node

NAMESPACE = "ml"


def _custom(api_version, kind, name, **fields):
    return custom(api_version, kind, name, namespace=NAMESPACE, **fields)


def cluster():
    """One job of each kind, all of them running or over."""
    machine = node("cpu-1", created=DAYS_AGO, heartbeat=CLOCK.ago())
    ray = _custom(
        "ray.io/v1", "RayCluster", "tune", status={"state": "ready", "readyWorkerReplicas": 1},
        told={"HeadPodReady": "True HeadPodRunningAndReady",
              "RayClusterProvisioned": "False RayClusterPodsProvisioning"},
    )  # fmt: skip
    starting = _custom(
        "ray.io/v1", "RayService", "starting", since=CLOCK.ago(minutes=3),
        told={"Ready": "False Initializing: RayService is initializing", "UpgradeInProgress": "False NoPendingCluster"},
    )  # fmt: skip
    in_order = _custom(
        "jobset.x-k8s.io/v1alpha2", "JobSet", "in-order", since=CLOCK.ago(minutes=4),
        told={"StartupPolicyInProgress": "True InOrderStartupPolicyInProgress: in order startup policy is in progress"},
    )  # fmt: skip
    group = _custom(
        "leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "llm", status={"replicas": 2, "readyReplicas": 2},
        told={"Available": "True AllGroupsReady", "Progressing": "True GroupsProgressing"},
    )  # fmt: skip
    experiment = _custom(
        "kubeflow.org/v1beta1", "Experiment", "search", status={"trials": 12, "trialsFailed": 1},
        told={"Created": "True ExperimentCreated", "Running": "True ExperimentRunning"},
    )  # fmt: skip
    lost = _custom(
        "kubeflow.org/v1beta1", "Trial", "search-7", owner=experiment,
        told={"Created": "True TrialCreated", "Running": "False TrialRunning",
              "Failed": "True TrialFailed: it diverged"},
    )  # fmt: skip
    mended = _custom(
        "kubeflow.org/v1", "PyTorchJob", "mended",
        told={"Created": "True PyTorchJobCreated", "Restarting": "False PyTorchJobRestarting",
              "Running": "True PyTorchJobRunning", "Failed": "False PyTorchJobFailed"},
    )  # fmt: skip
    flow = _custom(
        "argoproj.io/v1alpha1", "Workflow", "pipeline", since=CLOCK.ago(minutes=4),
        status={"phase": "Running", "nodes": {"n1": {"type": "Suspend", "phase": "Running"}}},
        told={"PodRunning": "False"},
    )  # fmt: skip
    over = _custom(
        "argoproj.io/v1alpha1", "Workflow", "over", status={"phase": "Succeeded", "finishedAt": HOURS_AGO},
        told={"PodRunning": "False", "Completed": "True"},
    )  # fmt: skip
    long_failed = _custom(
        "argoproj.io/v1alpha1", "Workflow", "long-failed",
        status={"phase": "Failed", "message": "OOMKilled (exit code 137)", "finishedAt": CLOCK.ago(days=4)},
        told={"Completed": "True"},
    )  # fmt: skip
    notebook = _custom(
        "kubeflow.org/v1", "Notebook", "alice", told={"Ready": "True", "PodScheduled": "True", "Initialized": "True"}
    )
    return [
        machine, lease(machine, renewed=CLOCK.micro(seconds=4)), ray, starting, in_order, group, experiment, lost,
        mended, flow, over, long_failed, notebook,
        well("tune-head", "cpu-1", namespace=NAMESPACE, owner=ray),
    ]  # fmt: skip


def _says(kind, name, type_, told):
    return Break(
        says=f"the {kind} says {type_}={told}",
        where=f"{kind}/{NAMESPACE}/{name}",
        path=("status", "conditions", {"type": type_}),
        value=conditions(**{type_: told})[0],
        finds=f"{kind}/{NAMESPACE}/{name}",
    )


BREAKS = (
    _says("RayCluster", "tune", "HeadPodReady", "False CrashLoopBackOff: the head crashes"),
    _says("RayService", "starting", "Ready", "False InitializingTimeout: it did not come up in time"),
    _says("PyTorchJob", "mended", "Failed", "True PyTorchJobFailed: PyTorchJob mended is failed"),
    _says("LeaderWorkerSet", "llm", "Available", "False GroupsNotReady: 1 of 2 groups is ready"),
    Break(
        says="the workflow failed only now",
        where="Workflow/ml/long-failed",
        path=("status", "finishedAt"),
        value=CLOCK.ago(minutes=20),
        finds="Workflow/ml/long-failed",
    ),
)
