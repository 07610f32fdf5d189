"""Paths that a container's log names, and the volumes that are mounted there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diag.catalog.context import Context
from diag.catalog.texts import tells
from diag.facts.pods import statuses
from diag.findings import Evidence
from diag.projection import JsonDict, dicts
from diag.snapshot.kinds import Pod
from diag.trouble.groups import Group

MAX_MEMBERS = 4
MAX_LINES = 60  # what ended a process stands near the end of its log
_PATH = re.compile(r"(?<![\w.:/-])(/[\w.@+=-]+(?:/[\w.@+=-]*)*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A volume of a pod where a container has it mounted. `where` is the mount's path in the object."""

    path: str
    where: str
    mount: JsonDict
    volume: JsonDict
    volume_where: str

    @property
    def claim(self) -> str:
        """The name of the claim behind it; empty where there is none."""
        source = self.volume.get("persistentVolumeClaim")
        name = source.get("claimName") if isinstance(source, dict) else None
        return name if isinstance(name, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A line, or the end of a log in a termination message, that matches."""

    pod: Pod
    container: str
    text: str
    proof: Evidence


def said(ctx: Context, group: Group, pattern: re.Pattern[str]) -> Said | None:
    """The last words of a member's container that match, of the container in trouble or of an init container."""
    for member in group.members[:MAX_MEMBERS]:
        if not isinstance(member, Pod):
            continue
        for path, status in statuses(member):
            name = status.name or ""
            mine = not group.container or name == group.container or path.startswith("status.init")
            if not mine or not tells(group, status):
                continue
            for previous in (False, True):
                lines = ctx.snap.log(member, name, previous=previous)
                for number in range(len(lines), max(len(lines) - MAX_LINES, 0), -1):
                    text = lines[number - 1][:2000]
                    if pattern.search(text):
                        proof = ctx.cite_log(member, name, number, previous=previous)
                        return Said(pod=member, container=name, text=text, proof=proof)
            for part, state in (("state", status.state), ("lastState", status.last_state)):
                ended = state.terminated if state else None
                if ended and ended.message and pattern.search(ended.message):
                    ending = ctx.cite(member, f"{path}.{part}.terminated.message")
                    return Said(pod=member, container=name, text=ended.message[-2000:], proof=ending)
    return None


def mounted_at(one: Said) -> Mount | None:
    """The volume on which the first path of the words lies that lies on any."""
    mounts = sorted(_mounts(one.pod, one.container), key=lambda mount: -len(mount.path))
    for path in _PATH.findall(one.text):
        for mount in mounts:
            if path == mount.path or path.startswith(mount.path.rstrip("/") + "/"):
                return mount
    return None


def _mounts(pod: Pod, container: str) -> Iterator[Mount]:
    spec = pod.whole.get("spec")
    listed = spec.get("volumes") if isinstance(spec, dict) else None
    volumes = {
        one["name"]: (one, f"spec.volumes[{index}]")
        for index, one in enumerate(listed if isinstance(listed, list) else ())
        if dicts([one]) and isinstance(one.get("name"), str)
    }
    for part in ("containers", "initContainers"):
        some = spec.get(part) if isinstance(spec, dict) else None
        for index, one in enumerate(some if isinstance(some, list) else ()):
            if not dicts([one]) or one.get("name") != container:
                continue
            mounts = one.get("volumeMounts")
            for place, mount in enumerate(mounts if isinstance(mounts, list) else ()):
                found = volumes.get(mount.get("name")) if dicts([mount]) else None
                if found is not None and isinstance(mount.get("mountPath"), str):
                    yield Mount(
                        path=mount["mountPath"],
                        where=f"spec.{part}[{index}].volumeMounts[{place}]",
                        mount=mount,
                        volume=found[0],
                        volume_where=found[1],
                    )
