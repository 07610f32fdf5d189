"""Whether the pods of a cause would find room now: the answer of `diag fit`, to read."""

from diag.document import CauseRow
from diag.errors import UsageError
from diag.report.fit import fit_bytes
from diag.report.look import Look
from diag.snapshot.kinds import Pod
from diag.trouble.room.asks import Ask
from diag.tui.paragraphs import Paragraph
from diag.tui.source import Seen
from diag.views.fitting import try_fit
from diag.views.inside import found
from diag.vocab.accelerators import NVIDIA_GPU

_AS_IT_IS = Ask(
    gpus=None, resource=NVIDIA_GPU, cpu=None, memory=None, model=None, node_selector={}, tolerations=()
)  # fmt: skip


def would_fit(seen: Seen, cause: CauseRow) -> list[Paragraph]:
    """Where its pods would go, why not elsewhere, and what would have to move.

    Raises UsageError where it concerns no pod and no pod template, SnapshotError where no nodes were read.
    """
    findings = {row.id: row for row in seen.report.findings}
    rows = [findings[each] for each in cause.symptoms if each in findings]
    refs = [ref for row in rows for ref in (*row.members, row.subject)] + [*cause.affected.objects, cause.root]
    items = [here[1] for ref in refs if (here := found(seen.snapshots, ref))]
    waiting = {(one.namespace, one.name): one for one in items if isinstance(one, Pod) and not one.spec.node_name}
    for one in [*waiting.values(), *items]:
        same = sum(other.owners == one.owners for other in waiting.values()) if isinstance(one, Pod) else 1
        try:
            answer = try_fit(seen.snapshots, _AS_IT_IS, pods=max(same, 1), like=one)
        except UsageError:  # it is none, and has no template: a quota, say
            continue
        lines = fit_bytes(answer, "plain", Look()).decode().splitlines()
        return [Paragraph(text=line.lstrip(), lead=" " * (len(line) - len(line.lstrip()))) for line in lines]
    raise UsageError(f"{cause.id} concerns no pod that could be tried", hint="select another cause")
