"""Which causes an ignore of the configuration means."""

from types import SimpleNamespace

import pytest

from diag.causes.ignore import Ignore, ignorer
from diag.findings import Ref

ROOT = Ref("c", "apps/v1", "Deployment", "team-a", "server")
CAUSE = SimpleNamespace(
    root=ROOT, name="image-not-found", node=SimpleNamespace(found=SimpleNamespace(rule="IMG107"), group=None)
)


def ignored(**entry):
    return ignorer([], flags=(), config=(Ignore(reason="known", **entry),))(CAUSE)


@pytest.mark.parametrize("rule", ["IMG107", "IMG*", "image-not-found", "image-*"])
def test_a_rule_is_meant_by_id_or_name_with_stars(rule):
    assert ignored(rule=rule) == ("config", "known", None)


@pytest.mark.parametrize(
    "subject", ["*", "team-a/*", "team-a/server", "server", "Deployment/team-a/server", "deployment/*/server"]
)
def test_a_subject_is_meant_by_name_namespace_and_kind(subject):
    assert ignored(rule="IMG107", subject=subject) == ("config", "known", None)


@pytest.mark.parametrize("subject", ["team-b/*", "team-a", "statefulset/team-a/server", "serve"])
def test_another_subject_is_not_meant(subject):
    assert ignored(rule="IMG107", subject=subject) is None


def test_another_rule_is_not_meant():
    assert ignored(rule="IMG108") is None
