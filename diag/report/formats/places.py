"""A path for an object, for readers who know files only: where it would lie in a folder with all manifests."""

import re
from urllib.parse import quote

from diag.document import RefRow

# What would be a folder to who takes the escapes back.
_UPWARDS = re.compile(r"[/\\]|\.\.+|^\.$")


def path(ref: RefRow) -> str:
    """`cluster/prod-eu/ml/Pod/llama-0.yaml`: relative, one segment for each part, nothing that leads upwards."""
    parts = (ref.cluster, ref.namespace, ref.kind, ref.name)
    return "/".join(("cluster", *(_segment(part) for part in parts if part))) + ".yaml"


def _segment(part: str) -> str:
    return quote(_UPWARDS.sub(lambda found: "_" * len(found[0]), part), safe="")
