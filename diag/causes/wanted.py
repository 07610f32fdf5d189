"""Read the logs that a scan asked for, and give the same snapshots with them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from diag.document import READ_LOGS
from diag.facts.pods import PodClass, classify
from diag.findings import Gap
from diag.snapshot.kinds import Pod
from diag.snapshot.load import gap_of
from diag.snapshot.snapshot import Snapshot
from diag.snapshot.sources.part import LogKey
from diag.snapshot.sources.words import first_of

MAX_LOGS = 200  # streams of one scan, of all clusters together
IN_ORDER = (PodClass.HEALTHY, PodClass.FINISHED)


def with_logs(snapshots: Sequence[Snapshot], most: int, say: Callable[[str], None]) -> tuple[list[Snapshot], int]:
    """The snapshots with at most `most` of the logs that their scans wanted, and how many of them were asked for.

    Pods in trouble come first. What goes beyond `most`, and what could not be read, is a gap.
    """
    found, read = [], 0
    for snap in snapshots:
        wants = _ranked(snap)
        now, later = wants[: most - read], wants[most - read :]
        if not now:
            found.append(snap)
            continue
        say(f"reading {len(now)} logs of {snap.cluster}, of {most} that may be read")
        read += len(now)
        logs, problems = snap.logs.fetch(now)
        gaps = [gap_of(one, snap.cluster) for one in problems]
        if later:
            gaps.append(_unread(snap, later))
        gaps = sorted(dict.fromkeys((*snap.gaps, *gaps)), key=lambda gap: (gap.what, gap.why))
        found.append(replace(snap, logs=logs, gaps=tuple(gaps)))
    return found, read


def _ranked(snap: Snapshot) -> list[LogKey]:
    """What was wanted: of pods in trouble first, otherwise in the order of asking."""
    return sorted(snap.logs.wants(), key=lambda key: _in_order(snap, key))


def _in_order(snap: Snapshot, key: LogKey) -> bool:
    namespace, _, name = key[0].partition("/")
    pod = snap.get("Pod", namespace, name)
    return isinstance(pod, Pod) and classify(pod) in IN_ORDER


def _unread(snap: Snapshot, keys: Sequence[LogKey]) -> Gap:
    pods = list(dict.fromkeys(pod for pod, _, _ in keys))
    return Gap(
        cluster=snap.cluster,
        what=f"{READ_LOGS}{first_of(pods)}",
        why="not-collected",
        pods=tuple(pods),
        fix=f"a scan reads {MAX_LOGS} logs at most; -n, -l or a narrower dump leave room for these",
    )
