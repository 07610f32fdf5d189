"""Armada's queues, as far as a worker cluster shows them: the pods of jobs that were leased to it.

Jobs that still queue, shares and limits are in Armada alone (armadaproject/armada internal/executor).
"""

from collections.abc import Iterator

from diag.facts.gpus import pod_requests
from diag.snapshot.snapshot import Snapshot
from diag.views.queue_kinds import Slot
from diag.views.queue_pods import Held, PodQueue, applications, living, take

KIND = "armadaproject.io/Queue"
SYSTEM = "Armada"
# armadaproject/armada internal/executor/domain/pod_metadata.go
QUEUE, JOB, GANG = "armada_queue_id", "armada_job_id", "armadaproject.io/gangId"
_SEEN = "only jobs that were leased to this cluster are seen"


def armada_queues(snap: Snapshot) -> Iterator[PodQueue]:
    """The queues that pods of this cluster name, by name."""
    held: dict[str, Held] = {}
    gangs: dict[tuple[str, str], str] = {}
    for pod in living(snap.pods):
        if (name := pod.labels.get(QUEUE)) is None:
            continue
        take(held.setdefault(name, Held()), pod)
        gangs[pod.namespace, pod.name] = pod.annotations.get(GANG) or pod.labels.get(JOB, "")
    for name, one in sorted(held.items()):
        used = None if snap.damaged("Pod") else one.used
        asked = {resource for pod in one.waiting for resource in pod_requests(pod)}
        yield PodQueue(
            name=name,
            system=SYSTEM,
            state=_SEEN,
            slots=[
                Slot(resource=each, used=None if used is None else used.get(each, 0), limit_known=False)
                for each in sorted({*one.used, *asked} - {"pods"})
            ],
            waiting=applications(one, kind=KIND, queue=name, of=gangs, said={}),
        )
