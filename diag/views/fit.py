"""Whether a pod would fit, as rows: the document that `diag fit -o json` prints (stable, additive changes only)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from diag.causes.rows import ref_row
from diag.document import RefRow, Row, ToolRow
from diag.facts.gpus import pod_requests
from diag.facts.nodes import Toleration
from diag.facts.quantity import show
from diag.facts.words import listed
from diag.findings import Confidence
from diag.snapshot.kinds import Pod
from diag.snapshot.snapshot import Snapshot
from diag.trouble.relations.selectors import Narrowing, narrowings
from diag.trouble.relations.unmet import words_of
from diag.trouble.room import moves
from diag.trouble.room.doubts import Doubt
from diag.trouble.room.fits import Fitting, Mended, Out, Refusal, Roomy
from diag.trouble.room.refusing import Admission
from diag.trouble.shapes import shape_of
from diag.vocab.taints import is_own_fault

SCHEMA = "diag.fit/v1"


class AskedRow(Row, kw_only=True):
    """What was asked for: so many pods like this. Amounts are quantities as Kubernetes writes them."""

    pods: int
    requests: dict[str, str]
    selects: list[str]
    tolerates: list[str]
    like: RefRow | None


class RoomRow(Row, kw_only=True):
    """A node that would take `pods` of the pods, and what it has free of what they ask for."""

    node: str
    pods: int
    free: dict[str, str]


class RefusalRow(Row, kw_only=True):
    """Nodes that would not take the pod, all for one reason.

    `why`: cordoned, taint, selector, too-small (even when empty) or short (now); `words` says it in full.
    """

    why: str
    words: str
    resources: list[str]
    nodes: list[str]


class MovedRow(Row, kw_only=True):
    """A pod that would have to leave; `to` is a node with room for it, `frees` what it holds of what is asked for.

    `stay` says why there is none: room (none has), confined (its selector, affinity or tolerations let it run on no
    other node) or claims (of devices, which are not counted). `hold` says why it had better stay: budget or bare;
    null where nothing speaks against moving it.
    """

    pod: RefRow
    frees: dict[str, str]
    priority: int
    to: str | None
    stay: str | None
    hold: str | None
    ending: bool


class MoveRow(Row, kw_only=True):
    """The smallest set of pods of one node whose leaving makes room for one more pod."""

    node: str
    pods: list[MovedRow]


class MendedRow(Row, kw_only=True):
    """A node that would take `pods` once its fault (without-gpus, not-ready, cordoned, pressure) is mended.

    `waiting` pods that wait already would go there first.
    """

    node: str
    fault: str
    pods: int
    waiting: int


class ClusterFitRow(Row, kw_only=True):
    """The answer of one cluster: `fit` of the pods asked for have room now. `rooms` are the best first.

    `notes` tell what else keeps the pods out, quotas and queues among it; `limits` what quotas and queues allow, or why
    they are not counted.
    """

    cluster: str
    now: str
    fits: bool
    fit: int
    nodes: int
    confidence: str
    asked: AskedRow
    rooms: list[RoomRow]
    refusals: list[RefusalRow]
    move: MoveRow | None
    mended: list[MendedRow]
    notes: list[str]
    unasked: list[str]
    doubts: list[str]
    limits: list[str]
    lacking: str | msgspec.UnsetType = (
        msgspec.UNSET
    )  # what no node has at all: the GPU model; it stands among the notes as well


class Fit(Row, kw_only=True):
    """The whole answer; it fits where one cluster has room for all pods."""

    schema: str = SCHEMA
    tool: ToolRow
    fits: bool
    clusters: list[ClusterFitRow]

    def to_dict(self) -> dict[str, Any]:
        """The document as plain dicts and lists."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        return document


def cluster_row(
    found: Fitting, pod: Pod, snap: Snapshot, *, like: RefRow | None, doubts: Sequence[Doubt], admission: Admission,
    lacking: str = "",
) -> ClusterFitRow:  # fmt: skip
    """One cluster's answer as a row."""
    sure = min([Confidence.CERTAIN, *(most for most, _ in doubts), *([Confidence.POSSIBLE] if found.unasked else [])])
    asked = shape_of(pod).requests
    return ClusterFitRow(
        cluster=snap.cluster,
        now=snap.now,
        fits=found.fits >= found.wanted,
        fit=found.fits,
        nodes=len(snap.nodes),
        confidence=sure.word,
        asked=_asked(pod, found.wanted, like),
        rooms=[_room(one) for one in found.roomy],
        refusals=[_refusal(one, asked) for one in found.refusals],
        move=_move(found.move, asked) if found.move else None,
        mended=[_mended(one) for one in found.mended],
        notes=[*([lacking] if lacking else []), *admission.refusals, *([] if lacking else _tainted(found))],
        limits=list(admission.others),
        unasked=list(found.unasked),
        doubts=[text for _, text in doubts],
        lacking=lacking or msgspec.UNSET,
    )


def _tainted(found: Fitting) -> list[str]:
    """How to ask again, where nothing has room and taints keep the pod off."""
    first = next((one for one in found.refusals if one.why is Out.TAINT), None)
    if found.roomy or first is None or any(is_own_fault(key) for key, _, _ in first.taints):
        return []
    flags = " ".join(f"--toleration {key}" for key, _, _ in first.taints)
    return [f"to try the nodes behind the taint as well: {flags}"]


def _asked(pod: Pod, wanted: int, like: RefRow | None) -> AskedRow:
    shape = shape_of(pod)
    return AskedRow(
        pods=wanted,
        requests=_shown({name: amount for name, amount in shape.requests.items() if name != "pods" and amount > 0}),
        selects=_selected(narrowings(pod)),
        tolerates=[_toleration(one) for one in shape.tolerations],
        like=like,
    )


def _selected(demands: Sequence[Narrowing]) -> list[str]:
    """Each demand of the nodeSelector, then the affinity's alternatives as one."""
    always = [words_of(one) for one in demands if one.term is None]
    terms: dict[int, list[str]] = {}
    for one in demands:
        if one.term is not None:
            terms.setdefault(one.term, []).append(words_of(one))
    either = " or ".join(" and ".join(words) for words in terms.values())
    return [*always, either] if either else always


def _toleration(one: Toleration) -> str:
    """A toleration as a taint is written; an empty key or effect tolerates all."""
    value = f"={one.value}" if one.operator != "Exists" else ""
    return f"{one.key or '*'}{value}" + (f":{one.effect}" if one.effect else "")


def _room(one: Roomy) -> RoomRow:
    return RoomRow(node=one.node.name, pods=one.pods, free=_shown(one.free))


def _refusal(one: Refusal, asked: Mapping[str, int]) -> RefusalRow:
    return RefusalRow(
        why=one.why.value,
        words=_words(one, asked),
        resources=list(one.resources),
        nodes=[node.name for node in one.nodes],
    )


def _words(one: Refusal, asked: Mapping[str, int]) -> str:
    match one.why:
        case Out.CORDONED:
            return "cordoned"
        case Out.TAINT:
            taints = [f"{key}{f'={value}' if value else ''}:{effect}" for key, value, effect in one.taints]
            return f"taint not tolerated: {' and '.join(taints)}"
        case Out.SELECTOR:
            return f"not selected: {' or '.join(_unmet(one.unmet))}"
        case Out.TOO_SMALL:
            return f"too small even when empty: {_amounts(one, asked, 'offers')}"
    return f"short now: {_amounts(one, asked, 'has')}"


def _unmet(demands: Sequence[Narrowing]) -> list[str]:
    """What the nodes do not have: of the nodeSelector where that is in the way, else of the affinity's terms."""
    always = [" and ".join(words_of(one) for one in demands if one.term is None)]
    return always if always[0] else list(dict.fromkeys(words_of(one) for one in demands))


def _amounts(one: Refusal, asked: Mapping[str, int], has: str) -> str:
    several = len(one.nodes) > 1
    parts = [
        f"{name} {show(asked[name], name)} asked, {'none ' if several else ''}{has} "
        f"{'more than ' if several else ''}{show(max(one.most.get(name, 0), 0), name)}"
        for name in one.resources
    ]
    return listed(parts)


def _move(move: moves.Move, asked: Mapping[str, int]) -> MoveRow:
    return MoveRow(
        node=move.node.name,
        pods=[
            MovedRow(
                pod=ref_row(one.pod.ref),
                frees=_shown({name: amount for name, amount in pod_requests(one.pod).items() if asked.get(name)}),
                priority=one.pod.spec.priority or 0,
                to=one.to.name if one.to else None,
                stay=one.stay.value if one.stay else None,
                hold=one.hold.value if one.hold else None,
                ending=one.ending,
            )
            for one in move.pods
        ],
    )


def _mended(one: Mended) -> MendedRow:
    return MendedRow(node=one.node.name, fault=one.fault.value, pods=one.pods, waiting=one.waiting)


def _shown(amounts: Mapping[str, int]) -> dict[str, str]:
    return {name: show(amount, name) for name, amount in sorted(amounts.items())}
