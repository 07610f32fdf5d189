"""Work that waits because somebody wants it to, or only just; and queues that borrow."""

from healthy.made import CLOCK, DAYS_AGO, HOURS_AGO, Break, custom, spec_of, well

from diag.testing import cluster_queue, job, lease, local_queue, node, workload
from diag.testing import condition as queue_condition

NAMESPACE = "ml"


def _workload(name, *conditions, created=HOURS_AGO, **fields):
    return workload(
        name, namespace=NAMESPACE, queue="team", spec=spec_of(gpus=1), conditions=conditions, created=created, **fields
    )


def cluster():
    """A Kueue queue, a Volcano queue, and jobs of all kinds that stand still on purpose."""
    machine = node("cpu-1", created=DAYS_AGO, heartbeat=CLOCK.ago())
    held = job("later", spec_of(), namespace=NAMESPACE, active=0, created=DAYS_AGO)
    held["spec"]["suspend"] = True
    waits = {"status": False, "reason": "Pending", "message": "couldn't assign flavors: insufficient unused quota"}
    just_now = _workload(
        "just-now",
        queue_condition("QuotaReserved", since=CLOCK.ago(seconds=20), **waits),
        created=CLOCK.ago(seconds=20),
    )
    put_aside = _workload("put-aside", queue_condition("QuotaReserved", since=HOURS_AGO, **waits))
    put_aside["spec"]["active"] = False
    done = _workload(
        "done",
        queue_condition("Finished", status=True, reason="Finished", message="Job finished", since=HOURS_AGO),
    )
    came_back = _workload(
        "came-back",
        queue_condition("Evicted", status=True, reason="Preempted", message="Preempted", since=HOURS_AGO),
        queue_condition("QuotaReserved", status=True, reason="QuotaReserved", message="", since=HOURS_AGO),
        queue_condition("Admitted", status=True, reason="Admitted", message="", since=HOURS_AGO),
    )
    suspended = custom(
        "jobset.x-k8s.io/v1alpha2", "JobSet", "tomorrow", namespace=NAMESPACE, spec={"suspend": True},
        told={"Suspended": "True SuspendedJobs: jobset is suspended"},
    )  # fmt: skip
    training = custom(
        "trainer.kubeflow.org/v1alpha1", "TrainJob", "resumed", namespace=NAMESPACE, spec={"suspend": False},
        told={"Suspended": "False Resumed: TrainJob is resumed"},
    )  # fmt: skip
    borrowing = custom(
        "scheduling.run.ai/v2", "Queue", "team", told={"OverQuota": "True : borrows", "Orphan": "False : has a parent"}
    )
    return [
        machine,
        lease(machine, renewed=CLOCK.micro(seconds=4)),
        cluster_queue(
            "shared", quota={"nvidia.com/gpu": "8"}, used={"nvidia.com/gpu": "8"}, pending=1, created=DAYS_AGO
        ),
        local_queue("team", namespace=NAMESPACE, cluster_queue="shared", pending=1, created=DAYS_AGO),
        held,
        just_now,
        put_aside,
        done,
        came_back,
        suspended,
        training,
        borrowing,
        well("notebook-0", "cpu-1", namespace=NAMESPACE),
    ]


BREAKS = (
    Break(
        says="the newcomer has waited for hours",
        where="Workload/ml/just-now",
        path=("metadata", "creationTimestamp"),
        value=HOURS_AGO,
        finds="Workload/ml/just-now",
    ),
    Break(
        says="the resumed training failed",
        where="TrainJob/ml/resumed",
        path=("status", "conditions", 0),
        value={"type": "Failed", "status": "True", "reason": "TrainingRuntimeNotSupported",
               "message": "unsupported runtime: mystery", "lastTransitionTime": HOURS_AGO},
        finds="TrainJob/ml/resumed",
    ),
)  # fmt: skip
