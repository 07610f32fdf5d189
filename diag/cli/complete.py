"""What a shell is told to complete: files after `--from`, formats after `-o`, ids of rules."""

import shlex
from collections.abc import Callable, Sequence

import click
from click.shell_completion import CompletionItem

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's
    """Files and folders, which the shell itself knows best; of `NAME=PATH` and `FORMAT=PATH` the path."""
    named = "=" in (param.metavar if isinstance(param.metavar, str) else "")
    return [CompletionItem(incomplete.rpartition("=")[2] if named else incomplete, type="file")]


def formats(known: Sequence[str]) -> Complete:
    """A completion of the formats of `-o`."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        if "=" in incomplete:
            return files(ctx, param, incomplete)
        return [CompletionItem(form) for form in known if form.startswith(incomplete)]

    return complete


def contexts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's
    """Contexts of the kubeconfig, and `all`; without names that a shell would take for more than a name."""
    from diag.collect.kubeconfig import contexts as known  # noqa: PLC0415  # heavy
    from diag.errors import DiagError  # noqa: PLC0415

    try:
        names = [each.name for each in known(ctx.params.get("kubeconfig"))]
    except DiagError:
        names = []
    return [
        CompletionItem(name) for name in (*names, "all") if name.startswith(incomplete) and shlex.quote(name) == name
    ]


def rules(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's
    """Ids and names of rules; of a list with commas the last one."""
    from diag.catalog.registry import load  # noqa: PLC0415  # imports every rule

    *before, begun = incomplete.split(",")
    head = "".join(f"{each}," for each in before)
    names = load().names
    words = [(rule, name) for rule, name in names.items() if rule.startswith(begun.upper())]
    words += [(name, rule) for rule, name in names.items() if begun and name.startswith(begun)]
    return [CompletionItem(f"{head}{word}", help=meaning) for word, meaning in words]
