"""What a signature cites beside its sign: the setting that is at fault, and the machine that it ran on."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diag.findings import Evidence
from diag.projection import Object, dicts
from diag.snapshot.cite import CitationError, cite
from diag.snapshot.kinds import Pod
from diag.trouble.shapes import main_gpu, request_path, shape_of

if TYPE_CHECKING:
    from diag.catalog.context import Context
    from diag.catalog.texts import Text

MAX_TEXTS = 3
_CONTAINER = re.compile(r"\{(?P<name>[^}]*)\}")  # of an event's field path: spec.containers{server}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Pieces that are cited where they are there; none of them decides.

    `args`, `variables` and `texts` are patterns: of the container's command line (a value after a flag is cited with
    it), of names of variables whose value is cited, and of further texts of the member at the same place. `pod` and
    `node` are paths. `gpus` cites the GPU request.
    """

    args: str = ""
    variables: str = ""
    texts: str = ""
    pod: tuple[str, ...] = ()
    node: tuple[str, ...] = ()
    gpus: bool = False


def cite_beside(ctx: "Context", beside: Beside, text: "Text", read: Iterable["Text"]) -> Iterator[Evidence]:
    """The pieces that are there, of the member that shows the sign and of its node."""
    if beside.texts:
        others = (other for other in read if other.member is text.member and re.search(beside.texts, other.text))
        for _, other in zip(range(MAX_TEXTS), others, strict=False):
            yield other.cite()
    pod = text.member
    if not isinstance(pod, Pod):
        return
    ctx.snap.read.add("Pod")
    if beside.args:
        yield from cite_arguments(pod, _container_name(text.container), beside.args)
    if beside.variables:
        yield from _variables(pod, _container_name(text.container), beside.variables)
    if beside.gpus and (resource := main_gpu(shape_of(pod).requests)) and (path := request_path(pod, resource)):
        yield cite(pod, path)
    yield from _present(pod, beside.pod)
    if beside.node and (node := ctx.snap.node(pod.spec.node_name)) is not None:
        yield from _present(node, beside.node)


def cite_arguments(pod: Pod, container: str, pattern: str) -> Iterator[Evidence]:
    """Words of a container's command line that match, each with the value that follows a flag."""
    spec = pod.whole.get("spec")
    for part in ("initContainers", "containers"):
        listed = spec.get(part) if isinstance(spec, dict) else None
        for index, one in enumerate(listed if isinstance(listed, list) else ()):
            if not dicts([one]) or one.get("name") != container:
                continue
            for field in ("command", "args"):
                words = one.get(field)
                for place, word in enumerate(words if isinstance(words, list) else ()):
                    if isinstance(word, str) and re.search(pattern, word):
                        yield from _present(pod, (f"spec.{part}[{index}].{field}[{place}]",))
                        if "=" not in word and place + 1 < len(words) and not str(words[place + 1]).startswith("-"):
                            yield from _present(pod, (f"spec.{part}[{index}].{field}[{place + 1}]",))


def _variables(pod: Pod, container: str, pattern: str) -> Iterator[Evidence]:
    """The values of a container's variables whose names match; one that is taken from elsewhere has none."""
    spec = pod.whole.get("spec")
    listed = spec.get("containers") if isinstance(spec, dict) else None
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        if dicts([one]) and one.get("name") == container:
            for place, entry in enumerate(one["env"] if isinstance(one.get("env"), list) else ()):
                if dicts([entry]) and re.search(pattern, str(entry.get("name"))):
                    yield from _present(pod, (f"spec.containers[{index}].env[{place}].value",))


def _container_name(text: str) -> str:
    """The name in `name image` or in an event's field path."""
    found = _CONTAINER.search(text)
    return found["name"] if found else text.partition(" ")[0]


def _present(item: Object, paths: Iterable[str]) -> Iterator[Evidence]:
    for path in paths:
        try:
            yield cite(item, path)
        except CitationError:
            continue
