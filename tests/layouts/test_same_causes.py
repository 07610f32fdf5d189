"""One state gives the same causes whatever collector wrote it down, in whatever form it was sent."""

import pytest
from layouts import collectors
from layouts.packing import FORMS, pack
from layouts.state import State, demo, lost_card, plain, scenario

from diag.api import scan

STATES = {
    "demo": demo,
    "device plugin": lambda: scenario("device-plugin-missing-one-node"),
    "fragmented": lambda: scenario("fragmented-twelve-nodes"),
    "two failures": lambda: scenario("two-failures-in-busy"),
    "volume": lambda: scenario("wffc-provisioner-scaled-to-zero"),
    "healthy": lambda: scenario("healthy-busy-rollout"),
    "lost card": lost_card,
}
NODES_AND_SEVEN = ("Node", *(kind for _, kind in collectors.CLUSTER_INFO.values()))
NOW = "2026-12-01T00:00:00Z"


def current_logs_only(state):
    return State(state.objects, {key: text for key, text in state.logs.items() if not key[2]})


def of_support_bundle(state):
    return State([one for one in state.objects if collectors.in_support_bundle(one)], state.logs)


def of_operator(state):
    own = [one for one in state.only("Pod", "DaemonSet").objects if one["metadata"]["namespace"] == "gpu-operator"]
    nodes = [one for one in state.only("Node").objects if one["metadata"]["name"] in state.kernel]
    logs = {key: text for key, text in state.logs.items() if key[0].startswith("gpu-operator/")}
    return State([*own, *nodes], logs, state.kernel)


# Each collector, and what of a state it carries.
COLLECTORS = {
    "must-gather": (collectors.must_gather, lambda state: state),
    "kind": (collectors.kind_export, collectors.of_runs),
    "cluster-info": (collectors.cluster_info, lambda state: current_logs_only(state.only(*NODES_AND_SEVEN))),
    "cluster-info stream": (
        collectors.cluster_info_stdout,
        lambda state: current_logs_only(state.only(*NODES_AND_SEVEN)),
    ),
    "support bundle": (collectors.support_bundle, of_support_bundle),
    "old support bundle": (lambda state: collectors.support_bundle(state, bare=True), of_support_bundle),
    "GPU operator": (collectors.gpu_operator, of_operator),
}


def causes(report):
    return sorted((cause.name, str(cause.root), cause.severity) for cause in report.causes)


def diagnosed(path):
    return scan([path], now=NOW)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The causes of what a collector carries of a state, read from the plain files that kubectl makes."""
    known = {}

    def ask(state_name, collector):
        if (state_name, collector) not in known:
            carried = COLLECTORS[collector][1](STATES[state_name]())
            folder = tmp_path_factory.mktemp("plain")
            known[state_name, collector] = causes(diagnosed(pack(plain(carried), "folder", folder)))
        return known[state_name, collector]

    return ask


@pytest.mark.parametrize(
    ("state_name", "collector"),
    [
        (state, collector)
        for state in STATES
        for collector in COLLECTORS
        # What a kernel says only that one collects; it has no workloads outside its namespace.
        if (collector == "GPU operator" and state == "demo") or (collector == "GPU operator") == (state == "lost card")
    ],
)
def test_each_collector_gives_the_causes_of_the_plain_dump(state_name, collector, expected, tmp_path):
    write, _ = COLLECTORS[collector]
    report = diagnosed(pack(write(STATES[state_name]()), "tar.gz", tmp_path))
    assert causes(report) == expected(state_name, collector)
    assert ("gpu-fell-off-bus" in {cause.name for cause in report.causes}) == (state_name == "lost card")


def test_a_stream_is_taken_apart_within_two_archives(expected, tmp_path):
    report = diagnosed(pack(collectors.cluster_info_stdout(demo()), "zip of tar.gz", tmp_path))
    assert causes(report) == expected("demo", "cluster-info stream")
    assert not any(gap.why == "unreadable" for gap in report.gaps)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("collector", ["must-gather", "kind", "support bundle"])
def test_each_form_gives_the_same_causes(collector, form, expected, tmp_path):
    write, _ = COLLECTORS[collector]
    report = diagnosed(pack(write(demo()), form, tmp_path))
    assert causes(report) == expected("demo", collector)
    assert len(report.causes) > 5
