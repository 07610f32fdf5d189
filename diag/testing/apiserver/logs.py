"""`pods/log`: texts that were handed in, and the refusals of a container that has none."""

from collections.abc import Mapping

import msgspec

from diag.snapshot.kinds import ContainerStatus, Pod
from diag.testing.apiserver.status import status
from diag.testing.apiserver.store import Stored

LogTexts = Mapping[tuple[str, str, bool], str]  # ("namespace/pod", container, previous) to its text
Answer = tuple[int, str, bytes]
_PLAIN = "text/plain"


def pod_log(one: Stored, texts: LogTexts, query: Mapping[str, str]) -> Answer:
    """Status code, content type and body of a log request."""
    pod = msgspec.json.decode(one.body, type=Pod)
    names = [each.name or "" for each in (*(pod.spec.init_containers or ()), *(pod.spec.containers or ()))]
    previous = query.get("previous") == "true"
    container = query.get("container", "")
    if not container and len(names) > 1:
        choice = " ".join(names)
        return _refused(f"a container name must be specified for pod {one.name}, choose one of: [{choice}]")
    container = container or names[0]
    if container not in names:
        return _refused(f"container {container} is not valid for pod {one.name}")
    if not pod.spec.node_name:
        return 204, _PLAIN, b""
    text = texts.get((f"{one.namespace}/{one.name}", container, previous))
    if text is None:
        return _without_text(pod, one.name, container, previous=previous)
    return 200, _PLAIN, _cut(text, query).encode()


def _without_text(pod: Pod, name: str, container: str, *, previous: bool) -> Answer:
    every = [*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ())]
    state = next((each for each in every if each.name == container), ContainerStatus())
    if previous:
        return _refused(f'previous terminated container "{container}" in pod "{name}" not found')
    if state.state is not None and state.state.waiting is not None:
        why = state.state.waiting.reason or "ContainerCreating"
        why = "trying and failing to pull image" if why in ("ImagePullBackOff", "ErrImagePull") else why
        return _refused(f'container "{container}" in pod "{name}" is waiting to start: {why}')
    return 200, _PLAIN, b""


def _cut(text: str, query: Mapping[str, str]) -> str:
    tail = query.get("tailLines")
    if tail is not None:
        lines = text.splitlines(keepends=True)
        text = "".join(lines[-int(tail) :] if int(tail) else [])
    most = query.get("limitBytes")
    return text if most is None else text.encode()[: int(most)].decode(errors="ignore")


def _refused(message: str) -> Answer:
    return 400, "application/json", status(400, "BadRequest", message)
