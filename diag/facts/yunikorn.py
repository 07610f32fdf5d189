"""What YuniKorn's configuration and its sentences say (apache/yunikorn-core pkg/common/configs, pkg/scheduler).

Amounts in its sentences are plain numbers: bytes, thousandths of a CPU (`vcore`), devices.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from diag.facts.quantity import milli
from diag.projection import JsonDict, Object, dicts
from diag.snapshot.cite import key
from diag.snapshot.sources.yaml_text import yaml_value

# apache/yunikorn-k8shim pkg/common/constants: the second is the chart's, and the first overrides it key by key.
CONFIGS = ("yunikorn-configs", "yunikorn-defaults")
QUEUES = "queues.yaml"
QUEUE = "yunikorn.apache.org/queue"
SCHEDULER = "yunikorn"  # spec.schedulerName of its pods
TASK_GROUPS, TASK_GROUP = "yunikorn.apache.org/task-groups", "yunikorn.apache.org/task-group-name"
# Its own placeholders (pkg/cache/placeholder.go).
PLACEHOLDER = "internal.yunikorn.apache.org/placeholder"
# pkg/common/utils: where a pod names its application, the first that is there.
APPLICATION = ("yunikorn.apache.org/app-id", "applicationId", "spark-app-selector")
MAX_TEXT = 500_000
MAX_QUEUES = 5_000
NO_ROOM = re.compile(
    r"does not fit in queue '(?P<queue>[\w.@/-]{1,253})' \(requested map\[(?P<asked>[^\]]{0,600})\], "
    r"available map\[(?P<left>[^\]]{0,600})\]"
)
TOO_LARGE = re.compile(
    r"queue (?P<queue>[\w.@/-]{1,253}) cannot fit application \S{1,253} task group request "
    r"map\[(?P<asked>[^\]]{0,600})\] larger than max queue allocation map\[(?P<left>[^\]]{0,600})\]"
)
USER_QUOTA = re.compile(
    r"exceeds the available user quota \(requested map\[(?P<asked>[^\]]{0,600})\], "
    r"available map\[(?P<left>[^\]]{0,600})\]"
)
# apache/yunikorn-k8shim pkg/cache/task.go up to 1.4, the end as it is spelt there.
SKIPPED = "skipped from scheduling because the queue quota has been exceed"
NUMBER = re.compile(r"[0-9]{1,9}")
PAIR = re.compile(r"(\S{1,253}):(-?\d{1,19})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """The queues of a configuration: their full names with what each may hold at most, as it is written.

    `kept` is what each is guaranteed. `by_name`: a pod's own word decides where it goes, and no rule before it.
    """

    most: dict[str, dict[str, str]] = field(default_factory=dict)
    kept: dict[str, dict[str, str]] = field(default_factory=dict)
    apps: dict[str, int] = field(default_factory=dict)  # how many applications each may run
    by_name: bool = True

    def limit(self, queue: str, resource: str) -> tuple[str, str] | None:
        """The nearest queue from `queue` upwards that limits a resource, and its limit as it is written."""
        parts = queue.split(".")
        for end in range(len(parts), 0, -1):
            name = ".".join(parts[:end])
            if resource in self.most.get(name, {}):
                return name, self.most[name][resource]
        return None


def amounts(text: str) -> dict[str, int]:
    """The pairs of a map as Go prints it: `memory:1 nvidia.com/gpu:8`."""
    return {name: int(value) for name, value in PAIR.findall(text)}


def short(asked: dict[str, int], left: dict[str, int]) -> list[str]:
    """Resources of which more is asked than is left; one that is not named is not limited. Devices come first."""
    found = [name for name, amount in asked.items() if name in left and amount > left[name]]
    return sorted(found, key=lambda name: ("/" not in name, name))


@lru_cache(maxsize=16)
def queues(text: str) -> Queues:
    """The queues of `queues.yaml`; none where it cannot be read."""
    if len(text) > MAX_TEXT:
        return Queues()
    loaded = yaml_value(text)
    most: dict[str, dict[str, str]] = {}
    kept: dict[str, dict[str, str]] = {}
    apps: dict[str, int] = {}
    by_name = True
    partitions = loaded.get("partitions") if isinstance(loaded, dict) else None
    for partition in dicts(partitions):
        # pkg/scheduler/placement: the first rule that gives a queue wins, and `provided` is what the pod names.
        rules = list(dicts(partition.get("placementrules")))
        by_name = by_name and (not rules or rules[0].get("name") == "provided")
        for name, queue in _walk("", partition.get("queues")):
            most[name], kept[name] = _stated(queue, "max"), _stated(queue, "guaranteed")
            limit = queue.get("maxapplications")
            if isinstance(limit, int) and limit > 0:  # 0 is no limit
                apps[name] = limit
            if len(most) >= MAX_QUEUES:
                break
    return Queues(most=most, kept=kept, apps=apps, by_name=by_name)


def configured(maps: Iterable[Object]) -> tuple[Object | None, str]:
    """The ConfigMap whose queues hold, and their text; None where it is not among these."""
    found = [one for one in maps if one.name in CONFIGS]
    for item in sorted(found, key=lambda one: CONFIGS.index(one.name)):
        data = item.whole.get("data")
        text = data.get(QUEUES) if isinstance(data, dict) else None
        if isinstance(text, str):
            return item, text
    return None, ""


def _walk(above: str, listed: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    todo = [(above, listed)]
    while todo:
        prefix, entries = todo.pop()
        for queue in dicts(entries):
            name = queue.get("name")
            if isinstance(name, str) and len(prefix) < MAX_TEXT:
                full = f"{prefix}.{name}" if prefix else name if name == "root" else f"root.{name}"
                yield full, queue
                todo.append((full, queue.get("queues")))


def _stated(queue: dict[str, Any], part: str) -> dict[str, str]:
    resources = queue.get("resources")
    found = resources.get(part) if isinstance(resources, dict) else None
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def application(item: Object) -> str:
    """The application that a pod says it is of; empty where it says nothing, and the scheduler makes one up."""
    said = (found for name in APPLICATION for found in (item.labels.get(name), item.annotations.get(name)) if found)
    return next(said, "")


def queue_path(item: Object) -> tuple[str, str]:
    """The queue that a pod names, and where; empty where it names none."""
    for part, named in (("labels", item.labels), ("annotations", item.annotations)):
        if named.get(QUEUE):
            return named[QUEUE], f"metadata.{part}{key(QUEUE)}"
    return "", ""


def task_groups(text: str) -> tuple[list[JsonDict], str]:
    """The groups of an annotation, keys in lower case, and what is wrong with it (k8shim pkg/cache/gang_utils.go)."""
    try:
        loaded = msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        return [], f"it is no JSON ({error})"
    if loaded is not None and not (isinstance(loaded, list) and all(isinstance(one, dict) for one in loaded)):
        return [], "it is no list of groups"
    # Go reads keys whatever their case.
    groups = [{name.casefold(): value for name, value in one.items()} for one in loaded or ()]
    wrong = next((found for one in groups if (found := _wrong(one))), "")
    return ([], wrong) if wrong else (groups, "")


def _wrong(group: JsonDict) -> str:
    resources, count = group.get("minresource"), group.get("minmember")
    if not group.get("name"):
        return "a group has no name"
    if not isinstance(count, int) or count <= 0:
        return f"group {group['name']} has no minMember above 0"
    if not isinstance(resources, dict):
        return f"group {group['name']} has no minResource"
    bad = [name for name, value in resources.items() if value and milli(value) is None]
    return f"minResource of group {group['name']} has no quantity of {bad[0]}" if bad else ""


def totals(text: str) -> list[tuple[str, int]]:
    """Devices that the task groups of an annotation ask for, minMember times each."""
    try:
        loaded = msgspec.json.decode(text.encode()) if text else None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return []
    sums: dict[str, int] = {}
    for entry in dicts(loaded):
        count = entry.get("minMember")
        for name, amount in _devices(entry.get("minResource")).items():
            if isinstance(count, int):
                sums[name] = sums.get(name, 0) + count * amount
    return sorted(sums.items())


def _devices(resources: object) -> dict[str, int]:
    found: JsonDict = resources if isinstance(resources, dict) else {}
    return {name: int(str(text)) for name, text in found.items() if "/" in name and NUMBER.fullmatch(str(text))}
