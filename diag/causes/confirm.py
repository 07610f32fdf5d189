"""The first step of every remedy list: a command that changes nothing and shows what the verdict rests on."""

import re
from collections.abc import Iterable

from diag.facts.command_lines import effect
from diag.findings import (
    LOOK,
    AbsentEvidence,
    AbsentPathEvidence,
    Evidence,
    FieldEvidence,
    LogEvidence,
    Ref,
    Remedy,
)
from diag.snapshot.cite import STEP, key
from diag.snapshot.kinds import Event, Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.groups import Group
from diag.trouble.relations.revisions import REVISION

# The end of a container in a pod's status, and values that tell little where they stand alone.
ENDED = re.compile(
    r"status\.(?P<init>init)?[cC]ontainerStatuses\[(?P<index>\d+)\]\.(?P<run>state|lastState)\.terminated\."
)
BARE = re.compile(r"True|False|Unknown|[\d.]+[A-Za-z]{0,2}|\d{4}-\d\d-\d\dT.*")
BEHIND = f"metadata.labels{key(REVISION)}"  # what proves that a roll-out has left a pod behind
BUILT_IN_GROUP = re.compile(r"([a-z]+\.k8s\.io|[a-z]*)$")


def confirmed_first(
    snap: Snapshot, root: Ref, remedies: tuple[Remedy, ...], proof: tuple[Evidence, ...]
) -> tuple[Remedy, ...]:
    """The remedies, the first of which only reads: the rule's own look, or one at the deciding piece of the proof."""
    own = next((one for one in remedies if _is_look(one)), None)
    look = own or _look(snap, proof[0]) or look_at(root)
    return (look, *(one for one in remedies if one is not own))


def looks(snap: Snapshot, root: Ref, proof: Evidence) -> tuple[Remedy, ...]:
    """Of a bare symptom: the log of what ended, and the root with its events."""
    ended = _ended(proof.object, proof.path, snap.find(proof.object)) if isinstance(proof, FieldEvidence) else None
    return (*([ended] if ended else []), look_at(root))


def made_anew(groups: Iterable[Group]) -> tuple[Remedy, ...]:
    """Of pods that a roll-out has left behind: nothing but deleting them lets them be made from today's template."""
    behind = sorted(
        {
            piece.object
            for group in groups
            for one in group.complaints
            for piece in one.evidence
            if isinstance(piece, FieldEvidence) and piece.object.kind == "Pod" and piece.path == BEHIND
        }
    )
    if not behind:
        return ()
    others = f" (and {len(behind) - 1} more of an old revision)" if len(behind) > 1 else ""
    first = behind[0]
    text = f"delete {_called(first)}{others}: it is made anew from the template, which must be right by then"
    command = f"kubectl delete pod {first.name} -n {first.namespace}"
    return (Remedy(text=text, command=command, risk="disruptive"),)


def look_at(ref: Ref) -> Remedy:
    """A look at an object and its events."""
    space = f" -n {ref.namespace}" if ref.namespace else ""
    return Remedy(
        text=f"look at {_called(ref)} and its events", command=f"kubectl describe {_word(ref)} {ref.name}{space}"
    )


def _is_look(one: Remedy) -> bool:
    return one.text.startswith(LOOK) and one.command is not None and effect(one.command) == "looks"


def _look(snap: Snapshot, piece: Evidence) -> Remedy | None:
    """A look at one piece; None where several were counted together."""
    match piece:
        case FieldEvidence(object=ref, path=path, value=value):
            item = snap.find(ref)
            if isinstance(item, Event):
                return _events(item)
            return _ended(ref, path, item) or _field(ref, path, value)
        case LogEvidence(pod=pod, container=container, previous=previous):
            command = f"kubectl logs {pod.name} -n {pod.namespace} -c {container}" + (" --previous" if previous else "")
            return Remedy(text=f"see what {container} of {_called(pod)} logged", command=command)
        case AbsentEvidence(absent=ref):
            return Remedy(text=f"check that there is no {_called(ref)}", command=_get(ref))
        case AbsentPathEvidence(object=ref, absent_path=path):
            return Remedy(text=f"check that {_called(ref)} has no {path}", command=f"{_get(ref)} -o yaml")
    return None


def _ended(ref: Ref, path: str, item: object) -> Remedy | None:
    """Of a container that ended the log of that run, where the field is not its last words already."""
    at = ENDED.match(path)
    if at is None or not isinstance(item, Pod) or path.endswith(".message"):
        return None
    listed = item.status.init_container_statuses if at["init"] else item.status.container_statuses
    status = dict(enumerate(listed or ())).get(int(at["index"]))
    if status is None or not status.name:
        return None
    name = status.name
    text = f"see what {name} of {_called(ref)} logged before it ended"
    previous = " --previous" if at["run"] == "lastState" else ""
    return Remedy(text=text, command=f"kubectl logs {ref.name} -n {ref.namespace} -c {name}{previous}")


def _field(ref: Ref, path: str, value: object) -> Remedy:
    """A sentence tells enough alone; a number, a flag, a time or a word of an entry is shown with what is around it."""
    *around, label = list(STEP.finditer(path))
    if path.startswith("metadata.labels") and around:
        text = f"check the label {label['quoted'] or label['word']} of {_called(ref)}"
        return Remedy(text=text, command=f"{_get(ref)} -L {label['quoted'] or label['word']}")
    bare = not isinstance(value, str) or BARE.fullmatch(value) is not None
    of_entry = bool(around) and around[-1]["index"] is not None and " " not in str(value)
    text = f"check {path} of {_called(ref)}"
    if bare and len(around) <= 1:  # around it is all of spec or status
        return Remedy(text=text, command=look_at(ref).command)
    shown = path[: label.start()] if bare or of_entry else path
    return Remedy(text=text, command=f"{_get(ref)} -o jsonpath='{{{_json_path(shown)}}}'")


def _events(event: Event) -> Remedy | None:
    """The events about what one event is about (`kubectl events`: kubectl 1.23 and newer)."""
    about = event.subject
    if not about.kind or not about.name:
        return None
    ref = Ref(event.cluster, about.api_version or "", about.kind, about.namespace or "", about.name)
    space = f" -n {ref.namespace}" if ref.namespace else ""
    command = f"kubectl events --for {_word(ref)}/{ref.name}{space}"
    return Remedy(text=f"see the events about {_called(ref)}", command=command)


def _called(ref: Ref) -> str:
    return f"{ref.kind} {ref.namespace}/{ref.name}" if ref.namespace else f"{ref.kind} {ref.name}"


def _get(ref: Ref) -> str:
    return f"kubectl get {_word(ref)} {ref.name}" + (f" -n {ref.namespace}" if ref.namespace else "")


def _word(ref: Ref) -> str:
    """A kind as kubectl takes it, with its group where others may have a kind of that name."""
    group = ref.api_version.rpartition("/")[0]
    return ref.kind.lower() if BUILT_IN_GROUP.match(group) else f"{ref.kind.lower()}.{group}"


def _json_path(path: str) -> str:
    """A path of evidence as kubectl's JSONPath has it: dots inside a key are escaped."""
    found = ""
    for step in STEP.finditer(path):
        if step["index"] is not None:
            found += f"[{step['index']}]"
        else:
            key = step["quoted"] if step["quoted"] is not None else step["word"]
            found += "." + key.replace(".", "\\.")
    return found
