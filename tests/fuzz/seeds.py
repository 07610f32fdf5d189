"""Write the first inputs of a fuzzing run: one small example of each form and layout. `python seeds.py FOLDER`."""

import gzip
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hostile.inputs import INPUTS, listing, pod, tarred, zipped

SMALL = 64 * 1024


def main(folder: Path) -> None:
    """Every hostile input that is small, and a good one of each form."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        for number, one in enumerate(INPUTS):
            here = Path(place) / str(number)
            here.mkdir()
            path = one.make(here)
            if path.is_file() and not path.is_symlink() and path.stat().st_size < SMALL:
                (folder / f"hostile-{number}").write_bytes(path.read_bytes())
        good = listing(pod("a"), pod("b"))
        members = (
            ("cluster-resources/pods/ml.json", good),
            ("cluster-resources/pods/logs/ml/a/main.log", b"one\ntwo\n"),
        )
        (folder / "json").write_bytes(good)
        (folder / "gzip").write_bytes(gzip.compress(good, mtime=0))
        (folder / "tar").write_bytes(tarred(*members)(Path(place)).read_bytes())
        (folder / "zip").write_bytes(zipped(*members)(Path(place)).read_bytes())
        (folder / "yaml").write_bytes(
            b"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ml}\n---\nkind: List\n"
        )
        manifest = b'{"diag":"manifest","schema":"diag.snapshot/v1","tool":"x"}\n{"diag":"part","path":"x"}\n'
        (folder / "archive").write_bytes(manifest + good + b'\n{"diag":"end","objects":1,"logs":0}\n')


if __name__ == "__main__":
    main(Path(sys.argv[1]))
