"""What a command line does: it only looks, it changes something, or nobody here knows."""

import shlex
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Literal

Effect = Literal["looks", "changes"]

# https://kubernetes.io/docs/reference/kubectl/generated/; oc has the same verbs.
_KUBECTL = frozenset({"kubectl", "oc"})
_VALUED = frozenset(
    {"-n", "--namespace", "--context", "--cluster", "--user", "--kubeconfig", "--as", "--as-group", "-s", "--server",
     "--request-timeout"}
)  # fmt: skip
_LOOKING = frozenset(
    {"get", "describe", "logs", "events", "top", "explain", "api-resources", "api-versions", "version", "cluster-info",
     "diff", "wait", "auth can-i", "auth whoami", "rollout status", "rollout history", "config view",
     "config get-contexts", "config current-context"}
)  # fmt: skip
_CHANGING = frozenset(
    {"annotate", "apply", "autoscale", "certificate", "cordon", "cp", "create", "delete", "drain", "edit", "expose",
     "label", "patch", "replace", "rollout", "run", "scale", "set", "taint", "uncordon", "auth reconcile"}
)  # fmt: skip
_INSIDE = frozenset({"exec", "debug"})
_DRY = ("--dry-run=client", "--dry-run=server", "--list")
# Programs that read whatever they are given, and those of which the first word tells.
_READERS = frozenset(
    {"cat", "cut", "df", "dmesg", "du", "env", "free", "getent", "grep", "head", "ibstat", "journalctl", "jq", "less",
     "ls", "lsmod", "lspci", "modinfo", "nproc", "nslookup", "printenv", "ps", "sort", "tail", "uname", "uniq", "wc"}
)  # fmt: skip
_CHANGERS = frozenset({"chmod", "chown", "kill", "mkdir", "modprobe", "mount", "mv", "reboot", "rm", "rmmod", "umount"})
_BY_WORD: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "helm": (
        frozenset({"get", "history", "list", "show", "status", "template"}),
        frozenset({"install", "rollback", "uninstall", "upgrade"}),
    ),
    "systemctl": (
        frozenset({"cat", "is-active", "is-enabled", "list-units", "show", "status"}),
        frozenset({"daemon-reload", "disable", "enable", "mask", "restart", "start", "stop", "unmask"}),
    ),
}
_SYSCTL_SETS = frozenset({"-w", "-p", "--system", "--load"})
_SMI_LOOKS = frozenset({"-q", "-L", "-d", "-i", "-m", "-s"})
_SMI_QUERIES = ("--query", "--format", "--id", "--list")
_BETWEEN = frozenset("|&;\n")


@lru_cache(maxsize=4096)  # a page, its steps and their labels ask for the same command several times
def effect(command: str) -> Effect | None:
    """What the command does to the cluster or the node; None where that cannot be told from its words."""
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars="|&;\n")
        lexer.whitespace, lexer.whitespace_split = " \t", True
        words = list(lexer)
    except ValueError:  # a quotation that does not end
        return None
    parts = [list(part) for apart, part in groupby(words, lambda word: set(word) <= _BETWEEN) if not apart]
    effects = {_of(part) for part in parts}
    if "changes" in effects:
        return "changes"
    return "looks" if effects == {"looks"} else None


def _of(words: Sequence[str]) -> Effect | None:
    program, *rest = words
    if program in {"sudo", "watch"} and rest and not rest[0].startswith("-"):
        return _of(rest)
    if program in _KUBECTL:
        return _kubectl(rest)
    if program in _BY_WORD:
        looking, changing = _BY_WORD[program]
        first = next((word for word in rest if not word.startswith("-")), "")
        return "looks" if first in looking else "changes" if first in changing else None
    if program == "sysctl":
        return "changes" if any("=" in word or word in _SYSCTL_SETS for word in rest) else "looks"
    looks = program in _READERS or (program == "nvidia-smi" and all(map(_asks_smi, rest)))
    return "looks" if looks else "changes" if program in _CHANGERS else None


def _asks_smi(word: str) -> bool:
    return word in _SMI_LOOKS or word.startswith(_SMI_QUERIES) or word.isalnum()


def _kubectl(words: Sequence[str]) -> Effect | None:
    left = list(words)
    while left and left[0].startswith("-"):
        del left[: 2 if left[0] in _VALUED else 1]
    if not left:
        return None
    verb, *rest = left
    if verb in _INSIDE:
        inside = rest[rest.index("--") + 1 :] if "--" in rest else []
        return _of(inside) if inside and verb == "exec" else None
    two = f"{verb} {rest[0]}" if rest else verb
    if verb in _LOOKING or two in _LOOKING or any(word in _DRY for word in rest):
        return "looks"
    return "changes" if verb in _CHANGING or two in _CHANGING else None
