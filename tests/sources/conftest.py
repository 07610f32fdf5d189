"""Small dumps: objects, the files that hold them, and what reading them gives."""

import json

import pytest

from diag.snapshot.sources import read


def pod(name="web", **fields):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, **fields}


def a_list(*items, kind="List", **fields):
    return {"apiVersion": "v1", "items": list(items), "kind": kind, "metadata": {"resourceVersion": ""}, **fields}


class Dump:
    """Writes files into a folder and reads them."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, content, name="dump"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    def read(self, content, **options):
        """The one part of a file with this content."""
        (part,) = read(str(self.write(content)), **options)
        return part


@pytest.fixture
def dump(tmp_path):
    return Dump(tmp_path)


def names(part):
    """The names of a part's objects, in order."""
    return [json.loads(bytes(piece.raw))["metadata"]["name"] for piece in part.items]
