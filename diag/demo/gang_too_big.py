"""A gang that does not fit: four pods of eight GPUs must start together, and two nodes of the pool are free."""

from diag.demo.cluster import Cluster, Words
from diag.demo.fleet import TRAIN
from diag.demo.workloads import GANG_SCHEDULER, trainer
from diag.testing import Object, Room, job, name_of, pod, pod_group, suffix
from diag.testing.queues import POD_GROUP_LABEL
from diag.testing.scheduling import join

NAME, NAMESPACE = "orca-moe-stage2", "orca-pretrain"
MEMBERS = 4
FREE = TRAIN[4:]
MINUTES = 38


def build(cluster: Cluster) -> None:
    """Adds the PodGroup, its Job and its pods, of which the first that finds no node condemns the others."""
    created = cluster.clock.ago(minutes=MINUTES)
    top = job(
        NAME,
        trainer(pool="train-h100", scheduler=GANG_SCHEDULER),
        namespace=NAMESPACE,
        parallelism=MEMBERS,
        ready=0,
        created=created,
        labels={POD_GROUP_LABEL: NAME},
        indexed=True,
    )
    cluster.add(pod_group(NAME, namespace=NAMESPACE, min_member=MEMBERS, phase="Scheduling", created=created), top)
    members = [_member(top, index, created) for index in range(MEMBERS)]
    culprit = members[-1]  # the order in which members are tried is not that of their indices
    for item in members:
        hostage = item is not culprit
        words = _optimistic if hostage else _refused(culprit)
        cluster.wait(item, minutes=MINUTES, words=words, scheduler=GANG_SCHEDULER)


def _member(top: Object, index: int, created: str) -> Object:
    template = top["spec"]["template"]
    completion = {"batch.kubernetes.io/job-completion-index": str(index)}
    return pod(
        f"{NAME}-{index}-{suffix('gang', NAME, str(index))}",
        template["spec"],
        namespace=NAMESPACE,
        created=created,
        labels={**template["metadata"]["labels"], **completion},
        annotations=completion,
        owner=top,
    )


def _optimistic(_: Room) -> str:
    """What the coscheduling plugin says of members that fit or were not tried (scheduler-plugins `coscheduling.go`)."""
    return "optimistic rejection in PostFilter"


def _refused(culprit: Object) -> Words:
    def words(room: Room) -> str:
        """The members tried before this one hold the free nodes while they wait for the rest."""
        for node in FREE:
            room.take(node, culprit["spec"])
        reasons, _ = room.refusals(culprit["spec"])
        verdict = f"PodGroup {NAMESPACE}/{NAME} gets rejected due to Pod {name_of(culprit)} is unschedulable"
        return f"0/{len(room.nodes)} nodes are available: {join(reasons)}. {verdict} even after PostFilter."

    return words
