"""What is selected, in the form in which somebody needs it elsewhere."""

from collections.abc import Sequence

import msgspec

from diag.causes.commands import quoted, to_cluster
from diag.document import RefRow
from diag.snapshot.sources.part import KUBECTL
from diag.tui.panels import object_lines
from diag.tui.source import Seen
from diag.views.inside import object_yaml
from diag.views.table import Line
from diag.views.wording import named

FORMS = {
    "name": "the name",
    "command": "the kubectl command",
    "diag": "the diag command",
    "yaml": "the object as YAML",
    "markdown": "the cause as Markdown",
    "json": "the cause as JSON",
}


def copied(form: str, seen: Seen, lines: Sequence[Line], again: str | None) -> str:
    """The lines in a form of `FORMS`; empty where a line has none."""
    return "\n".join(filter(None, (_one(form, seen, line, again) for line in lines)))


def _one(form: str, seen: Seen, line: Line, again: str | None) -> str:  # noqa: PLR0911  # a table
    cause = next((found for each in line.causes if (found := seen.cause(each))), None)
    ref = line.ref
    match form:
        case "name" if ref:
            return str(ref)
        case "command" if ref:
            return to_cluster(kubectl(ref), _asking(seen, ref))
        case "diag" if cause:
            return " ".join(word for word in ("diag explain", again or "--from FILE", cause.fingerprint[:8]) if word)
        case "yaml" if ref:
            return "\n".join(one.text for one in object_lines(object_yaml(seen.snapshots, ref)))
        case "markdown" if cause:
            steps = "".join(f"\n- `{one.command}`" if one.command else f"\n- {one.text}" for one in cause.remedies)
            return f"**{cause.rule} {cause.name}** {named(cause.root)}: {cause.summary}\n{steps}"
        case "json" if cause:
            return msgspec.json.format(msgspec.json.encode(cause), indent=2).decode()
    return ""


def _asking(seen: Seen, ref: RefRow) -> str:
    """How commands begin that ask the cluster of an object: with its context, where one was named."""
    return next((snap.kubectl for snap in seen.snapshots if snap.cluster == ref.cluster), KUBECTL)


def kubectl(ref: RefRow) -> str:
    """The command that shows the object, odd names quoted; empty where that makes no single command of it."""
    group = ref.apiVersion.rpartition("/")[0]
    kind = f"{ref.kind}.{group}" if group else ref.kind
    where = f" -n {ref.namespace}" if ref.namespace else ""
    command = f"kubectl get {kind.lower()} {ref.name}{where} -o yaml"
    return quoted(command, (ref.namespace, ref.name, kind.lower())) or ""
