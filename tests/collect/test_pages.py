"""Pages stay packed as they were received, and are opened for what somebody reads."""

import copy
import math
import zlib

import pytest
from scenarios import scenario

from diag.collect.live import Live
from diag.snapshot.load import load
from diag.snapshot.paged import Paged

ITEMS, LOGS = scenario("preempted-two-deployments")
PODS = 1200
FIELDS = {"f:metadata": {"f:labels": {"f:app": {}}}}


def many():
    """The pod of a scenario, often, each with who wrote it: three pages, which a server packs."""
    pod = next(item for item in ITEMS if item["kind"] == "Pod")
    for number in range(PODS):
        one = copy.deepcopy(pod)
        one["metadata"] |= {
            "name": f"many-{number:04}", "uid": f"many-{number}",
            "managedFields": [{
                "manager": "kubelet", "operation": "Update", "apiVersion": "v1", "time": "2026-11-25T10:00:00Z",
                "fieldsType": "FieldsV1", "fieldsV1": FIELDS,
            }],
        }  # fmt: skip
        yield one


@pytest.fixture
def opened(monkeypatch):
    """Counts how often a page is opened."""
    counted = []
    unpack = zlib.decompress
    monkeypatch.setattr(zlib, "decompress", lambda packed, bits: counted.append(packed) or unpack(packed, bits))
    return counted


@pytest.fixture
def part(serve):
    server = serve([*ITEMS, *many()])
    (found,) = Live(kubeconfig=server.config).parts({"Pod", "Namespace"}, str)
    return found


def test_a_page_is_kept_as_it_was_received_and_not_unpacked(part):
    pods = [piece for piece in part.items if piece.kind == "Pod"]
    pages = {piece.page for piece in pods if isinstance(piece, Paged)}

    assert len(pages) == math.ceil(len(pods) / 500)
    assert all(page.packed.startswith(b"\x1f\x8b") for page in pages)
    assert not [piece for piece in pods if not isinstance(piece, Paged)]


def test_loading_opens_each_page_once_and_keeps_no_view_of_it(part, opened):
    (snap,) = load([part])

    assert len(opened) == math.ceil(sum(piece.kind == "Pod" for piece in part.items) / 500)
    first, *others = (pod for pod in snap.pods if pod.name.startswith("many-"))
    assert len(others) == PODS - 1
    for pod in others:  # equal raw fields are one copy; views would each hold their page
        assert pod.metadata.labels is first.metadata.labels
        assert pod.spec.volumes is first.spec.volumes
        assert pod.spec.containers[0].resources is first.spec.containers[0].resources


def test_what_is_opened_is_the_object_with_its_managers_reduced(part):
    (snap,) = load([part])
    pod = next(pod for pod in snap.pods if pod.name == "many-0700")

    assert pod.whole["metadata"]["managedFields"] == [
        {"manager": "kubelet", "operation": "Update", "time": "2026-11-25T10:00:00Z"}
    ]
    assert pod.whole["spec"] == next(many())["spec"]
    assert pod.whole["metadata"]["name"] == "many-0700"
