"""`diag snapshot restore`: real names in place of the pseudonyms that were given here."""

from pathlib import Path

import click

from diag.cli.complete import files
from diag.cli.group import Examples
from diag.cli.snapshot_redact import keyed

_EXAMPLES = (
    "diag snapshot restore public.jsonl.gz monday.jsonl.gz",
    "diag snapshot restore answer.md",
    "diag scan --from public.jsonl.gz -o json | diag snapshot restore -",
)


@click.command("restore", cls=Examples, examples=_EXAMPLES, configured=True)
@click.argument("from_", metavar="FILE", shell_complete=files)
@click.argument("to", metavar="[FILE]", required=False, type=click.Path(path_type=Path), shell_complete=files)
@keyed
def command(from_: str, to: Path | None, *, key: Path | None) -> None:
    """Put the real names back into a redacted archive, a shared report, or any text (- for stdin). Secrets stay ***."""
    from diag.cli.redacting import restored  # noqa: PLC0415  # help runs nothing

    restored(from_, to, key)
