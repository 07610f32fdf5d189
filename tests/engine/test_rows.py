"""What goes into the document: commands that stay one command, secrets that stay unseen."""

import json
import shlex

import pytest
from cluster_objects import node, waiting

from diag import api
from diag.causes.rows import EvidenceTable, remedy_row
from diag.findings import FieldEvidence, Ref, Remedy

REF = Ref("default", "v1", "Pod", "ml", "p")


@pytest.mark.parametrize("name", ["a; rm -rf ~", "a$(id)", "a`id`", "a\nid", "a && id", "a | sh", "a > /etc/passwd"])
def test_a_name_never_makes_one_command_into_several(name):
    assert remedy_row(Remedy(text="look", command=f"kubectl get pod {name} -n ml")).command is None


@pytest.mark.parametrize("argument", ["'app='; id; ''", """"'" ; id ; "'\"""", "'left open", '"$(id)"', "*", "a #"])
def test_a_quote_in_a_name_does_not_break_out_of_a_quoted_argument(argument):
    assert remedy_row(Remedy(text="look", command=f"kubectl get pods -l {argument}")).command is None


@pytest.mark.parametrize(
    "name", ["my role", "p --all", "a; rm -rf ~", "a$(id)", "a\\", "it's", "*", "~", "'; id; '", "\"'\"; id; 'x", "#a"]
)
def test_a_name_that_is_no_plain_word_is_one_argument_or_the_command_is_left_out(name):
    for before, after in (("kubectl delete pod ", " -n ml"), ("kubectl get pods -l 'app in (", ")' -o wide")):
        shown = remedy_row(Remedy(text="look", command=f"{before}{name}{after}"), [name, "ml"]).command
        around = shlex.split(f"{before}NAME{after}")
        assert shown is None or shlex.split(shown) == [one.replace("NAME", name) for one in around]
        assert shown is not None or not any(one.isalnum() for one in name) or name == "a\\"


@pytest.mark.parametrize("name", ["--all", "-A", " ", "a\x1bb"])
def test_a_command_with_a_name_that_no_quote_makes_harmless_is_left_out(name):
    assert remedy_row(Remedy(text="look", command=f"kubectl delete pod {name} -n ml"), [name]).command is None


def test_steps_about_objects_with_odd_names_name_them_as_one_word(tmp_path):
    items = [node("n1"), waiting("my pod --all", gpus=64)]
    (tmp_path / "dump.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    report = api.examine([tmp_path / "dump.json"]).report
    commands = [one.command for cause in report.causes for one in cause.remedies if one.command]
    named = [one for one in commands if "my pod" in one]

    assert named
    assert all("my pod --all" in shlex.split(one) for one in named)


@pytest.mark.parametrize(
    "command",
    [
        "kubectl get pod web-0 -n ml",
        "kubectl get nodes -o jsonpath='{.items[*].metadata.name}'",
        "kubectl get clusterrole system:node",
    ],
)
def test_ordinary_commands_are_shown(command):
    assert remedy_row(Remedy(text="look", command=command)).command == command


def test_a_secret_in_a_cited_value_is_masked_in_the_document_only():
    piece = FieldEvidence(
        object=REF, path="spec.containers[0].args[0]", value="--token hf_abcdefghijklmnopqrstuvwxyz0123456789"
    )
    table = EvidenceTable()
    table.ids((piece,))

    assert "hf_abc" not in table.rows[0].value
    assert "***" in table.rows[0].value
