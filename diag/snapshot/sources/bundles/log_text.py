"""The text of a log as `kubectl logs` prints it, without what kubelet, runtime or kubectl put before its lines."""

import re

import msgspec

# kubernetes/kubernetes pkg/kubelet/kuberuntime/logs: time, stream, tag (F: whole line, P: part of one)
_CRI = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) (?:stdout|stderr) ([FP])(?::\S*)?(?: |$)"
)
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) ")


class _DockerLine(msgspec.Struct):
    log: str


_docker = msgspec.json.Decoder(_DockerLine)


def log_text(data: bytes, *, stamped: bool) -> str:
    """The text of a log file; `stamped` says that its collector asked for time stamps."""
    text = data.decode(errors="replace").replace("\r\n", "\n").removesuffix("\n")
    lines = text.split("\n")
    if _CRI.match(lines[0]):
        return "\n".join(_from_cri(lines))
    if lines[0].startswith('{"log":'):
        return "".join(map(_from_docker, lines)).removesuffix("\n")
    if stamped:
        return "\n".join(_STAMP.sub("", line, count=1) for line in lines)
    return text


def _from_cri(lines: list[str]) -> list[str]:
    """Lines without the runtime's prefix, parts put together."""
    whole: list[str] = []
    part = ""
    for line in lines:
        found = _CRI.match(line)
        part += line[found.end() :] if found else line
        if found is None or found[1] == "F":
            whole.append(part)
            part = ""
    return [*whole, part] if part else whole


def _from_docker(line: str) -> str:
    """What one line of Docker's json-file driver holds, its line break included."""
    try:
        return _docker.decode(line).log
    except (ValueError, RecursionError):
        return f"{line}\n"
