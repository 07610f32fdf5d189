"""Words of containers that their owner repeats in its own status.

Where the pod is gone (a Knative revision that was scaled back, a workflow's step, a job of Ray), or was not collected,
they are all that is left of what the container said.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from diag.catalog.signature import On
from diag.facts.custom_resources import conditions, text_at
from diag.projection import Object
from diag.snapshot.cite import key, value_at

MAX_STEPS = 200  # of a workflow, that failed

# knative/serving pkg/apis/serving/v1/revision_lifecycle.go; a Configuration and a Service repeat it.
KNATIVE = re.compile(r"Container failed with: (?P<words>(?s:.+))")
PULLS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
# argoproj/argo-workflows workflow/controller/operator.go: the end of a container, and one that did not start.
STEP = re.compile(
    r"^(?P<container>[\w.-]{1,63}): (?P<reason>\w{1,40}) \(exit code (?P<code>\d{1,3})\)(?:: (?P<words>(?s:.+)))?"
)
STEP_WAITS = re.compile(
    r"^Pod failed before (?P<container>\S{1,63}) container starts due to (?P<reason>\w{1,40}): (?P<words>(?s:.+))"
)


class Relayed(NamedTuple):
    """Words at one place of a container, as its owner repeats them, and the field that holds them."""

    on: On
    reason: str
    container: str  # its name and a space, as `name image` of one whose image is not told
    text: str
    path: str


def relayed(item: Object) -> Iterator[Relayed]:
    """What an owner repeats of its containers."""
    group = item.kind_id.rpartition("/")[0]
    if item.kind_id == "serving.kserve.io/InferenceService":
        path = "status.modelStatus.lastFailureInfo"  # kserve/kserve pkg/apis/serving/v1beta1, PropagateModelStatus
        if text_at(item, f"{path}.reason") == "ModelLoadFailed" and (words := text_at(item, f"{path}.message")):
            yield Relayed(On.LOG, "", "kserve-container ", words, f"{path}.message")
    elif item.kind_id == "ray.io/RayJob":
        # ray-project/kuberay ray-operator/apis/ray/v1: the message is Ray's own, with the last lines of the log.
        if text_at(item, "status.reason") == "AppFailed" and (words := text_at(item, "status.message")):
            yield Relayed(On.LOG, "", "ray-job-submitter ", words, "status.message")
    elif group == "serving.knative.dev":
        yield from _knative(item)
    elif item.kind_id == "argoproj.io/Workflow":
        yield from _steps(item)


def _knative(item: Object) -> Iterator[Relayed]:
    for index, found in conditions(item):
        message, reason = found.get("message"), str(found.get("reason") or "")
        if not isinstance(message, str) or found.get("status") != "False":
            continue
        said = KNATIVE.search(message)
        path = f"status.conditions[{index}].message"
        if said is not None:
            yield Relayed(On.LOG, "", "user-container ", said["words"], path)
        elif reason in PULLS:
            yield Relayed(On.WAITING, reason, "user-container ", message, path)


def _steps(item: Object) -> Iterator[Relayed]:
    nodes = value_at(item.whole, "status.nodes")
    left = MAX_STEPS
    for name, node in sorted(nodes.items()) if isinstance(nodes, dict) else ():
        if not isinstance(node, dict) or node.get("type") != "Pod" or node.get("phase") not in ("Failed", "Error"):
            continue
        message, path = node.get("message"), f"status.nodes{key(name)}.message"
        ended = STEP.search(message) if isinstance(message, str) else None
        waits = STEP_WAITS.search(message) if isinstance(message, str) else None
        if ended is not None:
            words, container = ended["words"] or "", f"{ended['container']} "
            yield Relayed(
                On.ENDED, ended["reason"], container, f"exitCode={ended['code']} reason={ended['reason']} {words}", path
            )
            if words:
                yield Relayed(On.LOG, "", container, words, path)
        elif waits is not None:
            yield Relayed(On.WAITING, waits["reason"], f"{waits['container']} ", waits["words"], path)
        left -= 1
        if not left:
            return
