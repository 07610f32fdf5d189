"""The command `diag`: finds the module of a command, and turns every ending into an exit code and a sentence."""

import os
import re
import sys
from collections.abc import Sequence

import click

from diag import __version__
from diag.cli.diagnostics import ExitCode, complain, say
from diag.cli.group import CONTEXT, LazyGroup
from diag.cli.streams import lead_nowhere, whole_again
from diag.errors import DiagError, UsageError

_COMMANDS = {
    "scan": ("diag.cli.scan", "find what keeps GPU work from running, and its causes"),
    "explain": ("diag.cli.explain", "why one thing does not run, the evidence, and what to do"),
    "ask": ("diag.cli.ask", "a question about a cause, answered from its facts alone"),
    "report": ("diag.cli.report", "what broke and why, in the formats of CI; fails only when asked"),
    "fit": ("diag.cli.fit", "whether a pod would fit now, where, and what would have to move"),
    "diff": ("diag.cli.diff", "what changed between two snapshots: causes, and who changed what"),
    "snapshot": ("diag.cli.snapshot", "save, look into, convert and compare snapshots"),
    "tui": ("diag.cli.tui", "open the TUI, as `diag` alone does on a terminal"),
    "serve": ("diag.cli.serve", "open the TUI in a browser of this machine"),
    "gpus": ("diag.cli.gpus", "the GPUs of every node: busy, free, lost"),
    "queues": ("diag.cli.queues", "queues and quotas: nominal, used, borrowed, and who waits"),
    "topology": ("diag.cli.topology", "workloads with their queue, pods, nodes and GPUs"),
    "timeline": ("diag.cli.timeline", "what happened to an object, in the order of time"),
    "graph": ("diag.cli.graph", "causes and symptoms as a tree, for Mermaid or Graphviz"),
    "clusters": ("diag.cli.clusters", "one line for each cluster: GPUs, types, drivers, causes"),
    "coverage": ("diag.cli.coverage", "what was looked at, what could not be, and what would mend that"),
    "rbac": ("diag.cli.rbac", "the rights that a look at a cluster needs; --check asks for them"),
    "doctor": ("diag.cli.doctor", "configuration, contexts, rights, extras: each with its fix"),
    "rules": ("diag.cli.rules", "list the rules, or show the page of one"),
    "schema": ("diag.cli.schema", "the JSON Schema of the report"),
    "model": ("diag.cli.model", "models that put causes into words, each sentence checked"),
    "cache": ("diag.cli.cache", "what is kept of models' answers"),
    "mcp": ("diag.cli.mcp", "answer the models of other programs: Model Context Protocol"),
    "config": ("diag.cli.config", "what is configured, and where it came from"),
    "completion": ("diag.cli.completion", "completion for bash, zsh or fish"),
}
_EXAMPLES = (
    "kubectl get all,nodes,events -A -o json | diag scan --from -",
    "diag scan --from must-gather/ -o table -o json=report.json",
    "diag explain --from dump.json pod/ml/llama-ft-0",
)


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    aliases={"check": "scan"},
    examples=_EXAMPLES,
    context_settings=CONTEXT,
    invoke_without_command=True,
    no_args_is_help=False,
)
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Why is a GPU workload on Kubernetes pending, slow or dead: causes with evidence."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(argv: Sequence[str] | None = None) -> None:
    """Runs `diag` and exits."""
    sys.exit(run(list(sys.argv[1:] if argv is None else argv)))


def run(argv: list[str], *, program: str = "diag") -> int:
    """Runs a command line of the `program`, as a user typed its name, and returns its exit code (`ExitCode`)."""
    whole_again()
    if "_DIAG_COMPLETE" in os.environ:
        from diag.cli.shells import kinds  # noqa: PLC0415  # only then

        kinds()
    out = sys.stdout
    try:
        code = _ended(argv, program)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and sys.stdout is out:
            raise
        # Whoever reads has read enough. Click wraps stdout then, and exits with 1, which would say: causes were found.
        lead_nowhere()
        return ExitCode.OK
    except OSError as error:  # help that cannot be written; what commands read and write has sentences of its own
        lead_nowhere()
        complain(DiagError(f"cannot write: {error.strerror or error}", hint="see what stdout leads to"))
        return ExitCode.COULD_NOT_LOOK
    return code


def _ended(argv: list[str], program: str) -> int:
    """Runs it, and turns its ending into a code; lets only what stdout does to it through."""
    try:
        ended = cli.main(args=_opening(argv), prog_name=program, standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        say("diag: interrupted")
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        complain(_as_usage(error))
        return ExitCode.USAGE
    except DiagError as error:
        complain(error)
        return error.exit_code
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  # the top of the command line: what nobody foresaw is written down
        from diag.cli.crash import report_crash  # noqa: PLC0415  # only then

        return report_crash(error, argv)
    return ended if isinstance(ended, int) else ExitCode.OK


def _opening(argv: list[str]) -> list[str]:
    """The command line with `tui`, where it has flags and no command, or where somebody types `diag` on a terminal."""
    if not argv:
        return ["tui"] if sys.stdin.isatty() and sys.stdout.isatty() else []
    own = ("-h", "--help", "--version")
    return ["tui", *argv] if argv[0].startswith("-") and argv[0] not in own else argv


def _as_usage(error: click.ClickException) -> UsageError:
    """A complaint of click as one sentence and one hint."""
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx else "diag"
    sentence, *meant = re.split(
        r"[.;]? \(?did you mean ", error.format_message().replace("\n", " "), flags=re.IGNORECASE
    )
    sentence = sentence.rstrip(".")
    hint = f"did you mean {meant[0].rstrip('?)').removeprefix('one of: ')}?" if meant else f"see {path} --help"
    return UsageError(f"{sentence[:1].lower()}{sentence[1:]}", hint=hint)
