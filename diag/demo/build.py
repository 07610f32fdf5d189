"""Puts the demo cluster together and packs it."""

import gzip
import json
from pathlib import Path
from typing import Any

from diag.demo import (
    LOGS,
    OBJECTS,
    fleet,
    gang_too_big,
    missing_image,
    operators,
    plugin_crash,
    quota_full,
    slow_start,
    stuck_upgrade,
    workloads,
)
from diag.demo.cluster import Cluster
from diag.testing import listing

HEALTHY = (fleet, operators, workloads)
FAILURES = (quota_full, plugin_crash, slow_start, stuck_upgrade, gang_too_big, missing_image)


def build() -> Cluster:
    """The whole cluster, the same at every run."""
    cluster = Cluster()
    for part in (*HEALTHY, *FAILURES):
        part.build(cluster)
    return cluster


def files() -> dict[str, bytes]:
    """The shipped files by name, not yet compressed."""
    cluster = build()
    return {OBJECTS: _compact(listing(cluster.items())), LOGS: _compact(cluster.logs)}


def write(folder: Path) -> None:
    """Writes the files into `folder`; no time goes into the gzip header, so the same cluster gives the same bytes."""
    for name, content in files().items():
        (folder / name).write_bytes(gzip.compress(content, compresslevel=9, mtime=0))


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
