"""Write what is derived: a page for each rule, their index, the roles in deploy/, and the outputs shown in the pages.

python docs/generate.py            # write
python docs/generate.py --check    # say what is stale, and fail
"""  # noqa: INP001  a script beside what it writes

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from diag.catalog.registry import RuleInfo, infos, load

ROOT = Path(__file__).parents[1]
RULES = ROOT / "docs" / "rules"
README = ROOT / "README.md"
ROLES = {
    "deploy/cronjob/cluster/clusterrole.yaml": "rbac",
    "deploy/cronjob/namespace/role.yaml": "rbac --role -n diag",
}
FAMILIES = {
    "APP": "general faults of Kubernetes and of applications",
    "CFG": "the tool's own set-up",
    "DEV": "driver, device plugin, DRA, MIG, container runtime",
    "HWX": "health of GPUs: Xid, ECC, links",
    "IDN": "identity of GPUs",
    "IMG": "image pulls and downloads of weights",
    "MCL": "several clusters",
    "NET": "mesh and fabric",
    "OBS": "telemetry",
    "QUO": "quota, queues, gangs",
    "SCH": "scheduling and fragmentation",
    "SCL": "autoscaling",
    "SRV": "model servers",
    "STO": "volumes and features",
    "SYM": "what is in trouble, before any rule says why",
    "TRN": "training jobs",
    "UPG": "drains and upgrades",
}
# A command in a comment, and the block that shows what it prints.
SHOWN = re.compile(r"(<!-- shows: (?P<command>[^\n]+) -->\n```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def main() -> None:
    """Writes or compares. Exits with 1 where `--check` finds something stale."""
    wanted = dict(pages()) | dict(schemas())
    for path in (README, *sorted((ROOT / "docs").glob("*.md"))):
        if path.exists():
            wanted[path] = SHOWN.sub(shown, path.read_text(encoding="utf-8"))
    surplus = [path for path in sorted(RULES.glob("*.md")) if path not in wanted]
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in (*stale, *surplus):
            print(f"stale: {path.relative_to(ROOT)}", file=sys.stderr)
        sys.exit("run `make docs`" if stale or surplus else 0)
    for folder in {path.parent for path in wanted}:
        folder.mkdir(parents=True, exist_ok=True)
    for path in surplus:
        path.unlink()
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")


def pages() -> Iterator[tuple[Path, str]]:
    """Every page of the catalogue with its path, and the index."""
    rules = infos(load(third_party=False))
    for rule in rules:
        yield RULES / f"{rule.id}.md", rule.doc
    yield RULES / "index.md", index(rules)
    for path, command in ROLES.items():
        yield ROOT / path, f"# Written by `make docs`, as `diag {command}` prints it.\n{printed(command)}"


def schemas() -> Iterator[tuple[Path, str]]:
    """The published schema of each document with the file that is named after it: `report.v1.json`."""
    for document in ("report", "diff"):
        words = [sys.executable, "-m", "diag", "schema", document]
        text = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603  ours
        yield ROOT / "docs" / "schema" / f"{document}.v1.json", text


def index(rules: list[RuleInfo]) -> str:
    """A table for each family."""
    parts = ["# Rules\n\nWritten by `make docs`; `diag rules ID` shows the same pages.\n"]
    for family, members in groupby(rules, key=lambda rule: rule.family):
        parts.append(f"\n## {family}: {FAMILIES[family]}\n\n| id | name | severity | meaning |\n|---|---|---|---|\n")
        parts += [
            f"| [{rule.id}]({rule.id}.md) | {rule.name} | {rule.severity} | {escaped(rule.summary)} |\n"
            for rule in members
        ]
    return "".join(parts)


def escaped(text: str) -> str:
    """Text that can stand in a cell of a table."""
    return text.replace("|", "\\|")


def shown(block: re.Match[str]) -> str:
    """A block with what its command prints now, 100 columns wide."""
    written = block["command"]
    return f"{block[1]}$ {written}\n{printed(written.removeprefix('diag '))}"


def printed(command: str) -> str:
    """What `diag` prints for these words, whatever the person who runs this has configured."""
    ended = subprocess.run(  # noqa: S603  our pages' own commands
        [sys.executable, "-m", "diag", *shlex.split(command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "100", "PATH": "", "NO_COLOR": "1", "DIAG_CONFIG_DIR": str(ROOT / ".build" / "no-config")},
    )
    return ended.stdout


if __name__ == "__main__":
    main()
