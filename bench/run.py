"""Measure speed as ratios, which mean the same on every machine.

    python bench/run.py                                 # generated: 2,000 nodes and 20,000 pods, and a tenth of that
    BENCH_DUMPS="a.json b.json.gz" python bench/run.py  # these dumps as well

Every number is the median of five runs, each in a process of its own; what is compared runs in turns. The unit is the
time that Python's `json.loads` takes for the same bytes, with the collector as it is by default.
"""  # noqa: INP001  a folder of scripts

import gzip
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TypeVar

HERE = Path(__file__).parent
OUT = HERE.parent / ".bench"
ROUNDS = 5
BARS = {"load": 0.35, "rules": 0.35, "everything": 1.0}  # × json.loads
MAX_MB = 400
MAX_MS = 150
MAX_GROWTH = 11.0
# Seconds of the processor, and of `idle` the share of a core.
TUI_BARS = {
    "frame": 0.3,
    "filled": 0.2,
    "move": 0.05,
    "app move": 0.05,
    "app page": 0.05,
    "typed": 0.05,
    "page": 0.05,
    "bottom": 0.05,
    "filter": 0.05,
    "log": 1.0,
    "idle": 0.01,
}
MAX_RESULTS = 8.0  # what a filter leaves of 100,000 causes, × json.loads of what they show
MAX_LIVE = 1.5  # × the same pages fetched and dropped

T = TypeVar("T")


def main() -> None:
    """Prints the machine, then a table for each row of the bars."""
    print(machine())
    start_up()
    OUT.mkdir(exist_ok=True)
    small, large = generated(200, 2000), generated(2000, 20000)
    of_small, of_large = speed(small), speed(large)
    growth(of_small, of_large)
    living(large)
    of_tui(large)
    for path in map(Path, os.environ.get("BENCH_DUMPS", "").split()):
        speed(plain(path))


def machine() -> str:
    """What the numbers were taken on."""
    busy = f"load {os.getloadavg()[0]:.1f}, " if hasattr(os, "getloadavg") else ""
    return f"{platform.platform()}, {os.cpu_count()} cores, {busy}Python {platform.python_version()}"


def start_up() -> None:
    """Wall time of commands that do nothing, beside that of importing click."""
    commands = {
        "python -c pass": ["-c", "pass"],
        "python -c 'import click'": ["-c", "import click"],
        "diag --version": ["-m", "diag", "--version"],
        "diag --help": ["-m", "diag", "--help"],
    }
    taken = in_turns({name: lambda words=words: wall_ms(words) for name, words in commands.items()})
    click = median(taken["python -c 'import click'"])
    print(f"\n{'start-up':28}{'ms':>8}{'× click':>9}    bar: {MAX_MS} ms")
    for name, times in taken.items():
        verdict = judged(median(times) <= MAX_MS) if name.startswith("diag") else ""
        print(f"  {name:26}{median(times):>8.0f}{median(times) / click:>9.2f}    {verdict}")


def wall_ms(words: Sequence[str]) -> float:
    """Milliseconds of a whole Python process."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)  # noqa: S603  our own words
    return (time.perf_counter() - begin) * 1000


def living(path: Path) -> None:
    """Collecting from the test server (in a process of its own), beside fetching the same pages and dropping them."""
    config = OUT / "kubeconfig"
    server = subprocess.Popen(  # noqa: S603  our own words
        [sys.executable, "-m", "diag.testing.apiserver", str(path), "--kubeconfig", str(config)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        print("\nliving  " + (server.stdout.readline().strip() if server.stdout else ""))
        measured = in_turns({
            name: lambda name=name: child(name, config) for name in ("drop", "collect", "live")
        })  # fmt: skip
    finally:
        server.terminate()
    dropped = median(each["drop"] for each in measured["drop"])
    collected = median(each["collect"] for each in measured["collect"])
    megabytes = max(each["peak_mb"] for each in measured["collect"])
    asked = measured["collect"][0]["requests"]
    ratio = collected / dropped
    print(f"  pages dropped  {dropped:.2f} s, {asked:.0f} requests")
    print(f"  collected      {collected:.2f} s  {ratio:.2f} ×  {judged(ratio <= MAX_LIVE)}    bar: {MAX_LIVE} ×")
    print(f"  peak           {megabytes:.0f} MB  {judged(megabytes <= MAX_MB)}    bar: {MAX_MB} MB")
    whole = measured["live"]
    seconds, most = median(each["live"] for each in whole), max(each["peak_mb"] for each in whole)
    print(f"  with the rules {seconds:.2f} s, peak {most:.0f} MB  {judged(most <= MAX_MB)}")


def of_tui(path: Path) -> None:
    """Seconds of the processor: to the first frame and to each screen, from a key to its frame, a long log, at rest."""
    taken = in_turns({what: lambda what=what: child(what, path) for what in ("frame", "keys", "app-keys", "idle")})
    parts = {part: median(one[part] for one in runs) for runs in taken.values() for part in runs[0]}
    nothing, app_nothing = parts.pop("nothing"), parts.pop("app nothing")
    results = parts.pop("results") / parts.pop("results unit")
    print(f"\ntui, {path.name}; a key that does nothing {nothing * 1000:.0f} ms")
    for part, seconds in parts.items():
        bar = TUI_BARS.get(part)
        own = max(seconds - nothing, 0.0) if part in ("move", "page", "bottom") else seconds
        own = max(seconds - app_nothing, 0.0) if part in ("app move", "app page") else own
        told = f"{own:>8.1%} of a core" if part == "idle" else f"{own * 1000:>8.0f} ms"
        print(f"  {part:12}{told}" + (f"    bar {bar:g} {judged(own <= bar)}" if bar else ""))
    print(f"  {'results':12}{results:>8.1f} ×     bar {MAX_RESULTS:g} {judged(results <= MAX_RESULTS)}")


def generated(nodes: int, pods: int) -> Path:
    """A dump of the generator's cluster, made anew."""
    path = OUT / f"generated-{nodes}n-{pods}p.json"
    sizes = ["--nodes", str(nodes), "--pods", str(pods), "--out", str(path)]
    subprocess.run([sys.executable, str(HERE / "generate.py"), *sizes], check=True)  # noqa: S603  our own script
    return path


def plain(path: Path) -> Path:
    """A dump as plain JSON, so that both sides read the same bytes."""
    if path.suffix != ".gz":
        return path
    unpacked = OUT / path.stem
    with gzip.open(path) as source, unpacked.open("wb") as target:
        shutil.copyfileobj(source, target)
    return unpacked


def speed(path: Path) -> dict[str, float]:
    """Prints how long the parts of a scan take, as ratios, and returns the medians in seconds and megabytes."""
    taken = in_turns({what: lambda what=what: child(what, path) for what in ("json", "scan", "parts")})
    parts = {part: median(one[part] for one in runs) for runs in taken.values() for part in runs[0]}
    unit = parts["json.loads"]
    size = path.stat().st_size / 2**20
    print(f"\n{path.name}, {size:.0f} MiB; json.loads {unit:.2f} s")
    for part in ("load", "groups", "rules", "everything"):
        bar = BARS.get(part)
        verdict = f"bar {bar:.2f} {judged(parts[part] <= bar * unit)}" if bar else ""
        print(f"  {part:12}{parts[part]:>8.3f} s{parts[part] / unit:>8.2f} ×    {verdict}")
    verdict = f"bar {MAX_MB} {judged(parts['peak_mb'] <= MAX_MB)}"
    print(f"  {'peak memory':12}{parts['peak_mb']:>8.0f} MB{'':9}   {verdict}")
    return parts


def growth(small: dict[str, float], large: dict[str, float]) -> None:
    """Prints how time and memory grow with ten times the objects."""
    print(f"\n× {large['objects'] / small['objects']:.1f} objects    bar {MAX_GROWTH:.0f}")
    for part in ("load", "groups", "rules", "everything", "grown_mb"):
        ratio = large[part] / small[part]
        print(f"  {part:12}{ratio:>8.1f} ×    {judged(ratio <= MAX_GROWTH)}")


def judged(holds: bool) -> str:  # noqa: FBT001  the question itself
    """A verdict in a word."""
    return "holds" if holds else "MISSED"


def in_turns(runs: dict[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Each of several measurements five times, one after the other, so that a busy moment hits all of them."""
    taken: dict[str, list[T]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            taken[name].append(run())
    return taken


def child(what: str, path: Path) -> dict[str, float]:
    """One measurement in a fresh process (`measure.py`)."""
    words = [sys.executable, str(HERE / "measure.py"), what, str(path)]
    ended = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603  our own script
    measured: dict[str, float] = json.loads(ended.stdout)
    return measured


if __name__ == "__main__":
    main()
