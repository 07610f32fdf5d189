"""`kubectl diag`: the same program under kubectl's name, and the completion that kubectl asks for.

kubectl runs `kubectl-diag` for `kubectl diag`, with the environment and without its own parsed flags, and
`kubectl_complete-diag` to complete it (kubernetes/kubernetes staging/src/k8s.io/kubectl/pkg/cmd/plugin).
"""

import sys

PROGRAM = "kubectl diag"
# What the shell does beside our words (spf13/cobra completions.go): nothing of its own, files, folders.
_WORDS, _FILES, _FOLDERS = 4, 0, 16


def main() -> None:
    """Runs `kubectl diag …` and exits."""
    from diag.cli.root import run  # noqa: PLC0415  # the other door needs none of it

    sys.exit(run(sys.argv[1:], program=PROGRAM))


def complete() -> None:
    """Prints a line for each word that may stand in place of the last one, with its meaning, and a directive."""
    from diag.cli.root import cli  # noqa: PLC0415  # as above
    from diag.cli.shells import Whole  # noqa: PLC0415

    *before, begun = sys.argv[1:] or [""]
    items = Whole(cli, {}, PROGRAM, "").get_completions(before, begun)
    types = {item.type for item in items}
    lines = [f"{item.value}\t{item.help or ''}".rstrip("\t") for item in items if item.type == "plain"]
    directive = _FOLDERS if types == {"dir"} else _FILES if "file" in types else _WORDS
    sys.stdout.write("".join(f"{line}\n" for line in (*lines, f":{directive}")))
