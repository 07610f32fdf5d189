"""`diag schema`: the published shape of the report."""

import click

from diag.cli.group import Examples

_EXAMPLES = (
    "diag schema > diag.report.schema.json",
    "diag schema | jq '.\"$defs\" | keys'",
    "diag scan --from dump.json -o json | check-jsonschema --schemafile diag.report.schema.json -",
)


@click.command("schema", cls=Examples, examples=_EXAMPLES)
@click.argument("document", type=click.Choice(["report", "diff"]), default="report", metavar="[report|diff]")
def command(document: str) -> None:
    """Print the JSON Schema of `-o json`: of a report (the default), or of `diag diff`."""
    import json  # noqa: PLC0415  # help runs nothing

    from diag.cli.output import to_stdout  # noqa: PLC0415
    from diag.report.schema import report_schema  # noqa: PLC0415

    if document == "diff":
        import msgspec  # noqa: PLC0415

        from diag.compare.document import Difference  # noqa: PLC0415

        shape = msgspec.json.schema(Difference)
    else:
        shape = report_schema()
    to_stdout(json.dumps(shape, indent=2).encode() + b"\n")
