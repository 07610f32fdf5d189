"""`diag snapshot redact`: an archive without names, to be passed on."""

from pathlib import Path
from typing import Any

import click

from diag.cli.complete import files
from diag.cli.flags import flags_of, opening
from diag.cli.group import Examples

_EXAMPLES = (
    "diag snapshot redact monday.jsonl.gz public.jsonl.gz",
    "diag snapshot redact must-gather.tar.gz public.jsonl.gz --key team.key",
    "diag scan --from public.jsonl.gz -o json | diag snapshot restore -",
)


def keyed(function: Any) -> Any:
    """The flag that names the key of pseudonyms."""
    return click.option(
        "--key", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), shell_complete=files,
        envvar="DIAG_REDACTION_KEY", help="Take the key in FILE, not that of this installation.",
    )(function)  # fmt: skip


@click.command("redact", cls=Examples, examples=_EXAMPLES, configured=True)
@click.argument("from_", metavar="[NAME=]PATH", nargs=1, shell_complete=files)
@click.argument("to", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), shell_complete=files)
@keyed
@opening
@click.pass_context
def command(ctx: click.Context, /, from_: str, to: Path, *, key: Path | None, **_: object) -> int:
    """Write what PATH holds to FILE with pseudonyms: names, addresses, hosts, images, paths, ids. Secrets become ***.

    The same key gives the same pseudonyms. What they stand for is kept beside the key, for `diag snapshot restore`.
    """
    from diag.cli.redacting import redaction_key  # noqa: PLC0415  # help runs nothing
    from diag.cli.saving import saved  # noqa: PLC0415

    return saved(flags_of(ctx), (from_,), to, append=False, redact=redaction_key(key))
