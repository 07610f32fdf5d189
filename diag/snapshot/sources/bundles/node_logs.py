"""Logs as they lie on nodes: `kind export logs`, or a copy of /var/log/pods. Objects only where somebody added them.

Origin: kubernetes/kubernetes pkg/kubelet/kuberuntime/helpers.go (`<namespace>_<pod>_<uid>/<container>/<restarts>.log`)
and pkg/kubelet/logs/container_log_manager.go (rotation: `.20060102-150405`, then `.gz`); kubernetes-sigs/kind
pkg/cluster/nodeutils. The number is the restart count with which the container was made.
"""

import re
from collections.abc import Mapping

from diag.snapshot.sources.bundles.tool import LogPlace, Notes, Tool

_UID = r"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})"  # of a static pod: a hash
_FOLDER = rf"(?P<namespace>[^/_]+)_(?P<pod>[^/_]+)_{_UID}"
_LOG = re.compile(
    rf"(?:.*/)?{_FOLDER}/(?P<container>[^/]+)/(?P<run>\d{{1,9}})\.log(?:\.(?P<stamp>\d{{8}}-\d{{6}})(?:\.gz)?)?"
)


def _log(path: str) -> LogPlace | None:
    found = _LOG.fullmatch(path)
    if not found:
        return None
    return LogPlace(
        namespace=found["namespace"],
        pod=found["pod"],
        container=found["container"],
        run=int(found["run"]),
        stamp=found["stamp"] or "",
    )


def _notes(texts: Mapping[str, bytes]) -> Notes:
    versions = sorted(text.strip().decode(errors="replace") for text in texts.values())
    return Notes(server_version=versions[0] if versions and re.fullmatch(r"v\d[\w.+-]*", versions[0]) else None)


NODE_LOGS = Tool(
    name="logs of nodes",
    sign=re.compile(rf"(?P<root>){_LOG.pattern}"),
    log=_log,
    texts=re.compile(r"(?:.*/)?kubernetes-version\.txt"),
    notes=_notes,
)
