"""Inputs that nobody should send, each made in a folder: a name, how it is made, and what is expected of it."""

import gzip
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MIB = 1024**2


@dataclass(frozen=True, kw_only=True)
class Input:
    """`make` writes it and returns the path to scan. `pods`: how many are read; None where nothing can be used.

    `says` stands in the message or in a gap; `flags` are further words of the command.
    """

    name: str
    make: Callable[[Path], Path]
    pods: int | None = None
    says: str = ""
    flags: tuple[str, ...] = ()


def pod(name: str = "a", **meta: object) -> dict:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "ml", **meta}}


def listing(*items: object) -> bytes:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}).encode()


def written(content: bytes, name: str = "dump") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def tarred(*members: tuple[str, bytes] | tarfile.TarInfo) -> Callable[[Path], Path]:
    """A tar whose members may be anything that a header can say."""

    def make(folder: Path) -> Path:
        path = folder / "bundle.tar.gz"
        with tarfile.open(path, "w:gz", compresslevel=1) as archive:
            for member in members:
                if isinstance(member, tarfile.TarInfo):
                    archive.addfile(member)
                else:
                    info = tarfile.TarInfo(member[0])
                    info.size = len(member[1])
                    archive.addfile(info, io.BytesIO(member[1]))
        return path

    return make


def zipped(*members: tuple[str, bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "bundle.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 1)
        return path

    return make


def bomb(make: Callable[..., Callable[[Path], Path]], start: bytes = b"") -> Callable[[Path], Path]:
    """An archive with a good member and one of 300 MiB; it comes into being where it is used, not with this module."""

    def made(folder: Path) -> Path:
        return make(GOOD, ("cluster-resources/x.json", start + b" " * 300 * MIB))(folder)

    return made


def linked(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def headed(size: int, content: bytes, *, first: bytes = b"") -> Callable[[Path], Path]:
    """A tar with an extended header (POSIX.1-2017, pax) that has a size and a content, behind what comes `first`."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, size
    return written(first + info.tobuf() + content, "headed.tar")


def _deep(folder: Path) -> Path:
    """A file at a path that is longer than the system takes; made from within."""
    path = folder / "deep"
    path.mkdir()
    place = os.open(path, os.O_RDONLY)
    for _ in range(500):
        os.mkdir("d" * 10, dir_fd=place)
        place, above = os.open("d" * 10, os.O_RDONLY, dir_fd=place), place
        os.close(above)
    os.close(place)
    return path


def special(make_it: Callable[[Path], object]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "special"
        make_it(path)
        return path

    return make


def _one_member() -> bytes:
    """A tar that ends with its member."""
    info = tarfile.TarInfo("cluster-resources/pods/ml.json")
    content = listing(pod())
    info.size = len(content)
    return info.tobuf() + content.ljust(512, b"\0")


def _aliases() -> bytes:
    """Nine levels of nine aliases each: a billion leaves."""
    lines = ["apiVersion: v1", "kind: Pod", "metadata: {name: a, namespace: ml}", "a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines).encode()


GOOD = ("cluster-resources/pods/ml.json", listing(pod()))
MANIFEST = b'{"diag":"manifest","schema":"diag.snapshot/v1","tool":"x"}\n'
ONE_MEMBER = _one_member()
INPUTS = (
    Input(
        name="more bytes than allowed",
        make=written(listing(pod(), pod("b", annotations={"x": "y" * 3 * MIB}))),
        says="--max-bytes",
        flags=("--max-bytes", "1Mi"),
    ),
    Input(
        name="more objects than allowed",
        make=written(listing(*map(pod, "abcdef"))),
        says="--max-objects",
        flags=("--max-objects", "3"),
    ),
    Input(
        name="a gzip bomb",
        make=special(lambda path: path.write_bytes(gzip.compress(b'{"a":"' + b" " * 400 * MIB, 9))),
        says="--max-bytes",
        flags=("--max-bytes", "64Mi"),
    ),
    Input(
        name="a tar bomb",
        make=bomb(tarred),
        pods=1,
        flags=("--max-bytes", "64Mi"),
    ),
    Input(
        name="a zip bomb",
        make=bomb(zipped),
        pods=1,
        flags=("--max-bytes", "64Mi"),
    ),
    Input(
        name="a tar bomb that begins as a list",
        make=bomb(tarred, b'{"kind":"List","items":['),
        says="--max-bytes",
        flags=("--max-bytes", "64Mi"),
    ),
    Input(
        name="a zip bomb that begins as a list",
        make=bomb(zipped, b'{"kind":"List","items":['),
        says="--max-bytes",
        flags=("--max-bytes", "64Mi"),
    ),
    Input(
        name="a tar that begins with a header without end",
        make=headed(80 * MIB, b"9" * 8 * MIB),
        says="a tar header is longer",
    ),
    Input(
        name="a tar with a header of digits",
        make=headed(3 * MIB, b"9" * 3 * MIB, first=ONE_MEMBER),
        pods=1,
        says="from cluster-resources/pods/ml.json on",
    ),
    Input(
        name="an archive of more parts than files are allowed",
        make=written(MANIFEST + b'{"diag":"part","path":"x"}\n' * 300),
        says="--max-files",
        flags=("--max-files", "100"),
    ),
    Input(name="a folder that is deeper than a path may be", make=_deep, says="cannot be read"),
    Input(
        name="two files, each with its byte order mark, put together",
        make=written(b"\n".join(b"\xef\xbb\xbf" + listing(pod(name)) for name in "ab")),
        pods=2,
    ),
    Input(
        name="more members than allowed",
        make=tarred(GOOD, *((f"pods/{n}", b"") for n in range(300))),
        says="--max-files",
        flags=("--max-files", "100"),
    ),
    Input(
        name="YAML nested deeper than allowed",
        make=written(b"kind: Pod\na: " + b"[" * 2000 + b"]" * 2000, "a.yaml"),
        says="nesting",
    ),
    Input(name="a billion leaves by aliases", make=written(_aliases(), "a.yaml"), says="alias"),
    Input(name="JSON nested without end", make=written(b'{"kind":"Pod","a":' + b"[" * 500_000), says=""),
    Input(
        name="JSON nested deep inside one object of a list",
        make=written(
            listing(pod())[:-2] + b',{"kind":"Pod","metadata":{"name":"b"},"x":' + b"[" * 9000 + b"]" * 9000 + b"}]}"
        ),
        pods=1,
    ),
    Input(
        name="a truncated gzip",
        make=written(gzip.compress(listing(*(pod(f"p{n}", uid=f"{n * 7919:x}") for n in range(9000))))[:30_000]),
        pods=-1,
        says="the rest of",
    ),
    Input(name="a list that breaks off", make=written(listing(*map(pod, "abc"))[:-30]), pods=2, says="the rest of"),
    Input(
        name="JSON Lines with a bad line",
        make=written(b"\n".join([json.dumps(pod("a")).encode(), b'{"kind": "Pod", ', json.dumps(pod("b")).encode()])),
        pods=2,
        says="the text at byte",
    ),
    Input(
        name="YAML documents, one of them bad",
        make=written(
            b"---\nkind: Pod\napiVersion: v1\nmetadata: {name: a, namespace: ml}\n---\nkind: [\n---\nkind: Pod\n"
            b"apiVersion: v1\nmetadata: {name: b, namespace: ml}\n"
        ),
        pods=2,
        says="document 2",
    ),
    Input(
        name="bytes that are no UTF-8 in a name", make=written(listing(pod()).replace(b'"a"', b'"a\xff\xfe"')), says=""
    ),
    Input(
        name="bytes that are no UTF-8 in one of two",
        make=written(listing(pod(), pod("b")).replace(b'"b"', b'"b\xff"')),
        pods=1,
    ),
    Input(
        name="UTF-16 as PowerShell writes it",
        make=written("\ufeff".encode("utf-16-le") + listing(pod()).decode().encode("utf-16-le")),
        pods=1,
    ),
    Input(
        name="UTF-16 that lost its mark",
        make=written(listing(pod()).decode().encode("utf-16-le")),
        pods=1,
    ),
    Input(
        name="a string of quotes that never ends",
        make=written(b'{"kind":"List","items":["' + b'\\"' * 2 * MIB),
        says="breaks off",
    ),
    Input(
        name="JSON Lines of which every tenth breaks off",
        make=written(
            b"\n".join(json.dumps(pod(f"p{n}")).encode()[: 30 if n % 10 == 5 else None] for n in range(20_000))
        ),
        pods=18_000,
        says="more pieces",
    ),
    Input(
        name="a byte order mark and CRLF",
        make=written(b"\xef\xbb\xbf" + json.dumps(json.loads(listing(pod())), indent=1).replace("\n", "\r\n").encode()),
        pods=1,
    ),
    Input(name="terminal escapes in a name", make=written(listing(pod("a\x1b]0;owned\x07\x1b[2J"))), pods=1),
    Input(
        name="duplicated keys",
        make=written(listing(pod()).replace(b'"kind": "Pod"', b'"kind": "Pod", "kind": "Pod"')),
        pods=1,
    ),
    Input(
        name="numbers beyond 64 bits",
        make=written(
            listing({**pod(), "spec": {"priority": 10**40, "x": 1e308, "terminationGracePeriodSeconds": -(10**30)}})
        ),
        pods=1,
    ),
    Input(
        name="NaN and Infinity", make=written(listing(pod(), {**pod("b"), "spec": {"priority": float("nan")}})), pods=-1
    ),
    Input(name="an enormous string", make=written(listing(pod(annotations={"x": "A" * 30 * MIB}))), pods=1),
    Input(
        name="ten thousand namespaces",
        make=written(listing(*({**pod(), "metadata": {"name": "a", "namespace": f"n{n}"}} for n in range(10_000)))),
        pods=10_000,
    ),
    Input(
        name="fields of wrong types",
        make=written(
            listing(
                {"apiVersion": 1, "kind": "Pod", "metadata": [1]},
                {**pod("b"), "spec": 7, "status": "x"},
                {**pod("c"), "spec": {"containers": {"a": 1}}},
                pod("d", labels=[1], ownerReferences="x"),
            )
        ),
        pods=3,
    ),
    Input(
        name="a tar with absolute paths",
        make=tarred(GOOD, ("/etc/passwd", b"x"), ("/cluster-resources/nodes.json", listing(pod("b")))),
        pods=1,
    ),
    Input(
        name="a tar that climbs out",
        make=tarred(GOOD, ("../../evil.json", listing(pod("b"))), ("a/../../b.json", listing(pod("c")))),
        pods=1,
        says="..",
    ),
    Input(
        name="a tar with links",
        make=tarred(
            GOOD,
            linked("cluster-resources/nodes.json", tarfile.SYMTYPE, "/etc/passwd"),
            linked("cluster-resources/pods/b.json", tarfile.LNKTYPE, "/etc/shadow"),
        ),
        pods=1,
    ),
    Input(
        name="a tar with devices",
        make=tarred(
            GOOD, linked("cluster-resources/zero", tarfile.CHRTYPE), linked("cluster-resources/fifo", tarfile.FIFOTYPE)
        ),
        pods=1,
    ),
    Input(name="a tar with a member twice", make=tarred(GOOD, (GOOD[0], listing(pod("b")))), pods=1),
    Input(
        name="a tar with names that differ in case",
        make=tarred(GOOD, ("Cluster-Resources/Pods/ML.json", listing(pod("b")))),
        pods=-1,
    ),
    Input(
        name="a tar that is cut off",
        make=lambda folder: written(
            tarred(GOOD, ("cluster-resources/pods/b.json", os.urandom(90_000)))(folder).read_bytes()[:60_000],
            "cut.tar.gz",
        )(folder),
        pods=1,
    ),
    Input(name="a zip that climbs out", make=zipped(GOOD, ("../evil.json", listing(pod("b")))), pods=1),
    Input(
        name="a zip that is cut off",
        make=lambda folder: written(zipped(GOOD)(folder).read_bytes()[:-20], "cut.zip")(folder),
    ),
    Input(
        name="a name longer than allowed",
        make=tarred(GOOD, ("cluster-resources/" + "a" * 3000 + ".json", listing(pod("b")))),
        pods=1,
        says="--max-path",
    ),
    Input(name="a pipe that nobody writes to", make=special(os.mkfifo), says="regular file"),
    Input(name="a device", make=lambda _: Path("/dev/zero"), says="regular file"),
    Input(name="a link to itself", make=special(lambda path: path.symlink_to(path)), says="itself"),
    Input(name="nothing", make=written(b""), says="empty"),
    Input(name="zeros", make=written(b"\0" * MIB), says="nothing but zeros"),
    Input(name="a picture", make=written(b"\x89PNG\r\n\x1a\n" + os.urandom(5000)), says="binary"),
    Input(
        name="an archive of a thousand captures that are all cut",
        make=written(b'{"diag":"manifest","schema":"diag.snapshot/v1","tool":"x"}\n' * 1000),
        says="",
    ),
    Input(
        name="a manifest of nonsense",
        make=written(b'{"diag":"manifest","schema":{"a":' + b"[" * 900 + b"\n"),
        says="manifest",
    ),
)
