"""What the healthy clusters are made with: their time, conditions in short, and what would break them."""

from dataclasses import dataclass
from typing import Any

from diag.testing import Clock, container, manifest, pod, pod_spec, running

CLOCK = Clock.at("2026-03-02T12:00:00Z")
DAYS_AGO = CLOCK.ago(days=9)
HOURS_AGO = CLOCK.ago(hours=5)


@dataclass(frozen=True, kw_only=True)
class Break:
    """One field that, changed, makes a healthy cluster a broken one."""

    says: str  # what breaks, as a sentence
    where: str  # Kind/namespace/name, or Kind/name
    path: tuple[str | int, ...]
    value: Any
    finds: str  # the name of a cause or symptom, or the root, that must be reported


def conditions(*, since=HOURS_AGO, **types):
    """Conditions from `Type="Status Reason: message"`."""
    found = []
    for type_, told in types.items():
        status, _, rest = told.partition(" ")
        reason, _, message = rest.partition(": ")
        found.append(
            {"type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}
        )
    return found


def custom(api_version, kind, name, *, namespace="", spec=None, status=None, since=HOURS_AGO, told=None, **meta):
    """A custom resource with conditions `told` as in `conditions`."""
    body = {"status": {**(status or {}), **({"conditions": conditions(since=since, **told)} if told else {})}}
    meta = {"created": DAYS_AGO, "generation": 1, **meta}
    return manifest(api_version, kind, name, namespace=namespace, spec=spec or {}, **body, **meta)


def spec_of(image="registry.example.com/app:1", *, gpus=0, **fields):
    """A pod template of one container."""
    return pod_spec(container("main", image, gpus=gpus), **fields)


def well(name, node, *, spec=None, since=HOURS_AGO, restarts=0, **fields):
    """A pod that runs and is ready."""
    made = pod(name, spec or spec_of(), created=since, node=node, **fields)
    return running(made, since=since, restarts=restarts)
