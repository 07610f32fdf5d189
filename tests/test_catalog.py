"""Guards over the catalogue: what every rule has to keep to, whoever wrote it."""

import ast
import inspect
import re
import shlex
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from rule_cases import HEADINGS, REGISTRY, runs

from diag.catalog import retired
from diag.catalog.pages import path_of
from diag.catalog.registry import infos
from diag.catalog.run import selects
from diag.catalog.signature import On
from diag.catalog.taxonomy import taxonomy
from diag.causes.ignore import _reason
from diag.trouble.groups import SYMPTOMS

ROOT = Path(__file__).parents[1]
NAMES = [(rule, named) for rule in REGISTRY.functions for named in rule.named]
FUNCTIONS = pytest.mark.parametrize("rule", REGISTRY.functions, ids=lambda rule: rule.id)
PAGES = pytest.mark.parametrize(("rule", "named"), NAMES, ids=[named.id for _, named in NAMES])
ROWS = pytest.mark.parametrize("row", REGISTRY.rows, ids=lambda row: row.id)
MODULES = sorted({*(rule.module for rule in REGISTRY.functions), *(table.module for table in REGISTRY.tables)})

# Of the standard library what computes, and nothing that looks outside (clock, files, network, randomness).
STANDARD = {
    "bisect", "collections", "contextlib", "dataclasses", "difflib", "enum", "fnmatch", "functools", "heapq",
    "ipaddress", "itertools", "math", "operator", "re", "shlex", "string", "typing",
}  # fmt: skip
OURS = ("diag.catalog", "diag.trouble", "diag.facts", "diag.findings", "diag.projection", "diag.snapshot", "diag.vocab")
FORBIDDEN_CALLS = {"print", "open", "input", "exec", "eval", "__import__", "breakpoint"}

COMMANDS = {
    "kubectl", "helm", "oc", "istioctl", "vcctl", "armadactl", "karmadactl", "kueuectl", "argocd", "flux", "velero",
    "nvidia-smi", "dcgmi", "crictl", "ctr", "journalctl", "dmesg", "systemctl", "modprobe", "mokutil", "lsmod", "df",
    "sysctl", "lspci", "ethtool", "ibstat", "nvidia-ctk", "nvidia-bug-report.sh", "rocm-smi", "amd-smi", "chronyc",
    "gcloud", "aws", "az", "docker", "skopeo", "crane", "openssl", "curl", "nc", "huggingface-cli", "hf", "ray",
}  # fmt: skip
RISKS = {"safe", "disruptive", "irreversible"}
# What takes something away cannot be offered as harmless.
HARMFUL = {"delete", "drain", "replace", "evict", "uninstall", "rollback"}


def ids():
    return [rule.id for rule in infos(REGISTRY)]


# What groups are made of: a rule may declare these without a case for each.
GROUPED = {
    "Pod",
    "Event",
    "apps/DaemonSet",
    "apps/Deployment",
    "apps/ReplicaSet",
    "apps/StatefulSet",
    "batch/Job",
}

# Identity


@pytest.mark.parametrize("rule_id", ids())
def test_an_id_is_a_family_and_three_digits_and_not_retired(rule_id):
    assert re.fullmatch(r"[A-Z]{3}\d{3}", rule_id)
    assert rule_id not in retired.successors()


def test_no_id_is_given_twice():
    assert sorted(set(ids())) == sorted(ids())


def test_no_two_functions_report_the_same_name():
    names = [named.name for _, named in NAMES]

    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("name", sorted({rule.name for rule in infos(REGISTRY)}))
def test_a_name_is_short_kebab_and_in_the_taxonomy_as_itself(name):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert len(name) <= 48
    assert name in taxonomy(), "add it to diag/catalog/causes.csv, or use the name that is there"
    assert taxonomy()[name].name == name, f"a synonym of {taxonomy()[name].name}"
    assert taxonomy()[name].role in ("cause", "state", "symptom")


@FUNCTIONS
def test_the_file_of_a_function_begins_with_its_first_id(rule):
    assert rule.module.rpartition(".")[2].startswith(f"{rule.id.lower()}_")
    assert rule.named == tuple(sorted(rule.named, key=lambda named: named.id)), "the first id is the lowest"


@FUNCTIONS
def test_a_rule_beats_only_names_of_the_taxonomy(rule):
    assert {name for named in rule.named for name in named.refines} <= set(taxonomy())


# Pages


@PAGES
def test_a_page_begins_with_a_sentence_that_states_the_fault(rule, named):
    first = inspect.cleandoc(named.page).partition("\n")[0]

    assert 0 < len(first) <= 80
    assert first.endswith(".")
    assert not first.startswith(("Check", "Ensure"))


@PAGES
def test_a_page_has_the_five_headings_in_order_each_with_a_text(rule, named):
    parts = re.split(r"^## (.+)\n", inspect.cleandoc(named.page), flags=re.MULTILINE)

    assert parts[1::2] == HEADINGS
    assert all(text.strip() for text in parts[2::2])


@pytest.mark.parametrize("info", infos(REGISTRY), ids=lambda info: info.id)
def test_every_page_names_its_rule_and_a_source_that_exists(info):
    assert info.doc.startswith(f"# {info.id} {info.name}\n")
    assert info.summary
    assert Path(info.source_file).is_file()


# Rows


@ROWS
def test_a_row_fills_its_texts_from_groups_of_its_pattern(row):
    groups = {*re.compile(row.pattern).groupindex, "node"}
    groups |= set(row.words(dict.fromkeys(groups, ""))) if row.words else set()
    groups |= set(row.look.fills) if row.look else set()
    texts = [row.summary, *(text for one in row.remedies for text in (one.text, one.command or ""))]

    assert row.literal
    assert {word for text in texts for word in re.findall(r"\{([a-z_]\w*)\}", text)} <= groups
    re.compile(row.second)


@ROWS
def test_a_row_explains_known_symptoms_and_beats_known_names(row):
    assert row.explains
    assert set(row.explains) <= set(SYMPTOMS)
    assert set(row.refines) <= set(taxonomy())
    assert isinstance(row.on, On)
    assert row.means.endswith(".")


# Remedies


def remedies():
    """What functions and rows advise: as rows declare it, and as all case files make it."""
    yield from ((row.id, remedy) for row in REGISTRY.rows for remedy in row.remedies)
    for diagnosis in runs():
        yield from ((found.rule, remedy) for found in diagnosis.ran.found for remedy in found.finding.remedies)


def test_every_command_can_be_read_by_a_shell_begins_with_a_known_tool_and_has_a_risk():
    for rule, remedy in remedies():
        assert remedy.risk in RISKS, rule
        for line in (remedy.command or "").splitlines():
            words = shlex.split(line)
            assert words[0] in COMMANDS, f"{rule}: {line}"
            assert remedy.risk != "safe" or not HARMFUL.intersection(words[1:3]), f"{rule} calls this safe: {line}"


# Inputs


@FUNCTIONS
def test_a_rule_declares_kinds_and_never_secrets(rule):
    assert rule.inputs
    assert len(set(rule.inputs)) == len(rule.inputs)
    for kind in rule.inputs:
        assert re.fullmatch(r"([a-z0-9.-]+\.[a-z0-9.-]+/|apps/|batch/|autoscaling/|policy/)?[A-Z]\w*", kind), kind
        assert kind != "Secret"


@FUNCTIONS
def test_a_rule_declares_what_it_reads_and_its_cases_reach_all_that_it_declares(rule):
    ran = [diagnosis.ran for diagnosis in runs() if rule.id in diagnosis.ran.read]
    read = {kind for one in ran for kind in one.read[rule.id]}
    met = {kind for one in ran for kind in one.met[rule.id]}

    assert read - {*rule.inputs} == set(), "read and not declared"
    assert {*rule.inputs} - read - met - GROUPED == set(), "declared, and no case reaches it"


# Source


@pytest.mark.parametrize("module", MODULES)
def test_a_rule_imports_only_what_lies_below_it(module):
    for node in ast.walk(parsed(module)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.split(".")[0] in STANDARD or name.startswith(OURS), name


@pytest.mark.parametrize("module", MODULES)
def test_a_rule_prints_opens_and_logs_nothing(module):
    calls = [node.func for node in ast.walk(parsed(module)) if isinstance(node, ast.Call)]

    assert not {call.id for call in calls if isinstance(call, ast.Name)} & FORBIDDEN_CALLS


def parsed(module):
    return ast.parse(inspect.getsource(import_module(module)))


def test_a_rule_is_found_in_the_folder_that_its_page_names():
    for module in MODULES:
        assert (ROOT / path_of(module)).is_file()


def test_the_packages_that_are_installed_are_those_on_disk():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    on_disk = [path.parent.relative_to(ROOT) for top in ("diag", "analyzers", "prompts") for path in found(ROOT / top)]
    names = [".".join(path.parts if path.parts[0] == "diag" else ("diag", *path.parts)) for path in on_disk]

    assert sorted(listed) == sorted(names)


def found(top):
    return [path for path in top.rglob("__init__.py") if "__pycache__" not in path.parts]


# Retired ids


def test_an_ignore_of_a_retired_id_works_for_its_successor(monkeypatch):
    monkeypatch.setattr(retired, "successors", lambda: {"SCH900": "SCH901", "SCH901": "SCH101", "QUO900": ""})

    assert selects(["SCH900"], "SCH101", "gpu-request-exceeds-any-node")
    assert selects(["SCH90*"], "SCH101", "gpu-request-exceeds-any-node")
    assert not selects(["SCH900"], "SCH130", "gpu-fragmentation")


def test_an_annotation_with_a_retired_id_works_for_its_successor(monkeypatch):
    monkeypatch.setattr(retired, "successors", lambda: {"SCH900": "SCH101"})
    item = type("Item", (), {"annotations": {"diag.ignore/SCH900": "known"}})

    assert _reason(item, "SCH101", "gpu-request-exceeds-any-node") == "known"
    assert _reason(item, "SCH102", "other") is None


def test_every_successor_is_a_rule():
    assert {new for new in retired.successors().values() if new} <= {*ids(), *retired.successors()}
