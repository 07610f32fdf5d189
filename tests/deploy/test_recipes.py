"""The recipes of deploy/ci, run as the plain scripts that they are: on clusters that answer, refuse, or are gone."""

import re
from pathlib import Path

import pytest
import yaml
from ci_clusters import NAMESPACE, WRITTEN, cluster
from ci_clusters import ROOT as BROKEN
from hera.workflows import models as argo

ROOT = Path(__file__).parents[2]
CI = ROOT / "deploy" / "ci"
GITHUB, GITLAB, TASK, TEMPLATE = (
    yaml.safe_load((CI / name).read_text())
    for name in ("github/action.yml", "gitlab/diagnose.yml", "tekton/task.yaml", "argo/diagnose.yaml")
)
JENKINS = (CI / "jenkins" / "Jenkinsfile").read_text()


def github(machine, **given):
    """The step of the composite action, with its inputs put in as GitHub does."""
    inputs = {name: each.get("default", "") for name, each in GITHUB["inputs"].items()} | given
    step = next(each for each in GITHUB["runs"]["steps"] if each["name"] == "Diagnose")
    (machine.root / "diag").mkdir()
    (machine.root / "diag" / "bin").symlink_to(machine.root / "bin")
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: inputs[found[1]], value)
        for name, value in step["env"].items()
    }
    environment |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(CI / "github"),
        "GITHUB_STEP_SUMMARY": str(machine.root / "summary.md"),
        "RUNNER_TEMP": str(machine.root),
    }
    return machine.run([step["shell"], "-e", "-c", step["run"]], **environment)


def gitlab(machine, **given):
    """The job that a pipeline's own extends."""
    job = GITLAB[".diagnose"]
    variables = job["variables"] | {name.upper().replace("-", "_"): value for name, value in given.items()}
    variables |= {f"DIAG_{name.upper().replace('-', '_')}": value for name, value in given.items()}
    return machine.run(["sh", "-e", "-c", "\n".join(job["script"])], **variables)


def tekton(machine, **given):
    """The step of the task."""
    step = TASK["spec"]["steps"][0]
    values = {f"params.{each['name']}": each.get("default", "") for each in TASK["spec"]["params"]}
    values |= {f"params.{name}": value for name, value in given.items()}
    values |= {
        "workspaces.report.path": str(machine.work),
        "workspaces.kubeconfig.bound": "true",
        "workspaces.kubeconfig.path": str(machine.root),
    }
    environment = {
        each["name"]: re.sub(r"\$\(([\w.-]+)\)", lambda found: values[found[1]], each["value"]) for each in step["env"]
    }
    return machine.run(["sh", "-c", step["script"]], KUBECONFIG="", **environment)


def workflows(machine, **given):
    """The container of Argo's template; the folder of its artifact is put where the test looks."""
    template = TEMPLATE["spec"]["templates"][0]
    values = {each["name"]: each["value"] for each in template["inputs"]["parameters"]} | given
    container = template["container"]
    environment = {
        each["name"]: re.sub(r"\{\{inputs\.parameters\.([\w-]+)\}\}", lambda found: values[found[1]], each["value"])
        for each in container["env"]
    }
    assert container["args"] == [template["outputs"]["artifacts"][0]["path"]]
    return machine.run([*container["command"], str(machine.report)], **environment)


def jenkins(machine, **given):
    """The shell step of the `post` section, with the pipeline's environment."""
    environment = dict(re.findall(r"(DIAG_\w+) = '([^']*)'", JENKINS))
    environment |= {f"DIAG_{name.upper().replace('-', '_')}": value for name, value in given.items()}
    step = re.search(r"unsuccessful \{\s+sh '([^']+)'", JENKINS)
    return machine.run(["sh", "-xe", "-c", step[1]], **environment)


RECIPES = [github, gitlab, tekton, workflows, jenkins]


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_says_in_the_log_what_broke_and_leaves_the_verdict_alone(recipe, machine):
    with cluster("broken", machine.root / "config"):
        ended = recipe(machine, namespace=NAMESPACE, since="9999h")

    assert ended.code == 0, ended.err
    assert f"C1 error: {BROKEN}" in ended.out
    assert {path.name for path in machine.report.iterdir()} == WRITTEN
    if recipe is github:  # which has places of its own for it
        assert ended.out.count("::error title=") == 1
        assert BROKEN in (machine.root / "summary.md").read_text()


@pytest.mark.parametrize("recipe", [github, gitlab])
@pytest.mark.parametrize(
    ("state", "given", "code", "says", "files"),
    [
        ("gone", {}, 0, "could not be looked at", 0),
        ("forbidden", {"fail-on": "error"}, 3, "you may read nothing", 0),
        ("nothing found", {"fail-on": "info"}, 0, "No causes found", len(WRITTEN)),
        ("broken", {"fail-on": "error", "since": "9999h"}, 1, "C1 error", len(WRITTEN)),
    ],
)
def test_both_hold_in_every_state_of_the_cluster(recipe, state, given, code, says, files, machine):
    with cluster(state, machine.root / "config"):
        ended = recipe(machine, **given)

    assert (ended.code, says in ended.out + ended.err) == (code, True), ended.out + ended.err
    assert len(list(machine.report.iterdir())) == files


def test_the_files_that_the_recipes_name_are_those_that_are_written():
    named = {*GITLAB[".diagnose"]["artifacts"]["reports"].values(), *re.findall(r"testResults: '([^']+)'", JENKINS)}

    assert named
    assert named <= {f"diag-report/{name}" for name in WRITTEN}


def test_the_action_installs_the_repository_that_it_lies_in_unless_diag_is_there(machine):
    script = next(each for each in GITHUB["runs"]["steps"] if each["name"] == "Install diag")["run"]
    assert machine.run(["sh", "-e", "-c", script], PYTHON="/nowhere/python").code == 0
    paths = re.findall(r"\$GITHUB_ACTION_PATH/([./\w]+)", script)

    assert [(CI / "github" / path).resolve() for path in paths] == [ROOT / "constraints.txt", ROOT]


def test_argo_reads_the_templates_as_they_are_written():
    for name, kind in (("diagnose", argo.WorkflowTemplate), ("workflow", argo.Workflow)):
        written = yaml.safe_load((CI / "argo" / f"{name}.yaml").read_text())
        # What Argo's API does not know is dropped on the way.
        assert kind.model_validate(written).model_dump(mode="json", by_alias=True, exclude_none=True) == written
