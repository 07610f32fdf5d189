"""What goes into the document: commands that stay one command, secrets that stay unseen."""

import pytest

from diag.causes.rows import EvidenceTable, remedy_row
from diag.findings import FieldEvidence, Ref, Remedy

REF = Ref("default", "v1", "Pod", "ml", "p")


@pytest.mark.parametrize("name", ["a; rm -rf ~", "a$(id)", "a`id`", "a\nid", "a && id", "a | sh", "a > /etc/passwd"])
def test_a_name_never_makes_one_command_into_several(name):
    assert remedy_row(Remedy(text="look", command=f"kubectl get pod {name} -n ml")).command is None


def test_a_quote_in_a_name_does_not_break_out_of_a_quoted_argument():
    assert remedy_row(Remedy(text="look", command="kubectl get pods -l 'app='; id; ''")).command is None


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
