"""The real scenarios, as objects and logs."""

import gzip
import json
from pathlib import Path

FOLDER = Path(__file__).parent / "real/scenarios"
SCENARIOS = sorted(path.parent.name for path in FOLDER.glob("*/scenario.json"))


def scenario(name):
    """The objects and the logs of one."""
    items = json.loads(gzip.decompress(dump_of(name).read_bytes()))["items"]
    logs = FOLDER / name / "logs.json"
    texts = json.loads(logs.read_bytes()) if logs.exists() else []
    return items, {(one["pod"], one["container"], one["previous"]): one["text"] for one in texts}


def dump_of(name):
    """The file of its objects."""
    return FOLDER / name / "objects.json.gz"
