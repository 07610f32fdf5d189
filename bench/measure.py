"""One measurement in a process of its own, printed as JSON: seconds of each part, megabytes at the peak.

python bench/measure.py json DUMP     # json.loads of the dump's bytes
python bench/measure.py parts DUMP    # a scan, part by part
python bench/measure.py frame DUMP    # the TUI: its first frame and its screens; keys and idle need no dump
python bench/measure.py collect KUBECONFIG   # a collection from the server that it names
"""  # noqa: INP001  a folder of scripts

import json
import re
import resource
import sys
import time
from pathlib import Path

import tui


def main() -> None:
    """Measures what the first argument says, on the dump that the second names."""
    what, path = sys.argv[1], Path(sys.argv[2])
    print(
        json.dumps(
            {
                "json": of_json,
                "scan": of_scan,
                "parts": of_parts,
                "drop": of_dropped,
                "collect": of_collected,
                "live": of_live,
                "frame": tui.of_frame,
                "keys": tui.of_keys,
                "app-keys": tui.of_app_keys,
                "idle": tui.of_idle,
            }[what](path)
        )
    )


def _load_client() -> None:
    """Load the client before the clock starts, so that neither side is timed with its imports."""
    from kubernetes.client import ApiClient  # noqa: F401, PLC0415
    from kubernetes.config import kube_config  # noqa: F401, PLC0415


def of_dropped(config: Path) -> dict[str, float]:
    """How long it takes to fetch every page that a collection fetches, as it does, and to drop it."""
    from diag.catalog.inputs import kinds_read  # noqa: PLC0415  the imports are not what is measured
    from diag.catalog.registry import load as load_rules  # noqa: PLC0415
    from diag.collect.discovery import discover  # noqa: PLC0415
    from diag.collect.kube import Cluster  # noqa: PLC0415
    from diag.collect.login import Login  # noqa: PLC0415
    from diag.collect.pool import in_parallel  # noqa: PLC0415
    from diag.collect.requests import Stop  # noqa: PLC0415

    kinds = kinds_read(load_rules())
    _load_client()
    token = re.compile(rb'"continue":"([^"]+)"')

    def drop(path: str) -> None:
        query = {"limit": "500"}
        while True:
            body = cluster.get(path, query).body
            more = token.search(body, 0, 1000)
            if more is None:
                return
            query["continue"] = more[1].decode()

    begin = time.perf_counter()
    cluster = Cluster(Login(kubeconfig=str(config)))
    served = discover(cluster, kinds)
    paths = [one.path() for kind, one in served.kinds.items() if kind in kinds]
    for _ in in_parallel(paths, drop, Stop()):
        pass
    return {"drop": time.perf_counter() - begin}


def of_collected(config: Path) -> dict[str, float]:
    """How long a collection takes, how many requests it makes, and how much memory it needs."""
    from diag.catalog.inputs import kinds_read  # noqa: PLC0415  as above
    from diag.catalog.registry import load as load_rules  # noqa: PLC0415
    from diag.collect.kube import Cluster  # noqa: PLC0415
    from diag.collect.live import Live  # noqa: PLC0415

    kinds = kinds_read(load_rules())
    _load_client()
    asked = []
    get = Cluster.get
    Cluster.get = lambda self, *words, **more: asked.append(words) or get(self, *words, **more)  # type: ignore[method-assign]
    begin = time.perf_counter()
    parts = Live(kubeconfig=str(config)).parts(kinds, lambda _: None)
    taken_s = time.perf_counter() - begin
    objects = sum(len(part.items) for part in parts)
    return {"collect": taken_s, "objects": objects, "requests": len(asked), "peak_mb": peak_mb()}


def of_live(config: Path) -> dict[str, float]:
    """How long a whole look takes, from the first request to the report."""
    from diag.api import scan  # noqa: PLC0415  as above
    from diag.collect.live import Live  # noqa: PLC0415

    begin = time.perf_counter()
    scan(Live(kubeconfig=str(config)))
    return {"live": time.perf_counter() - begin, "peak_mb": peak_mb()}


def of_json(path: Path) -> dict[str, float]:
    """How long Python's own parser takes."""
    text = path.read_bytes()
    begin = time.perf_counter()
    json.loads(text)
    return {"json.loads": time.perf_counter() - begin}


def of_scan(path: Path) -> dict[str, float]:
    """How long a whole scan takes, from the file to the document's bytes, and how much memory."""
    from diag.api import scan  # noqa: PLC0415  the imports are not what is measured
    from diag.catalog.registry import load as load_rules  # noqa: PLC0415
    from diag.report.documents import as_json  # noqa: PLC0415

    load_rules()
    before_mb = peak_mb()
    begin = time.perf_counter()
    report = scan([path])
    as_json(report)
    taken_s = time.perf_counter() - begin
    grown_mb = peak_mb() - before_mb
    return {"everything": taken_s, "objects": report.stats["objects"], "peak_mb": peak_mb(), "grown_mb": grown_mb}


def of_parts(path: Path) -> dict[str, float]:
    """How long the parts of a scan take: loading, groups, rules."""
    from diag.catalog.registry import load as load_rules  # noqa: PLC0415  as above
    from diag.catalog.run import run  # noqa: PLC0415
    from diag.snapshot.load import load  # noqa: PLC0415
    from diag.snapshot.sources import Limits, read  # noqa: PLC0415
    from diag.trouble.trouble import Trouble  # noqa: PLC0415

    registry = load_rules()
    begin = time.perf_counter()
    snap = load(read(str(path), stdin=None, limits=Limits()), now=None)[0]
    loaded = time.perf_counter()
    trouble = Trouble(snap)
    trouble.groups  # noqa: B018  computed when it is first asked for
    grouped = time.perf_counter()
    run(registry, trouble, lambda _rule, _name: True)
    return {"load": loaded - begin, "groups": grouped - loaded, "rules": time.perf_counter() - grouped}


def peak_mb() -> float:
    """The most memory that this process has held, in megabytes of 1,000,000 bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    main()
