"""Events in the dialects in which they are met.

The older dialect counts in `count` and names `source.component`. Writers of `events.k8s.io/v1` (kube-scheduler among
them) show up in core/v1 with null timestamps: theirs are `eventTime`, `series` and `reportingComponent`.
"""

from diag.testing.meta import Object, digest, manifest, name_of, namespace_of


def event(  # noqa: PLR0913 - the fields of an Event
    subject: Object,
    reason: str,
    message: str,
    *,
    last: str,
    first: str = "",
    count: int = 1,
    warning: bool = False,
    component: str = "kubelet",
    host: str = "",
    container: str = "",
) -> Object:
    """An Event of the older dialect about `subject`.

    - `first`: when it was first seen; `last` by default.
    - `host`: the node whose kubelet speaks.
    - `container`: the container it is about; `init:NAME` for an init container.
    """
    first = first or last
    body = _about(subject, reason, message, first, container=container)
    body |= {
        "source": {"component": component, **({"host": host} if host else {})},
        "firstTimestamp": first,
        "lastTimestamp": last,
        "count": count,
        "type": "Warning" if warning else "Normal",
        "eventTime": None,
        "reportingComponent": component,
        "reportingInstance": host,
    }
    return body


def series_event(  # noqa: PLR0913 - the fields of an Event
    subject: Object,
    reason: str,
    message: str,
    *,
    first: str,
    last: str = "",
    count: int = 1,
    warning: bool = False,
    component: str = "default-scheduler",
    action: str = "Scheduling",
) -> Object:
    """An Event written through `events.k8s.io/v1`, as core/v1 shows it; times in microseconds."""
    body = _about(subject, reason, message, first.partition(".")[0] + "Z" if "." in first else first)
    body |= {
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "type": "Warning" if warning else "Normal",
        "eventTime": first,
        "action": action,
        "reportingComponent": component,
        "reportingInstance": f"{component}-{digest('instance', component)[:8]}",
    }
    if count > 1:
        body["series"] = {"count": count, "lastObservedTime": last or first}
    return body


def as_events_v1(item: Object) -> Object:
    """The same Event as `events.k8s.io/v1` serves it: `regarding`, `note` and deprecated fields."""
    body = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": item["metadata"]}
    body |= {"eventTime": item["eventTime"], "reason": item["reason"], "type": item["type"]}
    body |= {"regarding": item["involvedObject"], "note": item["message"]}
    body |= {"reportingController": item["reportingComponent"], "reportingInstance": item["reportingInstance"]}
    body |= {key: item[key] for key in ("action", "series") if key in item}
    if item.get("count"):
        body |= {
            "deprecatedCount": item["count"],
            "deprecatedSource": item["source"],
            "deprecatedFirstTimestamp": item["firstTimestamp"],
            "deprecatedLastTimestamp": item["lastTimestamp"],
        }
    return body


def _about(subject: Object, reason: str, message: str, created: str, *, container: str = "") -> Object:
    metadata = subject["metadata"]
    # Events about cluster-scoped objects live in the namespace `default`.
    namespace = namespace_of(subject)
    reference: Object = {"kind": subject["kind"]}
    if namespace:
        reference["namespace"] = namespace
    reference |= {"name": metadata["name"], "uid": metadata["uid"], "apiVersion": subject["apiVersion"]}
    if namespace:
        reference["resourceVersion"] = metadata["resourceVersion"]
    if container:
        field, _, name = container.rpartition("init:")
        reference["fieldPath"] = f"spec.{'initContainers' if field or name != container else 'containers'}{{{name}}}"
    mark = digest(metadata["uid"], reason, message, created)[:16]
    return manifest(
        "v1",
        "Event",
        f"{name_of(subject)}.{mark}",
        namespace=namespace or "default",
        created=created,
        involvedObject=reference,
        reason=reason,
        message=message,
    )
