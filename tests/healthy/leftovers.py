"""What is left of troubles that are over: dead pods whose owners are whole, old events, old failures."""

from healthy.made import CLOCK, DAYS_AGO, HOURS_AGO, Break, conditions, spec_of, well

from diag.testing import deployment, event, job, lease, node, pod, replica_set, succeeded

NAMESPACE = "apps"


def _dead(name, reason, message, owner, *, created=DAYS_AGO):
    made = pod(name, spec_of(), namespace=NAMESPACE, created=created, node="cpu-1", owner=owner)
    made["status"] = {"phase": "Failed", "reason": reason, "message": message, "startTime": created}
    return made


def cluster():
    """A Deployment at full strength among its dead pods, and Jobs that are long over."""
    machine = node("cpu-1", created=DAYS_AGO, heartbeat=CLOCK.ago())
    owner = deployment("api", spec_of(), namespace=NAMESPACE, replicas=2, created=DAYS_AGO)
    made = replica_set(owner)
    alive = [
        well(f"api-{n}", "cpu-1", namespace=NAMESPACE, owner=made, restarts=n * 40, since=HOURS_AGO) for n in range(2)
    ]
    dead = [
        _dead("api-evicted", "Evicted", "The node was low on resource: ephemeral-storage.", made),
        _dead("api-shutdown", "Terminated", "Pod was terminated in response to imminent node shutdown.", made),
        _dead("api-refused", "UnexpectedAdmissionError", "Allocate failed due to no healthy devices present", made),
    ]
    failed = job("weekly", spec_of(restart_policy="Never"), namespace=NAMESPACE, active=0, created=CLOCK.ago(days=3))
    failed["status"] = {
        "failed": 7, "startTime": CLOCK.ago(days=3),
        "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded",
                        "message": "Job has reached the specified backoff limit",
                        "lastTransitionTime": CLOCK.ago(days=3)}],
    }  # fmt: skip
    done = job("daily", spec_of(restart_policy="Never"), namespace=NAMESPACE, active=0, succeeded=1,
               completed=HOURS_AGO, created=HOURS_AGO)  # fmt: skip
    tries = [
        _dead("daily-first-try", "", "", done, created=HOURS_AGO),
        succeeded(pod("daily-second-try", spec_of(restart_policy="Never"), namespace=NAMESPACE, created=HOURS_AGO,
                      node="cpu-1", owner=done), started=HOURS_AGO, finished=CLOCK.ago(hours=4)),
    ]  # fmt: skip
    events = [
        event(alive[0], "BackOff", "Back-off restarting failed container", last=CLOCK.ago(hours=6), warning=True),
        event(alive[1], "FailedScheduling", "0/1 nodes are available: 1 Insufficient cpu.", last=CLOCK.ago(hours=5),
              warning=True, component="default-scheduler"),
        event(machine, "NodeNotReady", "Node cpu-1 status is now: NodeNotReady", last=CLOCK.ago(days=2)),
        event(made, "FailedCreate", 'Error creating: pods "api-x" is forbidden: exceeded quota: team',
              last=CLOCK.ago(hours=7), warning=True, component="replicaset-controller"),
    ]  # fmt: skip
    return [
        machine, lease(machine, renewed=CLOCK.micro(seconds=4)), owner, made, *alive, *dead, failed, done, *tries,
        *events,
    ]  # fmt: skip


BREAKS = (
    Break(
        says="the Deployment has been short of replicas for hours",
        where="Deployment/apps/api",
        path=("status", "conditions", {"type": "Available"}),
        value=conditions(Available="False MinimumReplicasUnavailable: it has no minimum availability")[0],
        finds="Deployment/apps/api",
    ),
    Break(
        says="the Job failed only now",
        where="Job/apps/weekly",
        path=("status", "conditions", 0, "lastTransitionTime"),
        value=CLOCK.ago(minutes=10),
        finds="Job/apps/weekly",
    ),
    Break(
        says="a container crashes again",
        where="Pod/apps/api-1",
        path=("status", "containerStatuses", 0, "state"),
        value={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}},
        finds="Deployment/apps/api",
    ),
)
