"""Members that give up because another member of their workload is not there: by their own words.

An MPI launcher that cannot resolve a worker's name, or a rank that does not reach rank 0, only repeats that the other
has found no node or does not start.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from diag.facts.connections import parse_connection
from diag.facts.pods import statuses
from diag.findings import Because, Charge, Evidence
from diag.projection import Object
from diag.snapshot.cite import cite, cite_log
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    from diag.trouble.trouble import Trouble

GAVE_UP = ("container-crashing", "init-container-failing", "pod-failed")
MAX_MEMBERS = 4
MAX_LINES = 100


def charges(trouble: "Trouble") -> list[Charge]:
    """Links from members that stopped earlier on their way to those that name them as not reached."""
    found = []
    for group in trouble.of(*GAVE_UP):
        sources = [one for one in trouble.groups if one.workload == group.workload and one.question < group.question]
        for member in group.members[:MAX_MEMBERS] if sources else ():
            for host, said in asked(trouble.snap, member):
                for source in sources:
                    peer = next((one for one in source.members if answers_to(one, host)), None)
                    if peer is not None:
                        why = f"{member.name} waits for {peer.name}, which {source.kind.title}"
                        found.append(Charge(source=source, because=Because(group, why, (said,))))
    return found


def answers_to(pod: Object, host: str) -> bool:
    """Whether a pod is what a host name of its namespace means: by its own name, or the one that it was given."""
    spec = pod.whole.get("spec")
    given = spec.get("hostname") if isinstance(spec, dict) else None
    return isinstance(pod, Pod) and host.partition(".")[0] in (pod.name, given)


def asked(snap: Snapshot, pod: Object) -> Iterator[tuple[str, Evidence]]:
    """The hosts that a pod says it did not reach, each with the words that say so."""
    for path, status in statuses(pod) if isinstance(pod, Pod) else ():
        for part, state in (("state", status.state), ("lastState", status.last_state)):
            text = state.terminated.message if state and state.terminated else None
            to = parse_connection(text[-2000:].replace("\n", " ")) if text else None
            if to is not None:
                yield to.host, cite(pod, f"{path}.{part}.terminated.message")
        for previous in (False, True):
            lines = snap.log_lines(pod, status.name or "", previous=previous)
            for number in range(len(lines), max(len(lines) - MAX_LINES, 0), -1):
                to = parse_connection(lines[number - 1][:2000])
                if to is not None:
                    line = lines[number - 1]
                    yield to.host, cite_log(pod, status.name or "", number, line, previous=previous)
                    break
