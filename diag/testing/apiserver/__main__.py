"""`python -m diag.testing.apiserver OBJECTS… --kubeconfig FILE`: serve dumps until Ctrl-C."""

import argparse
import time
from pathlib import Path

import msgspec

from diag.snapshot.archive.logs import stored_logs
from diag.snapshot.sources import Limits, read
from diag.testing.apiserver import ApiServer, kubeconfig


def main() -> None:
    """Read the dumps, serve them, and write a kubeconfig that leads there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="+", help="what `diag scan --from` takes")
    parser.add_argument("--kubeconfig", type=Path, required=True, help="where to write a kubeconfig")
    asked = parser.parse_args()
    parts = [part for path in asked.path for part in read(path, limits=Limits())]
    objects = [
        {"apiVersion": piece.api_version, "kind": piece.kind} | msgspec.json.decode(piece.raw)
        for part in parts
        for piece in part.items
    ]
    texts = {(log.pod, log.container, log.previous): log.text for part in parts for log in stored_logs(part)}
    with ApiServer(objects, logs=texts) as server:
        kubeconfig(asked.kubeconfig, {"test": server.url})
        print(f"{len(objects)} objects at {server.url}; Ctrl-C ends it", flush=True)  # noqa: T201  a program's output
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
