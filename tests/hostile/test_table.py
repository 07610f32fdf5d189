"""Every hostile input: one clear sentence, the right exit code, no traceback, bounded time and memory."""

import json
import os

import pytest
from forked import Stem
from hostile.inputs import INPUTS

ADDRESS_SPACE = 1024**3
SECONDS = 60
# The modules are loaded in the stem, for the baseline as well: what differs is what the input takes. A process begins
# with the peak of what it was forked with (kernel/fork.c, mm_init).
_DRIVER = f"""
import re, resource, sys
import forked
forked.load("diag.mcp", "diag.testing", "diag.tui", "diag.llm.engines")
from diag.catalog.registry import load
load()
from diag.cli.root import run

def main():
    resource.setrlimit(resource.RLIMIT_AS, ({ADDRESS_SPACE}, {ADDRESS_SPACE}))
    code = run(sys.argv[1:])
    sys.stdout.flush()
    print("peak", re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
    sys.exit(code)
"""


@pytest.fixture(scope="module")
def scanned():
    """Scans in a process of its own, with a limit of its address space: code, report, messages, peak in bytes."""
    stem = Stem(_DRIVER)

    def run(path, *flags):
        words = ["scan", "--from", path, "-o", "json", "--fail-on", "never", *flags]
        ended = stem.run(words, env=os.environ, timeout=SECONDS)
        messages, _, peak = ended.err.decode(errors="replace").rpartition("peak ")
        return ended.code, ended.out, messages, int(peak) * 1024

    yield run
    stem.close()


@pytest.fixture(scope="module")
def baseline(scanned, tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "dump.json"
    path.write_text('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"ml"}}')
    return scanned(path)[3]


@pytest.mark.slow
@pytest.mark.parametrize("one", INPUTS, ids=lambda one: one.name)
def test_a_hostile_input_costs_neither_the_process_nor_a_good_object(one, scanned, baseline, tmp_path):
    code, out, messages, peak = scanned(one.make(tmp_path), *one.flags)

    assert "Traceback" not in messages
    assert "unexpected failure" not in messages
    assert "\x1b" not in out.decode() + messages
    if one.pods is None:
        assert code == 3, messages
        sentences = [line for line in messages.splitlines() if line.startswith("diag:")]
        assert len(sentences) == 1, messages
        assert one.says in messages
    else:
        assert code == 0, messages
        report = json.loads(out)
        assert report["stats"]["pods"] == one.pods if one.pods >= 0 else report["stats"]["pods"] > 0
        assert one.says in json.dumps(report["gaps"])
    assert peak - baseline < 1.5 * limit_of(one.flags)


def limit_of(flags):
    """What the command allows in bytes: the flag, else the size that no input here exceeds."""
    return int(flags[1][:-2]) * 1024**2 if flags[:1] == ("--max-bytes",) else 128 * 1024**2
