"""`diag fit`: would such a pod fit now, where, and what would have to move."""

import re

import click

from diag.cli.flags import flags_of, reading
from diag.cli.group import Examples
from diag.vocab.accelerators import NVIDIA_GPU

_EXAMPLES = (
    "diag fit --from dump.json --gpus 8 --type h100 --toleration nvidia.com/gpu",
    "diag fit --from dump.json --like deploy/serve/chat-70b --pods 4",
    "diag fit --from dump.json --gpus 8 --namespace ml --queue team-a",
    "kubectl get nodes,pods,pdb -A -o json | diag fit --from - --gpus 1 --cpu 8 --memory 64Gi",
)
_FORMATS = "table, plain, json, yaml"
_TOLERATION = re.compile(
    r"(?P<key>[^=:]+)(?:=(?P<value>[^:]*))?(?::(?P<effect>NoSchedule|NoExecute|PreferNoSchedule))?"
)


@click.command("fit", cls=Examples, examples=_EXAMPLES, configured=True)
@click.option("--gpus", type=click.IntRange(min=0), metavar="N", help="GPUs of one pod.")
@click.option("--type", "model", metavar="PRODUCT", help="GPU model, as the nodes' labels say or in short: h100.")
@click.option("--resource", default=NVIDIA_GPU, show_default=True, metavar="NAME", help="Which resource --gpus counts.")
@click.option("--cpu", metavar="N", help="CPU of one pod: 8, 500m.")
@click.option("--memory", metavar="N", help="Memory of one pod: 64Gi.")
@click.option("--pods", type=click.IntRange(1, 100_000), default=1, metavar="N", help="So many pods (1).")
@click.option("-l", "--node-selector", multiple=True, metavar="KEY=VALUE", help="On nodes with this label.")
@click.option("--toleration", multiple=True, metavar="KEY[=VALUE][:EFFECT]", help="Tolerate this taint.")
@click.option("-n", "--namespace", "space", default="", metavar="NS", help="Count quotas and queues of this namespace.")
@click.option("--queue", default="", metavar="NAME", help="In this queue of Kueue or Volcano; with -n.")
@click.option("--like", metavar="KIND/NS/NAME", help="As this pod or controller asks; other flags replace or add.")
@reading
@click.option("-o", "--output", "outputs", multiple=True, metavar="FORMAT[=PATH]", help=_FORMATS)
@click.pass_context
def command(  # noqa: PLR0913  one parameter for each flag
    ctx: click.Context,
    /,
    *,
    gpus: int | None,
    model: str | None,
    resource: str,
    cpu: str | None,
    memory: str | None,
    pods: int,
    node_selector: tuple[str, ...],
    toleration: tuple[str, ...],
    like: str | None,
    space: str,
    queue: str,
    outputs: tuple[str, ...],
    **_: object,
) -> int:
    """Whether pods like this would find a node now. Exits with 0 if all would, with 1 if not. Changes nothing."""
    import sys  # noqa: PLC0415  # help runs nothing

    from diag import api  # noqa: PLC0415
    from diag.cli.bounds import limits  # noqa: PLC0415
    from diag.cli.diagnostics import ExitCode, Narrator  # noqa: PLC0415
    from diag.cli.looking import look, reads_stdin, sources  # noqa: PLC0415
    from diag.cli.output import deliver, targets  # noqa: PLC0415
    from diag.report.fit import FORMATS, fit_bytes  # noqa: PLC0415

    flags = flags_of(ctx)
    to = targets(outputs, FORMATS, "table" if sys.stdout.isatty() else "plain", flags.from_)
    selector = dict(_label(written) for written in node_selector)
    tolerations = [_toleration(written) for written in toleration]
    paths = sources(flags)
    narrator = Narrator(quiet=flags.quiet, verbose=flags.verbose)
    found = api.fit(
        paths, gpus=gpus, model=model, resource=resource, cpu=cpu, memory=memory, pods=pods, node_selector=selector,
        tolerations=tolerations, like=like, namespace=space, queue=queue, now=flags.now,
        stdin=sys.stdin.buffer if reads_stdin(paths) else None, limits=limits(flags), progress=narrator.progress,
    )  # fmt: skip
    narrator.done()
    narrator.note(f"{narrator.elapsed_s():.2f} s", level=1)
    deliver(to, lambda target: fit_bytes(found, target.form, look(flags, target)))
    return ExitCode.OK if found.fits else ExitCode.FOUND


def _label(written: str) -> tuple[str, str]:
    key, equals, value = written.partition("=")
    if not key or not equals:
        raise click.BadParameter(f"{written!r} is no label; write key=value")
    return key, value


def _toleration(written: str) -> dict[str, str]:
    """A toleration as Kubernetes has it, from what `kubectl taint` takes."""
    found = _TOLERATION.fullmatch(written)
    if not found:
        raise click.BadParameter(f"{written!r} is no toleration; write key, key=value or key=value:NoSchedule")
    toleration = {"key": found["key"], "operator": "Exists" if found["value"] is None else "Equal"}
    return toleration | {part: found[part] for part in ("value", "effect") if found[part] is not None}
