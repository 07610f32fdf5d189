"""`diag schema`: the published shape of the report."""

import click

from diag.cli.group import Examples

_EXAMPLES = (
    "diag schema > diag.report.schema.json",
    "diag schema | jq '.\"$defs\" | keys'",
    "diag scan --from dump.json -o json | check-jsonschema --schemafile diag.report.schema.json -",
)


@click.command("schema", cls=Examples, examples=_EXAMPLES)
def command() -> None:
    """Print the JSON Schema of `-o json`."""
    import json  # noqa: PLC0415  # help runs nothing

    from diag.cli.output import to_stdout  # noqa: PLC0415
    from diag.report.schema import report_schema  # noqa: PLC0415

    to_stdout(json.dumps(report_schema(), indent=2).encode() + b"\n")
