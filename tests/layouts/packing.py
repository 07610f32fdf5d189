"""Puts files into a folder or an archive of each form."""

import gzip
import io
import tarfile
import zipfile

import pytest

FORMS = ("folder", "tar", "tar.gz", "tar.zst", "zip", "zip of tar.gz")


def pack(files, form, where):
    """Write files (path -> bytes) in a form, below the folder `where`; returns the path to give to `--from`."""
    if form == "folder":
        for name, content in files.items():
            path = where / "bundle" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return where / "bundle"
    path = where / "bundle.bin"  # its name says nothing
    path.write_bytes(packed(files, form))
    return path


def packed(files, form):
    """The bytes of an archive."""
    match form:
        case "tar":
            return _tar(files)
        case "tar.gz":
            return gzip.compress(_tar(files), mtime=0, compresslevel=1)
        case "tar.zst":
            return _zstd(_tar(files))
        case "zip":
            return _zip(files)
        case "zip of tar.gz":
            return _zip({"README.txt": b"what is in here\n", "inner.tgz": packed(files, "tar.gz")})
    raise AssertionError(form)


def _tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _zip(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def _zstd(data):
    try:
        from compression import zstd  # noqa: PLC0415  # Python 3.14
    except ImportError:
        return pytest.importorskip("zstandard").ZstdCompressor().compress(data)
    return zstd.compress(data)
