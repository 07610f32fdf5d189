"""The bodies of refusals, as a kube-apiserver of 1.36 words them (recorded; see tests/collect)."""

from typing import Any

import msgspec

from diag.testing.apiserver.kinds import Resource


def status(code: int, reason: str, message: str, details: dict[str, Any] | None = None, *, token: str = "") -> bytes:
    """A Status of kind Failure."""
    meta = {"continue": token} if token else {}
    body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": meta, "status": "Failure"}
    body["message"] = message
    if reason:
        body["reason"] = reason
    if details is not None:
        body["details"] = details
    body["code"] = code
    return msgspec.json.encode(body) + b"\n"


def forbidden(user: str, verb: str, resource: Resource, subresource: str, namespace: str, name: str) -> bytes:
    """What a user without a right gets, whether the object exists or not."""
    what = resource.plural + (f"/{subresource}" if subresource else "")
    subject = f'{resource.full} "{name}"' if name else resource.full
    inside = namespace or (name if resource.plural == "namespaces" else "")  # one namespace is asked for in itself
    where = f'in the namespace "{inside}"' if inside else "at the cluster scope"
    details = {"name": name} if name else {}
    details |= {"group": resource.group} if resource.group else {}
    details["kind"] = resource.plural
    message = f'{subject} is forbidden: User "{user}" cannot {verb} resource "{what}" in API group "{resource.group}"'
    return status(403, "Forbidden", f"{message} {where}", details)


def not_found(resource: Resource, name: str) -> bytes:
    """A named object that is not there."""
    details = {"name": name}
    details |= {"group": resource.group} if resource.group else {}
    details["kind"] = resource.plural
    return status(404, "NotFound", f'{resource.full} "{name}" not found', details)


def expired(continue_token: str) -> bytes:
    """A continue token whose resourceVersion was compacted; with the token that goes on inconsistently."""
    return status(
        410, "Expired",
        "The provided continue parameter is too old to display a consistent list result. You can start a new list"
        " without the continue parameter, or use the continue token in this response to retrieve the remainder of the"
        " results. Continuing with the provided token results in an inconsistent list - objects that were created,"
        " modified, or deleted between the time the first chunk was returned and now may show up in the list.",
        token=continue_token,
    )  # fmt: skip


UNAUTHORIZED = status(401, "Unauthorized", "Unauthorized")
NO_SUCH_RESOURCE = status(404, "NotFound", "the server could not find the requested resource", {})
