"""Servers that answer with other lists than were asked for, or without end: what is of the kind is read, with a gap."""

import itertools

import msgspec
import pytest
from scenarios import scenario

from diag.collect import listing
from diag.collect.live import Live
from diag.snapshot.sources.part import Limits
from diag.testing.apiserver import Access, discovery, handler
from diag.testing.apiserver.lists import list_page

ITEMS, _ = scenario("preempted-two-deployments")
HEALTHY, _ = scenario("healthy-busy-rollout")
PODS = 63


@pytest.fixture
def lying(monkeypatch, serve):
    """Serves the scenario with lists of pods that were changed; gives the part, and how often pods were asked for."""

    def look(change, limit=None, **ways):
        asked = []

        def lie(store, resource, version, namespace, query):
            query = {**query, "limit": limit or query["limit"]} if resource.plural == "pods" else query
            if resource.plural != "pods":
                return list_page(store, resource, version, namespace, query)
            asked.append(query)
            if query.get("continue", "").startswith("lie"):
                query = {**query, "continue": ""}
            code, body = list_page(store, resource, version, namespace, query)
            document = msgspec.json.decode(body)
            nodes = msgspec.json.decode(list_page(store, store.resources["", "nodes"], "v1", "", {})[1])
            return code, msgspec.json.encode(change(document, nodes, len(asked)) or document)

        monkeypatch.setattr(handler, "list_page", lie)
        server = serve(ITEMS)
        (part,) = Live(kubeconfig=server.config, **ways).parts({"Pod", "Node"}, str)
        return part, asked

    return look


def pods(part):
    return [piece for piece in part.items if piece.kind == "Pod"]


def assert_gap(part, why):
    assert [problem.why for problem in part.problems if problem.what == "list Pod"] == [why], part.problems
    assert "Pod" not in {one.kind for one in part.listed}
    assert "Node" in {one.kind for one in part.listed}


def typed(document, *_):
    for item in document["items"]:
        item |= {"apiVersion": "v1", "kind": "Node"}


def swapped(document, nodes, _):
    document["items"] = nodes["items"]


def old_version(document, *_):
    document["apiVersion"] = "v1beta1"


@pytest.mark.parametrize("change", [lambda _, nodes, __: nodes, typed, swapped, old_version])
def test_another_list_than_was_asked_for_is_a_gap_and_none_of_its_objects_is_used(lying, change):
    part, _ = lying(change)

    assert pods(part) == []
    assert_gap(part, "unreadable")


def test_one_stranger_among_the_objects_costs_none_of_the_others(lying):
    def stranger(document, *_):
        document["items"].insert(0, {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s", "namespace": "x"}})

    part, _ = lying(stranger)

    assert len(pods(part)) == PODS
    assert_gap(part, "unreadable")


def test_a_later_page_of_another_kind_is_a_gap_and_the_first_is_kept(lying):
    def second(document, _, number):
        if number > 1:
            document["kind"] = "NodeList"

    part, _ = lying(second, limit="10")

    assert len(pods(part)) == 10
    assert_gap(part, "unreadable")


def test_objects_that_remain_and_are_not_given_are_a_gap(lying):
    def remaining(document, *_):
        document["metadata"]["remainingItemCount"] = 100

    part, _ = lying(remaining)

    assert len(pods(part)) == PODS
    assert_gap(part, "truncated")


def test_a_last_page_without_the_promised_objects_is_a_gap(lying):
    def empty(document, _, number):
        if number > 1:
            document["items"], document["metadata"] = [], {}

    part, _ = lying(empty, limit="10")

    assert_gap(part, "truncated")


def same_token(document, *_):
    document["metadata"]["continue"] = "lie"


def new_token(document, _, number):
    document["metadata"]["continue"] = f"lie{number}"


def empty_pages(document, _, number):
    document["items"], document["metadata"] = [], {"continue": "lie" if number % 2 else "lie2"}


@pytest.mark.parametrize(("change", "kept"), [(same_token, PODS), (new_token, PODS), (empty_pages, 0)])
def test_pages_that_repeat_end_the_list_with_a_gap(lying, change, kept):
    part, asked = lying(change)

    assert len(pods(part)) == kept
    assert len(asked) <= 3
    assert_gap(part, "truncated")


def endless(document, _, number):
    document["metadata"]["continue"] = f"lie{number}"
    for item in document["items"]:
        item["metadata"]["name"] += f"-{number}"


@pytest.mark.parametrize("limits", [Limits(objects=200), Limits(bytes=2_000_000)])
def test_pages_without_end_end_at_the_limits(lying, limits):
    part, asked = lying(endless, limits=limits)

    assert len(pods(part)) >= PODS
    assert len(asked) < 50
    assert_gap(part, "truncated")


def test_pages_without_end_end_at_their_number(lying, monkeypatch):
    monkeypatch.setattr(listing, "MOST_PAGES", 5)

    part, asked = lying(endless)

    assert (len(asked), len(pods(part))) == (5, 5 * PODS)
    assert_gap(part, "truncated")


def test_what_was_read_of_an_endless_list_counts_when_time_is_over(lying):
    live = {}

    def interrupted(document, nodes, number):
        endless(document, nodes, number)
        if number == 3:
            live["stop"].interrupted.set()

    live["stop"] = stop = listing.Stop()
    part, _ = lying(interrupted, stop=stop)

    assert len(pods(part)) >= 2 * PODS
    assert [problem.why for problem in part.problems if problem.what == "list Pod"] == ["not-read"]


@pytest.mark.parametrize("lack", ["resource", "verb"])
def test_a_kind_that_every_server_has_is_hidden_when_discovery_does_not_offer_it(serve, monkeypatch, lack):
    whole = discovery.aggregated

    def without_pods(resources, **ways):
        document = msgspec.json.decode(whole(resources, **ways))
        for version in itertools.chain.from_iterable(group["versions"] for group in document["items"]):
            for each in [one for one in version["resources"] if one["resource"] == "pods"]:
                if lack == "verb":
                    each["verbs"] = ["get"]
                else:
                    version["resources"].remove(each)
        return msgspec.json.encode(document)

    monkeypatch.setattr(discovery, "aggregated", without_pods)

    (part,) = Live(kubeconfig=serve(ITEMS).config).parts({"Pod", "Node"}, str)

    assert [problem.kinds for problem in part.problems] == [("Pod",)]
    assert {one.kind for one in part.listed} == {"Node"}


@pytest.mark.parametrize("fault", ["forbidden", "another kind"])
@pytest.mark.parametrize(("path", "code", "strict"), [("pods", 3, 3), ("nodes", 0, 4)])
def test_a_list_of_another_kind_ends_as_one_that_is_forbidden(serve, diag, monkeypatch, fault, path, code, strict):
    """3 where no pods could be read, 4 with --strict where another material kind is missing."""
    items = [item for item in HEALTHY if item["kind"] in ("Pod", "Node", "Namespace")]
    own = handler.list_page

    def lie(store, resource, version, namespace, query):
        answered, body = own(store, resource, version, namespace, query)
        kind = b'"kind":"%sList"' % resource.kind.encode()
        return answered, body.replace(kind, b'"kind":"SecretList"', 1) if resource.plural == path else body

    access = None
    if fault == "forbidden":
        others = [each for each in ("pods", "nodes", "namespaces", "events") if each != path]
        access = Access(cluster=[{"apiGroups": [""], "resources": others, "verbs": ["list"]}])
    else:
        monkeypatch.setattr(handler, "list_page", lie)
    server = serve(items, access=access)

    assert diag("scan", "--kubeconfig", server.config, "-o", "json").code == code
    assert diag("scan", "--kubeconfig", server.config, "-o", "json", "--strict").code == strict
