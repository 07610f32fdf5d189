"""The demo cluster: a healthy GPU cluster with six failures.

`python -m diag.demo` makes the two shipped files anew. To add a failure, write a module with a function
`build(cluster)`, name it in `diag.demo.build` and add the expected cause to `diag.demo.truth`.
"""

from pathlib import Path

OBJECTS = "cluster.json.gz"
LOGS = "logs.json.gz"


def demo_sources() -> list[str]:
    """Paths of the shipped files, as `--from` takes them: the objects, then the logs."""
    folder = Path(__file__).parent
    return [str(folder / OBJECTS), str(folder / LOGS)]
