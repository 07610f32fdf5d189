"""Writes a bundle of mostly logs and measures how it is opened: `python tests/layouts/large.py 5G`.

Nothing is held in memory on either side: the archive is written as a stream, and `diag scan` runs in a process of its
own under a limit of its address space.
"""

import argparse
import gzip
import io
import json
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).parents[2]
LOG_BYTES = 50 * 1024**2  # of one container
FAULT = b"2026-11-25T10:59:58.000000001Z torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n"


def write_bundle(path: Path, log_bytes: int, *, one_log: int = LOG_BYTES, crashing: int = 1) -> int:
    """Write a must-gather (tar.gz) whose logs have `log_bytes` in all; returns how many logs that are.

    The last `crashing` pods crash, each of a Job of its own, and the last line of their logs says why.
    """
    count = max(log_bytes // one_log, 1)
    chunk = b"".join(_line(number) for number in range(8000))
    with gzip.open(path, "wb", compresslevel=1) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        _add(archive, "img/namespaces/ml/core/pods.yaml", _pods(count, crashing))
        for number in range(count):
            run = "previous" if number >= count - crashing else "current"
            name = f"img/namespaces/ml/pods/p{number}/c/c/logs/{run}.log"
            info = tarfile.TarInfo(name)
            info.size = one_log + len(FAULT)
            archive.addfile(info, _Log(chunk, one_log))
    return count


def write_archive(path: Path, log_bytes: int, *, one_log: int) -> int:
    """The same pods and logs as an archive of one capture (gzip)."""
    count = max(log_bytes // one_log, 1)
    chunk = b"".join(_line(number) for number in range(8000)).decode()
    with gzip.open(path, "wb", compresslevel=1) as packed:
        _write_line(packed, {"diag": "manifest", "schema": "diag.snapshot/v1", "tool": "diag 0"})
        _write_line(packed, {"diag": "part", "path": "made", "listed": [{"kind": "Pod", "namespaces": None}]})
        for item in json.loads(_pods(count))["items"]:
            _write_line(packed, item)
        for number in range(count):
            last = number == count - 1
            text = chunk * (one_log // len(chunk)) + FAULT.decode()
            _write_line(packed, {"pod": f"ml/p{number}", "container": "c", "previous": last, "text": text})
        _write_line(packed, {"diag": "end", "objects": count, "logs": count})
    return count


def _write_line(file: BinaryIO, value: object) -> None:
    file.write(json.dumps(value, separators=(",", ":")).encode() + b"\n")


def _line(number: int) -> bytes:
    stamp = f"2026-11-25T10:{number // 60 % 60:02d}:{number % 60:02d}.{number * 7919 % 10**9:09d}Z"
    return (
        f"{stamp} step {number} loss {number * 104729 % 10**6 / 10**6:.6f} tokens/s {number * 7907 % 9973}\n".encode()
    )


class _Log(io.RawIOBase):
    """A log that repeats itself and ends with its fault."""

    def __init__(self, chunk: bytes, size: int) -> None:
        self._chunk, self._left, self._end = chunk, size, FAULT
        self._at = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if not self._left:
            end, self._end = self._end, b""
            return end
        piece = self._chunk[self._at : self._at + min(size if size > 0 else 2**20, self._left)]
        self._at = (self._at + len(piece)) % len(self._chunk)
        self._left -= len(piece)
        if not self._left:
            piece = piece[:-1] + b"\n"
        if len(piece) < size and not self._left:
            piece, self._end = piece + self._end[: size - len(piece)], self._end[size - len(piece) :]
        return piece if len(piece) == size or not self._left else piece + self.read(size - len(piece))


def _pods(count: int, crashing: int = 1) -> bytes:
    items = []
    for number in range(count):
        last = number >= count - crashing
        state = (
            {"waiting": {"reason": "CrashLoopBackOff"}} if last else {"running": {"startedAt": "2026-11-25T10:00:00Z"}}
        )
        status = {"name": "c", "ready": not last, "restartCount": 4 * last, "state": state}
        if last:
            status["lastState"] = {
                "terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-25T11:00:00Z"}
            }
        meta = {"name": f"p{number}", "namespace": "ml", "creationTimestamp": "2026-11-25T09:00:00Z"}
        if crashing > 1:
            owner = {"apiVersion": "batch/v1", "kind": "Job", "name": f"j{number}", "uid": f"u{number}"}
            meta["ownerReferences"] = [owner | {"controller": True}]
        items.append(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": meta,
                "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "registry.example.com/train:1"}]},
                "status": {
                    "phase": "Running",
                    "conditions": [{"type": "Ready", "status": str(not last)}],
                    "containerStatuses": [status],
                },
            }
        )
    return json.dumps({"kind": "PodList", "apiVersion": "v1", "items": items}).encode()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def scan(path: Path, address_space: int, *flags: str) -> tuple[dict, float, int]:
    """Scan in a process of its own with a limit of its address space (bytes): report, seconds, peak memory (bytes)."""
    begin = time.monotonic()
    words = ["scan", "--from", str(path), "-o", "json", "-q", "--fail-on", "never", *flags]
    out, peak = run(words, address_space)
    return json.loads(out), time.monotonic() - begin, peak


def run(words: list[str], address_space: int) -> tuple[bytes, int]:
    """Run diag in a process of its own with a limit of its address space (bytes): what it wrote, and its peak."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))

    driver = (
        "import re, sys\n"
        "from diag.cli.root import run\n"
        "code = run(sys.argv[1:])\n"
        # Not ru_maxrss: that begins with what the process was forked from (proc(5), getrusage(2)).
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1], file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    command = [sys.executable, "-c", driver, *words]
    ended = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, preexec_fn=limit)  # noqa: S603  # our own words
    if ended.returncode:
        raise RuntimeError(ended.stderr.decode(errors="replace"))
    return ended.stdout, int(ended.stderr.split()[-1]) * 1024


def main() -> None:
    """Write, scan, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", help="bytes of logs: 500M, 5G")
    parser.add_argument("--address-space", type=int, default=1024, metavar="MiB")
    asked = parser.parse_args()
    size = int(asked.size[:-1]) * {"M": 1024**2, "G": 1024**3}[asked.size[-1]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle"
        logs = write_bundle(path, size)
        packed = path.stat().st_size
        report, seconds, peak = scan(path, asked.address_space * 1024**2)
    names = ", ".join(
        f"{cause['name']} ({cause['root']['kind']} {cause['root']['name']})" for cause in report["causes"]
    )
    sys.stdout.write(f"{size / 1024**3:.1f} GiB in {logs} logs, {packed / 1024**2:.0f} MiB packed\n")
    sys.stdout.write(f"{seconds:.1f} s, {peak / 1024**2:.0f} MiB at most; causes: {names}\n")


if __name__ == "__main__":
    main()
