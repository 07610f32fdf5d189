"""Small clusters as files, and the screens of them."""

import json

import pytest

from diag import api

NOW = "2026-11-26T10:00:00Z"


@pytest.fixture
def look(tmp_path):
    """Examines a cluster of these objects."""

    def examined(*items, now=NOW, **choice):
        path = tmp_path / "cluster.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        return api.examine([path], now=now, **choice)

    return examined
